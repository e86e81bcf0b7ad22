package org.memarium.mm.reclaim;

import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.VirtualTime;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * Linux's own policy: an active and an inactive list, one pair for anonymous pages and one for
 * files (Linux 6.1 {@code mm/vmscan.c}, {@code shrink_lruvec}, {@code shrink_active_list}).
 *
 * <pre>
 *   active list    from its tail, while it is too long: to the inactive list, whether used or not;
 *                  only code of files that was used stays
 *   inactive list  from its tail: used twice, back to the active list; used once, another trip;
 *                  not used, freed
 * </pre>
 */
final class TwoLists implements ReclaimPolicy {
  private final MemMap memMap;
  private final Lru lru;
  private final VmStat vmStat;
  private final VirtualTime time;
  private final ScanCount scanCount;
  private final PageReferences references;
  private final Eviction eviction;

  private final LruvecScan whole = new LruvecScan();
  private final PageList hold = new PageList();
  private final PageList active = new PageList();
  private final PageList inactive = new PageList();

  TwoLists(
      PageAllocator allocator, ScanCount scanCount, PageReferences references, Eviction eviction) {
    this.memMap = allocator.memMap();
    this.lru = allocator.lru();
    this.vmStat = allocator.vmStat();
    this.time = allocator.trace().time();
    this.scanCount = scanCount;
    this.references = references;
    this.eviction = eviction;
  }

  @Override
  public String name() {
    return "linux";
  }

  @Override
  public void prepare(ScanControl sc) {
    scanCount.prepare(sc);
  }

  /** {@code kswapd_age_node}. */
  @Override
  public void age(Lruvec lruvec, ScanControl sc) {
    if (scanCount.canAgeAnon() && ScanCount.inactiveIsLow(lru.root(), false)) {
      shrinkActive(lruvec, LruList.ACTIVE_ANON, ScanControl.SWAP_CLUSTER_MAX, sc);
    }
  }

  // ---- All lists ----

  @Override
  public void shrinkLruvec(Lruvec lruvec, ScanControl sc) {
    while (shrinkSome(lruvec, sc, whole)) {
      // Nobody else has a turn.
    }
  }

  /** One round over the lists, as between two {@code cond_resched} of {@code shrink_lruvec}. */
  @Override
  public boolean shrinkSome(Lruvec lruvec, ScanControl sc, LruvecScan scan) {
    if (!scan.begun()) {
      scanCount.count(lruvec, sc, scan.nr());
      scan.begin();
    }
    if (!scan.isDone()) {
      for (LruList list : LruList.EVICTABLE) {
        long pages = scan.take(list);
        if (pages != 0) {
          scan.reclaimed += shrinkList(lruvec, list, pages, sc);
        }
      }
      // Whoever allocates does a batch at once at the first attempt: kswapd does not keep up.
      boolean wholeShare =
          !sc.isGroupReclaim && !sc.isKswapd && sc.priority == ScanControl.DEF_PRIORITY;
      if (scan.reclaimed < sc.nrToReclaim || wholeShare || scan.goOnInProportion()) {
        return true;
      }
    }
    sc.nrReclaimed += scan.reclaimed;
    scan.end();
    if (scanCount.canAgeAnon() && ScanCount.inactiveIsLow(lruvec, false)) {
      shrinkActive(lruvec, LruList.ACTIVE_ANON, ScanControl.SWAP_CLUSTER_MAX, sc);
    }
    return false;
  }

  /** {@code shrink_list}. */
  private long shrinkList(Lruvec lruvec, LruList list, long pages, ScanControl sc) {
    if (!list.isActive()) {
      return shrinkInactive(lruvec, list, pages, sc);
    }
    if (list.isFile() ? sc.mayDeactivateFile : sc.mayDeactivateAnon) {
      shrinkActive(lruvec, list, pages, sc);
    } else {
      sc.skippedDeactivate = true;
    }
    return 0;
  }

  // ---- One list ----

  /** {@code shrink_inactive_list}. */
  private int shrinkInactive(Lruvec lruvec, LruList list, long pages, ScanControl sc) {
    hold.clear();
    long scanned = eviction.isolateTail(lruvec, list, pages, sc, hold);
    return eviction.evict(lruvec, hold, scanned, list.isFile(), sc, false);
  }

  /** {@code shrink_active_list}. */
  private void shrinkActive(Lruvec lruvec, LruList list, long pages, ScanControl sc) {
    hold.clear();
    active.clear();
    inactive.clear();
    long scanned = eviction.isolateTail(lruvec, list, pages, sc, hold);
    eviction.count(lruvec, sc, VmStatItem.PGREFILL, scanned);
    time.work(Cost.RECLAIM_SCAN, scanned);
    for (int i = 0; i < hold.size(); i++) {
      int pfn = hold.get(i);
      if (memMap.testFlags(pfn, PageFlags.MLOCKED)) {
        active.add(pfn);
        continue;
      }
      boolean used = references.referenced(pfn) != 0;
      boolean code = list.isFile() && (references.areaFlags() & VmFlags.EXEC) != 0;
      if (used && code) {
        active.add(pfn);
      } else {
        memMap.clearFlags(pfn, PageFlags.ACTIVE);
        memMap.setFlags(pfn, PageFlags.WORKINGSET);
        inactive.add(pfn);
      }
    }
    eviction.putBack(lruvec, active);
    int deactivated = eviction.putBack(lruvec, inactive);
    vmStat.add(VmStatItem.PGDEACTIVATE, deactivated);
    lruvec.countInGroup(VmStatItem.PGDEACTIVATE, deactivated);
  }
}
