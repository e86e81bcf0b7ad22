package org.memarium.kernel.process;

import java.util.Arrays;
import org.memarium.kernel.wait.WaitQueue;

/**
 * {@code struct sighand_struct}: what happens on each signal; the threads of a process share it.
 */
public final class Sighand {
  /** {@code signalfd_wqh}. */
  private final WaitQueue signalled = new WaitQueue();

  private final SignalAction[] actions = new SignalAction[Signal.COUNT + 1];

  /** How many tasks have these actions. */
  private int users = 1;

  /** All by default. */
  public Sighand() {
    Arrays.fill(actions, SignalAction.NONE);
  }

  /** {@code CLONE_SIGHAND}: one more task has these, and lets go of them by {@link #put}. */
  Sighand share() {
    users++;
    return this;
  }

  /** {@code __cleanup_sighand}. */
  void put() {
    users--;
  }

  /** Whether more than one task has these. */
  boolean isShared() {
    return users > 1;
  }

  /** {@code copy_sighand}: the same actions, to be changed independently. */
  public Sighand copy() {
    Sighand copy = new Sighand();
    System.arraycopy(actions, 0, copy.actions, 0, actions.length);
    return copy;
  }

  /** Woken when a signal has come, for whoever reads signals from a file. */
  public WaitQueue signalled() {
    return signalled;
  }

  /** What happens on a signal. */
  public SignalAction action(int signal) {
    return actions[signal];
  }

  void setAction(int signal, SignalAction action) {
    actions[signal] = action;
  }

  /** Whether nothing happens on a signal, by choice or by default. */
  public boolean isIgnored(int signal) {
    long handler = actions[signal].handler();
    return handler == SignalAction.IGNORE
        || (handler == SignalAction.DEFAULT && doesNothing(Signal.defaultAction(signal)));
  }

  /** {@code sig_kernel_ignore}: what SIGCONT does happens when it is sent, not when it arrives. */
  private static boolean doesNothing(Signal.DefaultAction action) {
    return action == Signal.DefaultAction.IGNORE || action == Signal.DefaultAction.CONTINUE;
  }

  /** {@code flush_signal_handlers}: handlers become default, ignored ones stay. */
  void resetForExec() {
    for (int signal = 1; signal <= Signal.COUNT; signal++) {
      actions[signal] =
          actions[signal].handler() == SignalAction.IGNORE
              ? new SignalAction(SignalAction.IGNORE, 0, 0, 0)
              : SignalAction.NONE;
    }
  }
}
