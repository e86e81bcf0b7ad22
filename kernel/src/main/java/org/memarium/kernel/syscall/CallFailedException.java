package org.memarium.kernel.syscall;

/** Ends a system call with an error, from wherever in it. */
final class CallFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  /** With the positive number. */
  CallFailedException(int errno) {
    super(null, null, false, false);
    this.errno = errno;
  }

  /** What the call answers: negative. */
  long result() {
    return -errno;
  }
}
