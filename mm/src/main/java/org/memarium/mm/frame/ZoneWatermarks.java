package org.memarium.mm.frame;

import org.memarium.mm.Audit;

/**
 * Below how many free pages a zone refuses what (Linux 6.1 {@code mm/page_alloc.c}, {@code
 * __zone_watermark_ok}).
 *
 * <pre>
 *   free pages
 *      |  high   kswapd sleeps
 *      |  low    kswapd wakes, the fast path ends
 *      |  min    the caller reclaims itself
 *      |  min/2, min/4 ...   only urgent requests
 *      |  0      only those that will free memory
 * </pre>
 *
 * <p>To each mark comes the reserve that the zone holds against requests which could be met from
 * higher zones, and the boost. {@link Watermarks} computes all of them.
 */
public final class ZoneWatermarks {
  private final Zone zone;
  private final int[] marks = new int[AllocFlags.WMARK_HIGH + 1];
  private final int[] lowmemReserve;

  /** By highest zone allowed: with more free pages than this the fast path needs no other check. */
  private final int[] fastLimit;

  private int boost;
  private int boostFactor;
  private boolean boosted;
  private int reservedHighAtomic;

  ZoneWatermarks(Zone zone, int zones) {
    this.zone = zone;
    lowmemReserve = new int[zones];
    fastLimit = new int[zones];
  }

  private void updateFastLimit() {
    for (int i = 0; i < fastLimit.length; i++) {
      fastLimit[i] = pages(AllocFlags.WMARK_LOW) + reservedHighAtomic + lowmemReserve[i];
    }
  }

  /** {@code WMARK_MIN}, without boost. */
  public int min() {
    return marks[AllocFlags.WMARK_MIN];
  }

  /** {@code WMARK_LOW}, without boost. */
  public int low() {
    return marks[AllocFlags.WMARK_LOW];
  }

  /** {@code WMARK_HIGH}, without boost. */
  public int high() {
    return marks[AllocFlags.WMARK_HIGH];
  }

  /** {@code watermark_boost}. */
  public int boost() {
    return boost;
  }

  /**
   * {@code wmark_pages}: a watermark with the boost.
   *
   * @param mark {@link AllocFlags#WMARK_MIN}, {@code LOW} or {@code HIGH}
   */
  public int pages(int mark) {
    return marks[mark] + boost;
  }

  /** {@code lowmem_reserve}: pages kept from requests that may use zones up to this one. */
  public int lowmemReserve(int highestZone) {
    return lowmemReserve[highestZone];
  }

  /** {@code nr_reserved_highatomic}: pages in pageblocks of type HighAtomic. */
  public int reservedHighAtomic() {
    return reservedHighAtomic;
  }

  void set(int min, int low, int high) {
    marks[AllocFlags.WMARK_MIN] = min;
    marks[AllocFlags.WMARK_LOW] = low;
    marks[AllocFlags.WMARK_HIGH] = high;
    boost = 0;
    updateFastLimit();
  }

  void setLowmemReserve(int highestZone, int pages) {
    lowmemReserve[highestZone] = pages;
    updateFastLimit();
  }

  void addReservedHighAtomic(int pages) {
    reservedHighAtomic += pages;
    updateFastLimit();
  }

  /**
   * @param factor {@code watermark_boost_factor}, or 0 while there is no kswapd: nobody would take
   *     the boost back
   */
  void setBoostFactor(int factor) {
    boostFactor = factor;
  }

  /**
   * {@code boost_watermark}: types begin to mix, so kswapd shall free more.
   *
   * @param mayWake whether the allocation may wake kswapd
   */
  void boost(boolean mayWake) {
    int pageblockPages = zone.pageblocks().pages();
    if (boostFactor == 0 || pageblockPages * 4 > zone.managedPages()) {
      return;
    }
    int most = (int) ((long) high() * boostFactor / 10_000);
    if (most == 0) {
      return;
    }
    boost = Math.min(boost + pageblockPages, Math.max(pageblockPages, most));
    boosted |= mayWake;
    updateFastLimit();
  }

  /** {@code ZONE_BOOSTED_WATERMARK}, which this clears. */
  boolean testClearBoosted() {
    if (!boosted) {
      return false;
    }
    boosted = false;
    return true;
  }

  /** kswapd has freed what the boost asked for. */
  public void reduceBoost(int pages) {
    boost -= Math.min(boost, pages);
    updateFastLimit();
  }

  /**
   * {@code zone_watermark_fast} of an allocation without rights to reserves: enough free pages
   * above the low watermark, and a block.
   */
  boolean isOkFast(int order, int highestZone) {
    return zone.freePages() - ((1 << order) - 1) > fastLimit[highestZone]
        && (order == 0 || zone.freeArea().hasBlock(order, false));
  }

  /**
   * {@code zone_watermark_ok}: whether an allocation would leave enough.
   *
   * @param mark pages, as {@link #pages} has them
   * @param highestZone index of the highest zone that the allocation may use
   * @param allocFlags {@link AllocFlags#HIGH}, {@code HARDER} and {@code OOM} count
   */
  public boolean isOk(int order, int mark, int highestZone, int allocFlags) {
    return isOk(order, mark, highestZone, allocFlags, zone.freePages());
  }

  /** {@code __zone_watermark_ok}: the same, if so many pages were free. */
  public boolean isOk(int order, int mark, int highestZone, int allocFlags, long freePages) {
    boolean harder = (allocFlags & (AllocFlags.HARDER | AllocFlags.OOM)) != 0;
    long free = freePages - ((1 << order) - 1) - (harder ? 0 : reservedHighAtomic);
    int min = mark;
    if ((allocFlags & AllocFlags.HIGH) != 0) {
      min -= min / 2;
    }
    if (harder) {
      min -= (allocFlags & AllocFlags.OOM) != 0 ? min / 2 : min / 4;
    }
    return free > (long) min + lowmemReserve[highestZone]
        && (order == 0 || zone.freeArea().hasBlock(order, harder));
  }

  /** {@code zone_watermark_fast} in full: an atomic request may ignore the boost. */
  boolean isOkFor(int order, int highestZone, int allocFlags, int gfpFlags) {
    int mark = allocFlags & AllocFlags.WMARK_MASK;
    if (isOk(order, pages(mark), highestZone, allocFlags)) {
      return true;
    }
    return order == 0
        && boost > 0
        && mark == AllocFlags.WMARK_MIN
        && (gfpFlags & Gfp.ATOMIC_CONTEXT) != 0
        && isOk(order, min(), highestZone, allocFlags);
  }

  void audit(Audit audit) {
    int blocks = 0;
    int pages = zone.pageblocks().pages();
    for (int pfn = zone.startPfn(); pfn < zone.endPfn(); pfn = (pfn & -pages) + pages) {
      blocks += zone.pageblocks().type(pfn) == MigrateType.HIGHATOMIC ? 1 : 0;
    }
    audit.expectEqual(
        "nr_reserved_highatomic of zone " + zone.name(), reservedHighAtomic, (long) blocks * pages);
  }
}
