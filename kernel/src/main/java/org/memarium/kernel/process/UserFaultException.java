package org.memarium.kernel.process;

/** A pointer that the program passed leads nowhere: the system call answers EFAULT. */
public final class UserFaultException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Carries nothing, not even a stack trace: a bad pointer is an everyday answer. */
  UserFaultException() {
    super("EFAULT", null, false, false);
  }
}
