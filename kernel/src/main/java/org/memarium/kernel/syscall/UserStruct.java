package org.memarium.kernel.syscall;

import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;

/** Structures of a call of which kernels know smaller and larger versions. */
final class UserStruct {
  private UserStruct() {}

  /**
   * {@code copy_struct_from_user}: what this kernel does not know must be 0.
   *
   * @param given bytes that the program says it has
   * @param known bytes that this kernel knows, all of which the program must give
   * @return the bytes that this kernel knows; fails with EINVAL, E2BIG or EFAULT
   */
  static byte[] copy(UserMemory memory, int linearAddress, int given, int known) {
    long bytes = Integer.toUnsignedLong(given);
    if (bytes < known) {
      throw new CallFailedException(Errno.EINVAL);
    }
    if (bytes > Ram.PAGE_SIZE) {
      throw new CallFailedException(Errno.E2BIG);
    }
    byte[] all = memory.read(Integer.toUnsignedLong(linearAddress), (int) bytes);
    for (int i = known; i < all.length; i++) {
      if (all[i] != 0) {
        throw new CallFailedException(Errno.E2BIG);
      }
    }
    return Arrays.copyOf(all, known);
  }
}
