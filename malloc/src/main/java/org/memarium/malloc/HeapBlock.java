package org.memarium.malloc;

/**
 * A piece of a heap, as a walk through it finds it.
 *
 * @param start linear address of its first byte, of the header where it has one
 * @param bytes its length, header and padding included
 * @param address what {@code malloc} returned for it, or would return
 * @param use what it is
 */
public record HeapBlock(long start, long bytes, long address, Use use) {
  /** What a piece of a heap is. */
  public enum Use {
    /** With the program. */
    IN_USE,
    /** With the program, and a mapping of its own. */
    MAPPED,
    /** Free, to be fused and split. */
    FREE,
    /** Free, and kept as it is for the next request of its size: fast bins, magazines. */
    CACHED,
    /** What is left at the end of the heap. */
    TOP,
    /** The allocator's own. */
    OVERHEAD
  }

  /** The address behind it. */
  public long end() {
    return start + bytes;
  }

  /** Whether the program owns it. */
  public boolean isInUse() {
    return use == Use.IN_USE || use == Use.MAPPED;
  }
}
