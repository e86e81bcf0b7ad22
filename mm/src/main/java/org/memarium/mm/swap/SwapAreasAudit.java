package org.memarium.mm.swap;

import org.memarium.mm.Audit;

/** The recount of swap areas: every byte of their maps against what others told. */
final class SwapAreasAudit {
  private final Audit audit;
  private final SwapRecount entries;
  private final SwapCache cache;
  private final SwapSlots slots;
  private long free;
  private long total;

  SwapAreasAudit(Audit audit, SwapRecount entries, SwapCache cache, SwapSlots slots) {
    this.audit = audit;
    this.entries = entries;
    this.cache = cache;
    this.slots = slots;
  }

  /** Recounts the slots of an area. */
  void area(SwapInfo area) {
    if (!area.hasMap()) {
      return;
    }
    area.map().audit(audit);
    int used = 0;
    for (int offset = 1; offset < area.max; offset++) {
      int usage = area.map().get(offset);
      if (usage != SwapMap.BAD) {
        used += usage == 0 ? 0 : 1;
        slot(area, offset, usage);
      }
    }
    audit.expectEqual("used slots of " + area, area.inUse, used);
    total += area.writeOk ? area.pages : 0;
    free += area.writeOk ? area.pages - used : 0;
  }

  private void slot(SwapInfo area, int offset, int usage) {
    int slot = SwapAreas.slot(area.type, offset);
    int count = area.map().exactCount(offset);
    boolean cached = cache.find(slot) >= 0;
    boolean says = (usage & SwapMap.HAS_CACHE) != 0;
    if (count != entries.count(slot) || (cached && !says)) {
      audit.difference(
          "slot %d of %s has 0x%02x, and a recount gives %d%s"
              .formatted(offset, area, usage, entries.count(slot), cached ? " and the cache" : ""));
    }
    if (says && !cached && !slots.holds(slot)) {
      audit.difference("slot %d of %s is lost".formatted(offset, area));
    }
  }

  /** Compares the sums over all areas with the counters. */
  void expect(long totalPages, long freePages) {
    audit.expectEqual("total_swap_pages", totalPages, total);
    audit.expectEqual("nr_swap_pages", freePages, free);
  }
}
