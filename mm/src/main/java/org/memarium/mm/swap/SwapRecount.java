package org.memarium.mm.swap;

import java.util.HashMap;
import java.util.Map;

/** For the audit: who has which slot, counted from scratch. Nothing depends on its order. */
public final class SwapRecount {
  private final Swap swap;
  private final Map<Integer, Integer> counts = new HashMap<>();

  SwapRecount(Swap swap) {
    this.swap = swap;
  }

  /** A page-table entry has the slot. */
  public void add(long entry) {
    addSlot(swap.slot(entry));
  }

  /** A file of memory has the slot. */
  public void addSlot(int slot) {
    counts.merge(slot, 1, Integer::sum);
  }

  int count(int slot) {
    return counts.getOrDefault(slot, 0);
  }
}
