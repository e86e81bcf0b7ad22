package org.memarium.mm.reclaim;

import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.LruObserver;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;

/**
 * The frame of the policies of the textbooks: anonymous pages and files compete in one order, and
 * whatever stands at its end goes, without a second look at how it was used. Only the order
 * differs.
 *
 * <p>A page that cannot go now (locked, being written, anonymous without room in swap) is passed
 * over and keeps its place.
 */
abstract class OwnChoice implements ReclaimPolicy, LruObserver {
  final MemMap memMap;
  private final ScanCount scanCount;
  private final Eviction eviction;
  private final PageList anon = new PageList();
  private final PageList file = new PageList();

  OwnChoice(PolicyParts parts) {
    this.memMap = parts.memory().memMap();
    this.scanCount = parts.scanCount();
    this.eviction = parts.eviction();
  }

  // ---- What an order is ----

  /** How many pages of a group it knows. */
  abstract int known(int group);

  /** Whether it knows a page. */
  abstract boolean knows(int pfn);

  /** Choosing in a group begins, from the end of the order. */
  abstract void begin(int group);

  /**
   * The next candidate of the group where choosing began; each page at most once before the order
   * is at its end.
   *
   * @return -1 if there is none left
   */
  abstract int candidate();

  /** Choosing ends; candidates that were not freed are pages like others again. */
  void end() {}

  // ---- What is told ----

  @Override
  public final LruObserver observer() {
    return this;
  }

  @Override
  public void accessed(int pfn) {}

  @Override
  public int evicted(int pfn, int shadow) {
    return shadow;
  }

  @Override
  public void refaulted(int pfn, int shadow) {}

  // ---- Choosing ----

  @Override
  public final void shrinkLruvec(Lruvec lruvec, ScanControl sc) {
    int group = lruvec.group();
    adoptStrangers(lruvec);
    boolean mayTakeAnon = sc.maySwap && scanCount.canReclaimAnon(lruvec);
    long share = Math.max(known(group) >> sc.priority, ScanControl.SWAP_CLUSTER_MAX);
    long reclaimed = 0;
    begin(group);
    boolean more = true;
    while (more && share > 0 && reclaimed < sc.nrToReclaim) {
      int batch = (int) Math.min(ScanControl.SWAP_CLUSTER_MAX, sc.nrToReclaim - reclaimed);
      anon.clear();
      file.clear();
      long looked = 0;
      while (looked < share && anon.size() + file.size() < batch) {
        int pfn = candidate();
        if (pfn < 0) {
          more = false;
          break;
        }
        looked++;
        if (canGo(pfn, mayTakeAnon, sc)) {
          boolean swapBacked = memMap.testFlags(pfn, PageFlags.SWAP_BACKED);
          eviction.isolate(pfn, swapBacked ? anon : file);
        }
      }
      share -= looked;
      reclaimed += eviction.evict(lruvec, anon, anon.size(), false, sc, true);
      reclaimed += eviction.evict(lruvec, file, looked - anon.size(), true, sc, true);
    }
    end();
    sc.nrReclaimed += reclaimed;
  }

  private boolean canGo(int pfn, boolean mayTakeAnon, ScanControl sc) {
    int flags = memMap.flags(pfn);
    boolean onList = (flags & (PageFlags.LRU | PageFlags.UNEVICTABLE)) == PageFlags.LRU;
    boolean hasRoom =
        mayTakeAnon || (flags & PageFlags.SWAP_BACKED) == 0 || (flags & PageFlags.SWAP_CACHE) != 0;
    return onList
        && hasRoom
        && (flags & PageFlags.WRITEBACK) == 0
        && memMap.zoneIndex(pfn) <= sc.highestZone
        && (sc.mayUnmap || memMap.pageMapcount(pfn) == 0);
  }

  /** A page that was moved to another frame comes to the lists without a word. */
  private void adoptStrangers(Lruvec lruvec) {
    long listed = 0;
    for (LruList list : LruList.EVICTABLE) {
      listed += lruvec.size(list);
    }
    if (listed <= known(lruvec.group())) {
      return;
    }
    for (LruList list : LruList.EVICTABLE) {
      for (int pfn = lruvec.last(list); pfn >= 0; pfn = lruvec.previous(pfn)) {
        if (!knows(pfn)) {
          added(pfn);
        }
      }
    }
  }
}
