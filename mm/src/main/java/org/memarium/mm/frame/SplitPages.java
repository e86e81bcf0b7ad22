package org.memarium.mm.frame;

/** Blocks that become as many blocks of order 0 as they have frames. */
public final class SplitPages {
  private final PageAllocator allocator;

  SplitPages(PageAllocator allocator) {
    this.allocator = allocator;
  }

  /**
   * {@code split_page}: each frame of a block becomes a block of order 0, with a reference of its
   * own.
   *
   * @param pfn first frame of a block that was handed out, and is no compound page
   * @throws IllegalStateException if there is no such block, or it is held more than once
   */
  public void splitPage(int pfn, int order) {
    MemMap memMap = allocator.memMap();
    int flags = memMap.flagsOrNone(pfn);
    if ((flags & PageFlags.ALLOCATED) == 0
        || PageFlags.order(flags) != order
        || (flags & PageFlags.HEAD) != 0
        || memMap.pageCount(pfn) != 1) {
      throw memMap.wrong("split of order " + order + " of what is no such block", pfn);
    }
    memMap.split(pfn, order);
    MemCgroups groups = allocator.groups();
    if (groups.areOn()) {
      groups.split(pfn, order);
    }
  }

  /**
   * {@code __isolate_free_page} and {@code split_map_pages}: takes a free block off its list, and
   * makes each of its frames a block of order 0 that is the caller's.
   *
   * @param pfn first frame of a block on a free list
   * @return how many frames; 0 if the zone would have too little left
   * @throws IllegalStateException if there is no such block
   */
  public int isolateFreePage(int pfn) {
    MemMap memMap = allocator.memMap();
    if (!memMap.isPageBuddy(pfn)) {
      throw memMap.wrong("isolating what is no free block", pfn);
    }
    int order = memMap.order(pfn);
    if (!allocator.zoneOf(pfn).isolateFreePage(pfn, order)) {
      return 0;
    }
    memMap.split(pfn, order);
    FrameHistory history = allocator.history();
    if (history != null) {
      history.allocated(pfn, order, Gfp.MOVABLE, MigrateType.MOVABLE);
    }
    return 1 << order;
  }
}
