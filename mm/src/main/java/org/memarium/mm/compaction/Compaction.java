package org.memarium.mm.compaction;

import org.memarium.mm.Errno;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.CompactPriority;
import org.memarium.mm.frame.CompactResult;
import org.memarium.mm.frame.Compactor;
import org.memarium.mm.frame.FragmentationIndex;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.frame.ZoneWatermarks;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * Compaction: makes large free blocks by moving pages together (Linux 6.1 {@code mm/compaction.c}).
 *
 * <pre>
 *   start of zone                                                  end of zone
 *   |--- migration scanner --->                       <--- free scanner ---|
 *    pages that can be moved   --------------------->   free frames for them
 *    ... and here free blocks grow
 * </pre>
 *
 * <p>A run ends when a block of the order is free, or when the scanners meet. {@link MigrateMode}
 * and {@link CompactPriority} say how hard it tries; a zone where it failed is left alone for a
 * while ({@link ZoneCompaction}). Linux's kcompactd, which compacts in the background, is not
 * there: it waits for kernel threads.
 */
public final class Compaction implements Compactor {
  /** {@code PAGE_ALLOC_COSTLY_ORDER}. */
  private static final int COSTLY_ORDER = 3;

  /**
   * So many rounds for each pageblock and a run gives up. Linux's runs end in other ways too: when
   * the scheduler or a signal wants the processor.
   */
  private static final int ROUNDS_PER_PAGEBLOCK = 64;

  private final PageAllocator allocator;
  private final Migration migration;
  private final VmStat vmStat;
  private final Trace trace;
  private final MigrateScanner migrateScanner;
  private final FreeScanner freeScanner;
  private final ZoneCompaction[] zones;
  private int extfragThreshold = 500;
  private boolean unevictableAllowed = true;
  private int capturedPfn = -1;

  /** Compacts the zones of an allocator. */
  public Compaction(PageAllocator allocator, Migration migration) {
    this.allocator = allocator;
    this.migration = migration;
    this.vmStat = allocator.vmStat();
    this.trace = allocator.trace();
    migrateScanner = new MigrateScanner(allocator.memMap(), migration, vmStat);
    freeScanner = new FreeScanner(allocator);
    zones = new ZoneCompaction[allocator.zones().size()];
    for (Zone zone : allocator.zones()) {
      zones[zone.index()] = new ZoneCompaction(zone, allocator.memMap());
    }
  }

  // ---- Settings ----

  /** {@code vm.extfrag_threshold}: up to this index a failure counts as want of memory. */
  public int extfragThreshold() {
    return extfragThreshold;
  }

  /** Sets {@code vm.extfrag_threshold}, 0 to 1000. */
  public void setExtfragThreshold(int thousandths) {
    extfragThreshold = thousandths;
  }

  /** {@code vm.compact_unevictable_allowed}: whether pages locked in memory are moved too. */
  public boolean isUnevictableAllowed() {
    return unevictableAllowed;
  }

  /** Sets {@code vm.compact_unevictable_allowed}. */
  public void setUnevictableAllowed(boolean allowed) {
    unevictableAllowed = allowed;
  }

  /** What is remembered of a zone. */
  public ZoneCompaction zone(Zone zone) {
    return zones[zone.index()];
  }

  // ---- Entrances ----

  /**
   * {@code compact_nodes}: compacts all of every zone, as writing to {@code compact_memory} does.
   */
  public void compactNodes() {
    for (ZoneCompaction state : zones) {
      if (state.zone.isPopulated()) {
        CompactControl cc =
            new CompactControl(state, CompactControl.WHOLE_ZONE_ORDER, MigrateMode.SYNC);
        cc.gfpFlags = Gfp.GFP_KERNEL;
        cc.ignoreSkipHint = true;
        cc.wholeZone = true;
        cc.unevictableAllowed = unevictableAllowed;
        compactZone(cc);
      }
    }
  }

  @Override
  public CompactResult tryToCompactPages(
      int gfpFlags, int order, int allocFlags, int highestZone, CompactPriority priority) {
    capturedPfn = -1;
    CompactResult result = CompactResult.SKIPPED;
    if ((gfpFlags & Gfp.IO) == 0) {
      return result;
    }
    boolean hardest = priority == CompactPriority.SYNC_FULL;
    for (int i = highestZone; i >= 0; i--) {
      ZoneCompaction state = zones[i];
      if (!state.zone.isPopulated()) {
        continue;
      }
      if (!hardest && state.isDeferred(order)) {
        result = max(result, CompactResult.DEFERRED);
        continue;
      }
      CompactResult status =
          compactZoneOrder(state, gfpFlags, order, allocFlags, highestZone, priority);
      result = max(result, status);
      if (status == CompactResult.SUCCESS) {
        state.resetDeferral(order, false);
        break;
      }
      if (priority != CompactPriority.ASYNC
          && (status == CompactResult.COMPLETE || status == CompactResult.PARTIAL_SKIPPED)) {
        state.defer(order);
      }
    }
    return result;
  }

  private static CompactResult max(CompactResult one, CompactResult other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  /** {@code compact_zone_order}. */
  private CompactResult compactZoneOrder(
      ZoneCompaction state,
      int gfpFlags,
      int order,
      int allocFlags,
      int highestZone,
      CompactPriority priority) {
    boolean hardest = priority == CompactPriority.SYNC_FULL;
    MigrateMode mode =
        priority == CompactPriority.ASYNC ? MigrateMode.ASYNC : MigrateMode.SYNC_LIGHT;
    CompactControl cc = new CompactControl(state, order, mode);
    cc.gfpFlags = gfpFlags;
    cc.allocFlags = allocFlags;
    cc.highestZone = highestZone;
    cc.migrateType = allocator.migrateType(gfpFlags);
    cc.directCompaction = true;
    cc.wholeZone = hardest;
    cc.ignoreSkipHint = hardest;
    cc.ignoreBlockSuitable = hardest;
    cc.unevictableAllowed = unevictableAllowed;
    state.zone.beginCapture(order, cc.migrateType);
    CompactResult result;
    try {
      result = compactZone(cc);
    } finally {
      capturedPfn = state.zone.endCapture();
    }
    return capturedPfn >= 0 ? CompactResult.SUCCESS : result;
  }

  @Override
  public int takeCapturedPage() {
    int pfn = capturedPfn;
    capturedPfn = -1;
    return pfn;
  }

  @Override
  public boolean zonelistSuitable(int order, int highestZone, int allocFlags) {
    for (int i = highestZone; i >= 0; i--) {
      Zone zone = zones[i].zone;
      if (zone.isPopulated()) {
        long reclaimable =
            zone.stat().get(VmStatItem.NR_ZONE_INACTIVE_FILE)
                + zone.stat().get(VmStatItem.NR_ZONE_ACTIVE_FILE);
        long available = reclaimable / order + zone.freePages();
        if (suitable(zone, order, allocFlags, highestZone, available) == CompactResult.CONTINUE) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public void deferReset(Zone zone, int order, boolean success) {
    zones[zone.index()].resetDeferral(order, success);
  }

  // ---- Whether to begin ----

  /**
   * {@code __compaction_suitable}: SUCCESS if an allocation would succeed already, SKIPPED if there
   * are too few free pages to move others to, else CONTINUE.
   */
  private static CompactResult suitable(
      Zone zone, int order, int allocFlags, int highestZone, long freePages) {
    ZoneWatermarks marks = zone.watermarks();
    int mark = marks.pages(allocFlags & AllocFlags.WMARK_MASK);
    if (marks.isOk(order, mark, highestZone, allocFlags)) {
      return CompactResult.SUCCESS;
    }
    int needed = marks.pages(order > COSTLY_ORDER ? AllocFlags.WMARK_LOW : AllocFlags.WMARK_MIN);
    needed += gap(order);
    return marks.isOk(0, needed, highestZone, 0, freePages)
        ? CompactResult.CONTINUE
        : CompactResult.SKIPPED;
  }

  /** {@code compact_gap}: free pages that compaction needs to work with, beside a block. */
  public static int gap(int order) {
    return 2 << order;
  }

  /**
   * {@code compaction_suitable}: the same, and for a costly order SKIPPED too if the fragmentation
   * index says that memory is short rather than in pieces.
   */
  public CompactResult suitable(Zone zone, int order, int allocFlags, int highestZone) {
    CompactResult result = suitable(zone, order, allocFlags, highestZone, zone.freePages());
    if (result == CompactResult.CONTINUE && order > COSTLY_ORDER) {
      int index = FragmentationIndex.fragmentationIndex(zone, order);
      if (index >= 0 && index <= extfragThreshold) {
        return CompactResult.SKIPPED;
      }
    }
    return result;
  }

  // ---- One zone ----

  /** The target of the migration: frames that the free scanner isolated. */
  private final class FreeFrames implements Migration.Target {
    private final CompactControl cc;

    FreeFrames(CompactControl cc) {
      this.cc = cc;
    }

    /** {@code compaction_alloc}. */
    @Override
    public int allocate(int fromPfn) {
      if (cc.freePages.isEmpty()) {
        freeScanner.isolate(cc);
      }
      return cc.freePages.isEmpty() ? -1 : cc.freePages.removeLast();
    }

    /** {@code compaction_free}. */
    @Override
    public void free(int pfn) {
      cc.freePages.add(pfn);
    }
  }

  /** {@code compact_zone}. */
  private CompactResult compactZone(CompactControl cc) {
    if (!cc.isWholeZoneRun()) {
      CompactResult result = suitable(cc.zone, cc.order, cc.allocFlags, cc.highestZone);
      if (result != CompactResult.CONTINUE) {
        return result;
      }
      if (cc.state.isRestarting(cc.order) || cc.state.isTimeForKswapd()) {
        cc.state.resetIsolationSuitable();
      }
    }
    placeScanners(cc);
    if (trace.isOn()) {
      String zone = cc.zone.name();
      trace.emit(
          new TraceEvent.MmCompactionBegin(
              zone, cc.order, cc.migratePfn, cc.freePfn, !cc.isAsync()));
    }
    CompactResult result = run(cc);
    if (!cc.freePages.isEmpty()) {
      // The next run begins where frames were left.
      int highest = cc.blockStart(freeScanner.release(cc.freePages));
      cc.state.cachedFreePfn = Math.max(cc.state.cachedFreePfn, highest);
    }
    vmStat.add(VmStatItem.COMPACT_MIGRATE_SCANNED, cc.migrateScanned);
    vmStat.add(VmStatItem.COMPACT_FREE_SCANNED, cc.freeScanned);
    if (trace.isOn()) {
      String zone = cc.zone.name();
      trace.emit(
          new TraceEvent.MmCompactionEnd(zone, cc.order, cc.migratePfn, cc.freePfn, result.name()));
    }
    return result;
  }

  /** Where the scanners begin: at the ends of the zone, or where they stopped the last time. */
  private static void placeScanners(CompactControl cc) {
    ZoneCompaction state = cc.state;
    int start = cc.zone.startPfn();
    int end = cc.zone.endPfn();
    if (cc.wholeZone) {
      cc.migratePfn = start;
      cc.freePfn = cc.blockStart(end - 1);
      return;
    }
    cc.migratePfn = cc.isAsync() ? state.cachedAsyncMigratePfn : state.cachedSyncMigratePfn;
    cc.freePfn = state.cachedFreePfn;
    if (cc.freePfn < start || cc.freePfn >= end) {
      cc.freePfn = cc.blockStart(end - 1);
      state.cachedFreePfn = cc.freePfn;
    }
    if (cc.migratePfn < start || cc.migratePfn >= end) {
      cc.migratePfn = start;
      state.cachedAsyncMigratePfn = start;
      state.cachedSyncMigratePfn = start;
    }
    if (cc.migratePfn <= state.initMigratePfn) {
      cc.wholeZone = true;
    }
  }

  private CompactResult run(CompactControl cc) {
    ZoneCompaction state = cc.state;
    FreeFrames target = new FreeFrames(cc);
    int lastMigratedPfn = 0;
    boolean updateCached =
        cc.isAsync() && state.cachedAsyncMigratePfn == state.cachedSyncMigratePfn;
    CompactResult result = finished(cc);
    int roundsLeft = ROUNDS_PER_PAGEBLOCK * (1 + cc.zone.spannedPages() / cc.pageblockPages());
    while (result == CompactResult.CONTINUE) {
      if (--roundsLeft < 0) {
        return CompactResult.CONTENDED;
      }
      int iterationStart = cc.migratePfn;
      // A pageblock from which pages were moved and that comes up again is done to its end.
      cc.rescan =
          lastMigratedPfn != 0 && cc.blockStart(lastMigratedPfn) == cc.blockStart(iterationStart);
      if (migrateScanner.isolate(cc)) {
        updateCached = false;
        lastMigratedPfn = iterationStart;
        int error = migration.migratePages(cc.migratePages, target, cc.mode, "compaction");
        migration.putback(cc.migratePages);
        if (error == -Errno.ENOMEM && !cc.scannersMet()) {
          return CompactResult.CONTENDED;
        }
        if (error != 0 && cc.directCompaction && cc.isAsync()) {
          // No block of the order can come from here any more.
          cc.migratePfn = ((cc.migratePfn - 1) & -(1 << cc.order)) + (1 << cc.order);
          lastMigratedPfn = 0;
        }
        if (cc.zone.hasCaptured()) {
          return CompactResult.SUCCESS;
        }
      } else if (updateCached) {
        state.cachedSyncMigratePfn = state.cachedAsyncMigratePfn;
      }
      if (cc.order > 0
          && lastMigratedPfn != 0
          && lastMigratedPfn < (cc.migratePfn & -(1 << cc.order))) {
        // What was freed merges now, and may be the block that is wanted.
        allocator.node().drainPages(cc.zone);
        lastMigratedPfn = 0;
        if (cc.zone.hasCaptured()) {
          return CompactResult.SUCCESS;
        }
      }
      result = finished(cc);
    }
    return result;
  }

  /** {@code compact_finished}: CONTINUE, or how it ends. */
  private static CompactResult finished(CompactControl cc) {
    if (cc.scannersMet()) {
      cc.state.resetPositions();
      if (cc.directCompaction) {
        cc.state.blockSkipFlush = true;
      }
      return cc.wholeZone ? CompactResult.COMPLETE : CompactResult.PARTIAL_SKIPPED;
    }
    if (cc.isWholeZoneRun() || !cc.isBlockAligned(cc.migratePfn)) {
      return CompactResult.CONTINUE;
    }
    for (int order = cc.order; order <= cc.zone.freeArea().maxOrder(); order++) {
      if (cc.zone.freeArea().nrFree(order, cc.migrateType) > 0
          || cc.zone.findSuitableFallback(order, cc.migrateType, true) >= 0) {
        return CompactResult.SUCCESS;
      }
    }
    return CompactResult.CONTINUE;
  }
}
