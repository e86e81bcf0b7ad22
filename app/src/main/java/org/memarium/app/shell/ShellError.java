package org.memarium.app.shell;

/** What the user got wrong, or could not have: one line, and the prompt goes on. */
final class ShellError extends RuntimeException {
  private static final long serialVersionUID = 1;

  ShellError(String line) {
    super(line, null, false, false);
  }

  String line() {
    return String.valueOf(getMessage());
  }
}
