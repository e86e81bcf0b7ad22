package org.memarium.malloc;

import java.util.function.Consumer;

/**
 * {@code malloc} and its kin, on the memory of one process (malloc(3), malloc_usable_size(3),
 * mallopt(3), mallinfo(3), malloc_trim(3)).
 *
 * <p>Addresses are linear addresses of that process, 0 is the null pointer. Headers, links and
 * lists lie in the process's memory, as those of a C library do; what a library has in a few static
 * variables is in fields of the object. An allocator is used by one thread of Java; whom it acts
 * for, {@link #callingThread} says.
 *
 * <p>Requests that cannot be granted (ENOMEM, EINVAL) are answered with 0, and change nothing.
 * Errors of the program, where glibc aborts, throw {@link HeapErrorException}.
 */
public interface Malloc {
  /**
   * Allocates memory that is not cleared.
   *
   * @param bytes 0 gets a block too; more than {@code PTRDIFF_MAX} is never granted
   * @return 0 if there is none (ENOMEM)
   */
  long malloc(long bytes);

  /**
   * Gives memory back; 0 is nothing.
   *
   * @throws HeapErrorException if the address is not that of a block in use
   */
  void free(long address);

  /**
   * Allocates cleared memory for an array.
   *
   * @return 0 if there is none, also where the product exceeds 32 bits
   */
  long calloc(long count, long bytes);

  /**
   * Changes the size of a block, which may get another address; what both sizes have stays. The
   * null pointer allocates; size 0 frees, and returns 0.
   *
   * @return 0 if there is no memory: the block is as it was
   * @throws HeapErrorException if the address is not that of a block in use
   */
  long realloc(long address, long bytes);

  /**
   * Allocates memory at a multiple of a power of two; another alignment is rounded up to one, as in
   * glibc.
   *
   * @return 0 if there is none, or no such alignment
   */
  long memalign(long alignment, long bytes);

  /** {@code aligned_alloc}: as {@link #memalign}, and 0 if the alignment is no power of two. */
  default long alignedAlloc(long alignment, long bytes) {
    return Long.bitCount(alignment) == 1 ? memalign(alignment, bytes) : 0;
  }

  /**
   * How many bytes can be used from the address on: as many as were asked for, or more. 0 for the
   * null pointer.
   *
   * @throws HeapErrorException if the address is not that of a block in use
   */
  long mallocUsableSize(long address);

  /**
   * Gives free memory back to the kernel: the end of the heap, and whole pages within it.
   *
   * @param padBytes how much to keep at the end
   * @return whether any was given
   */
  boolean mallocTrim(long padBytes);

  /**
   * Sets a parameter.
   *
   * @return false if this design has no such parameter, or the value cannot be
   */
  boolean mallopt(MallocParameter parameter, long value);

  /** glibc's figures, taken in a walk through the heap. */
  Mallinfo2 mallinfo2();

  /** What has been done so far. */
  MallocStatistics statistics();

  /** Which of the process's threads calls from now on; the first one is 0. */
  default void callingThread(int thread) {}

  /** A thread has ended: what was kept for it is for all. */
  default void threadEnded(int thread) {}

  /** All of the heap, piece by piece, in the order of addresses within each stretch of memory. */
  void forEachBlock(Consumer<? super HeapBlock> visitor);

  /**
   * Walks the whole heap, lists and counters included.
   *
   * @throws HeapErrorException with the first thing that is not as it must be
   */
  void check();
}
