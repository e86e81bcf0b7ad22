package org.memarium.mm.frame;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.ZoneType;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code __alloc_pages_slowpath}: what an allocation does when the zones are below their low
 * watermarks (Linux 6.1 {@code mm/page_alloc.c}).
 *
 * <pre>
 *   wake kswapd -> try down to min, urgent requests further -> compact, if the order is high
 *     -> reclaim -> compact -> again while that gets anywhere
 *     -> the OOM killer -> again if it made room -> fail, with a warning
 * </pre>
 */
public final class SlowPath {
  /** {@code MAX_RECLAIM_RETRIES}. */
  private static final int MAX_RECLAIM_RETRIES = 16;

  /** {@code MAX_COMPACT_RETRIES}. */
  private static final int MAX_COMPACT_RETRIES = 16;

  private final PageAllocator allocator;
  private final Zone[] zones;
  private @Nullable Reclaimer reclaimer;
  private @Nullable Compactor compactor;
  private @Nullable Kswapd kswapd;
  private @Nullable OomKiller oomKiller;

  /** {@code PF_MEMALLOC}: reclaim or compaction runs, and what it allocates may use everything. */
  private boolean memalloc;

  SlowPath(PageAllocator allocator, Zone[] zones) {
    this.allocator = allocator;
    this.zones = zones;
  }

  /** Names who gives pages back when there are none. */
  public void setReclaimer(Reclaimer reclaimer) {
    this.reclaimer = reclaimer;
  }

  /** Names who moves pages together when there is no block of an order. */
  public void setCompactor(Compactor compactor) {
    this.compactor = compactor;
  }

  /** Names who is woken when a zone falls below its low watermark. */
  public void setKswapd(Kswapd kswapd) {
    this.kswapd = kswapd;
    allocator.watermarks().setHasKswapd(true);
  }

  /** Names who ends processes when nothing else gives memory back. */
  public void setOomKiller(OomKiller oomKiller) {
    this.oomKiller = oomKiller;
  }

  /** {@code PF_MEMALLOC}. */
  boolean isMemalloc() {
    return memalloc;
  }

  /**
   * {@code memalloc_noreclaim_save}: from now on allocations reclaim nothing and may use all
   * reserves, because who allocates is about to free memory.
   *
   * @return what to give to {@link #memallocNoreclaimRestore}
   */
  public boolean memallocNoreclaimSave() {
    boolean before = memalloc;
    memalloc = true;
    return before;
  }

  /** {@code memalloc_noreclaim_restore}. */
  public void memallocNoreclaimRestore(boolean before) {
    memalloc = before;
  }

  /** {@code wakeup_kswapd}. */
  void wakeKswapd(Zone zone, int gfpFlags, int order, int highestZone) {
    if (kswapd != null) {
      kswapd.wakeup(zone, gfpFlags, order, highestZone);
    }
  }

  /** One allocation on its way. */
  private static final class Attempt {
    final int gfpFlags;
    final int order;
    final int highestZone;
    int allocFlags;
    int progress;
    int noProgressLoops;
    int compactionRetries;
    CompactPriority compactPriority = CompactPriority.SYNC_LIGHT;
    CompactResult compactResult = CompactResult.SKIPPED;

    Attempt(int gfpFlags, int order, int highestZone) {
      this.gfpFlags = gfpFlags;
      this.order = order;
      this.highestZone = highestZone;
    }

    boolean has(int gfpFlag) {
      return (gfpFlags & gfpFlag) != 0;
    }

    boolean isCostly() {
      return order > PerCpuPages.COSTLY_ORDER;
    }
  }

  /**
   * Gets a block in every way that the flags allow.
   *
   * @return its first frame, or -1
   * @throws IllegalStateException if it must not fail, and nothing could ever make it succeed
   */
  int alloc(int gfpFlags, int order, int highestZone) {
    Attempt attempt = new Attempt(gfpFlags, order, highestZone);
    attempt.allocFlags = allocFlags(gfpFlags);
    wakeAllKswapds(attempt);
    int pfn = freeList(attempt);
    if (pfn >= 0) {
      return pfn;
    }
    boolean mayReclaim = attempt.has(Gfp.DIRECT_RECLAIM);
    boolean compactFirst =
        attempt.isCostly() || (order > 0 && allocator.migrateType(gfpFlags) != MigrateType.MOVABLE);
    if (mayReclaim && compactFirst && reserveFlags(gfpFlags) == 0) {
      pfn = directCompact(attempt, CompactPriority.ASYNC);
      if (pfn >= 0) {
        return pfn;
      }
      if (attempt.isCostly() && attempt.has(Gfp.NORETRY)) {
        if (attempt.compactResult == CompactResult.SKIPPED
            || attempt.compactResult == CompactResult.DEFERRED) {
          return fail(attempt);
        }
        attempt.compactPriority = CompactPriority.ASYNC;
      }
    }
    while (true) {
      pfn = retry(attempt);
      if (pfn >= 0) {
        return pfn;
      }
      if (!mayReclaim || memalloc) {
        break;
      }
      boolean mustGoOn = attempt.has(Gfp.NOFAIL) && attempt.progress > 0;
      if (shouldRetry(attempt) || mustGoOn) {
        continue;
      }
      if (mustNotRepeat(attempt)) {
        break;
      }
      pfn = mayOom(attempt);
      if (pfn >= 0) {
        return pfn;
      }
      boolean usedReserve = (attempt.allocFlags & AllocFlags.OOM) != 0;
      if (isVictim() && (usedReserve || attempt.has(Gfp.NOMEMALLOC))) {
        break;
      }
      if (attempt.progress == 0) {
        break;
      }
      attempt.noProgressLoops = 0;
    }
    return attempt.has(Gfp.NOFAIL) && mayReclaim ? mustNotFail(attempt) : fail(attempt);
  }

  /** From the label {@code retry} on: the free lists, reclaim, compaction. */
  private int retry(Attempt attempt) {
    wakeAllKswapds(attempt);
    int reserve = reserveFlags(attempt.gfpFlags);
    if (reserve != 0) {
      attempt.allocFlags = reserve | (attempt.allocFlags & AllocFlags.KSWAPD);
    }
    int pfn = freeList(attempt);
    if (pfn < 0 && attempt.has(Gfp.DIRECT_RECLAIM) && !memalloc) {
      pfn = directReclaim(attempt);
      if (pfn < 0) {
        pfn = directCompact(attempt, attempt.compactPriority);
      }
    }
    return pfn;
  }

  private boolean shouldRetry(Attempt attempt) {
    if (mustNotRepeat(attempt)) {
      return false;
    }
    return shouldReclaimRetry(attempt) || (attempt.progress > 0 && shouldCompactRetry(attempt));
  }

  /** One round has to do. */
  private static boolean mustNotRepeat(Attempt attempt) {
    return attempt.has(Gfp.NORETRY) || (attempt.isCostly() && !attempt.has(Gfp.RETRY_MAYFAIL));
  }

  /** {@code gfp_to_alloc_flags}. */
  static int allocFlags(int gfpFlags) {
    int flags = AllocFlags.WMARK_MIN | (gfpFlags & (AllocFlags.HIGH | AllocFlags.KSWAPD));
    boolean atomic = (gfpFlags & (Gfp.ATOMIC_CONTEXT | Gfp.DIRECT_RECLAIM)) == Gfp.ATOMIC_CONTEXT;
    if (atomic && (gfpFlags & Gfp.NOMEMALLOC) == 0) {
      flags |= AllocFlags.HARDER;
    }
    return flags;
  }

  /** {@code __gfp_pfmemalloc_flags}. */
  private int reserveFlags(int gfpFlags) {
    if ((gfpFlags & Gfp.NOMEMALLOC) != 0) {
      return 0;
    }
    if ((gfpFlags & Gfp.MEMALLOC) != 0 || memalloc) {
      return AllocFlags.NO_WATERMARKS;
    }
    return isVictim() ? AllocFlags.OOM : 0;
  }

  private boolean isVictim() {
    return oomKiller != null && oomKiller.isVictim();
  }

  /**
   * {@code __alloc_pages_may_oom}: a last look above the high watermark, and then somebody is
   * killed, where that can help.
   */
  private int mayOom(Attempt attempt) {
    attempt.progress = 0;
    if (oomKiller == null) {
      return -1;
    }
    int gfpFlags = (attempt.gfpFlags | Gfp.HARDWALL) & ~Gfp.DIRECT_RECLAIM;
    int pfn =
        allocator.fromFreeList(gfpFlags, attempt.order, AllocFlags.WMARK_HIGH, attempt.highestZone);
    boolean helps =
        !attempt.isCostly()
            && !attempt.has(Gfp.RETRY_MAYFAIL | Gfp.THISNODE)
            && zones[attempt.highestZone].type().compareTo(ZoneType.NORMAL) >= 0;
    if (pfn < 0 && helps && oomKiller.outOfMemory(attempt.gfpFlags, attempt.order)) {
      attempt.progress = 1;
    }
    return pfn;
  }

  private int freeList(Attempt attempt) {
    return allocator.fromFreeList(
        attempt.gfpFlags, attempt.order, attempt.allocFlags, attempt.highestZone);
  }

  /** {@code wake_all_kswapds}: there is one, for the one node. */
  private void wakeAllKswapds(Attempt attempt) {
    if ((attempt.allocFlags & AllocFlags.KSWAPD) != 0) {
      wakeKswapd(
          allocator.preferredZone(attempt.highestZone),
          attempt.gfpFlags,
          attempt.order,
          attempt.highestZone);
    }
  }

  /**
   * {@code __alloc_pages_direct_reclaim}. What was freed may be on a per-CPU list of another order
   * or type, so these are emptied if it is not found at once.
   */
  private int directReclaim(Attempt attempt) {
    attempt.progress = reclaimer == null ? 0 : tryToFreePages(reclaimer, attempt);
    if (attempt.progress == 0) {
      return -1;
    }
    int pfn = freeList(attempt);
    return pfn >= 0 ? pfn : drainedFreeList(attempt);
  }

  private int drainedFreeList(Attempt attempt) {
    unreserveHighAtomic(attempt, false);
    allocator.node().drainAllPages();
    return freeList(attempt);
  }

  private int tryToFreePages(Reclaimer reclaimer, Attempt attempt) {
    memalloc = true;
    try {
      return reclaimer.tryToFreePages(attempt.gfpFlags, attempt.order);
    } finally {
      memalloc = false;
    }
  }

  private boolean unreserveHighAtomic(Attempt attempt, boolean force) {
    int type = allocator.migrateType(attempt.gfpFlags);
    for (int i = attempt.highestZone; i >= 0; i--) {
      if (zones[i].isPopulated() && zones[i].fallback().unreserveHighAtomic(type, force)) {
        return true;
      }
    }
    return false;
  }

  /** {@code __alloc_pages_direct_compact}. */
  private int directCompact(Attempt attempt, CompactPriority priority) {
    attempt.compactResult = CompactResult.SKIPPED;
    if (attempt.order == 0 || compactor == null || memalloc) {
      return -1;
    }
    memalloc = true;
    try {
      attempt.compactResult =
          compactor.tryToCompactPages(
              attempt.gfpFlags, attempt.order, attempt.allocFlags, attempt.highestZone, priority);
    } finally {
      memalloc = false;
    }
    if (attempt.compactResult == CompactResult.SKIPPED) {
      return -1;
    }
    allocator.vmStat().increment(VmStatItem.COMPACT_STALL);
    int pfn = compactor.takeCapturedPage();
    if (pfn >= 0) {
      allocator.prepareCaptured(pfn, attempt.order, attempt.gfpFlags);
    } else {
      pfn = freeList(attempt);
    }
    if (pfn >= 0) {
      compactor.deferReset(allocator.zoneOf(pfn), attempt.order, true);
      allocator.vmStat().increment(VmStatItem.COMPACT_SUCCESS);
    } else {
      allocator.vmStat().increment(VmStatItem.COMPACT_FAIL);
    }
    return pfn;
  }

  /**
   * {@code should_reclaim_retry}: whether everything that could be reclaimed would be enough; up to
   * 16 times in a row without progress.
   */
  private boolean shouldReclaimRetry(Attempt attempt) {
    if (attempt.progress > 0 && !attempt.isCostly()) {
      attempt.noProgressLoops = 0;
    } else {
      attempt.noProgressLoops++;
    }
    if (attempt.noProgressLoops > MAX_RECLAIM_RETRIES) {
      return unreserveHighAtomic(attempt, true);
    }
    for (int i = attempt.highestZone; i >= 0; i--) {
      Zone zone = zones[i];
      if (zone.isPopulated()
          && zone.watermarks()
              .isOk(
                  attempt.order,
                  zone.watermarks().pages(AllocFlags.WMARK_MIN),
                  attempt.highestZone,
                  attempt.allocFlags,
                  zone.freePages() + reclaimablePages(zone))) {
        return true;
      }
    }
    return false;
  }

  /** {@code zone_reclaimable_pages}. */
  private long reclaimablePages(Zone zone) {
    boolean anon = allocator.lru().workingset().freeSwapPages(0) > 0;
    long pages = 0;
    for (LruList list : LruList.EVICTABLE) {
      pages += anon || list.isFile() ? zone.stat().get(list.zoneItem()) : 0;
    }
    return pages;
  }

  /** {@code should_compact_retry}. */
  private boolean shouldCompactRetry(Attempt attempt) {
    if (attempt.order == 0 || compactor == null) {
      return false;
    }
    CompactResult result = attempt.compactResult;
    if (result == CompactResult.SUCCESS) {
      attempt.compactionRetries++;
    }
    if (result == CompactResult.SKIPPED) {
      return compactor.zonelistSuitable(attempt.order, attempt.highestZone, attempt.allocFlags);
    }
    if (result != CompactResult.COMPLETE && !result.isWithdrawn()) {
      int most = attempt.isCostly() ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
      if (attempt.compactionRetries <= most) {
        return true;
      }
    }
    return tryHarder(attempt);
  }

  private static boolean tryHarder(Attempt attempt) {
    attempt.compactionRetries = 0;
    if (attempt.compactPriority == CompactPriority.ASYNC) {
      attempt.compactPriority = CompactPriority.SYNC_LIGHT;
      return true;
    }
    if (attempt.compactPriority == CompactPriority.SYNC_LIGHT && !attempt.isCostly()) {
      attempt.compactPriority = CompactPriority.SYNC_FULL;
      return true;
    }
    return false;
  }

  /** {@code __GFP_NOFAIL}: a quarter of the reserve, and then there is nothing to wait for. */
  private int mustNotFail(Attempt attempt) {
    attempt.allocFlags = AllocFlags.HARDER;
    int pfn = drainedFreeList(attempt);
    if (pfn >= 0) {
      return pfn;
    }
    throw new IllegalStateException(
        "an allocation of order %d that must not fail (%s) cannot succeed: %d pages are free, and nothing can be reclaimed"
            .formatted(
                attempt.order, Gfp.describe(attempt.gfpFlags), allocator.node().freePages()));
  }

  /** The last look at the free lists, and {@code warn_alloc}. */
  private int fail(Attempt attempt) {
    int pfn = drainedFreeList(attempt);
    if (pfn >= 0) {
      return pfn;
    }
    if (!attempt.has(Gfp.NOWARN) && allocator.trace().isOn()) {
      allocator.trace().emit(new TraceEvent.PageAllocationFailure(attempt.order, attempt.gfpFlags));
    }
    return -1;
  }
}
