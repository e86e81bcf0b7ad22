package org.memarium.app.shell;

/** What the user got wrong, or could not have: one line, and the prompt goes on. */
final class ShellError extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean named;

  ShellError(String line) {
    this(line, false);
  }

  private ShellError(String line, boolean named) {
    super(line, null, false, false);
    this.named = named;
  }

  /** The same with the command's name before it; one that has a name keeps it. */
  ShellError of(String command) {
    return named ? this : new ShellError(command + ": " + line(), true);
  }

  String line() {
    return String.valueOf(getMessage());
  }
}
