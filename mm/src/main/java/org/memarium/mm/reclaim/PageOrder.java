package org.memarium.mm.reclaim;

import java.util.Arrays;

/**
 * Pages in lines, for a policy that keeps an order of its own: one line for each memory group, or
 * several. They are doubly linked, by frame; every operation takes a few writes.
 *
 * <pre>
 *   first  -- next -->  ...  -- next -->  last: the next victim
 *          <- before -       <- before -
 * </pre>
 */
final class PageOrder {
  /** As many groups as a page can name. */
  static final int GROUPS = 256;

  private static final int NONE = -1;

  /** In {@link #next}: the page is in no line. */
  private static final int ABSENT = -2;

  private final int[] next;
  private final int[] before;
  private final short[] lines;
  private final int[] first;
  private final int[] last;
  private final int[] sizes;

  /**
   * Empty lines.
   *
   * @param frames one more than the highest frame number
   * @param count how many lines
   */
  PageOrder(int frames, int count) {
    first = new int[count];
    last = new int[count];
    sizes = new int[count];
    next = new int[frames];
    before = new int[frames];
    lines = new short[frames];
    Arrays.fill(next, ABSENT);
    Arrays.fill(first, NONE);
    Arrays.fill(last, NONE);
  }

  boolean contains(int pfn) {
    return next[pfn] != ABSENT;
  }

  int size(int line) {
    return sizes[line];
  }

  /** The next victim of a line; -1 if it is empty. */
  int last(int line) {
    return last[line];
  }

  /** The line that a page is in, which {@linkplain #contains is there}. */
  int line(int pfn) {
    return lines[pfn];
  }

  /** The page whose turn comes after this one's; -1 if there is none. */
  int before(int pfn) {
    return before[pfn];
  }

  /** A page enters at the head of a line. */
  void addFirst(int pfn, int line) {
    lines[pfn] = (short) line;
    sizes[line]++;
    link(pfn, line);
  }

  private void link(int pfn, int line) {
    int head = first[line];
    next[pfn] = head;
    before[pfn] = NONE;
    if (head == NONE) {
      last[line] = pfn;
    } else {
      before[head] = pfn;
    }
    first[line] = pfn;
  }

  /** A page enters at the end of a line: it is the next victim. */
  void addLast(int pfn, int line) {
    int tail = last[line];
    if (tail == NONE) {
      addFirst(pfn, line);
      return;
    }
    lines[pfn] = (short) line;
    sizes[line]++;
    before[pfn] = tail;
    next[pfn] = NONE;
    next[tail] = pfn;
    last[line] = pfn;
  }

  /** A page leaves, if it is there. */
  void remove(int pfn) {
    if (contains(pfn)) {
      int line = lines[pfn];
      unlink(pfn, line);
      sizes[line]--;
      next[pfn] = ABSENT;
    }
  }

  private void unlink(int pfn, int line) {
    int behind = next[pfn];
    int ahead = before[pfn];
    if (ahead == NONE) {
      first[line] = behind;
    } else {
      next[ahead] = behind;
    }
    if (behind == NONE) {
      last[line] = ahead;
    } else {
      before[behind] = ahead;
    }
  }

  /** A page goes to the head of its line, if it is in one. */
  void moveFirst(int pfn) {
    if (contains(pfn)) {
      int line = lines[pfn];
      if (first[line] != pfn) {
        unlink(pfn, line);
        link(pfn, line);
      }
    }
  }
}
