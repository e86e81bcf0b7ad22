package org.memarium.kernel.syscall;

import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;

/**
 * {@code struct iov_iter}: the pieces of user memory that a call reads into or writes from, and how
 * far it has come.
 */
final class UserBuffer {
  /** {@code MAX_RW_COUNT}: the most that one call moves. */
  static final long MAX_RW_COUNT = Integer.MAX_VALUE & -4096;

  /** {@code UIO_MAXIOV}. */
  static final int MAX_PIECES = 1024;

  private static final int IOVEC_BYTES = 8;

  private final UserMemory memory;
  private final long[] addresses;
  private final long[] lengths;
  private int piece;
  private long inPiece;
  private long left;

  private UserBuffer(UserMemory memory, long[] addresses, long[] lengths) {
    this.memory = memory;
    this.addresses = addresses;
    this.lengths = lengths;
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = Math.min(lengths[i], MAX_RW_COUNT - left);
      left += lengths[i];
    }
  }

  /**
   * {@code import_single_range}: one piece.
   *
   * @throws CallFailedException EFAULT if it reaches into the kernel's addresses
   */
  static UserBuffer of(UserMemory memory, int address, int count) {
    long start = Integer.toUnsignedLong(address);
    long bytes = Integer.toUnsignedLong(count);
    if (!memory.isUserRange(start, bytes)) {
      throw new CallFailedException(Errno.EFAULT);
    }
    return new UserBuffer(memory, new long[] {start}, new long[] {bytes});
  }

  /**
   * {@code import_iovec}: an array of {@code struct iovec}.
   *
   * @throws CallFailedException EINVAL for a wrong number or length, EFAULT as above
   */
  static UserBuffer vector(UserMemory memory, int vector, int count) {
    if (count < 0 || count > MAX_PIECES) {
      throw new CallFailedException(Errno.EINVAL);
    }
    long[] addresses = new long[count];
    long[] lengths = new long[count];
    for (int i = 0; i < count; i++) {
      long at = Integer.toUnsignedLong(vector) + (long) IOVEC_BYTES * i;
      addresses[i] = memory.readUnsignedInt(at);
      lengths[i] = memory.readInt(at + Integer.BYTES);
      if (lengths[i] < 0) {
        throw new CallFailedException(Errno.EINVAL);
      }
      if (!memory.isUserRange(addresses[i], lengths[i])) {
        throw new CallFailedException(Errno.EFAULT);
      }
    }
    return new UserBuffer(memory, addresses, lengths);
  }

  /** How many pieces there are. */
  int pieces() {
    return addresses.length;
  }

  /** Where a piece begins. */
  long address(int index) {
    return addresses[index];
  }

  /** Its bytes. */
  long length(int index) {
    return lengths[index];
  }

  /** Where the next byte to move is, if any is left. */
  long address() {
    int at = piece;
    long inside = inPiece;
    while (inside == lengths[at] && at + 1 < lengths.length) {
      at++;
      inside = 0;
    }
    return addresses[at] + inside;
  }

  /** Bytes that follow {@link #address()} in the same piece. */
  long leftInPiece() {
    int at = piece;
    long inside = inPiece;
    while (inside == lengths[at] && at + 1 < lengths.length) {
      at++;
      inside = 0;
    }
    return lengths[at] - inside;
  }

  /** Bytes that have not been moved. */
  long left() {
    return left;
  }

  /**
   * Copies from the program and moves on.
   *
   * @return how many; fewer than {@code count} only where the next one cannot be read
   */
  int copyIn(byte[] to, int offset, int count) {
    return copy(true, to, offset, count);
  }

  /**
   * Copies to the program and moves on.
   *
   * @return how many; fewer than {@code count} only where the next one cannot be written
   */
  int copyOut(byte[] from, int offset, int count) {
    return copy(false, from, offset, count);
  }

  private int copy(boolean in, byte[] bytes, int offset, int count) {
    int done = 0;
    while (done < count && left > 0) {
      if (inPiece == lengths[piece]) {
        piece++;
        inPiece = 0;
        continue;
      }
      int chunk = (int) Math.min(count - done, lengths[piece] - inPiece);
      long address = addresses[piece] + inPiece;
      int copied =
          in
              ? memory.copyFromUser(address, bytes, offset + done, chunk)
              : memory.copyToUser(address, bytes, offset + done, chunk);
      done += copied;
      inPiece += copied;
      left -= copied;
      if (copied < chunk) {
        break;
      }
    }
    return done;
  }

  /** {@code iov_iter_revert}: goes back over bytes that were copied and not used. */
  void back(long count) {
    long back = count;
    left += back;
    while (back > inPiece) {
      back -= inPiece;
      piece--;
      inPiece = lengths[piece];
    }
    inPiece -= back;
  }
}
