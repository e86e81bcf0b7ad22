package org.memarium.mm.space;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The areas of one address space, ordered by address: an AVL tree threaded with a list, in which
 * every node knows the largest gap of its subtree.
 *
 * <p>An area's gap is what is free between its lower neighbour (or address 0) and itself, less the
 * guard gap of an area that grows down. Lookup, insertion, removal and the search for a gap from
 * either end take a number of steps that is logarithmic in the number of areas; the neighbours of
 * an area are one step away.
 *
 * <p>(Linux had a red-black tree with such gaps until 6.0, and has a maple tree since; what they
 * find is the same. The nodes here are the areas themselves.)
 */
final class VmaTree {
  private @Nullable Vma root;
  private @Nullable Vma first;
  private @Nullable Vma last;

  /** The area of the latest successful lookup. */
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

  /** The root, for the audit. */
  @Nullable Vma root() {
    return root;
  }

  /** {@code find_vma}: the lowest area that ends above {@code address}. */
  @Nullable Vma find(long address) {
    Vma hit = latest;
    if (hit != null && hit.end > address && hit.start <= address) {
      return hit;
    }
    Vma found = null;
    Vma node = root;
    while (node != null) {
      if (node.end > address) {
        found = node;
        if (node.start <= address) {
          latest = node;
          return node;
        }
        node = node.left;
      } else {
        node = node.right;
      }
    }
    return found;
  }

  /** {@code find_vma_intersection}: the lowest area that has an address of [start, end). */
  @Nullable Vma findIntersection(long start, long end) {
    Vma found = find(start);
    return found != null && found.start < end ? found : null;
  }

  /** The highest area that begins below {@code address}. */
  @Nullable Vma findBelow(long address) {
    Vma found = null;
    Vma node = root;
    while (node != null) {
      if (node.start < address) {
        found = node;
        node = node.right;
      } else {
        node = node.left;
      }
    }
    return found;
  }

  // ---- Gaps ----

  /**
   * The highest place for {@code bytes} bytes in [low, high).
   *
   * @return its address, or -1
   */
  long highestGap(long low, long high, long bytes) {
    if (high - low < bytes || high < low) {
      return -1;
    }
    Vma top = last;
    long topEnd = top == null ? 0 : top.end;
    if (topEnd <= high - bytes) {
      return high - bytes;
    }
    Vma above = highestGap(root, low + bytes, high - bytes, bytes);
    return above == null ? -1 : Math.min(above.startGap(), high) - bytes;
  }

  /**
   * The highest area of a subtree with a gap below it that is large enough, ends at or above {@code
   * leastEnd} and begins at or below {@code mostStart}.
   */
  private @Nullable Vma highestGap(
      @Nullable Vma subtree, long leastEnd, long mostStart, long bytes) {
    Vma node = subtree;
    while (node != null && node.maxGap >= bytes) {
      gapSteps++;
      boolean beginsLowEnough = startOfGap(node) <= mostStart;
      if (beginsLowEnough) {
        Vma found = highestGap(node.right, leastEnd, mostStart, bytes);
        if (found != null) {
          return found;
        }
      }
      // Not the end of the gap: below an area that grows down, a neighbour may end inside the
      // guard.
      if (node.start < leastEnd) {
        return null;
      }
      if (beginsLowEnough && node.gap >= bytes && node.startGap() >= leastEnd) {
        return node;
      }
      node = node.left;
    }
    return null;
  }

  /**
   * The lowest place for {@code bytes} bytes in [low, high).
   *
   * @return its address, or -1
   */
  long lowestGap(long low, long high, long bytes) {
    if (high - low < bytes || high < low) {
      return -1;
    }
    Vma above = lowestGap(root, low + bytes, high - bytes, bytes);
    if (above != null) {
      return Math.max(startOfGap(above), low);
    }
    Vma top = last;
    long start = Math.max(top == null ? 0 : top.end, low);
    return start <= high - bytes ? start : -1;
  }

  private @Nullable Vma lowestGap(
      @Nullable Vma subtree, long leastEnd, long mostStart, long bytes) {
    Vma node = subtree;
    while (node != null && node.maxGap >= bytes) {
      gapSteps++;
      if (node.start >= leastEnd) {
        Vma found = lowestGap(node.left, leastEnd, mostStart, bytes);
        if (found != null) {
          return found;
        }
      }
      if (startOfGap(node) > mostStart) {
        return null;
      }
      if (node.gap >= bytes && node.startGap() >= leastEnd) {
        return node;
      }
      node = node.right;
    }
    return null;
  }

  private static long startOfGap(Vma node) {
    Vma below = node.previous;
    return below == null ? 0 : below.end;
  }

  // ---- Changes ----

  /** Adds an area that no other overlaps. */
  void insert(Vma area) {
    Vma parent = null;
    Vma below = null;
    Vma above = null;
    Vma node = root;
    while (node != null) {
      parent = node;
      if (area.start < node.start) {
        above = node;
        node = node.left;
      } else {
        below = node;
        node = node.right;
      }
    }
    if ((below != null && below.end > area.start) || (above != null && above.start < area.end)) {
      throw new IllegalStateException(
          "area "
              + area
              + " overlaps "
              + (below != null && below.end > area.start ? below : above));
    }
    area.left = null;
    area.right = null;
    area.parent = parent;
    area.height = 1;
    area.previous = below;
    area.next = above;
    if (below == null) {
      first = area;
    } else {
      below.next = area;
    }
    if (above == null) {
      last = area;
    } else {
      above.previous = area;
    }
    if (parent == null) {
      root = area;
    } else if (parent == above) {
      parent.left = area;
    } else {
      parent.right = area;
    }
    size++;
    area.gap = gapBelow(area);
    if (above != null) {
      refreshGap(above);
    }
    rebalance(area);
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
    Vma from;
    Vma left = area.left;
    Vma right = area.right;
    if (left == null || right == null) {
      from = area.parent;
      replace(area, left == null ? right : left);
    } else {
      // The next area has no left child and takes this one's place.
      Vma heir = Objects.requireNonNull(above);
      if (heir == right) {
        from = heir;
      } else {
        from = heir.parent;
        replace(heir, heir.right);
        heir.right = right;
        right.parent = heir;
      }
      heir.left = left;
      left.parent = heir;
      replace(area, heir);
    }
    size--;
    if (latest == area) {
      latest = null;
    }
    area.left = null;
    area.right = null;
    area.parent = null;
    area.previous = null;
    area.next = null;
    rebalance(from);
    if (above != null) {
      refreshGap(above);
    }
  }

  /** Tells the tree that an area's start, end or direction of growth has changed. */
  void boundsChanged(Vma area) {
    refreshGap(area);
    if (area.next != null) {
      refreshGap(area.next);
    }
  }

  /** Puts {@code heir}, which may be null, where {@code area} hangs. */
  private void replace(Vma area, @Nullable Vma heir) {
    Vma parent = area.parent;
    if (parent == null) {
      root = heir;
    } else if (parent.left == area) {
      parent.left = heir;
    } else {
      parent.right = heir;
    }
    if (heir != null) {
      heir.parent = parent;
    }
  }

  private static long gapBelow(Vma area) {
    return Math.max(0, area.startGap() - startOfGap(area));
  }

  /** Recomputes an area's gap and what its ancestors know of it. */
  private static void refreshGap(Vma area) {
    area.gap = gapBelow(area);
    Vma node = area;
    while (node != null) {
      long largest = largestGap(node);
      if (node != area && node.maxGap == largest) {
        return;
      }
      node.maxGap = largest;
      node = node.parent;
    }
  }

  private static long largestGap(Vma node) {
    long largest = node.gap;
    if (node.left != null) {
      largest = Math.max(largest, node.left.maxGap);
    }
    if (node.right != null) {
      largest = Math.max(largest, node.right.maxGap);
    }
    return largest;
  }

  // ---- Balance ----

  private static int height(@Nullable Vma node) {
    return node == null ? 0 : node.height;
  }

  private static void update(Vma node) {
    node.height = 1 + Math.max(height(node.left), height(node.right));
    node.maxGap = largestGap(node);
  }

  /** Restores heights, balance and gaps from {@code from} up to the root. */
  private void rebalance(@Nullable Vma from) {
    Vma node = from;
    while (node != null) {
      update(node);
      int lean = height(node.left) - height(node.right);
      if (lean > 1) {
        Vma left = Objects.requireNonNull(node.left);
        if (height(left.left) < height(left.right)) {
          rotateLeft(left);
        }
        node = rotateRight(node);
      } else if (lean < -1) {
        Vma right = Objects.requireNonNull(node.right);
        if (height(right.right) < height(right.left)) {
          rotateRight(right);
        }
        node = rotateLeft(node);
      }
      node = node.parent;
    }
  }

  /** Lifts the right child over {@code node}; returns it. */
  private Vma rotateLeft(Vma node) {
    Vma lifted = Objects.requireNonNull(node.right);
    replace(node, lifted);
    node.right = lifted.left;
    if (node.right != null) {
      node.right.parent = node;
    }
    lifted.left = node;
    node.parent = lifted;
    update(node);
    update(lifted);
    return lifted;
  }

  /** Lifts the left child over {@code node}; returns it. */
  private Vma rotateRight(Vma node) {
    Vma lifted = Objects.requireNonNull(node.left);
    replace(node, lifted);
    node.left = lifted.right;
    if (node.left != null) {
      node.left.parent = node;
    }
    lifted.right = node;
    node.parent = lifted;
    update(node);
    update(lifted);
    return lifted;
  }

  // ---- Audit ----

  /**
   * Recounts order, links, balance and gaps.
   *
   * @throws IllegalStateException with the first thing that is wrong
   */
  void audit() {
    long count = 0;
    Vma below = null;
    for (Vma area = first; area != null; area = area.next) {
      if (area.previous != below
          || area.start >= area.end
          || (below != null && below.end > area.start)) {
        throw new IllegalStateException("areas out of order: " + below + ", then " + area);
      }
      if (area.gap != gapBelow(area)) {
        throw new IllegalStateException(
            "area %s has a gap of 0x%x below it and says 0x%x"
                .formatted(area, gapBelow(area), area.gap));
      }
      count++;
      below = area;
    }
    if (last != below || count != size || auditSubtree(root, null) != size) {
      throw new IllegalStateException(
          "%d areas are listed, %d hang in the tree, %d are counted"
              .formatted(count, auditSubtree(root, null), size));
    }
  }

  private static int auditSubtree(@Nullable Vma node, @Nullable Vma parent) {
    if (node == null) {
      return 0;
    }
    int count = 1 + auditSubtree(node.left, node) + auditSubtree(node.right, node);
    boolean ordered =
        (node.left == null || node.left.end <= node.start)
            && (node.right == null || node.right.start >= node.end);
    int lean = height(node.left) - height(node.right);
    if (node.parent != parent
        || !ordered
        || Math.abs(lean) > 1
        || node.height != 1 + Math.max(height(node.left), height(node.right))
        || node.maxGap != largestGap(node)) {
      throw new IllegalStateException("the tree of areas is broken at " + node);
    }
    return count;
  }
}
