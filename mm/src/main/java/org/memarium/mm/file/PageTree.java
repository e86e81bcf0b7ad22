package org.memarium.mm.file;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct xarray}, as the page cache uses it: page index to frame number, by six bits of the
 * index a level.
 *
 * <pre>
 *   index   ...  17       12 11        6 5         0
 *               +-----------+-----------+-----------+
 *               |   inner   |   inner   |   leaf    |    64 slots each; as many levels as needed
 *               +-----------+-----------+-----------+
 *   leaf slot   0: no page; otherwise frame number + 1
 * </pre>
 *
 * <p>Indexes are from 0 to 2^52 - 1. Lookups next to the latest one touch one leaf.
 */
final class PageTree {
  /** What {@link #get} answers where there is no page. */
  static final int NONE = -1;

  private static final int BITS = 6;
  private static final int SLOTS = 1 << BITS;
  private static final int MASK = SLOTS - 1;

  /** An int[] where {@link #levels} is 1, otherwise an Object[] of such, one level lower. */
  private Object root = new int[SLOTS];

  private int levels = 1;
  private long size;

  private int[] latestLeaf = (int[]) root;
  private long latestNumber;

  /** How many pages there are. */
  long size() {
    return size;
  }

  /** The frame at {@code index}, or {@link #NONE}. */
  int get(long index) {
    if (index >>> BITS == latestNumber) {
      return latestLeaf[(int) index & MASK] - 1;
    }
    int[] leaf = leaf(index, false);
    if (leaf == null) {
      return NONE;
    }
    latestLeaf = leaf;
    latestNumber = index >>> BITS;
    return leaf[(int) index & MASK] - 1;
  }

  /**
   * Puts a frame where there is none.
   *
   * @throws IllegalStateException if there is one
   */
  void put(long index, int pfn) {
    int[] leaf = Objects.requireNonNull(leaf(index, true));
    int slot = (int) index & MASK;
    if (leaf[slot] != 0) {
      throw new IllegalStateException(
          "page %d is cached already, in frame 0x%x".formatted(index, leaf[slot] - 1));
    }
    leaf[slot] = pfn + 1;
    size++;
  }

  /**
   * Puts a frame where there is another.
   *
   * @throws IllegalStateException if there is none
   */
  void replace(long index, int pfn) {
    int[] leaf = leaf(index, false);
    int slot = (int) index & MASK;
    if (leaf == null || leaf[slot] == 0) {
      throw new IllegalStateException("page %d is not cached".formatted(index));
    }
    leaf[slot] = pfn + 1;
  }

  /** Takes out the frame at {@code index}; returns it, or {@link #NONE}. */
  int remove(long index) {
    int[] leaf = leaf(index, false);
    if (leaf == null || leaf[(int) index & MASK] == 0) {
      return NONE;
    }
    int pfn = leaf[(int) index & MASK] - 1;
    leaf[(int) index & MASK] = 0;
    size--;
    return pfn;
  }

  /** The least index with a page from {@code from} on, or {@link #NONE}. */
  long next(long from) {
    if (size == 0 || !reaches(from)) {
      return NONE;
    }
    return next(root, levels, from, 0);
  }

  private static long next(Object node, int level, long from, long base) {
    if (level == 1) {
      int[] leaf = (int[]) node;
      for (int slot = (int) Math.max(0, from - base); slot < SLOTS; slot++) {
        if (leaf[slot] != 0) {
          return base + slot;
        }
      }
      return NONE;
    }
    @Nullable Object[] inner = (@Nullable Object[]) node;
    int shift = BITS * (level - 1);
    for (int slot = (int) (Math.max(0, from - base) >>> shift); slot < SLOTS; slot++) {
      Object child = inner[slot];
      if (child != null) {
        long found = next(child, level - 1, from, base + ((long) slot << shift));
        if (found != NONE) {
          return found;
        }
      }
    }
    return NONE;
  }

  private boolean reaches(long index) {
    return index >>> (BITS * levels) == 0;
  }

  private int @Nullable [] leaf(long index, boolean create) {
    while (!reaches(index)) {
      if (!create) {
        return null;
      }
      @Nullable Object[] taller = new Object[SLOTS];
      taller[0] = root;
      root = taller;
      levels++;
    }
    Object node = root;
    for (int level = levels; level > 1; level--) {
      @Nullable Object[] inner = (@Nullable Object[]) node;
      int slot = (int) (index >>> (BITS * (level - 1))) & MASK;
      Object child = inner[slot];
      if (child == null) {
        if (!create) {
          return null;
        }
        child = level == 2 ? new int[SLOTS] : new Object[SLOTS];
        inner[slot] = child;
      }
      node = child;
    }
    return (int[]) node;
  }
}
