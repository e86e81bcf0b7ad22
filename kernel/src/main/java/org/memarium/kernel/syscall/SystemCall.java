package org.memarium.kernel.syscall;

/**
 * One system call, by how many arguments it looks at: EBX, ECX, EDX, ESI, EDI, EBP.
 *
 * <p>An argument is what the register holds; one that is an address or an unsigned length becomes a
 * long by {@link Integer#toUnsignedLong}. The result is what EAX gets: a value or address, or
 * {@code -errno}.
 */
@FunctionalInterface
interface SystemCall {
  /** The result of a call that has set the registers itself, EAX included. */
  long REGISTERS_SET = Long.MIN_VALUE;

  long call(int a, int b, int c, int d, int e, int f);

  /** A call without arguments. */
  @FunctionalInterface
  interface Of0 {
    long call();
  }

  /** A call of one argument. */
  @FunctionalInterface
  interface Of1 {
    long call(int a);
  }

  /** A call of two arguments. */
  @FunctionalInterface
  interface Of2 {
    long call(int a, int b);
  }

  /** A call of three arguments. */
  @FunctionalInterface
  interface Of3 {
    long call(int a, int b, int c);
  }

  /** A call of four arguments. */
  @FunctionalInterface
  interface Of4 {
    long call(int a, int b, int c, int d);
  }

  /** A call of five arguments. */
  @FunctionalInterface
  interface Of5 {
    long call(int a, int b, int c, int d, int e);
  }
}
