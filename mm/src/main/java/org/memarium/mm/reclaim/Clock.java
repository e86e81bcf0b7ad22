package org.memarium.mm.reclaim;

import java.util.BitSet;

/**
 * CLOCK, or second chance (Corbató 1969): a hand goes around all pages; one that was used since the
 * hand came by loses its accessed bits and stays, one that was not goes. The line is the clock: the
 * hand is at its end, and what it leaves behind is at its head.
 */
final class Clock extends OneLine {
  private final PageReferences references;

  /** Frames whose pages were used other than through an entry of a page table. */
  private final BitSet used = new BitSet();

  private int group;

  /** Pages that the hand may still meet: twice around, and all have had their chance. */
  private int left;

  Clock(PolicyParts parts) {
    super(parts);
    this.references = parts.references();
  }

  @Override
  public String name() {
    return "clock";
  }

  @Override
  void begin(int inGroup) {
    group = inGroup;
    left = 2 * order.size(inGroup);
  }

  @Override
  int candidate() {
    while (left-- > 0) {
      int pfn = order.last(group);
      if (pfn < 0) {
        return -1;
      }
      order.moveFirst(pfn);
      if (!wasUsed(pfn)) {
        return pfn;
      }
    }
    return -1;
  }

  private boolean wasUsed(int pfn) {
    boolean marked = used.get(pfn);
    used.clear(pfn);
    return references.referenced(pfn) > 0 || marked;
  }

  @Override
  public void accessed(int pfn) {
    used.set(pfn);
  }

  @Override
  public void removed(int pfn) {
    used.clear(pfn);
    super.removed(pfn);
  }
}
