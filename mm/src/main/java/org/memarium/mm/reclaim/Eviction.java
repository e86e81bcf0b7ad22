package org.memarium.mm.reclaim;

import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.VirtualTime;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * What surrounds the freeing of pages, whichever policy chose them: off the lists, counted, shrunk,
 * and back to the lists what stays (Linux 6.1 {@code mm/vmscan.c}, {@code isolate_lru_folios},
 * {@code shrink_inactive_list}, {@code move_folios_to_lru}).
 */
final class Eviction {
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Lru lru;
  private final PageCache pageCache;
  private final ShrinkPages shrinkPages;
  private final VmStat vmStat;
  private final VirtualTime time;
  private final ReclaimStat stat = new ReclaimStat();
  private final PageList skipped = new PageList();

  Eviction(MemoryManager memory, ShrinkPages shrinkPages) {
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.lru = allocator.lru();
    this.pageCache = memory.pageCache();
    this.shrinkPages = shrinkPages;
    this.vmStat = memory.vmStat();
    this.time = memory.trace().time();
  }

  // ---- Isolation ----

  /**
   * Takes one page off its list, with a reference.
   *
   * @param taken where it is put
   */
  void isolate(int pfn, PageList taken) {
    memMap.getPage(pfn);
    lru.take(pfn);
    taken.add(pfn);
  }

  /**
   * {@code isolate_lru_folios}: takes pages from the tail of a list. Those of zones that would not
   * help go to its head.
   *
   * @param nrToScan how many pages that would help to look at
   * @return how many pages were looked at in all
   */
  long isolateTail(Lruvec lruvec, LruList list, long nrToScan, ScanControl sc, PageList taken) {
    long scanned = 0;
    skipped.clear();
    int pfn = lruvec.last(list);
    while (scanned < nrToScan && pfn >= 0) {
      int before = lruvec.previous(pfn);
      if (memMap.zoneIndex(pfn) > sc.highestZone) {
        skipped.add(pfn);
      } else {
        scanned++;
        if (sc.mayUnmap || memMap.pageMapcount(pfn) == 0) {
          isolate(pfn, taken);
        } else {
          lru.rotateToHead(pfn);
        }
      }
      pfn = before;
    }
    for (int i = 0; i < skipped.size(); i++) {
      Zone zone = allocator.zoneOf(skipped.get(i));
      vmStat.increment(zone.type().pgskip());
      lru.rotateToHead(skipped.get(i));
    }
    return scanned + skipped.size();
  }

  /** {@code move_folios_to_lru}: pages go back to the list that their flags name now. */
  int putBack(Lruvec lruvec, PageList pages) {
    int moved = 0;
    for (int i = 0; i < pages.size(); i++) {
      int pfn = pages.get(i);
      if (memMap.pageCount(pfn) == 1) {
        lru.forget(pfn);
      } else {
        lru.give(pfn);
        boolean unevictable = memMap.testFlags(pfn, PageFlags.UNEVICTABLE);
        moved += unevictable ? 0 : 1;
        if (memMap.testFlags(pfn, PageFlags.ACTIVE)) {
          lruvec.ageNonresident(1);
        }
      }
      allocator.putPage(pfn);
    }
    pages.clear();
    return moved;
  }

  // ---- Eviction ----

  /**
   * From the isolation on: frees pages and counts.
   *
   * @param taken isolated pages of one kind; empty afterwards
   * @param scanned how many were looked at to find them
   * @param file whether they come from the lists of files
   * @param ignoreReferences whether they go even if they were used
   * @return how many were freed
   */
  int evict(
      Lruvec lruvec,
      PageList taken,
      long scanned,
      boolean file,
      ScanControl sc,
      boolean ignoreReferences) {
    int nrTaken = taken.size();
    count(lruvec, sc, sc.isKswapd ? VmStatItem.PGSCAN_KSWAPD : VmStatItem.PGSCAN_DIRECT, scanned);
    vmStat.add(file ? VmStatItem.PGSCAN_FILE : VmStatItem.PGSCAN_ANON, scanned);
    if (nrTaken == 0) {
      return 0;
    }
    VmStatItem isolated = file ? VmStatItem.NR_ISOLATED_FILE : VmStatItem.NR_ISOLATED_ANON;
    vmStat.add(isolated, nrTaken);
    int reclaimed = shrinkPages.shrink(taken, sc, stat, ignoreReferences);
    putBack(lruvec, taken);
    vmStat.add(isolated, -nrTaken);
    count(
        lruvec, sc, sc.isKswapd ? VmStatItem.PGSTEAL_KSWAPD : VmStatItem.PGSTEAL_DIRECT, reclaimed);
    vmStat.add(file ? VmStatItem.PGSTEAL_FILE : VmStatItem.PGSTEAL_ANON, reclaimed);
    time.work(Cost.RECLAIM_SCAN, scanned);
    time.work(Cost.PAGEOUT, stat.pageout);
    time.work(Cost.RECLAIM_STEAL, reclaimed);
    lruvec.noteCost(file, stat.pageout);
    if (stat.unqueuedDirty == nrTaken) {
      pageCache.wakeupFlushers();
    }
    sc.dirty += stat.dirty;
    sc.congested += stat.congested;
    sc.unqueuedDirty += stat.unqueuedDirty;
    sc.writeback += stat.writeback;
    sc.immediate += stat.immediate;
    sc.taken += nrTaken;
    sc.fileTaken += file ? nrTaken : 0;
    return reclaimed;
  }

  /** Of the machine too, unless a limit is the reason; of the group in any case. */
  void count(Lruvec lruvec, ScanControl sc, VmStatItem item, long delta) {
    if (!sc.isGroupReclaim) {
      vmStat.add(item, delta);
    }
    lruvec.countInGroup(item, delta);
  }

  /**
   * {@code reclaim_pages}: frees pages that somebody isolated because the program does not need
   * them ({@code MADV_PAGEOUT}); those that stay go back to their lists.
   */
  void reclaimPages(PageList isolated, ScanControl sc, boolean ignoreReferences) {
    for (int i = 0; i < isolated.size(); i++) {
      memMap.clearFlags(isolated.get(i), PageFlags.ACTIVE);
    }
    shrinkPages.shrink(isolated, sc, stat, ignoreReferences);
    for (int i = 0; i < isolated.size(); i++) {
      int pfn = isolated.get(i);
      if (memMap.pageCount(pfn) == 1) {
        lru.forget(pfn);
      } else {
        lru.give(pfn);
      }
      allocator.putPage(pfn);
    }
    isolated.clear();
  }
}
