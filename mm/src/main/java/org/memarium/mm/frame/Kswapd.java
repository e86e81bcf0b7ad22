package org.memarium.mm.frame;

/** The thread that reclaims in the background; the page allocator only wakes it. */
@FunctionalInterface
public interface Kswapd {
  /**
   * {@code wakeup_kswapd}: a zone has fallen below its low watermark, or its watermark was boosted.
   *
   * @param zone where
   * @param gfpFlags of the allocation
   * @param order of the allocation
   * @param highestZone index of the highest zone that the allocation may use
   */
  void wakeup(Zone zone, int gfpFlags, int order, int highestZone);
}
