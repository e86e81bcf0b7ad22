package org.memarium.mm.reclaim;

import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;

/**
 * What is left for reclaim itself, which allocates below the minimum while it frees (Linux 6.1
 * {@code mm/vmscan.c}, {@code allow_direct_reclaim}).
 */
final class ReclaimReserve {
  private final PageAllocator allocator;
  private final NodeState node;
  private final ScanCount scanCount;

  ReclaimReserve(PageAllocator allocator, NodeState node, ScanCount scanCount) {
    this.allocator = allocator;
    this.node = node;
    this.scanCount = scanCount;
  }

  /** Whether more than half of it is there, or there is no hope: whoever allocates may reclaim. */
  boolean mayReclaim() {
    if (node.isHopeless()) {
      return true;
    }
    long reserve = 0;
    long free = 0;
    for (Zone zone : allocator.zones()) {
      if (zone.isPopulated()
          && zone.type().compareTo(ZoneType.NORMAL) <= 0
          && reclaimablePages(zone) > 0) {
        reserve += zone.watermarks().pages(AllocFlags.WMARK_MIN);
        free += zone.freePages();
      }
    }
    return reserve == 0 || free > reserve / 2;
  }

  /** {@code zone_reclaimable_pages}. */
  private long reclaimablePages(Zone zone) {
    boolean anon = scanCount.canReclaimAnon(allocator.lru().root());
    long pages = 0;
    for (LruList list : LruList.EVICTABLE) {
      pages += anon || list.isFile() ? zone.stat().get(list.zoneItem()) : 0;
    }
    return pages;
  }
}
