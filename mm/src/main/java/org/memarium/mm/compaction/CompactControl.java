package org.memarium.mm.compaction;

import org.memarium.mm.frame.PageList;
import org.memarium.mm.frame.Zone;

/** {@code struct compact_control}: one compaction of one zone, while it runs. */
final class CompactControl {
  /** {@code order == -1}: the whole zone, by {@code /proc/sys/vm/compact_memory}. */
  static final int WHOLE_ZONE_ORDER = -1;

  /** {@code COMPACT_CLUSTER_MAX}: how many pages are isolated at once. */
  static final int CLUSTER_MAX = 32;

  final Zone zone;
  final ZoneCompaction state;

  /** Which order is wanted, or {@link #WHOLE_ZONE_ORDER}. */
  final int order;

  final MigrateMode mode;

  // ---- What the request is ----
  int gfpFlags;
  int allocFlags;
  int highestZone;
  int migrateType;
  boolean directCompaction;

  /** {@code compact_unevictable_allowed}: pages that are locked in memory may be moved. */
  boolean unevictableAllowed = true;

  /** Scans from end to end, not from where the last run ended. */
  boolean wholeZone;

  /** Pageblocks where nothing was found of late are scanned too. */
  boolean ignoreSkipHint;

  /** Pageblocks that are not Movable may take pages too. */
  boolean ignoreBlockSuitable;

  // ---- The scanners ----
  int migratePfn;
  int freePfn;

  /** Isolated pages that wait to be moved. */
  final PageList migratePages = new PageList();

  /** Isolated free frames that wait for a page. */
  final PageList freePages = new PageList();

  /**
   * The pageblock was scanned before without success: it is scanned to its end, and skipped then.
   */
  boolean rescan;

  // ---- The fast searches through the free lists ----
  static final int NO_FAST_START = Integer.MAX_VALUE;
  int fastStartPfn;
  int searchOrder;
  int fastSearchFail;

  // ---- Figures ----
  long migrateScanned;
  long freeScanned;

  CompactControl(ZoneCompaction state, int order, MigrateMode mode) {
    this.state = state;
    this.zone = state.zone;
    this.order = order;
    this.mode = mode;
    this.searchOrder = order;
  }

  boolean isWholeZoneRun() {
    return order == WHOLE_ZONE_ORDER;
  }

  boolean isAsync() {
    return mode == MigrateMode.ASYNC;
  }

  int pageblockPages() {
    return zone.pageblocks().pages();
  }

  /** {@code pageblock_start_pfn}. */
  int blockStart(int pfn) {
    return pfn & -pageblockPages();
  }

  /** {@code pageblock_end_pfn}. */
  int blockEnd(int pfn) {
    return blockStart(pfn) + pageblockPages();
  }

  /** {@code pageblock_aligned}. */
  boolean isBlockAligned(int pfn) {
    return blockStart(pfn) == pfn;
  }

  /** {@code compact_scanners_met}: the free scanner is in the migration scanner's pageblock. */
  boolean scannersMet() {
    return blockStart(freePfn) <= blockStart(migratePfn);
  }

  /** {@code freelist_scan_limit}. */
  int freeListScanLimit() {
    return (CLUSTER_MAX >> Math.min(Integer.SIZE - 1, fastSearchFail)) + 1;
  }
}
