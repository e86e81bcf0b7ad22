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

  /** A page-table entry, or a file of memory, has the slot. */
  public void add(long entry) {
    counts.merge(swap.slot(entry), 1, Integer::sum);
  }

  int count(int slot) {
    return counts.getOrDefault(slot, 0);
  }
}
