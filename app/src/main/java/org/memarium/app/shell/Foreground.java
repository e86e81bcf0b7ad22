package org.memarium.app.shell;

/** Lets a program have the terminal while it runs. */
@FunctionalInterface
interface Foreground {
  /** Does {@code body}; Ctrl-C meanwhile pauses the machine. */
  void whileRunning(Runnable body);
}
