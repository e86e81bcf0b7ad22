package org.memarium.mm.file;

/**
 * The windows of Linux 6.18 on a file system with large folios: {@code page_cache_sync_ra}, {@code
 * page_cache_async_ra}, {@code page_cache_ra_order}. Folios have one page each here; what is kept
 * of their order is where windows end, and what a page that is there already stops.
 */
final class OrderedWindows extends ReadaheadWindows {
  /** {@code mapping_max_folio_order}: that of a huge page. */
  private static final int MOST_ORDER = 9;

  OrderedWindows(PageCache cache) {
    super(cache);
  }

  @Override
  void sync(AddressSpace file, FileRa ra, long index, long wanted) {
    int most = mostPages(ra, wanted);
    if (index == 0 || wanted > most || ra.isSequential(index)) {
      ra.start = index;
      ra.size = FileRa.firstSize(wanted, most);
      ra.asyncSize = (int) (ra.size > wanted ? ra.size - wanted : ra.size >> 1);
    } else if (!isSetByContext(file, ra, index, wanted, most)) {
      read(file, index, wanted, 0);
      return;
    }
    ra.order = 0;
    readWindow(file, ra);
  }

  @Override
  void async(AddressSpace file, FileRa ra, long index, long wanted) {
    int most = mostPages(ra, wanted);
    if (index == ra.start + ra.size - ra.asyncSize) {
      ra.start += ra.size;
      ra.size = Math.max(ra.size, ra.nextSize(most));
    } else if (!isSetBehindCached(file, ra, index, wanted, most)) {
      return;
    }
    ra.order += 2;
    // ffs() - 1: windows need not be larger than they may be.
    int alignOrder = Math.min(ra.order, Integer.numberOfTrailingZeros(most));
    long alignedEnd = (ra.start + ra.size) & -(1L << alignOrder);
    if (alignedEnd > ra.start) {
      ra.size = (int) (alignedEnd - ra.start);
    }
    ra.asyncSize = ra.size;
    readWindow(file, ra);
  }

  /**
   * The window is made of folios of its order, smaller ones to get to their boundaries and to its
   * end. The mark is counted from the window's own end, even behind the end of the file. From the
   * first folio on that has a page already, {@link #read} goes on page by page, and counts it from
   * the file's end.
   */
  @Override
  void readWindow(AddressSpace file, FileRa ra) {
    // ilog2(0) is -1, and without a sign no limit: so of the first page of a file never read
    // before.
    int sizeOrder = ra.size == 0 ? MOST_ORDER : 31 - Integer.numberOfLeadingZeros(ra.size);
    ra.order = Math.min(Math.min(ra.order, MOST_ORDER), sizeOrder);
    long windowEnd = ra.start + ra.size;
    long end = Math.min(windowEnd, file.filePages());
    long marked = windowEnd - ra.asyncSize;
    long present = file.nextPage(ra.start);
    long free = present < 0 ? end : Math.min(present, end);
    long at = ra.start;
    while (at < end) {
      int order = at == 0 ? ra.order : Math.min(ra.order, Long.numberOfTrailingZeros(at));
      while (at + (1L << order) > end) {
        order--;
      }
      long next = at + (1L << order);
      boolean isMarked = at == (marked & -(1L << order));
      if (next > free || !readFolio(file, at, next, isMarked)) {
        read(file, at, windowEnd - at, ra.asyncSize);
        return;
      }
      at = next;
    }
  }

  /** Reads pages that would be one folio; false if there is no memory. */
  private boolean readFolio(AddressSpace file, long first, long end, boolean marked) {
    for (long at = first; at < end; at++) {
      if (!readPage(file, at, marked && at == first)) {
        return false;
      }
    }
    return true;
  }
}
