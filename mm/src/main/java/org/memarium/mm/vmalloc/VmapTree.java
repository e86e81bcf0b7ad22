package org.memarium.mm.vmalloc;

import org.memarium.hardware.Ram;

/**
 * Pieces of the area for vmalloc by address: a red-black tree whose neighbours are also linked, as
 * {@code rb_root} and {@code list_head} together are on Linux. A piece is in one tree at a time.
 *
 * <p>With gaps, each piece knows the largest one in its subtree, so that the lowest piece that is
 * large enough is found without looking at smaller ones ({@code find_vmap_lowest_match}).
 *
 * <p>Number 0 is the leaf of all leaves: black, with no size. Only its parent changes, while a
 * piece is removed.
 */
final class VmapTree {
  private final VmapAreas areas;
  private final boolean withLargest;
  private int root;
  private int first;
  private int last;
  private int count;

  VmapTree(VmapAreas areas, boolean withLargest) {
    this.areas = areas;
    this.withLargest = withLargest;
  }

  /** The lowest piece, or 0. */
  int first() {
    return first;
  }

  /** The highest piece, or 0. */
  int last() {
    return last;
  }

  int count() {
    return count;
  }

  boolean isEmpty() {
    return root == VmapAreas.NONE;
  }

  /** {@code find_vmap_area}: the piece that holds an address, or 0. */
  int find(long address) {
    int at = root;
    while (at != VmapAreas.NONE) {
      if (address < areas.start[at]) {
        at = areas.left[at];
      } else if (address >= areas.end[at]) {
        at = areas.right[at];
      } else {
        return at;
      }
    }
    return VmapAreas.NONE;
  }

  /**
   * {@code pvm_find_va_enclose_addr}: the highest piece that begins at or below an address, or 0.
   */
  int floor(long address) {
    int at = root;
    int found = VmapAreas.NONE;
    while (at != VmapAreas.NONE) {
      if (areas.start[at] <= address) {
        found = at;
        at = areas.right[at];
      } else {
        at = areas.left[at];
      }
    }
    return found;
  }

  /**
   * {@code find_vmap_lowest_match}: the lowest piece that can hold {@code bytes} at an aligned
   * address from {@code from} on, or 0.
   *
   * @param length what a subtree must have to be looked into: with room for the alignment, or
   *     without, then a piece may be found to be too small where a higher one would do
   */
  int lowestMatch(long bytes, long align, long from, long length) {
    long[] largest = areas.largest;
    int[] left = areas.left;
    int[] right = areas.right;
    long low = from;
    int at = root;
    while (at != VmapAreas.NONE) {
      if (largest[left[at]] >= length && low < areas.start[at]) {
        at = left[at];
        continue;
      }
      if (fits(at, bytes, align, low)) {
        return at;
      }
      if (largest[right[at]] >= length) {
        at = right[at];
        continue;
      }
      // Nothing here: go up until there is a higher subtree that was not looked at. Moving the
      // lower limit past its parent keeps the search from coming back.
      for (at = areas.parent[at]; at != VmapAreas.NONE; at = areas.parent[at]) {
        if (fits(at, bytes, align, low)) {
          return at;
        }
        if (largest[right[at]] >= length && low <= areas.start[at]) {
          low = areas.start[at] + 1;
          at = right[at];
          break;
        }
      }
    }
    return VmapAreas.NONE;
  }

  /** {@code is_within_this_va}. */
  private boolean fits(int area, long bytes, long align, long from) {
    long aligned = (Math.max(areas.start[area], from) + align - 1) & -align;
    return aligned + bytes <= areas.end[area];
  }

  // ---- Insertion ----

  /**
   * Puts a piece in its place.
   *
   * @throws IllegalStateException if it overlaps another
   */
  void insert(int area) {
    long start = areas.start[area];
    long end = areas.end[area];
    int above = VmapAreas.NONE;
    boolean goLeft = false;
    for (int at = root; at != VmapAreas.NONE; at = goLeft ? areas.left[at] : areas.right[at]) {
      above = at;
      goLeft = end <= areas.start[at];
      if (!goLeft && start < areas.end[at]) {
        throw new IllegalStateException(
            "areas overlap: 0x%x-0x%x and 0x%x-0x%x"
                .formatted(start, end, areas.start[at], areas.end[at]));
      }
    }
    link(area, above, goLeft);
  }

  private void link(int area, int above, boolean goLeft) {
    int before = goLeft ? areas.previous[above] : above;
    int after = goLeft ? above : above == VmapAreas.NONE ? first : areas.next[above];
    areas.previous[area] = before;
    areas.next[area] = after;
    if (before == VmapAreas.NONE) {
      first = area;
    } else {
      areas.next[before] = area;
    }
    if (after == VmapAreas.NONE) {
      last = area;
    } else {
      areas.previous[after] = area;
    }
    areas.left[area] = VmapAreas.NONE;
    areas.right[area] = VmapAreas.NONE;
    areas.parent[area] = above;
    areas.red[area] = true;
    if (above == VmapAreas.NONE) {
      root = area;
    } else if (goLeft) {
      areas.left[above] = area;
    } else {
      areas.right[above] = area;
    }
    count++;
    if (withLargest) {
      long bytes = areas.size(area);
      areas.largest[area] = bytes;
      for (int at = above; at != VmapAreas.NONE && areas.largest[at] < bytes; ) {
        areas.largest[at] = bytes;
        at = areas.parent[at];
      }
    }
    balanceAfterInsert(area);
  }

  private void balanceAfterInsert(int inserted) {
    int[] parent = areas.parent;
    boolean[] red = areas.red;
    int area = inserted;
    while (red[parent[area]]) {
      int above = parent[area];
      int grand = parent[above];
      boolean onLeft = above == areas.left[grand];
      int uncle = onLeft ? areas.right[grand] : areas.left[grand];
      if (red[uncle]) {
        red[above] = false;
        red[uncle] = false;
        red[grand] = true;
        area = grand;
        continue;
      }
      if (area == (onLeft ? areas.right[above] : areas.left[above])) {
        area = above;
        rotate(area, onLeft);
        above = parent[area];
      }
      red[above] = false;
      red[grand] = true;
      rotate(grand, !onLeft);
    }
    red[root] = false;
  }

  /** Turns a piece down to the left or the right; its other child takes its place. */
  private void rotate(int area, boolean toLeft) {
    int[] down = toLeft ? areas.left : areas.right;
    int[] up = toLeft ? areas.right : areas.left;
    int child = up[area];
    int moved = down[child];
    up[area] = moved;
    if (moved != VmapAreas.NONE) {
      areas.parent[moved] = area;
    }
    replaceChild(area, child);
    down[child] = area;
    areas.parent[area] = child;
    if (withLargest) {
      areas.largest[child] = areas.largest[area];
      areas.largest[area] = largestBelow(area);
    }
  }

  /** Puts {@code other}, which may be 0, in the place of a piece below its parent. */
  private void replaceChild(int area, int other) {
    int above = areas.parent[area];
    if (above == VmapAreas.NONE) {
      root = other;
    } else if (area == areas.left[above]) {
      areas.left[above] = other;
    } else {
      areas.right[above] = other;
    }
    areas.parent[other] = above;
  }

  // ---- Removal ----

  /** Takes a piece out. */
  void remove(int area) {
    int before = areas.previous[area];
    int after = areas.next[area];
    if (before == VmapAreas.NONE) {
      first = after;
    } else {
      areas.next[before] = after;
    }
    if (after == VmapAreas.NONE) {
      last = before;
    } else {
      areas.previous[after] = before;
    }
    count--;
    boolean lostBlack = !areas.red[area];
    int filler;
    if (areas.left[area] == VmapAreas.NONE) {
      filler = areas.right[area];
      replaceChild(area, filler);
    } else if (areas.right[area] == VmapAreas.NONE) {
      filler = areas.left[area];
      replaceChild(area, filler);
    } else {
      // The next piece, which is the lowest of the right subtree, takes the place.
      lostBlack = !areas.red[after];
      filler = areas.right[after];
      if (areas.parent[after] == area) {
        areas.parent[filler] = after;
      } else {
        replaceChild(after, filler);
        areas.right[after] = areas.right[area];
        areas.parent[areas.right[after]] = after;
      }
      replaceChild(area, after);
      areas.left[after] = areas.left[area];
      areas.parent[areas.left[after]] = after;
      areas.red[after] = areas.red[area];
    }
    if (withLargest) {
      for (int at = areas.parent[filler]; at != VmapAreas.NONE; at = areas.parent[at]) {
        areas.largest[at] = largestBelow(at);
      }
    }
    if (lostBlack) {
      balanceAfterRemove(filler);
    }
  }

  private void balanceAfterRemove(int filler) {
    boolean[] red = areas.red;
    int area = filler;
    while (area != root && !red[area]) {
      int above = areas.parent[area];
      boolean onLeft = area == areas.left[above];
      int[] near = onLeft ? areas.left : areas.right;
      int[] far = onLeft ? areas.right : areas.left;
      int sibling = far[above];
      if (red[sibling]) {
        red[sibling] = false;
        red[above] = true;
        rotate(above, onLeft);
        sibling = far[above];
      }
      if (!red[near[sibling]] && !red[far[sibling]]) {
        red[sibling] = true;
        area = above;
        continue;
      }
      if (!red[far[sibling]]) {
        red[near[sibling]] = false;
        red[sibling] = true;
        rotate(sibling, !onLeft);
        sibling = far[above];
      }
      red[sibling] = red[above];
      red[above] = false;
      red[far[sibling]] = false;
      rotate(above, onLeft);
      area = root;
    }
    red[area] = false;
  }

  // ---- Sizes ----

  private long largestBelow(int area) {
    long[] largest = areas.largest;
    return Math.max(
        areas.size(area), Math.max(largest[areas.left[area]], largest[areas.right[area]]));
  }

  /** {@code augment_tree_propagate_from}: a piece became larger or smaller. */
  void resized(int area) {
    for (int at = area; withLargest && at != VmapAreas.NONE; at = areas.parent[at]) {
      long now = largestBelow(at);
      if (areas.largest[at] == now) {
        return;
      }
      areas.largest[at] = now;
    }
  }

  /** Forgets all pieces, which the caller has by their links ({@code list_replace_init}). */
  void clear() {
    root = VmapAreas.NONE;
    first = VmapAreas.NONE;
    last = VmapAreas.NONE;
    count = 0;
  }

  // ---- Audit ----

  /**
   * Recounts the tree.
   *
   * @throws IllegalStateException if its order, its balance, its links or its sizes are wrong
   */
  void audit(String name) {
    int[] walked = new int[1];
    blackHeight(name, root, VmapAreas.NONE, walked);
    int listed = 0;
    long behind = Long.MIN_VALUE;
    int before = VmapAreas.NONE;
    for (int at = first; at != VmapAreas.NONE; at = areas.next[at]) {
      listed++;
      if (areas.previous[at] != before
          || areas.start[at] < behind
          || areas.size(at) <= 0
          || ((areas.start[at] | areas.end[at]) & (Ram.PAGE_SIZE - 1)) != 0
          || find(areas.start[at]) != at) {
        throw wrong(name, at, "is out of place");
      }
      behind = areas.end[at];
      before = at;
    }
    if (before != last || listed != count || walked[0] != count) {
      throw new IllegalStateException(
          "%s: %d areas, of which %d are linked and %d in the tree"
              .formatted(name, count, listed, walked[0]));
    }
  }

  private int blackHeight(String name, int area, int above, int[] walked) {
    if (area == VmapAreas.NONE) {
      return 1;
    }
    walked[0]++;
    int ofLeft = blackHeight(name, areas.left[area], area, walked);
    int ofRight = blackHeight(name, areas.right[area], area, walked);
    if (areas.parent[area] != above || ofLeft != ofRight || (areas.red[area] && areas.red[above])) {
      throw wrong(name, area, "is not balanced");
    }
    if (withLargest && areas.largest[area] != largestBelow(area)) {
      throw wrong(name, area, "has the wrong subtree_max_size");
    }
    return ofLeft + (areas.red[area] ? 0 : 1);
  }

  private IllegalStateException wrong(String name, int area, String what) {
    return new IllegalStateException(
        "%s: 0x%x-0x%x %s".formatted(name, areas.start[area], areas.end[area], what));
  }
}
