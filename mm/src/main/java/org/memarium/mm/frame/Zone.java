package org.memarium.mm.frame;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.ZoneType;
import org.memarium.mm.trace.VmStatItem;
import org.memarium.mm.trace.ZoneStat;

/**
 * {@code struct zone}: RAM of one kind, with its free lists, its per-CPU lists, its watermarks and
 * its part of the buddy allocator.
 */
public final class Zone {
  private final MemMap memMap;
  private final FreeArea freeArea;
  private final ZoneStat stat;
  private final Pageblocks pageblocks;
  private final PerCpuPages perCpuPages;
  private final ZoneWatermarks watermarks;
  private final ZoneFallback fallback;
  private final ZoneType type;
  private final VmStatItem pgalloc;
  private final int index;
  private final int maxOrder;
  private final int startPfn;
  private final int spannedPages;
  private int presentPages;
  private int managedPages;
  private int freePages;
  private @Nullable Capture capture;

  /** {@code struct capture_control}: compaction waits here for a block. */
  private static final class Capture {
    final int order;
    final int type;
    int pfn = -1;

    Capture(int order, int type) {
      this.order = order;
      this.type = type;
    }
  }

  /**
   * A zone without frames.
   *
   * @param zones how many zones the machine has
   * @param pageblockOrder order of its pageblocks
   */
  Zone(
      MemMap memMap,
      FreeArea freeArea,
      ZoneStat stat,
      ZoneType type,
      int index,
      int zones,
      int pageblockOrder,
      int startPfn,
      int spannedPages) {
    this.memMap = memMap;
    this.freeArea = freeArea;
    this.stat = stat;
    this.type = type;
    this.pgalloc = type.pgalloc();
    this.index = index;
    this.maxOrder = freeArea.maxOrder();
    this.startPfn = startPfn;
    this.spannedPages = spannedPages;
    pageblocks = new Pageblocks(pageblockOrder, startPfn, spannedPages);
    perCpuPages = new PerCpuPages(this, memMap);
    watermarks = new ZoneWatermarks(this, zones);
    fallback = new ZoneFallback(this, memMap);
  }

  // ---- Figures ----

  /** Which kind. */
  public ZoneType type() {
    return type;
  }

  /** The name in {@code /proc}. */
  public String name() {
    return type.procName();
  }

  /** The number of this zone: 0 for the lowest of the machine. */
  public int index() {
    return index;
  }

  /** {@code zone_start_pfn}. */
  public int startPfn() {
    return startPfn;
  }

  /** {@code spanned_pages}: from the first frame to the last, holes included. */
  public int spannedPages() {
    return spannedPages;
  }

  /** {@code zone_end_pfn}: the first frame after the zone. */
  public int endPfn() {
    return startPfn + spannedPages;
  }

  /** {@code zone_spans_pfn}. */
  public boolean spans(int pfn) {
    return pfn >= startPfn && pfn - startPfn < spannedPages;
  }

  /** {@code present_pages}: frames of RAM. */
  public int presentPages() {
    return presentPages;
  }

  /** {@code populated_zone}: whether it has RAM. */
  public boolean isPopulated() {
    return presentPages > 0;
  }

  /** {@code managed_pages}: frames that the buddy allocator was given. */
  public int managedPages() {
    return managedPages;
  }

  /** {@code NR_FREE_PAGES}: pages on the free lists; those on the per-CPU lists do not count. */
  public int freePages() {
    return freePages;
  }

  /** The zone's other levels. */
  public ZoneStat stat() {
    return stat;
  }

  /** The lists of free blocks. */
  public FreeArea freeArea() {
    return freeArea;
  }

  /** {@code per_cpu_pageset}. */
  public PerCpuPages perCpuPages() {
    return perCpuPages;
  }

  /** {@code pageblock_flags}. */
  public Pageblocks pageblocks() {
    return pageblocks;
  }

  /** Watermarks, reserves, and the checks against them. */
  public ZoneWatermarks watermarks() {
    return watermarks;
  }

  /**
   * {@code find_suitable_fallback}: which type a request could take a block of this order from.
   *
   * @param onlyStealable only if the whole pageblock may change its type
   * @return the type, or -1
   */
  public int findSuitableFallback(int order, int migrateType, boolean onlyStealable) {
    return fallback.find(order, migrateType, onlyStealable);
  }

  /** Moving free pages between types. */
  ZoneFallback fallback() {
    return fallback;
  }

  /** Counts the pages that it hands out. */
  VmStatItem pgalloc() {
    return pgalloc;
  }

  void addPresent(int pages) {
    presentPages += pages;
  }

  /** {@code adjust_managed_page_count}: frames that were reserved until now. */
  void addManaged(int pages) {
    managedPages += pages;
  }

  /** {@code __mod_zone_freepage_state}. */
  void addFree(int pages) {
    freePages += pages;
  }

  // ---- Allocation ----

  /**
   * {@code __rmqueue}: takes a block of a type; if there is none, pages of another type become this
   * one.
   *
   * @return its first frame, which is on no list, or -1
   */
  int rmqueue(int order, int migrateType, int allocFlags) {
    int pfn = rmqueueSmallest(order, migrateType);
    if (pfn < 0 && fallback.steal(order, migrateType, allocFlags)) {
      pfn = rmqueueSmallest(order, migrateType);
    }
    return pfn;
  }

  /**
   * {@code __rmqueue_smallest}: takes a block from the smallest order that has one of the type, and
   * gives back the halves that are too much.
   *
   * @return its first frame, or -1
   */
  int rmqueueSmallest(int order, int migrateType) {
    int orders = freeArea.ordersFrom(order, migrateType);
    if (orders == 0) {
      return -1;
    }
    int current = Integer.numberOfTrailingZeros(orders);
    int pfn = freeArea.first(current, migrateType);
    freeArea.remove(current, pfn);
    freePages -= 1 << order;
    for (int half = current - 1; half >= order; half--) {
      freeArea.add(half, migrateType, pfn + (1 << half));
    }
    return pfn;
  }

  /**
   * {@code __isolate_free_page}: takes a whole free block away, unless that would leave too little.
   *
   * @return whether it did: the block is on no list, and nobody's
   */
  boolean isolateFreePage(int pfn, int order) {
    int blockType = pageblocks.type(pfn);
    if (blockType != MigrateType.ISOLATE) {
      if (!watermarks.isOk(0, watermarks.min() + (1 << order), 0, 0)) {
        return false;
      }
      freePages -= 1 << order;
    }
    freeArea.remove(order, pfn);
    if (order >= pageblocks.order() - 1) {
      for (int at = pfn; at < pfn + (1 << order) - 1; at += pageblocks.pages()) {
        if (MigrateType.isMergeable(pageblocks.type(at))) {
          pageblocks.setType(at, MigrateType.MOVABLE);
        }
      }
    }
    return true;
  }

  // ---- Freeing ----

  /**
   * {@code __free_one_page}: frees a block and merges it with its buddy while that is free and
   * whole.
   *
   * @param migrateType whose list it goes to
   * @param toTail {@code FPI_TO_TAIL}: at the tail of the list, as at boot
   */
  void freeOnePage(int freedPfn, int freedOrder, int migrateType, boolean toTail) {
    int pfn = freedPfn;
    int order = freedOrder;
    if (migrateType != MigrateType.ISOLATE) {
      freePages += 1 << order;
    }
    while (order < maxOrder) {
      if (capture != null && captures(capture, pfn, order, migrateType)) {
        freePages -= 1 << order;
        return;
      }
      int buddy = pfn ^ 1 << order;
      if (!memMap.isBuddy(buddy, order, index) || !mayMerge(pfn, buddy, order)) {
        break;
      }
      freeArea.remove(order, buddy);
      pfn &= buddy;
      order++;
    }
    if (toTail || buddyMergeLikely(pfn, order)) {
      freeArea.addTail(order, migrateType, pfn);
    } else {
      freeArea.add(order, migrateType, pfn);
    }
  }

  /** Whether two pageblocks, or larger blocks, are of types that may become one block. */
  boolean mayMerge(int pfn, int buddy, int order) {
    if (order < pageblocks.order()) {
      return true;
    }
    int one = pageblocks.type(pfn);
    int other = pageblocks.type(buddy);
    return one == other || (MigrateType.isMergeable(one) && MigrateType.isMergeable(other));
  }

  /**
   * {@code buddy_merge_likely}: whether the block one order up that this one will be part of has a
   * free buddy: then this one should wait at the tail, to be merged rather than handed out.
   */
  private boolean buddyMergeLikely(int pfn, int order) {
    if (order >= maxOrder - 1) {
      return false;
    }
    int higher = pfn & -(2 << order);
    return memMap.isBuddy(higher ^ 2 << order, order + 1, index);
  }

  /** {@code __free_pages_core}: gives the allocator a block of RAM at boot. */
  void manage(int pfn, int order, boolean untouched) {
    managedPages += 1 << order;
    if (untouched) {
      freePages += 1 << order;
      freeArea.addTail(order, MigrateType.MOVABLE, pfn);
    } else {
      freeOnePage(pfn, order, pageblocks.type(pfn), true);
    }
  }

  // ---- Capture ----

  /**
   * From now on the first block of this order that becomes free is kept for the caller ({@code
   * struct capture_control}), so that nobody takes it before.
   *
   * @param migrateType of the request; a movable block is not given to another type
   */
  public void beginCapture(int order, int migrateType) {
    capture = new Capture(order, migrateType);
  }

  /** Whether {@link #beginCapture} has caught a block. */
  public boolean hasCaptured() {
    return capture != null && capture.pfn >= 0;
  }

  /**
   * Ends {@link #beginCapture}.
   *
   * @return the first frame of the block that was caught, which is on no list; -1 if none was
   */
  public int endCapture() {
    int pfn = capture == null ? -1 : capture.pfn;
    capture = null;
    return pfn;
  }

  /** {@code compaction_capture}. */
  private boolean captures(Capture waiting, int pfn, int order, int migrateType) {
    boolean wouldPollute =
        order < pageblocks.order()
            && migrateType == MigrateType.MOVABLE
            && waiting.type != MigrateType.MOVABLE;
    if (waiting.pfn >= 0
        || order != waiting.order
        || migrateType == MigrateType.ISOLATE
        || wouldPollute) {
      return false;
    }
    waiting.pfn = pfn;
    return true;
  }

  // ---- Audit ----

  void audit(Audit audit) {
    long recount = freeArea.audit(audit, this);
    audit.expectEqual("nr_free_pages of zone " + name(), freePages, recount);
    perCpuPages.audit(audit);
    watermarks.audit(audit);
  }
}
