package org.memarium.kernel.error;

/**
 * {@code panic}: the kernel cannot go on, and the machine stands still for good. The message is one
 * line, as the kernel's log ends with it.
 */
public final class KernelPanicException extends UsageException {
  private static final long serialVersionUID = 1L;

  /** With the line that the log ends with. */
  public KernelPanicException(String line) {
    super(line);
  }

  /** 125: neither the program's nor the user's fault, but the end of the machine. */
  @Override
  public int exitStatus() {
    return 125;
  }
}
