package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * {@code struct fdtable}: what a table of descriptors takes of kernel memory. The first table lies
 * inside {@code files_struct}; a larger one is three objects of kmalloc (Linux {@code fs/file.c},
 * {@code alloc_fdtable}).
 */
final class FdArrays {
  /** {@code sizeof(struct fdtable)} on 32 bits; twice that on 64. */
  private static final int FDTABLE_BYTES = 28;

  /** The pointers of a table come in pieces of so many bytes. */
  private static final int PIECE_BYTES = 1024;

  private static final int CACHE_LINE_BYTES = 64;

  private final VfsCaches caches;
  private final int slots;
  private final long fdtable;
  private final long pointers;
  private final long bits;

  private FdArrays(VfsCaches caches, int slots, long fdtable, long pointers, long bits) {
    this.caches = caches;
    this.slots = slots;
    this.fdtable = fdtable;
    this.pointers = pointers;
    this.bits = bits;
  }

  /** How many descriptors fit into the first table: {@code NR_OPEN_DEFAULT}. */
  static int firstSlots(VfsCaches caches) {
    return caches.wordBytes() * Byte.SIZE;
  }

  /** {@code max_fds}. */
  int slots() {
    return slots;
  }

  /**
   * A table that has room for a descriptor.
   *
   * @throws ErrnoException ENOMEM; nothing is held then
   */
  static FdArrays allocate(VfsCaches caches, int fd) throws ErrnoException {
    int word = caches.wordBytes();
    int perPiece = PIECE_BYTES / word;
    int slots = Math.max(1, Integer.highestOneBit(fd / perPiece) * 2) * perPiece;
    long fdtable = caches.kmalloc((long) FDTABLE_BYTES * (word / Integer.BYTES), Errno.ENOMEM);
    long pointers = 0;
    try {
      pointers = caches.kmalloc((long) slots * word, Errno.ENOMEM);
      return new FdArrays(
          caches, slots, fdtable, pointers, caches.kmalloc(bitBytes(slots, word), Errno.ENOMEM));
    } catch (ErrnoException e) {
      caches.kfree(pointers);
      caches.kfree(fdtable);
      throw e;
    }
  }

  /** {@code open_fds}, {@code close_on_exec}, and a bit for each word of these. */
  private static long bitBytes(int slots, int word) {
    int words = slots / (word * Byte.SIZE);
    int summary = (words + word * Byte.SIZE - 1) / (word * Byte.SIZE) * word;
    return Math.max(2L * slots / Byte.SIZE + summary, CACHE_LINE_BYTES);
  }

  /** {@code __free_fdtable}. */
  void free() {
    caches.kfree(bits);
    caches.kfree(pointers);
    caches.kfree(fdtable);
  }
}
