package org.memarium.mm.frame;

/**
 * What a zone does when a migrate type has no free pages: takes those of another, a whole pageblock
 * of them if that seems wise, so that the types mix as little as possible (Linux 6.1 {@code
 * mm/page_alloc.c}, {@code __rmqueue_fallback}).
 */
final class ZoneFallback {
  /** {@code fallbacks}: which types are asked instead, in this order. */
  private static final int[][] FALLBACKS = {
    {MigrateType.RECLAIMABLE, MigrateType.MOVABLE},
    {MigrateType.RECLAIMABLE, MigrateType.UNMOVABLE},
    {MigrateType.UNMOVABLE, MigrateType.MOVABLE}
  };

  /** Told of each allocation that takes pages of another type. */
  @FunctionalInterface
  interface Listener {
    /** {@code trace_mm_page_alloc_extfrag}. */
    void extfrag(int pfn, int order, int fallbackOrder, int type, int fallbackType);
  }

  private final Zone zone;
  private final MemMap memMap;
  private Listener listener = (pfn, order, fallbackOrder, type, fallbackType) -> {};
  private boolean mobilityDisabled;

  /** What the last scan found: pages that are not free and could be moved. */
  private int movablePages;

  ZoneFallback(Zone zone, MemMap memMap) {
    this.zone = zone;
    this.memMap = memMap;
  }

  void setListener(Listener listener) {
    this.listener = listener;
  }

  /** {@code page_group_by_mobility_disabled}: so little RAM that everything is Unmovable. */
  void disableMobility() {
    mobilityDisabled = true;
  }

  /** {@code set_pageblock_migratetype}. */
  void setPageblockType(int pfn, int type) {
    boolean grouped = !mobilityDisabled || type >= MigrateType.PCPTYPES;
    zone.pageblocks().setType(pfn, grouped ? type : MigrateType.UNMOVABLE);
  }

  /** {@code can_steal_fallback}: whether a whole pageblock may change its type. */
  private boolean canSteal(int order, int type) {
    return order >= zone.pageblocks().order() / 2
        || type == MigrateType.RECLAIMABLE
        || type == MigrateType.UNMOVABLE
        || mobilityDisabled;
  }

  /**
   * {@code find_suitable_fallback}: which type to take a block of this order from.
   *
   * @param onlyStealable only if the whole pageblock may change
   * @return the type, or -1
   */
  int find(int order, int type, boolean onlyStealable) {
    if (zone.freeArea().nrFree(order) > 0 && (!onlyStealable || canSteal(order, type))) {
      for (int other : FALLBACKS[type]) {
        if (zone.freeArea().nrFree(order, other) > 0) {
          return other;
        }
      }
    }
    return -1;
  }

  /**
   * {@code __rmqueue_fallback}: moves free pages of another type to this one, so that the next try
   * finds a block.
   *
   * @return whether there were any
   */
  boolean steal(int order, int type, int allocFlags) {
    int lowest = order;
    if ((allocFlags & AllocFlags.NOFRAGMENT) != 0) {
      lowest = Math.max(order, zone.pageblocks().order());
    }
    // The largest block first: it brings most pages of one kind together.
    for (int from = zone.freeArea().maxOrder(); from >= lowest; from--) {
      int other = find(from, type, false);
      if (other < 0) {
        continue;
      }
      boolean whole = canSteal(from, type);
      int taken = from;
      if (!whole && type == MigrateType.MOVABLE && from > order) {
        // Movable pages pollute little, so better split a small block than a large one.
        taken = order;
        while ((other = find(taken, type, false)) < 0) {
          taken++;
        }
        whole = canSteal(taken, type);
      }
      int pfn = zone.freeArea().first(taken, other);
      stealBlock(pfn, taken, allocFlags, type, whole);
      listener.extfrag(pfn, order, taken, type, other);
      return true;
    }
    return false;
  }

  /** {@code steal_suitable_fallback}. */
  private void stealBlock(int pfn, int order, int allocFlags, int type, boolean whole) {
    Pageblocks pageblocks = zone.pageblocks();
    int oldType = pageblocks.type(pfn);
    if (oldType == MigrateType.HIGHATOMIC) {
      zone.freeArea().moveToTail(order, type, pfn);
      return;
    }
    if (order >= pageblocks.order()) {
      for (int at = pfn; at < pfn + (1 << order); at += pageblocks.pages()) {
        setPageblockType(at, type);
      }
      zone.freeArea().moveToTail(order, type, pfn);
      return;
    }
    zone.watermarks().boost((allocFlags & AllocFlags.KSWAPD) != 0);
    int free = whole ? moveFreepagesBlock(pfn, type) : 0;
    if (free == 0) {
      zone.freeArea().moveToTail(order, type, pfn);
      return;
    }
    int alike = 0;
    if (type == MigrateType.MOVABLE) {
      alike = movablePages;
    } else if (oldType == MigrateType.MOVABLE) {
      alike = pageblocks.pages() - (free + movablePages);
    }
    if (free + alike >= pageblocks.pages() / 2 || mobilityDisabled) {
      setPageblockType(pfn, type);
    }
  }

  /**
   * {@code move_freepages_block}: moves the free pages of a pageblock to the lists of a type. The
   * type of the pageblock stays.
   *
   * @return how many pages; 0 also if the pageblock reaches beyond the zone
   */
  int moveFreepagesBlock(int pfn, int type) {
    movablePages = 0;
    int pages = zone.pageblocks().pages();
    int start = pfn & -pages;
    int end = start + pages;
    if (!zone.spans(start)) {
      start = pfn;
    }
    if (!zone.spans(end - 1)) {
      return 0;
    }
    int moved = 0;
    for (int at = start; at < end; ) {
      int flags = memMap.flags(at);
      if ((flags & PageFlags.BUDDY) == 0) {
        movablePages += (flags & PageFlags.LRU) != 0 ? 1 : 0;
        at++;
      } else {
        int order = PageFlags.order(flags);
        zone.freeArea().moveToTail(order, type, at);
        at += 1 << order;
        moved += 1 << order;
      }
    }
    return moved;
  }

  /** {@code reserve_highatomic_pageblock}: keeps a pageblock for atomic requests to come. */
  void reserveHighAtomic(int pfn) {
    int pageblockPages = zone.pageblocks().pages();
    int most = zone.managedPages() / 100 + pageblockPages;
    ZoneWatermarks watermarks = zone.watermarks();
    if (watermarks.reservedHighAtomic() < most
        && MigrateType.isMergeable(zone.pageblocks().type(pfn))) {
      watermarks.addReservedHighAtomic(pageblockPages);
      setPageblockType(pfn, MigrateType.HIGHATOMIC);
      moveFreepagesBlock(pfn, MigrateType.HIGHATOMIC);
    }
  }

  /**
   * {@code unreserve_highatomic_pageblock}: gives such a pageblock up.
   *
   * @param type what its free pages become
   * @param force even if it is the only one
   * @return whether pages became free for others
   */
  boolean unreserveHighAtomic(int type, boolean force) {
    ZoneWatermarks watermarks = zone.watermarks();
    int pageblockPages = zone.pageblocks().pages();
    if (!force && watermarks.reservedHighAtomic() <= pageblockPages) {
      return false;
    }
    for (int order = 0; order <= zone.freeArea().maxOrder(); order++) {
      int pfn = zone.freeArea().first(order, MigrateType.HIGHATOMIC);
      if (pfn < 0) {
        continue;
      }
      if (zone.pageblocks().type(pfn) == MigrateType.HIGHATOMIC) {
        watermarks.addReservedHighAtomic(
            -Math.min(pageblockPages, watermarks.reservedHighAtomic()));
      }
      setPageblockType(pfn, type);
      if (moveFreepagesBlock(pfn, type) > 0) {
        return true;
      }
    }
    return false;
  }
}
