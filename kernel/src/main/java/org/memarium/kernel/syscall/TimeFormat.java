package org.memarium.kernel.syscall;

import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;

/**
 * The shapes of time in user memory: {@code struct timespec} with words of 32 or of 64 bits, {@code
 * struct timeval}.
 */
final class TimeFormat {
  static final long NANOS = 1_000_000_000L;
  private static final long NANOS_PER_MICRO = 1000;
  private static final long MAX_SECONDS = Long.MAX_VALUE / NANOS - 1;

  private final UserMemory memory;

  TimeFormat(UserMemory memory) {
    this.memory = memory;
  }

  /**
   * Reads a span or point in time, in nanoseconds.
   *
   * @param wordBytes 4 or 8
   * @throws CallFailedException EINVAL, if it is negative or has a second's nanoseconds or more
   */
  long readTimespec(int address, int wordBytes) {
    long at = Integer.toUnsignedLong(address);
    long seconds = wordBytes == 4 ? memory.readInt(at) : memory.readLong(at);
    // With words of 64 bits the upper half of tv_nsec is padding to 32-bit programs.
    int nanos = memory.readInt(at + wordBytes);
    if (seconds < 0 || nanos < 0 || nanos >= NANOS) {
      throw new CallFailedException(Errno.EINVAL);
    }
    return Math.min(seconds, MAX_SECONDS) * NANOS + nanos;
  }

  /** Writes a time. */
  void writeTimespec(int address, int wordBytes, long nanos) {
    long at = Integer.toUnsignedLong(address);
    if (wordBytes == 4) {
      memory.writeInt(at, (int) (nanos / NANOS));
      memory.writeInt(at + 4, (int) (nanos % NANOS));
    } else {
      memory.writeLong(at, nanos / NANOS);
      memory.writeLong(at + 8, nanos % NANOS);
    }
  }

  /**
   * Reads a span, in nanoseconds.
   *
   * @throws CallFailedException EINVAL, if it is negative
   */
  long readTimeval(int address) {
    long at = Integer.toUnsignedLong(address);
    int seconds = memory.readInt(at);
    int micros = memory.readInt(at + 4);
    if (seconds < 0 || micros < 0) {
      throw new CallFailedException(Errno.EINVAL);
    }
    return seconds * NANOS + micros * NANOS_PER_MICRO;
  }

  /** Writes a time, rounded down to microseconds. */
  void writeTimeval(int address, long nanos) {
    long at = Integer.toUnsignedLong(address);
    memory.writeInt(at, (int) (nanos / NANOS));
    memory.writeInt(at + 4, (int) (nanos % NANOS / NANOS_PER_MICRO));
  }
}
