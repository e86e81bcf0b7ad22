package org.memarium.kernel.procfs;

import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;

/**
 * {@code MemAvailable}: how much a new program could have without swapping, guessed from a few
 * figures; Linux {@code mm/page_alloc.c}, {@code si_mem_available}. In pages.
 */
final class AvailableMemory {

  private AvailableMemory() {}

  /**
   * The guess: what is free above the reserves, and of page cache and slabs what can be reclaimed,
   * at least half of each, without pushing zones below their low watermark.
   *
   * @param free pages on the free lists
   * @param fileLru pages of files on the LRU lists
   * @param reclaimableSlab pages of slabs that can shrink
   */
  static long pages(PageAllocator allocator, long free, long fileLru, long reclaimableSlab) {
    long low = 0;
    for (Zone zone : allocator.zones()) {
      low += zone.watermarks().low() + zone.watermarks().boost();
    }
    long available = free - allocator.watermarks().totalReservePages();
    available += fileLru - Math.min(fileLru / 2, low);
    available += reclaimableSlab - Math.min(reclaimableSlab / 2, low);
    return Math.max(0, available);
  }
}
