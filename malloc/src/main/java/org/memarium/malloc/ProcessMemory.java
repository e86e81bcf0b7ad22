package org.memarium.malloc;

/**
 * What an allocator asks of a process: words and bytes of its memory, and the five system calls
 * that a heap is made with.
 *
 * <p>Addresses are linear addresses of 32 bits, zero-extended. An access to what is not mapped
 * throws; which exception is the implementation's business, since no allocator catches it.
 */
public interface ProcessMemory {
  /** The size of a page, in bytes. */
  int PAGE_BYTES = 4096;

  /** Reads four bytes, little-endian. */
  int readInt(long linearAddress);

  /** Writes four bytes, little-endian. */
  void writeInt(long linearAddress, int value);

  /** Reads bytes, upwards. */
  void read(long linearAddress, byte[] to, int offset, int count);

  /** Writes bytes, upwards. */
  void write(long linearAddress, byte[] from, int offset, int count);

  /** {@code memset}. */
  void fill(long linearAddress, long bytes, int value);

  /** Whether a read of this address would be answered, and not with a signal. */
  boolean isReadable(long linearAddress);

  /**
   * The system call {@code brk}.
   *
   * @param address where the heap is to end; 0 only asks
   * @return where it ends now: another address than was asked for, if that could not be
   */
  long brk(long address);

  /**
   * The system call {@code mmap}: private, anonymous, readable and writable, wherever there is
   * room.
   *
   * @param bytes rounded up to whole pages by the kernel
   * @return the address, or a negative errno
   */
  long mmap(long bytes);

  /**
   * The system call {@code munmap}.
   *
   * @return 0, or a negative errno
   */
  int munmap(long address, long bytes);

  /**
   * The system call {@code mremap}.
   *
   * @param flags {@link #MREMAP_MAYMOVE}, {@link #MREMAP_FIXED}
   * @param newAddress where to, with {@code MREMAP_FIXED}
   * @return the address afterwards, or a negative errno
   */
  long mremap(long address, long oldBytes, long newBytes, int flags, long newAddress);

  /** Of {@link #mremap}: the mapping may get another address. */
  int MREMAP_MAYMOVE = 1;

  /** Of {@link #mremap}: the new address is given, and what was there goes. */
  int MREMAP_FIXED = 2;

  /**
   * The system call {@code madvise} with {@code MADV_DONTNEED}: whole pages are given back, and
   * read as zero when they are touched again.
   *
   * @return 0, or a negative errno
   */
  int discard(long address, long bytes);

  /** {@code memcpy}: the ranges do not overlap. */
  default void copy(long from, long to, long bytes) {
    byte[] buffer = new byte[(int) Math.min(bytes, 0x1_0000)];
    for (long done = 0; done < bytes; done += buffer.length) {
      int count = (int) Math.min(buffer.length, bytes - done);
      read(from + done, buffer, 0, count);
      write(to + done, buffer, 0, count);
    }
  }
}
