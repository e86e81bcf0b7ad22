package org.memarium.mm.compaction;

import org.memarium.mm.frame.FreeArea;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.MigrateType;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * The migration scanner of compaction: from the start of the zone upwards it isolates pages that
 * can be moved (Linux 6.1 {@code mm/compaction.c}, {@code isolate_migratepages} and {@code
 * fast_find_migrateblock}).
 */
final class MigrateScanner {
  /** {@code PAGE_ALLOC_COSTLY_ORDER}. */
  private static final int COSTLY_ORDER = 3;

  private final MemMap memMap;
  private final Migration migration;
  private final VmStat vmStat;

  MigrateScanner(MemMap memMap, Migration migration, VmStat vmStat) {
    this.memMap = memMap;
    this.migration = migration;
    this.vmStat = vmStat;
  }

  /** {@code pageblock_pfn_to_page}: whether both ends of [start, end) are frames of the zone. */
  static boolean isWithinZone(MemMap memMap, Zone zone, int start, int end) {
    return start >= zone.startPfn()
        && end <= zone.endPfn()
        && memMap.zoneIndex(start) == zone.index()
        && memMap.zoneIndex(end - 1) == zone.index();
  }

  /**
   * {@code isolate_migratepages}: isolates pages of the first pageblock that has some, below the
   * free scanner.
   *
   * @return whether there are pages to be moved now
   */
  boolean isolate(CompactControl cc) {
    int low = fastFindBlock(cc);
    boolean foundFast = low != cc.migratePfn && cc.fastSearchFail == 0;
    int start = Math.max(cc.blockStart(low), cc.zone.startPfn());
    int end = cc.blockEnd(low);
    while (end <= cc.freePfn) {
      if (isWithinZone(memMap, cc.zone, start, end)) {
        boolean atStart = cc.isBlockAligned(low);
        boolean skipped =
            atStart && !foundFast && !cc.ignoreSkipHint && cc.zone.pageblocks().isSkipped(low);
        if (!skipped) {
          if (isSuitable(cc, start)) {
            isolateBlock(cc, low, end, foundFast);
            break;
          }
          cc.state.updateCachedMigrate(end, cc.mode);
        }
      }
      foundFast = false;
      cc.migratePfn = end;
      low = end;
      start = end;
      end += cc.pageblockPages();
    }
    return !cc.migratePages.isEmpty();
  }

  /**
   * {@code suitable_migration_source}: a direct, asynchronous run, which is to cost little, empties
   * only pageblocks of the type that is wanted.
   */
  private boolean isSuitable(CompactControl cc, int pfn) {
    if (memMap.compoundOrder(pfn) >= cc.zone.pageblocks().order()) {
      return false;
    }
    if (!cc.isAsync() || !cc.directCompaction) {
      return true;
    }
    return cc.zone.pageblocks().type(pfn) == cc.migrateType;
  }

  /**
   * {@code isolate_migratepages_block}: isolates pages of [low, end), which is one pageblock.
   *
   * @param foundFast whether it was chosen by {@link #fastFindBlock}, which marks it as skipped
   */
  private void isolateBlock(CompactControl cc, int low, int end, boolean foundFast) {
    int scanned = 0;
    int isolated = 0;
    boolean skipOnFailure = cc.directCompaction && cc.isAsync();
    int nextSkip = skipOnFailure ? orderEnd(low, cc.order) : 0;
    boolean wholeBlock = false;
    boolean skipUpdated = false;
    int pfn = low;
    for (; pfn < end; pfn++) {
      if (skipOnFailure && pfn >= nextSkip) {
        if (isolated > 0) {
          break;
        }
        nextSkip = orderEnd(pfn, cc.order);
      }
      scanned++;
      if (!wholeBlock && cc.isBlockAligned(pfn)) {
        if (!foundFast && !cc.ignoreSkipHint && cc.zone.pageblocks().isSkipped(pfn)) {
          pfn = end;
          break;
        }
        wholeBlock = true;
      }
      if (memMap.isPageBuddy(pfn)) {
        int pages = 1 << memMap.order(pfn);
        pfn += pages - 1;
        scanned += pages - 1;
        continue;
      }
      boolean compound = memMap.isPageHead(pfn);
      if (compound) {
        int pages = 1 << memMap.compoundOrder(pfn);
        pfn += pages - 1;
        scanned += pages - 1;
      }
      if (!compound && isMovable(cc, pfn) && migration.isolate(pfn, cc.mode)) {
        if (!skipUpdated && cc.isBlockAligned(pfn)) {
          skipUpdated = true;
          if (!cc.ignoreSkipHint) {
            cc.zone.pageblocks().setSkipped(pfn, true);
          }
        }
        cc.migratePages.add(pfn);
        isolated++;
        if (cc.migratePages.size() >= CompactControl.CLUSTER_MAX && !cc.rescan) {
          pfn++;
          break;
        }
        continue;
      }
      if (skipOnFailure) {
        // No block of the order can come from here: what was isolated of it stays.
        migration.putback(cc.migratePages);
        isolated = 0;
        if (pfn < nextSkip) {
          pfn = nextSkip - 1;
          nextSkip += 1 << cc.order;
        }
      }
    }
    pfn = Math.min(pfn, end);
    if (pfn == end && (isolated == 0 || cc.rescan)) {
      if (wholeBlock && !skipUpdated) {
        cc.zone.pageblocks().setSkipped(low, true);
      }
      cc.state.updateCachedMigrate(pfn, cc.mode);
    }
    cc.migrateScanned += scanned;
    vmStat.add(VmStatItem.COMPACT_ISOLATED, isolated);
    cc.migratePfn = pfn;
  }

  /** {@code block_end_pfn}. */
  private static int orderEnd(int pfn, int order) {
    return (pfn & -(1 << order)) + (1 << order);
  }

  /** Whether the page could be moved, as far as a look can tell. */
  private boolean isMovable(CompactControl cc, int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.LRU) == 0) {
      return (flags & (PageFlags.MOVABLE | PageFlags.ISOLATED)) == PageFlags.MOVABLE;
    }
    boolean inFile = (flags & PageFlags.ANON) == 0 && memMap.mapping(pfn) != 0;
    if (!inFile && memMap.pageCount(pfn) > memMap.pageMapcount(pfn)) {
      return false;
    }
    if (inFile && (cc.gfpFlags & Gfp.FS) == 0) {
      return false;
    }
    return cc.unevictableAllowed || (flags & PageFlags.UNEVICTABLE) == 0;
  }

  // ---- Through the free lists ----

  /**
   * {@code fast_find_migrateblock}: for a costly order, a pageblock low in the zone that has large
   * free blocks already, so that little is left to be moved away.
   *
   * @return where to scan from
   */
  private int fastFindBlock(CompactControl cc) {
    int pfn = cc.migratePfn;
    if (cc.ignoreSkipHint
        || (pfn != cc.zone.startPfn() && !cc.isBlockAligned(pfn))
        || cc.order <= COSTLY_ORDER
        || (cc.directCompaction && cc.migrateType != MigrateType.MOVABLE)) {
      return pfn;
    }
    int limit = cc.freeListScanLimit();
    int distance = (cc.freePfn - cc.migratePfn) >> 1;
    if (cc.migratePfn != cc.zone.startPfn()) {
      distance >>= 2;
    }
    int high = cc.blockStart(cc.migratePfn + distance);
    int scanned = 0;
    int found = -1;
    for (int order = cc.order - 1; order >= COSTLY_ORDER && found < 0 && scanned < limit; order--) {
      FreeArea area = cc.zone.freeArea();
      int at = area.first(order, MigrateType.MOVABLE);
      for (; at >= 0; at = area.next(order, at)) {
        if (scanned++ >= limit) {
          area.rotateToTail(order, MigrateType.MOVABLE, at);
          break;
        }
        if (at < high && !cc.zone.pageblocks().isSkipped(at)) {
          area.rotateToTail(order, MigrateType.MOVABLE, at);
          found = at;
          break;
        }
      }
    }
    cc.migrateScanned += scanned;
    if (found < 0) {
      cc.fastSearchFail++;
      return restart(cc);
    }
    // Whatever comes of it, the search must not find the same pageblock again and again.
    cc.zone.pageblocks().setSkipped(found, true);
    updateFastStart(cc, found);
    cc.fastSearchFail = 0;
    return Math.max(cc.blockStart(found), cc.zone.startPfn());
  }

  /** {@code update_fast_start_pfn}. */
  private static void updateFastStart(CompactControl cc, int pfn) {
    if (cc.fastStartPfn == CompactControl.NO_FAST_START) {
      return;
    }
    cc.fastStartPfn = cc.fastStartPfn == 0 ? pfn : Math.min(cc.fastStartPfn, pfn);
  }

  /** {@code reinit_migrate_pfn}: the linear scan begins at the lowest block that was found fast. */
  private static int restart(CompactControl cc) {
    if (cc.fastStartPfn != 0 && cc.fastStartPfn != CompactControl.NO_FAST_START) {
      cc.migratePfn = cc.fastStartPfn;
      cc.fastStartPfn = CompactControl.NO_FAST_START;
    }
    return cc.migratePfn;
  }
}
