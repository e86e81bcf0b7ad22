package org.memarium.kernel.vfs;

/** The third argument of ioctl: a number, or the address of bytes in user memory. */
public interface IoctlArgument {

  /** The argument as a number. */
  int value();

  /**
   * Copies bytes from the address.
   *
   * @return false if the program may not read there: EFAULT
   */
  boolean copyFromUser(byte[] bytes);

  /** The argument as an address. */
  long address();

  /**
   * Copies bytes to an address that was found behind the argument.
   *
   * @return false if the program may not write there: EFAULT
   */
  boolean copyToUser(long linearAddress, byte[] bytes);

  /**
   * Copies bytes to the address.
   *
   * @return false if the program may not write there: EFAULT
   */
  boolean copyToUser(byte[] bytes);
}
