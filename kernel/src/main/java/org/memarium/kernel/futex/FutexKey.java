package org.memarium.kernel.futex;

/**
 * {@code union futex_key}: which word of memory a futex is. Two threads mean the same one exactly
 * if their keys are equal.
 *
 * @param space the address space that the word is in; for a page of a file or of shared memory,
 *     whose page it is
 * @param page the linear address of the page; or its index in what it belongs to
 * @param offset of the word in its page, and {@link #INODE} or {@link #MM_SHARED} in the lowest
 *     bits: who says private never meets who says shared
 */
public record FutexKey(Object space, long page, int offset) {
  /** {@code FUT_OFF_INODE}: known by the page of a file. */
  public static final int INODE = 1;

  /** {@code FUT_OFF_MMSHARED}: meant as shared, but in a private page. */
  public static final int MM_SHARED = 2;
}
