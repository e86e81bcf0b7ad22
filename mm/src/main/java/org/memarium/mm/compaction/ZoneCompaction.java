package org.memarium.mm.compaction;

import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.MigrateType;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.Zone;

/**
 * What compaction remembers of a zone from one run to the next ({@code compact_*} of {@code struct
 * zone}): where the scanners stopped, which pageblocks they skip, and for how long it is not worth
 * while to try again.
 */
public final class ZoneCompaction {
  /** {@code COMPACT_MAX_DEFER_SHIFT}: not more than 64 attempts are left out. */
  private static final int MAX_DEFER_SHIFT = 6;

  /** After how many runs skipped pageblocks are looked at again. */
  private static final int RUNS_BETWEEN_RESETS = 64;

  /** Every how many frames a pageblock is sampled: {@code 1 << PAGE_ALLOC_COSTLY_ORDER}. */
  private static final int SAMPLE_PAGES = 8;

  final Zone zone;
  private final MemMap memMap;

  /** {@code compact_cached_free_pfn}. */
  int cachedFreePfn;

  /** {@code compact_cached_migrate_pfn[ASYNC]}. */
  int cachedAsyncMigratePfn;

  /** {@code compact_cached_migrate_pfn[SYNC]}. */
  int cachedSyncMigratePfn;

  /** {@code compact_init_migrate_pfn}. */
  int initMigratePfn;

  /** {@code compact_init_free_pfn}. */
  int initFreePfn;

  /** {@code compact_blockskip_flush}: the scanners met; what they skip should be reset. */
  boolean blockSkipFlush;

  private int considered;
  private int deferShift;
  private int orderFailed;
  private int runs;

  ZoneCompaction(Zone zone, MemMap memMap) {
    this.zone = zone;
    this.memMap = memMap;
    // Behind the end: the first run begins at the ends of the zone.
    cachedFreePfn = zone.endPfn();
  }

  // ---- Deferral ----

  /** {@code compact_considered}: attempts left out since the last one that failed. */
  public int considered() {
    return considered;
  }

  /** {@code compact_defer_shift}: log2 of how many attempts are left out. */
  public int deferShift() {
    return deferShift;
  }

  /** {@code compact_order_failed}: the lowest order that failed. */
  public int orderFailed() {
    return orderFailed;
  }

  /** {@code defer_compaction}: it failed, so the next attempts are left out, ever more of them. */
  void defer(int order) {
    considered = 0;
    deferShift = Math.min(deferShift + 1, MAX_DEFER_SHIFT);
    orderFailed = Math.min(orderFailed, order);
  }

  /** {@code compaction_deferred}: whether this attempt is to be left out. */
  boolean isDeferred(int order) {
    int limit = 1 << deferShift;
    if (order < orderFailed) {
      return false;
    }
    if (++considered >= limit) {
      considered = limit;
      return false;
    }
    return true;
  }

  /** {@code compaction_defer_reset}: it worked, or looks as if it would. */
  void resetDeferral(int order, boolean allocated) {
    if (allocated) {
      considered = 0;
      deferShift = 0;
    }
    orderFailed = Math.max(orderFailed, order + 1);
  }

  /** {@code compaction_restarting}: the first attempt after the longest pause. */
  boolean isRestarting(int order) {
    return order >= orderFailed && deferShift == MAX_DEFER_SHIFT && considered >= 1 << deferShift;
  }

  /**
   * Whether this run, one in 64, should look at skipped pageblocks again. Linux's kswapd clears
   * what is skipped when it goes to sleep; there is none here yet, and so no such moment.
   */
  boolean isTimeForKswapd() {
    return (++runs & (RUNS_BETWEEN_RESETS - 1)) == 0;
  }

  // ---- Positions ----

  private int blockStart(int pfn) {
    return pfn & -zone.pageblocks().pages();
  }

  /** {@code reset_cached_positions}: the next run begins at both ends of the zone. */
  void resetPositions() {
    cachedAsyncMigratePfn = zone.startPfn();
    cachedSyncMigratePfn = zone.startPfn();
    cachedFreePfn = blockStart(zone.endPfn() - 1);
  }

  /** {@code update_cached_migrate}: the migration scanner has done everything below. */
  void updateCachedMigrate(int pfn, MigrateMode mode) {
    int end = blockStart(pfn) + zone.pageblocks().pages();
    cachedAsyncMigratePfn = Math.max(cachedAsyncMigratePfn, end);
    if (mode != MigrateMode.ASYNC) {
      cachedSyncMigratePfn = Math.max(cachedSyncMigratePfn, end);
    }
  }

  // ---- Skipped pageblocks ----

  /**
   * {@code __reset_isolation_suitable}: clears the skip bits of pageblocks that have pages to move
   * or free pages after all, from both ends inwards, and puts the scanners there.
   */
  void resetIsolationSuitable() {
    if (!blockSkipFlush) {
      return;
    }
    blockSkipFlush = false;
    int migratePfn = zone.startPfn();
    int freePfn = zone.endPfn() - 1;
    int resetMigrate = freePfn;
    int resetFree = migratePfn;
    boolean sourceSet = false;
    boolean freeSet = false;
    int pages = zone.pageblocks().pages();
    for (; migratePfn < freePfn; migratePfn += pages, freePfn -= pages) {
      if (resetBlock(migratePfn, true, sourceSet) && migratePfn < resetMigrate) {
        sourceSet = true;
        resetMigrate = migratePfn;
        initMigratePfn = migratePfn;
        cachedAsyncMigratePfn = migratePfn;
        cachedSyncMigratePfn = migratePfn;
      }
      if (resetBlock(freePfn, freeSet, true) && freePfn > resetFree) {
        freeSet = true;
        resetFree = freePfn;
        initFreePfn = freePfn;
        cachedFreePfn = freePfn;
      }
    }
    if (resetMigrate >= resetFree) {
      cachedAsyncMigratePfn = migratePfn;
      cachedSyncMigratePfn = migratePfn;
      cachedFreePfn = freePfn;
    }
  }

  /** {@code __reset_isolation_pfn}: whether the pageblock may be source or target again. */
  private boolean resetBlock(int pfn, boolean checkSource, boolean checkTarget) {
    if (memMap.zoneIndex(pfn) != zone.index()) {
      return false;
    }
    if (checkSource && checkTarget && !zone.pageblocks().isSkipped(pfn)) {
      return true;
    }
    if (!checkSource && checkTarget && zone.pageblocks().type(pfn) != MigrateType.MOVABLE) {
      return false;
    }
    int start = Math.max(blockStart(pfn), zone.startPfn());
    int end = Math.min(blockStart(pfn) + zone.pageblocks().pages(), zone.endPfn());
    for (int at = start; at < end; at += SAMPLE_PAGES) {
      boolean source = checkSource && memMap.testFlags(at, PageFlags.LRU);
      boolean target = checkTarget && memMap.isPageBuddy(at);
      if (source || target) {
        zone.pageblocks().setSkipped(at, false);
        return true;
      }
    }
    return false;
  }
}
