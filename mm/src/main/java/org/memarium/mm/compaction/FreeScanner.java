package org.memarium.mm.compaction;

import org.memarium.mm.frame.FreeArea;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.MigrateType;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * The free scanner of compaction: from the end of the zone downwards it takes free frames for the
 * pages that the migration scanner found (Linux 6.1 {@code mm/compaction.c}, {@code
 * isolate_freepages} and {@code fast_isolate_freepages}).
 */
final class FreeScanner {
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final VmStat vmStat;

  FreeScanner(PageAllocator allocator) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.vmStat = allocator.vmStat();
  }

  /** {@code isolate_freepages}: isolates frames until there is one for every page to be moved. */
  void isolate(CompactControl cc) {
    fastIsolate(cc);
    if (!cc.freePages.isEmpty()) {
      return;
    }
    int from = cc.freePfn;
    int blockStart = cc.blockStart(from);
    int blockEnd = Math.min(blockStart + cc.pageblockPages(), cc.zone.endPfn());
    int low = cc.blockEnd(cc.migratePfn);
    int stride = cc.isAsync() ? CompactControl.CLUSTER_MAX : 1;
    while (blockStart >= low) {
      if (MigrateScanner.isWithinZone(memMap, cc.zone, blockStart, blockEnd)
          && isSuitable(cc, blockStart)) {
        int before = cc.freePages.size();
        from = isolateBlock(cc, from, blockEnd, stride);
        if (from == blockEnd) {
          updateSkip(cc, blockStart);
        }
        if (cc.freePages.size() >= cc.migratePages.size()) {
          if (from >= blockEnd) {
            from = blockStart - cc.pageblockPages();
          }
          break;
        }
        if (from < blockEnd) {
          break;
        }
        stride =
            cc.freePages.size() > before ? 1 : Math.min(CompactControl.CLUSTER_MAX, stride << 1);
      }
      blockEnd = blockStart;
      blockStart -= cc.pageblockPages();
      from = blockStart;
    }
    cc.freePfn = from;
  }

  /** {@code suitable_migration_target} and {@code isolation_suitable}. */
  private boolean isSuitable(CompactControl cc, int blockStart) {
    if (memMap.isPageBuddy(blockStart)
        && memMap.order(blockStart) >= cc.zone.pageblocks().order()) {
      return false;
    }
    if (!cc.ignoreBlockSuitable && cc.zone.pageblocks().type(blockStart) != MigrateType.MOVABLE) {
      return false;
    }
    return cc.ignoreSkipHint || !cc.zone.pageblocks().isSkipped(blockStart);
  }

  /** {@code update_pageblock_skip}: the pageblock was scanned to its end. */
  private static void updateSkip(CompactControl cc, int blockStart) {
    cc.zone.pageblocks().setSkipped(blockStart, true);
    cc.state.cachedFreePfn = Math.min(cc.state.cachedFreePfn, blockStart - cc.pageblockPages());
  }

  /**
   * {@code isolate_freepages_block}: isolates the free blocks of a pageblock, until there are
   * frames enough.
   *
   * @return where it stopped
   */
  private int isolateBlock(CompactControl cc, int start, int end, int stride) {
    int scanned = 0;
    int isolated = 0;
    int pfn = start;
    while (pfn < end) {
      scanned++;
      if (memMap.isPageHead(pfn)) {
        int pages = 1 << memMap.compoundOrder(pfn);
        scanned += pages - 1;
        pfn += pages - 1 + stride;
        continue;
      }
      if (!memMap.isPageBuddy(pfn)) {
        pfn += stride;
        continue;
      }
      int pages = isolateFreePage(cc, pfn);
      if (pages == 0) {
        break;
      }
      scanned += pages - 1;
      isolated += pages;
      if (cc.migratePages.size() <= cc.freePages.size()) {
        pfn += pages;
        break;
      }
      pfn += pages - 1 + stride;
    }
    cc.freeScanned += scanned;
    vmStat.add(VmStatItem.COMPACT_ISOLATED, isolated);
    return Math.min(pfn, end);
  }

  /** {@code __isolate_free_page} and {@code split_map_pages}: how many frames, 0 if it may not. */
  private int isolateFreePage(CompactControl cc, int pfn) {
    int pages = allocator.splits().isolateFreePage(pfn);
    for (int i = 0; i < pages; i++) {
      cc.freePages.add(pfn + i);
    }
    return pages;
  }

  // ---- Through the free lists ----

  /**
   * {@code fast_isolate_freepages}: looks at a few blocks on the free lists for one that lies high
   * enough, rather than at every frame.
   */
  private void fastIsolate(CompactControl cc) {
    if (cc.order <= 0) {
      return;
    }
    int limit = Math.max(1, cc.freeListScanLimit() >> 1);
    boolean scanStart = false;
    if (cc.freePfn >= cc.state.initFreePfn) {
      limit = cc.pageblockPages() >> 1;
      scanStart = true;
    }
    int distance = cc.freePfn - cc.migratePfn;
    int minPfn = cc.blockStart(cc.freePfn - (distance >> 1));
    int lowPfn = Math.max(minPfn, cc.blockStart(cc.freePfn - (distance >> 2)));
    cc.searchOrder = Math.min(cc.order - 1, cc.searchOrder);

    Search search = new Search(limit);
    int order = cc.searchOrder;
    while (search.found < 0 && order >= 0) {
      if (cc.zone.freeArea().nrFree(order) > 0) {
        searchList(cc, search, order, lowPfn, minPfn);
        if (search.isRefused) {
          break;
        }
        if (cc.freePages.size() >= cc.migratePages.size()) {
          break;
        }
      }
      order = nextSearchOrder(cc, order);
    }
    int around = search.found;
    if (around < 0) {
      cc.fastSearchFail++;
      if (scanStart && search.highest >= minPfn) {
        around = search.highest;
        cc.freePfn = search.highest;
      } else if (scanStart && cc.directCompaction) {
        int end = Math.min(cc.blockEnd(minPfn), cc.zone.endPfn());
        if (MigrateScanner.isWithinZone(memMap, cc.zone, minPfn, end)) {
          around = minPfn;
        }
        cc.freePfn = minPfn;
      }
    }
    if (search.highest > 0 && search.highest >= cc.state.cachedFreePfn) {
      cc.state.cachedFreePfn = search.highest - cc.pageblockPages();
    }
    cc.freeScanned += search.scanned;
    if (around >= 0) {
      isolateAround(cc, around);
    }
  }

  /** What a search through the lists has found so far. */
  private static final class Search {
    int limit;
    int scanned;
    int highest;
    int found = -1;
    boolean isRefused;

    Search(int limit) {
      this.limit = limit;
    }
  }

  /** One list, from its tail. */
  private void searchList(CompactControl cc, Search search, int order, int lowPfn, int minPfn) {
    FreeArea area = cc.zone.freeArea();
    int scannedHere = 0;
    int highPfn = 0;
    int found = -1;
    int stop = -1;
    for (int pfn = area.last(order, MigrateType.MOVABLE); pfn >= 0; pfn = area.prev(order, pfn)) {
      stop = pfn;
      scannedHere++;
      search.scanned++;
      if (pfn >= search.highest) {
        search.highest = Math.max(cc.blockStart(pfn), cc.zone.startPfn());
      }
      if (pfn >= lowPfn) {
        cc.fastSearchFail = 0;
        cc.searchOrder = order;
        found = pfn;
        break;
      }
      if (pfn >= minPfn && pfn > highPfn) {
        highPfn = pfn;
        search.limit >>= 1;
      }
      if (scannedHere >= search.limit) {
        break;
      }
    }
    if (found < 0 && highPfn > 0) {
      found = highPfn;
      stop = highPfn;
    }
    if (stop >= 0) {
      area.rotateToHead(order, MigrateType.MOVABLE, stop);
    }
    if (found >= 0) {
      int pages = isolateFreePage(cc, found);
      if (pages == 0) {
        search.isRefused = true;
      } else {
        search.scanned += pages - 1;
        search.found = found;
        vmStat.add(VmStatItem.COMPACT_ISOLATED, pages);
      }
    }
    if (scannedHere >= search.limit) {
      search.limit = Math.max(1, search.limit >> 1);
    }
  }

  /** {@code next_search_order}: one order after the other, in turn; -1 when all were asked. */
  private static int nextSearchOrder(CompactControl cc, int order) {
    int next = order == 0 ? cc.order - 1 : order - 1;
    if (next == cc.searchOrder) {
      cc.searchOrder = cc.searchOrder == 0 ? cc.order - 1 : cc.searchOrder - 1;
      return -1;
    }
    return next;
  }

  /** {@code fast_isolate_around}: more frames from the pageblock in which one was found. */
  private void isolateAround(CompactControl cc, int pfn) {
    if (cc.freePages.size() >= cc.migratePages.size() || (cc.directCompaction && cc.isAsync())) {
      return;
    }
    int start = Math.max(cc.blockStart(pfn), cc.zone.startPfn());
    int end = Math.min(cc.blockEnd(pfn), cc.zone.endPfn());
    if (!MigrateScanner.isWithinZone(memMap, cc.zone, start, end)) {
      return;
    }
    if (isolateBlock(cc, start, end, 1) == end) {
      cc.zone.pageblocks().setSkipped(start, true);
    }
  }

  // ---- Frames that are left ----

  /**
   * {@code release_freepages}: gives the isolated frames back.
   *
   * @return the highest
   */
  int release(PageList frames) {
    int highest = 0;
    while (!frames.isEmpty()) {
      int pfn = frames.removeLast();
      highest = Math.max(highest, pfn);
      allocator.freePages(pfn, 0);
    }
    return highest;
  }
}
