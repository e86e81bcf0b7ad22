package org.memarium.mm.vmalloc;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct vmap_area}: pieces of the area for vmalloc, whether busy, free or freed and not
 * purged. They are numbers into these parallel arrays; 0 is none.
 *
 * <pre>
 *   start, end      the piece's linear addresses, exclusive of end
 *   left, right,    links in the tree that it is in, see {@link VmapTree}
 *   parent, red
 *   previous, next  neighbours in that tree, by address
 *   largest         in the tree of free pieces: the largest piece in its subtree ({@code
 *                   subtree_max_size})
 *   vm              in the tree of busy ones: what it is for
 *   slot            where the kernel has the descriptor
 * </pre>
 */
final class VmapAreas {
  static final int NONE = 0;
  private static final int INITIAL = 64;

  long[] start = new long[INITIAL];
  long[] end = new long[INITIAL];
  long[] largest = new long[INITIAL];
  long[] slot = new long[INITIAL];
  int[] left = new int[INITIAL];
  int[] right = new int[INITIAL];
  int[] parent = new int[INITIAL];
  int[] previous = new int[INITIAL];
  int[] next = new int[INITIAL];
  boolean[] red = new boolean[INITIAL];
  @Nullable VmStruct[] vm = new @Nullable VmStruct[INITIAL];

  /** Numbers from here on were never used. */
  private int unused = 1;

  /** The first number that was given back; the rest follow by {@link #next}. */
  private int returned;

  private int inUse;

  /** A piece of nothing, which is in no tree. */
  int make(long slotAddress) {
    int area = returned;
    if (area != NONE) {
      returned = next[area];
    } else {
      area = unused++;
      if (area == start.length) {
        grow(2 * area);
      }
    }
    slot[area] = slotAddress;
    inUse++;
    return area;
  }

  /** Gives a number back; its slot is the caller's. */
  void release(int area) {
    vm[area] = null;
    next[area] = returned;
    returned = area;
    inUse--;
  }

  /** How many there are. */
  int inUse() {
    return inUse;
  }

  long size(int area) {
    return end[area] - start[area];
  }

  private void grow(int length) {
    start = Arrays.copyOf(start, length);
    end = Arrays.copyOf(end, length);
    largest = Arrays.copyOf(largest, length);
    slot = Arrays.copyOf(slot, length);
    left = Arrays.copyOf(left, length);
    right = Arrays.copyOf(right, length);
    parent = Arrays.copyOf(parent, length);
    previous = Arrays.copyOf(previous, length);
    next = Arrays.copyOf(next, length);
    red = Arrays.copyOf(red, length);
    vm = Arrays.copyOf(vm, length);
  }
}
