package org.memarium.mm.frame;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.ZoneType;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * The page allocator (Linux 6.1 {@code mm/page_alloc.c}): hands out blocks of {@code 2^order}
 * frames, from the zone that the {@link Gfp} flags ask for or from a lower one.
 *
 * <pre>
 *   allocPages --> enough above the low watermark?  --> per-CPU list --> free lists of the zone
 *                  no: every zone of the zonelist, then {@link SlowPath}
 *   freePages  --> per-CPU list, order 0 to 3  --> when it is full: free lists, merged with buddies
 * </pre>
 *
 * <p>Whoever gets a block holds one reference to it. {@link #freePages} or {@link #putPage} gives
 * it up; with the last reference the block is free. Misuse (freeing twice, with another order, a
 * tail of a compound page, or a frame that was never handed out) throws {@link
 * IllegalStateException} with the frame's state, and its history after {@link #enableHistory}.
 */
public final class PageAllocator {
  /** {@code MAX_ORDER - 1} of Linux 6.1: blocks have up to 1,024 pages. */
  public static final int DEFAULT_MAX_ORDER = 10;

  private static final int NO_BLOCK = 0;
  private static final int UNCOMMON = Gfp.ZERO | Gfp.COMP;
  private static final int MOBILITY = Gfp.MOVABLE | Gfp.RECLAIMABLE;

  private final Architecture architecture;
  private final Ram ram;
  private final Memblock memblock;
  private final MemMap memMap;
  private final Zone[] zones;
  private final Node node;
  private final SplitPages splits = new SplitPages(this);
  private final GfpZones gfpZones;

  /** By index of the highest zone allowed: the highest that has frames. */
  private final Zone[] preferredZones;

  /** By the same: {@link AllocFlags#NOFRAGMENT} where a lower zone may be taken instead. */
  private final int[] noFragment;

  private final int maxOrder;
  private final int zeroPfn;
  private final VmStat vmStat;
  private final Trace trace;
  private final Lru lru;
  private final PendingIo pendingIo;
  private final Watermarks watermarks;
  private final SlowPath slowPath;
  private final MemCgroups groups;
  private int mobility = MOBILITY;
  private final DirectMap directMap;
  private boolean usePerCpuLists = true;
  private final FailPageAlloc failPageAlloc = new FailPageAlloc(this::failPageAllocChanged);

  /** Bits that keep every order off the fast path, while allocations fail on purpose. */
  private int slowOrders;

  /** The zone of the last block that was freed. */
  private Zone lastFreed;

  private @Nullable FrameHistory history;

  private PageAllocator(
      Ram ram, Memblock memblock, MemMapInit init, int maxOrder, VmStat vmStat, Trace trace) {
    this.architecture = memblock.architecture();
    this.ram = ram;
    this.memblock = memblock;
    this.memMap = init.memMap();
    this.zones = init.zones();
    this.node = new Node(zones);
    this.lastFreed = zones[0];
    this.gfpZones = new GfpZones(architecture);
    this.maxOrder = maxOrder;
    this.zeroPfn = memblock.kernelImage().zeroPfn();
    this.vmStat = vmStat;
    this.trace = trace;
    this.directMap = new DirectMap(this);
    this.lru = new Lru(memMap, zones, vmStat);
    this.pendingIo = new PendingIo(this, vmStat, trace.time());
    this.slowPath = new SlowPath(this, zones);
    this.groups = new MemCgroups(memMap, lru, slowPath::isMemalloc);
    this.watermarks = new Watermarks(zones, gfpZones.highestZone(Gfp.GFP_USER));
    preferredZones = new Zone[zones.length];
    noFragment = new int[zones.length];
    boolean hasDma32 = false;
    for (int i = 0; i < zones.length; i++) {
      preferredZones[i] = zones[i].isPopulated() || i == 0 ? zones[i] : preferredZones[i - 1];
      hasDma32 |= zones[i].type() == ZoneType.DMA32;
      boolean normal = preferredZones[i].type() == ZoneType.NORMAL;
      noFragment[i] = hasDma32 && normal ? AllocFlags.NOFRAGMENT : 0;
      zones[i].fallback().setListener(this::extfrag);
    }
    if (init.isMobilityDisabled()) {
      mobility = 0;
    }
  }

  /**
   * {@code mm_init}: makes mem_map and the zones, frees all RAM that nobody reserved, computes the
   * watermarks, and gives up the kernel's {@code .init}.
   *
   * @param ram at least as much as the map in {@code memblock} reaches
   * @param memblock what is reserved; closed afterwards
   * @param maxOrder the highest order, 1 to 10
   * @throws IllegalArgumentException if RAM is too small
   */
  public static PageAllocator boot(
      Ram ram, Memblock memblock, int maxOrder, VmStat vmStat, Trace trace) {
    if (maxOrder < 1 || maxOrder > MemMap.SECTION_SHIFT) {
      throw new IllegalArgumentException(
          "the highest order must be from 1 to %d, not %d"
              .formatted(MemMap.SECTION_SHIFT, maxOrder));
    }
    MemMapInit init = new MemMapInit(memblock, maxOrder, vmStat);
    PageAllocator allocator = new PageAllocator(ram, memblock, init, maxOrder, vmStat, trace);
    vmStat.add(VmStatItem.PGFREE, allocator.node.totalRamPages());
    allocator.watermarks.init();
    allocator.freeInitmem();
    return allocator;
  }

  /** {@code free_initmem}: later than the watermarks are computed, which do not change any more. */
  private void freeInitmem() {
    Memblock.Region init = memblock.releaseInit();
    for (int pfn = init.startPfn(); pfn < init.endPfn(); pfn++) {
      memMap.unreserve(pfn);
      memMap.setAllocated(pfn, 0, memMap.zoneIndex(pfn));
      zoneOf(pfn).addManaged(1);
      freePages(pfn, 0);
    }
  }

  // ---- What there is ----

  /** The architecture. */
  public Architecture architecture() {
    return architecture;
  }

  /** The RAM. */
  public Ram ram() {
    return ram;
  }

  /** Low memory, by linear addresses. */
  public DirectMap directMap() {
    return directMap;
  }

  /** What is known of each frame. */
  public MemMap memMap() {
    return memMap;
  }

  /** What was reserved at boot. */
  public Memblock memblock() {
    return memblock;
  }

  /** The counters that allocations are counted in. */
  public VmStat vmStat() {
    return vmStat;
  }

  /** The tracepoints. */
  public Trace trace() {
    return trace;
  }

  /** The lists of pages in the order of their use. */
  public Lru lru() {
    return lru;
  }

  /** Pages that a device is reading or writing. */
  public PendingIo pendingIo() {
    return pendingIo;
  }

  /** The memory groups: who pays for pages. */
  public MemCgroups groups() {
    return groups;
  }

  /** The zones, lowest first. */
  public List<Zone> zones() {
    return List.of(zones);
  }

  /** The highest order of a block. */
  public int maxOrder() {
    return maxOrder;
  }

  /** {@code ZERO_PAGE}: the frame of zeroes that all programs share until they write; reserved. */
  public int zeroPfn() {
    return zeroPfn;
  }

  /** All zones together. */
  public Node node() {
    return node;
  }

  /** Blocks that become many of order 0. */
  public SplitPages splits() {
    return splits;
  }

  /** Watermarks, and the settings of {@code /proc/sys/vm} that they follow from. */
  public Watermarks watermarks() {
    return watermarks;
  }

  /** The zone that a frame belongs to. */
  public Zone zoneOf(int pfn) {
    return zones[memMap.zoneIndex(pfn)];
  }

  /** The first zone that is asked, where the highest allowed one has this index. */
  Zone preferredZone(int highestZone) {
    return preferredZones[highestZone];
  }

  /** {@code gfp_zone}: index of the highest zone that an allocation with these flags may use. */
  public int highestZone(int gfpFlags) {
    return gfpZones.highestZone(gfpFlags);
  }

  /**
   * {@code gfp_migratetype}; everything is Unmovable where RAM is too small to tell types apart.
   */
  public int migrateType(int gfpFlags) {
    return (gfpFlags & mobility) >>> Gfp.MOVABLE_SHIFT;
  }

  /**
   * Whether migrate types are kept apart ({@code page_group_by_mobility_disabled}); off, every
   * request is Unmovable. To be set before anything is allocated.
   */
  public void setGroupByMobility(boolean on) {
    mobility = on ? MOBILITY : 0;
  }

  // ---- Who helps ----

  /** What is done when the zones are below their low watermarks, and who helps then. */
  public SlowPath slowPath() {
    return slowPath;
  }

  /**
   * The fast path's switch: without per-CPU lists every block comes from the free lists and goes
   * back to them. They are emptied first.
   */
  public void setPerCpuLists(boolean use) {
    node.drainAllPages();
    usePerCpuLists = use;
  }

  /**
   * From now on, whoever misuses a frame is told who allocated and freed it ({@code page_owner}).
   */
  public void enableHistory() {
    history = new FrameHistory(memMap.frames(), trace);
    memMap.setHistory(history);
  }

  /** Who has had which frame; null unless {@link #enableHistory} was called. */
  @Nullable FrameHistory history() {
    return history;
  }

  /** Faults that are made on purpose: {@code /sys/kernel/debug/fail_page_alloc}. */
  public FailPageAlloc failPageAlloc() {
    return failPageAlloc;
  }

  private void failPageAllocChanged() {
    slowOrders = failPageAlloc.attr().isOn() ? -1 : 0;
  }

  // ---- Allocation ----

  /**
   * {@code alloc_pages}: a block of {@code 2^order} frames, with one reference.
   *
   * @param gfpFlags as in {@link Gfp}
   * @param order 0 and up; one beyond {@link #maxOrder} always fails, as in Linux
   * @return the first frame, or -1 if there is none
   * @throws IllegalArgumentException if the flags name no zone, or the order is negative
   * @throws IllegalStateException with {@link Gfp#NOFAIL}, if it can never succeed
   */
  public int allocPages(int gfpFlags, int order) {
    int pfn = allocUncharged(gfpFlags, order);
    if ((gfpFlags & Gfp.ACCOUNT) != 0 && groups.areOn() && pfn >= 0) {
      if (!groups.chargeKernel(pfn, order, gfpFlags)) {
        freePages(pfn, order);
        return -1;
      }
    }
    return pfn;
  }

  private int allocUncharged(int gfpFlags, int order) {
    int highest = gfpZones.highestZone(gfpFlags);
    if (((order | slowOrders) & ~PerCpuPages.COSTLY_ORDER) == 0) {
      Zone zone = preferredZones[highest];
      if (zone.watermarks().isOkFast(order, highest)) {
        int pfn = zone.perCpuPages().takeReady(order, (gfpFlags & mobility) >>> Gfp.MOVABLE_SHIFT);
        if (pfn >= 0) {
          prepare(zone, pfn, order, gfpFlags);
          return pfn;
        }
      }
    }
    return allocBelowTheFastPath(gfpFlags, order, highest);
  }

  /**
   * Whether a page can be had without waking kswapd: who would like to have it, and does not need
   * it, takes it only then.
   */
  public boolean hasSparePage(int gfpFlags) {
    int highest = gfpZones.highestZone(gfpFlags);
    return groups.haveRoom() && preferredZones[highest].watermarks().isOkFast(0, highest);
  }

  /** One frame: {@link #allocPages} with order 0. */
  public int allocPage(int gfpFlags) {
    return allocPages(gfpFlags, 0);
  }

  private int allocBelowTheFastPath(int gfpFlags, int order, int highest) {
    if (order < 0) {
      throw new IllegalArgumentException("negative order " + order);
    }
    int pfn = -1;
    boolean fails = slowOrders != 0 && failPageAlloc.shouldFail(gfpFlags, order);
    if (order <= maxOrder && !fails) {
      int allocFlags = AllocFlags.WMARK_LOW | noFragment[highest] | (gfpFlags & AllocFlags.KSWAPD);
      pfn = fromFreeList(gfpFlags, order, allocFlags, highest);
      if (pfn < 0) {
        pfn = slowPath.alloc(gfpFlags, order, highest);
      }
    }
    if (pfn < 0 && trace.isOn()) {
      trace.emit(new TraceEvent.MmPageAlloc(pfn, order, gfpFlags));
    }
    return pfn;
  }

  /**
   * {@code get_page_from_freelist}: from the highest zone allowed, or the next lower, of those that
   * would keep enough.
   *
   * @return the first frame of a block that is the caller's, or -1
   */
  int fromFreeList(int gfpFlags, int order, int allocFlags, int highest) {
    int flags = allocFlags;
    while (true) {
      for (int i = highest; i >= 0; i--) {
        Zone zone = zones[i];
        if (zone.isPopulated()
            && ((flags & AllocFlags.NO_WATERMARKS) != 0
                || zone.watermarks().isOkFor(order, highest, flags, gfpFlags))) {
          int pfn = rmqueue(zone, order, migrateType(gfpFlags), flags);
          if (pfn >= 0) {
            prepare(zone, pfn, order, gfpFlags);
            if (zone.watermarks().testClearBoosted()) {
              slowPath.wakeKswapd(zone, 0, 0, zone.index());
            }
            if (order > 0 && (flags & AllocFlags.HARDER) != 0) {
              zone.fallback().reserveHighAtomic(pfn);
            }
            return pfn;
          }
        }
      }
      if ((flags & AllocFlags.NOFRAGMENT) == 0) {
        return -1;
      }
      flags &= ~AllocFlags.NOFRAGMENT;
    }
  }

  /** {@code rmqueue}. */
  private int rmqueue(Zone zone, int order, int type, int allocFlags) {
    if (hasPerCpuList(zone, order)) {
      int pfn = zone.perCpuPages().take(order, type, allocFlags);
      if (pfn >= 0) {
        return pfn;
      }
    }
    if (order > 0 && (allocFlags & AllocFlags.HARDER) != 0) {
      int pfn = zone.rmqueueSmallest(order, MigrateType.HIGHATOMIC);
      if (pfn >= 0) {
        return pfn;
      }
    }
    return zone.rmqueue(order, type, allocFlags);
  }

  /** {@code pcp_allowed_order}. */
  private boolean hasPerCpuList(Zone zone, int order) {
    return usePerCpuLists
        && (order <= PerCpuPages.COSTLY_ORDER || order == zone.pageblocks().order());
  }

  /** {@code prep_new_page}: the block belongs to whoever asked. */
  private void prepare(Zone zone, int pfn, int order, int gfpFlags) {
    vmStat.add(zone.pgalloc(), 1L << order);
    memMap.setAllocated(pfn, order, zone.index());
    if ((gfpFlags & UNCOMMON) != 0) {
      zeroOrJoin(pfn, order, gfpFlags);
    }
    if (history != null) {
      history.allocated(pfn, order, gfpFlags, migrateType(gfpFlags));
    }
    if (trace.isOn()) {
      trace.emit(new TraceEvent.MmPageAlloc(pfn, order, gfpFlags));
    }
  }

  private void zeroOrJoin(int pfn, int order, int gfpFlags) {
    if (order > 0 && (gfpFlags & Gfp.COMP) != 0) {
      memMap.prepCompound(pfn, order);
    }
    if ((gfpFlags & Gfp.ZERO) != 0) {
      for (int page = pfn; page < pfn + (1 << order); page++) {
        ram.zeroFrame(page);
      }
    }
  }

  /** A block that compaction caught: see {@link Compactor#takeCapturedPage}. */
  void prepareCaptured(int pfn, int order, int gfpFlags) {
    prepare(zoneOf(pfn), pfn, order, gfpFlags);
  }

  private void extfrag(int pfn, int order, int fallbackOrder, int type, int fallbackType) {
    if (trace.isOn()) {
      trace.emit(new TraceEvent.MmPageAllocExtfrag(pfn, order, fallbackOrder, type, fallbackType));
    }
  }

  // ---- Freeing ----

  /**
   * {@code __free_pages}: gives up a reference to a block, and frees it if that was the last.
   *
   * @param pfn the first frame
   * @param order the one that it was allocated with
   * @throws IllegalStateException if there is no such block, or somebody still uses it
   */
  public void freePages(int pfn, int order) {
    int flags = memMap.flagsOrNone(pfn);
    int mask = PageFlags.ALLOCATED | PageFlags.ORDER_MASK;
    if ((flags & mask) != (PageFlags.ALLOCATED | order << PageFlags.ORDER_SHIFT)) {
      throw memMap.wrong("free of order " + order + " of what is no such block", pfn);
    }
    drop(pfn, order, flags);
  }

  /**
   * {@code put_page}: gives up a reference to a block, and frees it if that was the last. A tail
   * stands for its compound page.
   *
   * @return true if it is free now
   * @throws IllegalStateException if nobody has the frame, or somebody still uses it
   */
  public boolean putPage(int frame) {
    int pfn = frame >= 0 && frame < memMap.frames() ? memMap.compoundHead(frame) : frame;
    int flags = flagsOfBlock(pfn);
    if (flags == NO_BLOCK) {
      throw memMap.wrong("put_page of a frame that nobody has", pfn);
    }
    if ((flags & PageFlags.LRU) != 0 && memMap.pageCount(pfn) == 1) {
      lru.release(pfn, flags);
    }
    return drop(pfn, PageFlags.order(flags), flags);
  }

  /** The flags of a block that was handed out, or {@link #NO_BLOCK}. */
  private int flagsOfBlock(int pfn) {
    int flags = memMap.flagsOrNone(pfn);
    return (flags & PageFlags.ALLOCATED) != 0 ? flags : NO_BLOCK;
  }

  /** Gives up a reference; with the last one, the block is free. */
  private boolean drop(int pfn, int order, int flags) {
    if (history != null && order > 0 && memMap.pageCount(pfn) == 1) {
      memMap.checkInside(pfn, order);
    }
    // Asking whether it is the zone of last time costs a branch that is predicted; taking the zone
    // from the flags would make every load behind it wait for them.
    Zone zone = lastFreed;
    if (zone.index() != PageFlags.zone(flags)) {
      zone = zones[PageFlags.zone(flags)];
      lastFreed = zone;
    }
    int type = zone.pageblocks().type(pfn);
    boolean toPerCpuList = hasPerCpuList(zone, order) && type != MigrateType.ISOLATE;
    if (!memMap.putPageTestzero(pfn, toPerCpuList ? PageFlags.pcp(order, type) : 0)) {
      return false;
    }
    if ((flags & PageFlags.HEAD) != 0) {
      memMap.clearTails(pfn, order);
    }
    if (history != null) {
      history.freed(pfn, order);
    }
    if (groups.areOn()) {
      groups.uncharge(pfn, order);
    }
    vmStat.add(VmStatItem.PGFREE, 1L << order);
    if (toPerCpuList) {
      zone.perCpuPages().give(pfn, order, type < MigrateType.PCPTYPES ? type : MigrateType.MOVABLE);
    } else {
      zone.freeOnePage(pfn, order, type, false);
    }
    if (trace.isOn()) {
      trace.emit(new TraceEvent.MmPageFree(pfn, order));
    }
    return true;
  }
}
