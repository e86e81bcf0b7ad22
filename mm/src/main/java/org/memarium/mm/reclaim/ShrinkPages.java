package org.memarium.mm.reclaim;

import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.Filemap;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.frame.Workingset;
import org.memarium.mm.reclaim.PageReferences.Verdict;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code shrink_folio_list}: tries to free pages that were isolated (Linux 6.1 {@code
 * mm/vmscan.c}).
 *
 * <pre>
 *   locked in memory?                     kept, unevictable
 *   being written?                        activated: freed when that has ended (PG_reclaim)
 *   used since?                           activated, or one more trip
 *   anonymous: a slot in swap             no room: activated
 *   every entry that maps it goes         some stays: activated
 *   dirty  file: left to the flusher, but for kswapd among nothing but dirty pages
 *          anonymous, shmem: written      back on its list until that has ended
 *   clean  out of swap cache or file, a shadow in its place: freed
 * </pre>
 */
final class ShrinkPages {
  /** What became of a page. */
  private enum Outcome {
    FREED,
    KEPT,
    ACTIVATED
  }

  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Lru lru;
  private final Workingset workingset;
  private final PageCache pageCache;
  private final Swap swap;
  private final TryToUnmap tryToUnmap;
  private final PageReferences references;
  private final NodeState node;
  private final VmStat vmStat;
  private final PageList kept = new PageList();

  ShrinkPages(
      MemoryManager memory, TryToUnmap tryToUnmap, PageReferences references, NodeState node) {
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.lru = allocator.lru();
    this.workingset = lru.workingset();
    this.pageCache = memory.pageCache();
    this.swap = memory.swap();
    this.tryToUnmap = tryToUnmap;
    this.references = references;
    this.node = node;
    this.vmStat = memory.vmStat();
  }

  /**
   * Frees what can be freed.
   *
   * @param pages isolated, with a reference of the caller each, those that shall go first in front;
   *     afterwards those that stay, in the same order
   * @param ignoreReferences whether pages go even if they were used: the policy has decided
   * @return how many were freed
   */
  int shrink(PageList pages, ScanControl sc, ReclaimStat stat, boolean ignoreReferences) {
    stat.clear();
    kept.clear();
    int reclaimed = 0;
    int size = pages.size();
    for (int i = 0; i < size; i++) {
      int pfn = pages.get(i);
      Outcome outcome = shrinkOne(pfn, sc, stat, ignoreReferences);
      if (outcome == Outcome.FREED) {
        lru.forget(pfn);
        allocator.putPage(pfn);
        reclaimed++;
        continue;
      }
      if (outcome == Outcome.ACTIVATED) {
        activate(pfn, stat);
      }
      kept.add(pfn);
    }
    pages.copyFrom(kept);
    vmStat.add(VmStatItem.PGACTIVATE, stat.activateAnon + stat.activateFile);
    return reclaimed;
  }

  private static boolean isFile(int flags) {
    return (flags & PageFlags.SWAP_BACKED) == 0;
  }

  /** {@code MADV_FREE} has marked it: an anonymous page whose content may be lost. */
  private static boolean isLazyFree(int flags) {
    return (flags & (PageFlags.ANON | PageFlags.SWAP_BACKED)) == PageFlags.ANON;
  }

  /** {@code folio_evictable}: not locked in memory, by itself or with its file. */
  private boolean isEvictable(int pfn, int flags) {
    if ((flags & PageFlags.MLOCKED) != 0) {
      return false;
    }
    boolean shmem = (flags & (PageFlags.ANON | PageFlags.SWAP_BACKED)) == PageFlags.SWAP_BACKED;
    AddressSpace space = shmem ? pageCache.spaceOf(pfn) : null;
    return space == null || !space.isUnevictable();
  }

  private Outcome shrinkOne(int pfn, ScanControl sc, ReclaimStat stat, boolean ignoreReferences) {
    sc.nrScanned++;
    int flags = memMap.flags(pfn);
    if (!isEvictable(pfn, flags)) {
      return Outcome.ACTIVATED;
    }
    if (!sc.mayUnmap && memMap.pageMapcount(pfn) > 0) {
      return Outcome.KEPT;
    }
    countDirtyWriteback(flags, stat);
    if ((flags & PageFlags.WRITEBACK) != 0) {
      return meetWriteback(pfn, flags, sc, stat);
    }
    Verdict verdict = ignoreReferences ? Verdict.RECLAIM : references.check(pfn);
    if (verdict == Verdict.ACTIVATE) {
      return Outcome.ACTIVATED;
    }
    if (verdict == Verdict.KEEP) {
      return Outcome.KEPT;
    }
    int anonFlags = PageFlags.ANON | PageFlags.SWAP_BACKED;
    if ((flags & (anonFlags | PageFlags.SWAP_CACHE)) == anonFlags) {
      if (!sc.has(Gfp.IO)) {
        return Outcome.KEPT;
      }
      if (!swap.addToSwap(pfn)) {
        return Outcome.ACTIVATED;
      }
    }
    if (memMap.pageMapcount(pfn) > 0 && !tryToUnmap.unmap(pfn)) {
      boolean becameSwapBacked = isFile(flags) && !isFile(memMap.flags(pfn));
      stat.lazyfreeFail += becameSwapBacked ? 1 : 0;
      return Outcome.ACTIVATED;
    }
    if (memMap.isPageDirty(pfn) && !isLazyFree(flags)) {
      Outcome outcome = pageout(pfn, verdict, sc, stat);
      if (outcome != Outcome.FREED) {
        return outcome;
      }
    }
    return release(pfn, sc) ? Outcome.FREED : Outcome.KEPT;
  }

  /** {@code folio_check_dirty_writeback}: of what flushers write, not reclaim. */
  private static void countDirtyWriteback(int flags, ReclaimStat stat) {
    if (!isFile(flags) || (flags & PageFlags.ANON) != 0) {
      return;
    }
    boolean dirty = (flags & PageFlags.DIRTY) != 0;
    boolean writeback = (flags & PageFlags.WRITEBACK) != 0;
    stat.dirty += dirty || writeback ? 1 : 0;
    stat.unqueuedDirty += dirty && !writeback ? 1 : 0;
    stat.congested += writeback && (flags & PageFlags.RECLAIM) != 0 ? 1 : 0;
  }

  /** It goes out of the way, and to the tail of its list as soon as it is written. */
  private Outcome meetWriteback(int pfn, int flags, ScanControl sc, ReclaimStat stat) {
    if (sc.isKswapd && (flags & PageFlags.RECLAIM) != 0 && node.writeback) {
      stat.immediate++;
    } else {
      memMap.setFlags(pfn, PageFlags.RECLAIM);
      stat.writeback++;
    }
    return Outcome.ACTIVATED;
  }

  /**
   * Writes a dirty page that nothing maps any more.
   *
   * @return FREED if it is clean now, and may go
   */
  private Outcome pageout(int pfn, Verdict verdict, ScanControl sc, ReclaimStat stat) {
    int flags = memMap.flags(pfn);
    boolean mayWriteFiles = sc.isKswapd && (flags & PageFlags.RECLAIM) != 0 && node.dirty;
    if (isFile(flags) && !mayWriteFiles) {
      vmStat.increment(VmStatItem.NR_VMSCAN_IMMEDIATE_RECLAIM);
      memMap.setFlags(pfn, PageFlags.RECLAIM);
      return Outcome.ACTIVATED;
    }
    if (verdict == Verdict.RECLAIM_CLEAN || !mayEnterFs(flags, sc) || !sc.mayWritepage) {
      return Outcome.KEPT;
    }
    // is_page_cache_freeable: the caller's reference, and that of the cache.
    if (memMap.pageCount(pfn) != 2) {
      return Outcome.KEPT;
    }
    memMap.setFlags(pfn, PageFlags.RECLAIM);
    int error = write(pfn, flags);
    if (error == AddressSpace.WRITEPAGE_ACTIVATE) {
      memMap.clearFlags(pfn, PageFlags.RECLAIM);
      return Outcome.ACTIVATED;
    }
    if (!memMap.testFlags(pfn, PageFlags.WRITEBACK)) {
      memMap.clearFlags(pfn, PageFlags.RECLAIM);
    }
    vmStat.increment(VmStatItem.NR_VMSCAN_WRITE);
    stat.pageout++;
    return memMap.testFlags(pfn, PageFlags.WRITEBACK | PageFlags.DIRTY)
        ? Outcome.KEPT
        : Outcome.FREED;
  }

  private int write(int pfn, int flags) {
    if ((flags & PageFlags.SWAP_CACHE) != 0) {
      return swap.writePage(pfn);
    }
    AddressSpace space = pageCache.spaceOf(pfn);
    return space == null ? AddressSpace.WRITEPAGE_ACTIVATE : space.pageout(pfn);
  }

  private static boolean mayEnterFs(int flags, ScanControl sc) {
    return sc.has(Gfp.FS) || ((flags & PageFlags.SWAP_CACHE) != 0 && sc.has(Gfp.IO));
  }

  /** {@code __remove_mapping}: out of the cache, so that only the caller's reference is left. */
  private boolean release(int pfn, ScanControl sc) {
    int flags = memMap.flags(pfn);
    if (isLazyFree(flags)) {
      if (memMap.pageCount(pfn) != 1) {
        return false;
      }
      lru.lruvecOf(pfn).count(VmStatItem.PGLAZYFREED, 1);
      return true;
    }
    if (memMap.pageCount(pfn) != 2 || (flags & PageFlags.DIRTY) != 0) {
      return false;
    }
    if ((flags & PageFlags.SWAP_CACHE) != 0) {
      swap.deleteFromCache(pfn, workingset.eviction(pfn, sc.target));
      return true;
    }
    AddressSpace space = pageCache.spaceOf(pfn);
    if (space == null) {
      return false;
    }
    int shadow = isFile(flags) ? workingset.eviction(pfn, sc.target) : Filemap.NO_SHADOW;
    return space.filemap().removeMapping(pfn, shadow);
  }

  /** At {@code activate_locked}. */
  private void activate(int pfn, ReclaimStat stat) {
    int flags = memMap.flags(pfn);
    boolean mlocked = (flags & PageFlags.MLOCKED) != 0;
    if ((flags & PageFlags.SWAP_CACHE) != 0 && (mlocked || isSwapFull())) {
      swap.tryToFree(pfn);
    }
    if (mlocked) {
      return;
    }
    memMap.setFlags(pfn, PageFlags.ACTIVE);
    if (isFile(flags)) {
      stat.activateFile++;
    } else {
      stat.activateAnon++;
    }
    lru.lruvecOf(pfn).countInGroup(VmStatItem.PGACTIVATE, 1);
  }

  /** {@code vm_swap_full}: slots are so rare that pages in memory should not keep theirs. */
  private boolean isSwapFull() {
    return swap.freePages() * 2 < swap.totalPages();
  }
}
