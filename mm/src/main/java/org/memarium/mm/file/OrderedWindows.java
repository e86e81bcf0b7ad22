package org.memarium.mm.file;

/**
 * The windows of Linux 6.18 on a file system with large folios: {@code page_cache_sync_ra}, {@code
 * page_cache_async_ra}, {@code page_cache_ra_order}. Folios have one page each here; what is kept
 * of their order is that windows end where a folio of the wanted order would.
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
   * The mark is counted from the window's own end, even behind the end of the file, as long as no
   * page of the window is there. From the first that is there on, {@link #read} counts it from the
   * file's end.
   */
  @Override
  void readWindow(AddressSpace file, FileRa ra) {
    ra.order = Math.min(Math.min(ra.order, MOST_ORDER), 31 - Integer.numberOfLeadingZeros(ra.size));
    long end = ra.start + ra.size;
    long marked = end - ra.asyncSize;
    for (long at = ra.start; at < Math.min(end, file.filePages()); at++) {
      if (file.hasPage(at) || !readPage(file, at, at == marked)) {
        read(file, at, end - at, ra.asyncSize);
        return;
      }
    }
  }
}
