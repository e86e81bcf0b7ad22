package org.memarium.mm.frame;

/**
 * Makes blocks of higher orders by moving pages together (Linux {@code mm/compaction.c}); the page
 * allocator asks for it where it has enough free pages and no block of the order.
 */
public interface Compactor {
  /**
   * {@code try_to_compact_pages}: compacts the zones from the highest allowed one downwards, until
   * one has a block.
   *
   * @param gfpFlags of the allocation
   * @param order of the allocation, 1 and up
   * @param allocFlags as in {@link AllocFlags}
   * @param highestZone index of the highest zone that the allocation may use
   * @return how it ended; {@link CompactResult#SKIPPED} if no zone was suitable
   */
  CompactResult tryToCompactPages(
      int gfpFlags, int order, int allocFlags, int highestZone, CompactPriority priority);

  /**
   * The block that {@link #tryToCompactPages} caught as it became free ({@code capture_control}).
   *
   * @return its first frame, which is on no list and nobody's, or -1; each block is told once
   */
  int takeCapturedPage();

  /**
   * {@code compaction_zonelist_suitable}: whether compaction would have a chance, if reclaim freed
   * everything that it can.
   */
  boolean zonelistSuitable(int order, int highestZone, int allocFlags);

  /**
   * {@code compaction_defer_reset}: an allocation from the zone succeeded after compaction.
   *
   * @param success whether it was an allocation, rather than a block that looked free
   */
  void deferReset(Zone zone, int order, boolean success);
}
