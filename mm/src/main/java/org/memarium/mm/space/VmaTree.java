package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;

/**
 * The areas of one address space, ordered by address: a B-tree of {@link VmaNode}s in which every
 * node knows the largest gap of each of its slots, over a list that links each area with its
 * neighbours.
 *
 * <p>An area's gap is what is free between its lower neighbour (or address 0) and itself; guard
 * gaps are not known here, see {@link UnmappedArea}. What a call of the program asks one after the
 * other (the area at a place, the one below, the place in the tree) is found once: the latest
 * answer serves for as long as it covers the question. Areas know their leaf, so removal and a
 * change of bounds search nothing.
 *
 * <p>65,530 areas that were made one below the other take four levels. (Linux has a maple tree,
 * whose nodes are as flat; what it finds is the same.)
 */
@SuppressWarnings("ReferenceEquality") // nodes and areas are compared as what they are
final class VmaTree {
  private static final int SLOTS = VmaNode.SLOTS;

  /** With fewer slots in use, a node moves in with a neighbour if both leave some room there. */
  private static final int FEW = SLOTS / 4;

  private static final int MOST_AFTER_JOINING = SLOTS - FEW;

  private VmaNode root = new VmaLeaf();
  private @Nullable Vma first;
  private @Nullable Vma last;

  /** The area that the latest lookup found, or that was added since, or is above one removed. */
  private @Nullable Vma latest;

  private int size;

  /** Nodes looked at by searches for gaps so far, for the tests. */
  long gapSteps;

  /** How many areas there are. */
  int size() {
    return size;
  }

  /** The lowest area. */
  @Nullable Vma first() {
    return first;
  }

  /** The highest area. */
  @Nullable Vma last() {
    return last;
  }

  /** How many levels of nodes there are, for the tests. */
  int levels() {
    int levels = 1;
    for (VmaNode node = root; node instanceof VmaBranch branch; node = branch.node(0)) {
      levels++;
    }
    return levels;
  }

  /** {@code find_vma}: the lowest area that ends above {@code address}. */
  @Nullable Vma find(long address) {
    Vma hit = latest;
    if (hit != null) {
      if (hit.end <= address) {
        Vma above = hit.next;
        if (above == null || above.end > address) {
          return above;
        }
      } else if (hit.start <= address || endBelow(hit) <= address) {
        return hit;
      }
    }
    Vma top = last;
    if (top == null || top.end <= address) {
      return null;
    }
    VmaNode node = root;
    while (node instanceof VmaBranch branch) {
      node = branch.node(branch.slotAbove(address));
    }
    Vma found = ((VmaLeaf) node).area(node.slotAbove(address));
    latest = found;
    return found;
  }

  /** {@code find_vma_intersection}: the lowest area that has an address of [start, end). */
  @Nullable Vma findIntersection(long start, long end) {
    Vma found = find(start);
    return found != null && found.start < end ? found : null;
  }

  /** The highest area that begins below {@code address}. */
  @Nullable Vma findBelow(long address) {
    Vma above = find(address);
    if (above == null) {
      return last;
    }
    return above.start < address ? above : above.previous;
  }

  // ---- Gaps ----

  /**
   * {@code mas_empty_area_rev}: the highest place for {@code bytes} bytes in [low, high).
   *
   * @return its address, or -1
   */
  long highestGap(long low, long high, long bytes) {
    if (high - low < bytes || high < low) {
      return -1;
    }
    Vma top = last;
    if (top == null || top.end <= high - bytes) {
      return high - bytes;
    }
    Vma above = highestGap(root, low + bytes, high - bytes, bytes);
    return above == null ? -1 : Math.min(above.start, high) - bytes;
  }

  /**
   * The highest area of a subtree with a gap below it that is large enough, ends at or above {@code
   * leastEnd} and begins at or below {@code mostStart}.
   *
   * @param mostStart below the end of the subtree, or MAX_VALUE
   */
  private @Nullable Vma highestGap(VmaNode node, long leastEnd, long mostStart, long bytes) {
    gapSteps++;
    // The gaps of the slot that has mostStart may begin below it; all those in higher slots do not.
    int slot = mostStart == Long.MAX_VALUE ? node.count - 1 : node.slotAbove(mostStart);
    long most = mostStart;
    for (; slot >= 0 && node.end[slot] > leastEnd; slot--) {
      if (node.gap[slot] >= bytes) {
        Vma found;
        if (node instanceof VmaBranch branch) {
          found = highestGap(branch.node(slot), leastEnd, most, bytes);
        } else {
          Vma area = ((VmaLeaf) node).area(slot);
          found = area.start >= leastEnd ? area : null;
        }
        if (found != null) {
          return found;
        }
      }
      most = Long.MAX_VALUE;
    }
    return null;
  }

  /**
   * {@code mas_empty_area}: the lowest place for {@code bytes} bytes in [low, high).
   *
   * @return its address, or -1
   */
  long lowestGap(long low, long high, long bytes) {
    if (high - low < bytes || high < low) {
      return -1;
    }
    Vma top = last;
    long topEnd = top == null ? 0 : top.end;
    if (topEnd > low + bytes) {
      Vma above = lowestGap(root, low + bytes, high - bytes, bytes);
      if (above != null) {
        return Math.max(endBelow(above), low);
      }
    }
    long start = Math.max(topEnd, low);
    return start <= high - bytes ? start : -1;
  }

  /**
   * The lowest area of a subtree with such a gap below it.
   *
   * @param leastEnd below the end of the subtree
   */
  private @Nullable Vma lowestGap(VmaNode node, long leastEnd, long mostStart, long bytes) {
    gapSteps++;
    int slot = node.slotAbove(leastEnd);
    long least = leastEnd;
    for (; slot < node.count && (slot == 0 || node.end[slot - 1] <= mostStart); slot++) {
      if (node.gap[slot] >= bytes) {
        Vma found;
        if (node instanceof VmaBranch branch) {
          found = lowestGap(branch.node(slot), least, mostStart, bytes);
        } else {
          Vma area = ((VmaLeaf) node).area(slot);
          found = area.start >= least && endBelow(area) <= mostStart ? area : null;
        }
        if (found != null) {
          return found;
        }
      }
      // The gaps behind even begin above it.
      least = 0;
    }
    return null;
  }

  private static long endBelow(Vma area) {
    Vma below = area.previous;
    return below == null ? 0 : below.end;
  }

  // ---- Changes ----

  /** Adds an area that no other overlaps. */
  void insert(Vma area) {
    Vma above = find(area.start);
    if (above != null && above.start < area.end) {
      throw new IllegalStateException("area " + area + " overlaps " + above);
    }
    Vma below = above == null ? last : above.previous;
    area.previous = below;
    area.next = above;
    VmaLeaf leaf;
    int slot;
    if (above != null) {
      leaf = leafOf(above);
      slot = leaf.slotOf(above);
      above.previous = area;
      if (slot == 0 && leaf.count == SLOTS && below != null && below.end == area.start) {
        // The upper part of one that is split stays with the lower, and makes no new leaf.
        leaf = leafOf(below);
        slot = leaf.count;
      }
    } else {
      leaf = last == null ? (VmaLeaf) root : leafOf(last);
      slot = leaf.count;
      last = area;
    }
    if (below == null) {
      first = area;
    } else {
      below.next = area;
    }
    size++;
    latest = area;
    insert(leaf, slot, area);
    refreshUnlessIn(area.leaf, above);
  }

  private void insert(VmaLeaf leaf, int slot, Vma area) {
    if (leaf.count < SLOTS) {
      leaf.insert(slot, area);
      refreshAbove(leaf);
      return;
    }
    // At either end a full node stays as it is, so that areas that are made one below the other, or
    // one above the other, fill theirs.
    VmaLeaf sibling = new VmaLeaf();
    if (slot == 0 || slot == SLOTS) {
      sibling.insert(0, area);
    } else {
      leaf.moveTo(sibling, SLOTS / 2, 0);
      boolean isUpper = slot > SLOTS / 2;
      (isUpper ? sibling : leaf).insert(isUpper ? slot - SLOTS / 2 : slot, area);
    }
    hang(sibling, leaf, slot != 0);
  }

  /**
   * Hangs a new node into the tree.
   *
   * @param beside its neighbour, which hangs there already, and may have lost slots to it
   * @param behind whether the new one is the upper one of the two
   */
  private void hang(VmaNode fresh, VmaNode beside, boolean behind) {
    VmaBranch parent = beside.parent;
    if (parent == null) {
      parent = new VmaBranch();
      parent.insert(0, beside);
      root = parent;
    }
    refreshAbove(beside);
    int slot = parent.slotOf(beside) + (behind ? 1 : 0);
    if (parent.count < SLOTS) {
      parent.insert(slot, fresh);
      refreshAbove(parent);
      return;
    }
    VmaBranch sibling = new VmaBranch();
    if (slot == 0 || slot == SLOTS) {
      sibling.insert(0, fresh);
    } else {
      parent.moveTo(sibling, SLOTS / 2, 0);
      boolean isUpper = slot > SLOTS / 2;
      (isUpper ? sibling : parent).insert(isUpper ? slot - SLOTS / 2 : slot, fresh);
    }
    hang(sibling, parent, slot != 0);
  }

  /** Takes an area out. */
  void remove(Vma area) {
    Vma below = area.previous;
    Vma above = area.next;
    if (below == null) {
      first = above;
    } else {
      below.next = above;
    }
    if (above == null) {
      last = below;
    } else {
      above.previous = below;
    }
    VmaLeaf leaf = leafOf(area);
    leaf.remove(leaf.slotOf(area));
    size--;
    latest = above;
    area.previous = null;
    area.next = null;
    if (leaf.count < FEW) {
      joinNeighbour(leaf);
    } else {
      refreshAbove(leaf);
    }
    refreshUnlessIn(leaf, above);
  }

  /** Moves what is left in a node to a neighbour, if that leaves room there; drops it if empty. */
  private void joinNeighbour(VmaNode node) {
    VmaBranch parent = node.parent;
    if (parent == null) {
      if (node instanceof VmaBranch branch && branch.count <= 1) {
        root = branch.count == 0 ? new VmaLeaf() : branch.node(0);
        root.parent = null;
      }
      return;
    }
    int slot = parent.slotOf(node);
    if (node.count > 0) {
      boolean hasLower = slot > 0;
      if (parent.count == 1) {
        refreshAbove(node);
        return;
      }
      VmaNode neighbour = parent.node(hasLower ? slot - 1 : slot + 1);
      if (node.count + neighbour.count > MOST_AFTER_JOINING) {
        refreshAbove(node);
        return;
      }
      node.moveTo(neighbour, 0, hasLower ? neighbour.count : 0);
      refreshAbove(neighbour);
    }
    parent.remove(slot);
    if (parent.count < FEW) {
      joinNeighbour(parent);
    } else {
      refreshAbove(parent);
    }
  }

  /** Tells the tree that an area's start or end has changed. */
  void boundsChanged(Vma area) {
    refresh(area);
    refreshUnlessIn(null, area.next);
  }

  private static VmaLeaf leafOf(Vma area) {
    VmaLeaf leaf = area.leaf;
    if (leaf == null) {
      throw new IllegalStateException("area " + area + " is in no tree");
    }
    return leaf;
  }

  /** Tells an area's leaf, unless it is one that knows already, that a neighbour has changed. */
  private static void refreshUnlessIn(@Nullable VmaLeaf leaf, @Nullable Vma area) {
    if (area != null && area.leaf != leaf) {
      refresh(area);
    }
  }

  private static void refresh(Vma area) {
    VmaLeaf leaf = leafOf(area);
    if (leaf.refresh(leaf.slotOf(area))) {
      refreshAbove(leaf);
    }
  }

  /** Tells the nodes above what a node holds, as far as they do not know. */
  private static void refreshAbove(VmaNode from) {
    VmaNode node = from;
    for (VmaBranch parent = node.parent; parent != null; parent = node.parent) {
      int slot = parent.slotOf(node);
      long end = node.lastEnd();
      long gap = node.largestGap();
      if (parent.end[slot] == end && parent.gap[slot] == gap) {
        return;
      }
      parent.end[slot] = end;
      parent.gap[slot] = gap;
      node = parent;
    }
  }

  // ---- Audit ----

  /**
   * Recounts order, links, slots and gaps.
   *
   * @throws IllegalStateException with the first thing that is wrong
   */
  void audit() {
    Vma expected = first;
    Vma below = null;
    int counted = 0;
    for (; expected != null; expected = expected.next) {
      boolean ordered = expected.start < expected.end && endBelow(expected) <= expected.start;
      if (expected.previous != below || !ordered) {
        throw new IllegalStateException("areas out of order: " + below + ", then " + expected);
      }
      below = expected;
      counted++;
    }
    Vma behind = root.count == 0 ? first : audit(root, null, levels(), first);
    if (last != below || behind != null || counted != size) {
      throw new IllegalStateException(
          "%d areas are listed up to %s, the tree ends before %s, %d are counted"
              .formatted(counted, below, behind, size));
    }
  }

  /**
   * Checks a subtree.
   *
   * @param from its first area
   * @return the first area behind it
   */
  private static @Nullable Vma audit(
      VmaNode node, @Nullable VmaBranch parent, int levels, @Nullable Vma from) {
    boolean leafInPlace = node instanceof VmaLeaf == (levels == 1);
    if (node.parent != parent || !leafInPlace || node.count == 0) {
      throw new IllegalStateException("a node of the tree of areas hangs wrong, at " + from);
    }
    Vma expected = from;
    for (int slot = 0; slot < node.count; slot++) {
      long end;
      long gap;
      if (node instanceof VmaBranch branch) {
        VmaNode lower = branch.node(slot);
        expected = audit(lower, branch, levels - 1, expected);
        end = lower.lastEnd();
        gap = lower.largestGap();
      } else {
        VmaLeaf leaf = (VmaLeaf) node;
        Vma area = leaf.area(slot);
        if (area != expected || area.leaf != leaf) {
          throw new IllegalStateException(
              area + " hangs in the tree where " + expected + " belongs");
        }
        expected = area.next;
        end = area.end;
        gap = VmaLeaf.gapBelow(area);
      }
      if (node.end[slot] != end || node.gap[slot] != gap) {
        throw new IllegalStateException(
            "before %s the tree of areas says end 0x%x and gap 0x%x, not 0x%x and 0x%x"
                .formatted(expected, node.end[slot], node.gap[slot], end, gap));
      }
    }
    for (int slot = node.count; slot < SLOTS; slot++) {
      if (node.end[slot] != Long.MAX_VALUE || node.gap[slot] != 0) {
        throw new IllegalStateException("a free slot of the tree of areas has bounds");
      }
    }
    return expected;
  }
}
