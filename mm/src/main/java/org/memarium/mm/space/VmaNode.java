package org.memarium.mm.space;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A node of {@link VmaTree}: slots in the order of addresses. A slot of a {@link VmaLeaf} is one
 * area, a slot of a {@link VmaBranch} a node one level below.
 *
 * <pre>
 *   slot           0           1                  count - 1    count ...
 *   end        +-----------+-----------+-----+-------------+---------------+   where its last
 *              | 0x8049000 | 0x804c000 | ... |  0xb7fff000 | MAX_VALUE ... |   area ends
 *              +-----------+-----------+-----+-------------+---------------+
 *   gap        |     0     |  0x1000   | ... |    0x5000   |   0 ...       |   its largest gap
 *              +-----------+-----------+-----+-------------+---------------+
 * </pre>
 *
 * <p>Both are copies of what the areas say, so that a search reads two short arrays on each level,
 * and of the areas themselves only the one that it finds. The ends behind the last slot are larger
 * than every address: a search halves a fixed number of slots, without a branch that the host's
 * processor could mispredict.
 */
abstract sealed class VmaNode permits VmaLeaf, VmaBranch {
  /** A power of two. */
  static final int SLOTS = 16;

  /** The node above, null at the root. */
  @Nullable VmaBranch parent;

  /** How many slots are in use. */
  int count;

  final long[] end = new long[SLOTS];
  final long[] gap = new long[SLOTS];

  VmaNode() {
    Arrays.fill(end, Long.MAX_VALUE);
  }

  /** The first slot that ends above an address; the caller knows that there is one. */
  final int slotAbove(long address) {
    long[] ends = end;
    int at = 0;
    for (int step = SLOTS / 2; step > 0; step >>= 1) {
      // The sign of the difference as a mask: all ones where the slot ends at the address or below.
      at += (int) ((ends[at + step - 1] - address - 1) >> 63) & step;
    }
    return at;
  }

  final long lastEnd() {
    return end[count - 1];
  }

  final long largestGap() {
    // Two at a time: neither waits for the other.
    long[] gaps = gap;
    long even = 0;
    long odd = 0;
    for (int i = 0; i < SLOTS; i += 2) {
      even = Math.max(even, gaps[i]);
      odd = Math.max(odd, gaps[i + 1]);
    }
    return Math.max(even, odd);
  }

  // ---- Changes; the nodes above are refreshed by the tree ----

  /** Makes room for a slot. */
  final void openSlot(int at, long newEnd, long newGap) {
    System.arraycopy(end, at, end, at + 1, count - at);
    System.arraycopy(gap, at, gap, at + 1, count - at);
    end[at] = newEnd;
    gap[at] = newGap;
    count++;
  }

  final void closeSlot(int at) {
    count--;
    System.arraycopy(end, at + 1, end, at, count - at);
    System.arraycopy(gap, at + 1, gap, at, count - at);
    end[count] = Long.MAX_VALUE;
    gap[count] = 0;
  }

  /** Moves the bounds of the slots from {@code from} on to another node, before its slot. */
  final void moveBounds(int from, VmaNode to, int before) {
    int moved = count - from;
    System.arraycopy(to.end, before, to.end, before + moved, to.count - before);
    System.arraycopy(to.gap, before, to.gap, before + moved, to.count - before);
    System.arraycopy(end, from, to.end, before, moved);
    System.arraycopy(gap, from, to.gap, before, moved);
    Arrays.fill(end, from, count, Long.MAX_VALUE);
    Arrays.fill(gap, from, count, 0);
    to.count += moved;
    count = from;
  }

  /**
   * Moves all slots from {@code from} on to a node of the same kind that has room for them.
   *
   * @param before the slot there before which they come; its {@code count} to append
   */
  abstract void moveTo(VmaNode to, int from, int before);
}
