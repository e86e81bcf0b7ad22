package org.memarium.kernel.syscall;

/** How much of a system call is there. */
public enum SystemCallStatus {
  /** All of it. */
  IMPLEMENTED,
  /** A part; the remark says what is missing. */
  PARTLY,
  /** Nothing, by design: answered with an error that Linux has for it too. */
  REFUSED,
  /** Nothing yet: ENOSYS. */
  MISSING,
  /** Linux has no call of this number: ENOSYS there and here. */
  UNUSED
}
