package org.memarium.kernel.vfs;

/** A folder given for the view of the host cannot serve; the message is one line for the user. */
public final class InvalidViewException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the line to print. */
  public InvalidViewException(String line) {
    super(line);
  }
}
