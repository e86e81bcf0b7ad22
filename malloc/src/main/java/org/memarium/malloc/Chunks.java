package org.memarium.malloc;

/**
 * {@code struct malloc_chunk} of dlmalloc and glibc, on 32 bits with an alignment of 16, as glibc
 * has it on i386 since 2.26.
 *
 * <pre>
 *   chunk  0: prev_size     size of the chunk before, if that is free; else its last data
 *          4: size          and three flags, see below
 *   mem    8: fd            from here on data, while the chunk is in use
 *         12: bk
 *         16: fd_nextsize   only of large free chunks: the next that is smaller
 *         20: bk_nextsize   and the next that is larger
 *                ...
 *   chunk + size: prev_size of the next chunk, the last four bytes of data of this one
 *
 *   size   31                                    4   3    2   1   0
 *         +----------------------------------------+---+---+---+---+
 *         |          bytes / 16                    | 0 | A | M | P |
 *         +----------------------------------------+---+---+---+---+
 *   P  PREV_INUSE      the chunk before is in use (or in a fast bin)
 *   M  IS_MMAPPED      a mapping of its own; prev_size is how far into it the chunk begins
 *   A  NON_MAIN_ARENA  never here
 * </pre>
 *
 * <p>{@code mem} is a multiple of 16, so chunks begin 8 bytes behind one. A block of n bytes needs
 * a chunk of n + 4, rounded up to 16: the header's {@code prev_size} belongs to the chunk before.
 */
abstract class Chunks extends ProcessWords {
  static final int PREV_SIZE = 0;
  static final int SIZE = 4;
  static final int FD = 8;
  static final int BK = 12;
  static final int FD_NEXTSIZE = 16;
  static final int BK_NEXTSIZE = 20;

  static final int PREV_INUSE = 1;
  static final int IS_MMAPPED = 2;
  static final int FLAGS = 7;

  /** {@code SIZE_SZ}. */
  static final int WORD = 4;

  /** {@code CHUNK_HDR_SZ}: from the chunk to its data. */
  static final int HEADER = 8;

  /** {@code MALLOC_ALIGNMENT}. */
  static final int ALIGNMENT = 16;

  /** {@code MINSIZE}: two words of header, two links. */
  static final int SMALLEST = 16;

  Chunks(ProcessMemory memory) {
    super(memory);
  }

  /** {@code request2size}. */
  static long chunkBytes(long requested) {
    return Math.max(SMALLEST, roundUp(requested + WORD, ALIGNMENT));
  }

  final long size(long chunk) {
    return get(chunk + SIZE) & ~FLAGS;
  }

  final boolean prevInUse(long chunk) {
    return (get(chunk + SIZE) & PREV_INUSE) != 0;
  }

  final boolean isMapped(long chunk) {
    return (get(chunk + SIZE) & IS_MMAPPED) != 0;
  }

  /** Writes a size, and keeps the flags. */
  final void resizeHead(long chunk, long bytes) {
    put(chunk + SIZE, bytes | (get(chunk + SIZE) & FLAGS));
  }

  /** Tells the chunk behind one of so many bytes that this one is in use. */
  final void markInUse(long chunk, long bytes) {
    long next = chunk + bytes;
    put(next + SIZE, get(next + SIZE) | PREV_INUSE);
  }

  /** Writes the boundary tags of a free chunk, whose neighbours are in use: head and foot. */
  final void tagFree(long chunk, long bytes) {
    put(chunk + SIZE, bytes | PREV_INUSE);
    put(chunk + bytes + PREV_SIZE, bytes);
  }

  /**
   * Takes a header out of the world that is swallowed by a larger chunk, so that no later {@code
   * free} can mistake it for one.
   */
  final void wipe(long chunk) {
    put(chunk + SIZE, 0);
  }
}
