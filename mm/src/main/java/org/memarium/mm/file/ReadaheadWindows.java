package org.memarium.mm.file;

import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;

/**
 * Which pages are read when one is wanted: where the next window of a file begins, how large it is,
 * and which of its pages is marked (Linux {@code mm/readahead.c}).
 *
 * <p>The rules changed between kernels: {@link OnDemandWindows} are those of 6.1, {@link
 * OrderedWindows} those of 6.18. Here stands what they share.
 */
abstract class ReadaheadWindows {
  private static final int ALLOC = Gfp.GFP_HIGHUSER_MOVABLE | Gfp.NORETRY | Gfp.NOWARN;

  private final PageCache cache;
  private final MemMap memMap;

  ReadaheadWindows(PageCache cache) {
    this.cache = cache;
    this.memMap = cache.memMap;
  }

  /**
   * {@code page_cache_sync_ra}: a page is not there, and windows are allowed.
   *
   * @param wanted how many pages are asked for from this one on
   */
  abstract void sync(AddressSpace file, FileRa ra, long index, long wanted);

  /** {@code page_cache_async_ra}: a page is there, and was marked. */
  abstract void async(AddressSpace file, FileRa ra, long index, long wanted);

  /** {@code page_cache_ra_order}: reads the window that {@code ra} has. */
  abstract void readWindow(AddressSpace file, FileRa ra);

  /** {@code ractl_max_pages}. */
  final int mostPages(FileRa ra, long wanted) {
    return cache.backingDev().mostPages(ra, wanted);
  }

  /**
   * Begins a window where the pages that are there end, because somebody else reads the file too.
   *
   * @return false if they do not end within a window
   */
  static boolean isSetBehindCached(
      AddressSpace file, FileRa ra, long index, long wanted, int most) {
    long start = index + 1;
    while (start - index - 1 < most && file.hasPage(start)) {
      start++;
    }
    if (start - index > most) {
      return false;
    }
    ra.start = start;
    ra.size = (int) (start - index + wanted);
    ra.size = ra.nextSize(most);
    ra.asyncSize = ra.size;
    return true;
  }

  /** {@code try_context_readahead}: the pages before this one are there, so reading goes on. */
  static boolean isSetByContext(AddressSpace file, FileRa ra, long index, long wanted, int most) {
    long history = 0;
    while (history < most && index - 1 - history >= 0 && file.hasPage(index - 1 - history)) {
      history++;
    }
    if (history <= wanted) {
      return false;
    }
    if (history >= index) {
      history *= 2;
    }
    ra.start = index;
    ra.size = (int) Math.min(history + wanted, most);
    ra.asyncSize = 1;
    return true;
  }

  /**
   * {@code do_page_cache_ra}: begins to read those of so many pages that are not there, as far as
   * the file goes and there is memory without effort.
   *
   * @param ahead how many pages before the end one is marked; 0: none
   */
  final void read(AddressSpace file, long index, long count, int ahead) {
    long end = Math.min(index + count, file.filePages());
    long marked = ahead == 0 || end - index < ahead ? -1 : end - ahead;
    for (long at = index; at < end; at++) {
      if (!file.hasPage(at) && !readPage(file, at, at == marked)) {
        return;
      }
    }
  }

  /** Begins to read a page that is not there; false if there is no memory for it. */
  final boolean readPage(AddressSpace file, long index, boolean marked) {
    int pfn = file.filemap().readNewPage(index, ALLOC);
    if (pfn >= 0 && marked) {
      memMap.setFlags(pfn, PageFlags.READAHEAD);
    }
    return pfn >= 0;
  }
}
