package org.memarium.kernel.syscall;

import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;

/**
 * {@code iovec_from_user}: an array of {@code struct iovec} about another address space. The
 * lengths are looked at, the addresses are not.
 */
final class RemotePieces {
  private static final int IOVEC_BYTES = 8;

  private final long[] addresses;
  private final long[] lengths;

  private RemotePieces(int count) {
    addresses = new long[count];
    lengths = new long[count];
  }

  /**
   * Copies the array in.
   *
   * @throws CallFailedException EINVAL for a wrong number or length
   */
  static RemotePieces copyIn(UserMemory memory, int vector, int count) {
    if (count < 0 || count > UserBuffer.MAX_PIECES) {
      throw new CallFailedException(Errno.EINVAL);
    }
    RemotePieces pieces = new RemotePieces(count);
    for (int i = 0; i < count; i++) {
      long at = Integer.toUnsignedLong(vector) + (long) IOVEC_BYTES * i;
      pieces.addresses[i] = memory.readUnsignedInt(at);
      pieces.lengths[i] = memory.readInt(at + Integer.BYTES);
      if (pieces.lengths[i] < 0) {
        throw new CallFailedException(Errno.EINVAL);
      }
    }
    return pieces;
  }

  /** How many there are. */
  int count() {
    return lengths.length;
  }

  /** Where one begins. */
  long address(int piece) {
    return addresses[piece];
  }

  /** How many bytes it has. */
  long bytes(int piece) {
    return lengths[piece];
  }

  /** Whether there is no byte in any. */
  boolean areEmpty() {
    for (long length : lengths) {
      if (length > 0) {
        return false;
      }
    }
    return true;
  }
}
