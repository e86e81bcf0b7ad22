package org.memarium.mm.frame;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * The page allocator (Linux 6.1 {@code mm/page_alloc.c}): hands out blocks of {@code 2^order}
 * frames, from the zone that the {@link Gfp} flags ask for or from a lower one.
 *
 * <p>Whoever gets a block holds one reference to it. {@link #freePages} or {@link #putPage} gives
 * it up; with the last reference the block is free. Misuse (freeing twice, with another order, or a
 * frame that was never handed out) throws {@link IllegalStateException} with the frame's state.
 */
public final class PageAllocator {
  /** {@code MAX_ORDER - 1} of Linux 6.1: blocks have up to 1,024 pages. */
  public static final int DEFAULT_MAX_ORDER = 10;

  private static final int NO_BLOCK = 0;

  private final Architecture architecture;
  private final Ram ram;
  private final Memblock memblock;
  private final MemMap memMap;
  private final Zone[] zones;
  private final GfpZones gfpZones;
  private final int maxOrder;
  private final int zeroPfn;
  private final VmStat vmStat;
  private final Trace trace;
  private final Lruvec lruvec;
  private @Nullable Reclaimer reclaimer;

  private PageAllocator(
      Ram ram,
      Memblock memblock,
      MemMap memMap,
      Zone[] zones,
      int maxOrder,
      int zeroPfn,
      VmStat vmStat,
      Trace trace) {
    this.architecture = memblock.architecture();
    this.ram = ram;
    this.memblock = memblock;
    this.memMap = memMap;
    this.zones = zones;
    this.gfpZones = new GfpZones(architecture);
    this.maxOrder = maxOrder;
    this.zeroPfn = zeroPfn;
    this.vmStat = vmStat;
    this.trace = trace;
    this.lruvec = new Lruvec(memMap, zones, vmStat);
  }

  /**
   * {@code mm_init}: makes mem_map and the zones, and frees all RAM that nobody reserved.
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
    int zeroPfn = memblock.allocate("empty_zero_page", 1, 1);
    MemMapInit init = new MemMapInit(memblock, maxOrder, vmStat);
    return new PageAllocator(
        ram, memblock, init.memMap(), init.zones(), maxOrder, zeroPfn, vmStat, trace);
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
  public Lruvec lruvec() {
    return lruvec;
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

  /** {@code totalram_pages}: what the allocator was given at boot. */
  public long totalRamPages() {
    long pages = 0;
    for (Zone zone : zones) {
      pages += zone.managedPages();
    }
    return pages;
  }

  /** {@code NR_FREE_PAGES} of all zones. */
  public long freePages() {
    long pages = 0;
    for (Zone zone : zones) {
      pages += zone.freePages();
    }
    return pages;
  }

  /** Names who gives pages back when there are none. */
  public void setReclaimer(Reclaimer reclaimer) {
    this.reclaimer = reclaimer;
  }

  // ---- Allocation ----

  /**
   * {@code alloc_pages}: a block of {@code 2^order} frames, with one reference.
   *
   * @param gfpFlags as in {@link Gfp}
   * @param order 0 and up; one beyond {@link #maxOrder} always fails, as in Linux
   * @return the first frame, or -1 if there is none
   * @throws IllegalArgumentException if the flags name no zone, or the order is negative
   */
  public int allocPages(int gfpFlags, int order) {
    if (order < 0) {
      throw new IllegalArgumentException("negative order " + order);
    }
    int highest = gfpZones.highestZone(gfpFlags);
    int pfn = fromFreeList(highest, order);
    if (pfn < 0) {
      pfn = slowPath(gfpFlags, order, highest);
    }
    if (pfn >= 0) {
      memMap.setAllocated(pfn, order, order > 0 && (gfpFlags & Gfp.COMP) != 0 ? PageFlags.HEAD : 0);
      if ((gfpFlags & Gfp.ZERO) != 0) {
        ram.fill((long) pfn << Ram.PAGE_SHIFT, (long) Ram.PAGE_SIZE << order, (byte) 0);
      }
    }
    if (trace.isOn()) {
      trace.emit(new TraceEvent.MmPageAlloc(pfn, order, gfpFlags));
    }
    return pfn;
  }

  /** One frame: {@link #allocPages} with order 0. */
  public int allocPage(int gfpFlags) {
    return allocPages(gfpFlags, 0);
  }

  /** {@code get_page_from_freelist}: from the highest zone allowed, or the next lower. */
  private int fromFreeList(int highest, int order) {
    for (int i = highest; i >= 0; i--) {
      Zone zone = zones[i];
      int pfn = zone.rmqueue(order);
      if (pfn >= 0) {
        vmStat.add(zone.type().pgalloc(), 1L << order);
        return pfn;
      }
    }
    return -1;
  }

  private int slowPath(int gfpFlags, int order, int highest) {
    if (order > maxOrder || reclaimer == null || (gfpFlags & Gfp.DIRECT_RECLAIM) == 0) {
      return -1;
    }
    vmStat.increment(zones[highest].type().allocstall());
    while (reclaimer.tryToFreePages(gfpFlags, order) > 0) {
      int pfn = fromFreeList(highest, order);
      if (pfn >= 0) {
        return pfn;
      }
    }
    return -1;
  }

  /**
   * {@code __free_pages}: gives up a reference to a block, and frees it if that was the last.
   *
   * @param pfn the first frame
   * @param order the one that it was allocated with
   * @throws IllegalStateException if there is no such block, or somebody still uses it
   */
  public void freePages(int pfn, int order) {
    int flags = flagsOfBlock(pfn);
    if (flags == NO_BLOCK || PageFlags.order(flags) != order) {
      throw memMap.wrong("free of order " + order + " of what is no such block", pfn);
    }
    drop(pfn, flags);
  }

  /**
   * {@code put_page}: gives up a reference to a block, and frees it if that was the last.
   *
   * @return true if it is free now
   * @throws IllegalStateException if nobody has the frame, or somebody still uses it
   */
  public boolean putPage(int pfn) {
    int flags = flagsOfBlock(pfn);
    if (flags == NO_BLOCK) {
      throw memMap.wrong("put_page of a frame that nobody has", pfn);
    }
    if ((flags & PageFlags.LRU) != 0 && memMap.pageCount(pfn) == 1) {
      lruvec.release(pfn, flags);
    }
    return drop(pfn, flags);
  }

  /** The flags of a block that was handed out, or {@link #NO_BLOCK}. */
  private int flagsOfBlock(int pfn) {
    int flags = pfn >= 0 && pfn < memMap.frames() ? memMap.flags(pfn) : NO_BLOCK;
    return (flags & PageFlags.ALLOCATED) != 0 ? flags : NO_BLOCK;
  }

  /** Gives up a reference; with the last one, the block is free ({@code __free_pages_ok}). */
  private boolean drop(int pfn, int flags) {
    if (!memMap.putPageTestzero(pfn)) {
      return false;
    }
    int order = PageFlags.order(flags);
    zones[PageFlags.zone(flags)].freeOnePage(pfn, order, false);
    vmStat.add(VmStatItem.PGFREE, 1L << order);
    if (trace.isOn()) {
      trace.emit(new TraceEvent.MmPageFree(pfn, order));
    }
    return true;
  }

  // ---- By address in the direct map ----

  /**
   * {@code __get_free_pages}: a block in low memory.
   *
   * @param gfpFlags without {@link Gfp#HIGHMEM}
   * @return its linear address in the direct map, or 0 if there is none
   */
  public long getFreePages(int gfpFlags, int order) {
    if ((gfpFlags & Gfp.HIGHMEM) != 0) {
      throw new IllegalArgumentException("get_free_pages returns an address: not from HighMem");
    }
    int pfn = allocPages(gfpFlags, order);
    return pfn < 0 ? 0 : pageAddress(pfn);
  }

  /** {@code get_zeroed_page}: one page of zeroes; its linear address, or 0. */
  public long getZeroedPage(int gfpFlags) {
    return getFreePages(gfpFlags | Gfp.ZERO, 0);
  }

  /** {@code free_pages}: gives back what {@link #getFreePages} returned; 0 is nothing. */
  public void freePagesAt(long linearAddress, int order) {
    if (linearAddress != 0) {
      freePages(virtToPfn(linearAddress), order);
    }
  }

  /**
   * {@code page_address}: where the direct map has a frame.
   *
   * @throws IllegalArgumentException if it is in high memory
   */
  public long pageAddress(int pfn) {
    if (pfn < 0 || pfn >= memblock.maxLowPfn()) {
      throw new IllegalArgumentException("frame 0x%x is not in the direct map".formatted(pfn));
    }
    return architecture.pageOffset() + ((long) pfn << Ram.PAGE_SHIFT);
  }

  /**
   * {@code virt_to_page}: the frame behind a linear address of the direct map.
   *
   * @throws IllegalArgumentException if the address is not in the direct map
   */
  public int virtToPfn(long linearAddress) {
    long pfn = (linearAddress - architecture.pageOffset()) >> Ram.PAGE_SHIFT;
    if (pfn < 0 || pfn >= memblock.maxLowPfn()) {
      throw new IllegalArgumentException(
          "address 0x%x is not in the direct map".formatted(linearAddress));
    }
    return (int) pfn;
  }

  // ---- Audit ----

  /**
   * Claims the free frames and checks the free lists. When every other room has had its say too,
   * {@link MemMap#audit} compares.
   */
  public void audit(Audit audit) {
    long total = 0;
    for (Zone zone : zones) {
      zone.audit(audit);
      total += zone.freePages();
    }
    lruvec.audit(audit);
    audit.expectEqual(
        "pages given to the allocator, less those handed out",
        total,
        totalRamPages() - pagesHandedOut());
  }

  private long pagesHandedOut() {
    long pages = 0;
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      if (memMap.isAllocated(pfn)) {
        pages += 1L << memMap.order(pfn);
      }
    }
    return pages;
  }
}
