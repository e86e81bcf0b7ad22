package org.memarium.mm.frame;

import java.util.Arrays;

/** A list of frames that are on no other list; the latest comes out first. */
public final class PageList {
  private int[] pfns = new int[64];
  private int size;

  /** An empty list. */
  public PageList() {}

  /** How many frames there are. */
  public int size() {
    return size;
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return size == 0;
  }

  /** Adds a frame. */
  public void add(int pfn) {
    if (size == pfns.length) {
      pfns = Arrays.copyOf(pfns, 2 * size);
    }
    pfns[size++] = pfn;
  }

  /** The frame at a place, 0 for the one that came first. */
  public int get(int at) {
    return pfns[at];
  }

  /** Takes out the frame that came last. */
  public int removeLast() {
    return pfns[--size];
  }

  /** Holds what another list holds, in the same order, and nothing else. */
  public void copyFrom(PageList other) {
    if (pfns.length < other.size) {
      pfns = new int[other.pfns.length];
    }
    System.arraycopy(other.pfns, 0, pfns, 0, other.size);
    size = other.size;
  }

  /** Forgets all frames. */
  public void clear() {
    size = 0;
  }
}
