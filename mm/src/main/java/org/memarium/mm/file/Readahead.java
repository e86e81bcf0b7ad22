package org.memarium.mm.file;

import org.memarium.mm.Errno;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.trace.IoWait;

/**
 * Reading files before it is asked for (Linux {@code mm/readahead.c}, {@code mm/filemap.c}).
 *
 * <pre>
 *   read, the page is not there   sync: a window that begins with the page; a larger one each time,
 *                                 while reading is sequential
 *   read, the page is marked      async: the next window, while the rest of this one is read
 *   fault, the page is not there  a window around the page, of the largest size
 * </pre>
 *
 * <p>Only {@linkplain AddressSpace#isCold cold} pages are read from the device. Others the host is
 * taken to have in its own cache: they come at once, alone, and no window moves.
 */
final class Readahead {
  /**
   * {@code MMAP_LOTSAMISS}: so many more misses than hits, and mappings are read around no more.
   */
  private static final int LOTS_OF_MISSES = 100;

  /** {@code HPAGE_PMD_ORDER}. */
  private static final int HUGE_ORDER = 9;

  private static final int MOST_MISSES = LOTS_OF_MISSES * 10;

  private final PageCache cache;
  private final MemMap memMap;
  private ReadaheadWindows windows;

  /** Whether the latest page was not in the cache. */
  private boolean missed;

  /** Whether who wanted the latest page had to wait, or to let go of its locks. */
  private boolean waited;

  Readahead(PageCache cache) {
    this.cache = cache;
    this.memMap = cache.memMap;
    this.windows = new OnDemandWindows(cache);
  }

  /** Says whose rules hold; those of 6.1 do until then. */
  void setWindows(ReadaheadWindows rules) {
    windows = rules;
  }

  /** Whether the latest page had to be read: the fault is a major one. */
  boolean missed() {
    return missed;
  }

  /** Whether the latest page was waited for. */
  boolean waited() {
    return waited;
  }

  // ---- A page that is wanted ----

  /**
   * {@code filemap_get_pages}: the frame of a page for {@code read}, up to date.
   *
   * @param wanted how many pages are asked for from this one on
   * @return the frame, -EIO, -ENOMEM
   */
  int pageForRead(AddressSpace file, long index, long wanted, FileRa ra) {
    waited = false;
    missed = file.isMissing(index);
    if (missed) {
      sync(file, ra, index, wanted);
    } else {
      int pfn = file.framePresent(index);
      if (pfn >= 0 && isMarked(pfn)) {
        async(file, ra, index, pfn, wanted);
      }
    }
    return uptodatePage(file, index);
  }

  /**
   * {@code filemap_fault}: the frame of a page for a mapping, up to date.
   *
   * @param advice of the area, see {@link MmapAdvice}
   * @param codeEnd see {@link AddressSpace#faultPage}
   * @return the frame, -EIO, -ENOMEM
   */
  int pageForFault(AddressSpace file, long index, FileRa ra, MmapAdvice advice, long codeEnd) {
    waited = false;
    missed = file.isMissing(index);
    int pfn = file.framePresent(index);
    if (missed) {
      syncMmap(file, ra, index, advice, codeEnd);
    } else if (pfn >= 0 && !isRandom(advice) && ra.mostPages > 0) {
      // do_async_mmap_readahead
      ra.hit(1);
      if (isMarked(pfn)) {
        async(file, ra, index, pfn, ra.mostPages);
        // maybe_unlock_mmap_for_io: the fault is handled again, as if it had waited.
        waited = true;
      }
    }
    return uptodatePage(file, index);
  }

  private boolean isMarked(int pfn) {
    return memMap.testFlags(pfn, PageFlags.READAHEAD);
  }

  private int uptodatePage(AddressSpace file, long index) {
    int pfn = file.readPage(index);
    if (pfn >= 0 && !memMap.isPageUptodate(pfn)) {
      if (cache.allocator.pendingIo().isRetry(pfn, IoWait.FILE_READ)) {
        waited = true;
        return PendingIo.RETRY;
      }
      memMap.getPage(pfn);
      waited |= cache.allocator.pendingIo().waitFor(pfn, IoWait.FILE_READ);
      cache.allocator.putPage(pfn);
      if (!memMap.isPageUptodate(pfn)) {
        return -Errno.EIO;
      }
    }
    return pfn;
  }

  // ---- Windows ----

  /** {@code page_cache_sync_ra}: a page is not there. */
  void sync(AddressSpace file, FileRa ra, long index, long wanted) {
    if (ra.mostPages == 0) {
      force(file, index, 1);
    } else if (ra.random) {
      force(file, index, wanted);
    } else {
      windows.sync(file, ra, index, wanted);
    }
  }

  /** {@code page_cache_async_ra}: a page is there, and marked. */
  private void async(AddressSpace file, FileRa ra, long index, int pfn, long wanted) {
    if (ra.mostPages == 0 || memMap.testFlags(pfn, PageFlags.WRITEBACK)) {
      return;
    }
    memMap.clearFlags(pfn, PageFlags.READAHEAD);
    memMap.getPage(pfn);
    windows.async(file, ra, index, wanted);
    cache.allocator.putPage(pfn);
  }

  /** {@code force_page_cache_ra}: as much as is asked for, but for the limits of the device. */
  void force(AddressSpace file, long index, long wanted) {
    BackingDev device = cache.backingDev();
    int most = Math.max(device.requestPages(), device.readaheadPages());
    windows.read(file, index, Math.min(wanted, most), 0);
  }

  // ---- Mappings ----

  /** {@code do_sync_mmap_readahead}. */
  private void syncMmap(AddressSpace file, FileRa ra, long index, MmapAdvice advice, long codeEnd) {
    boolean huge = advice == MmapAdvice.HUGE || advice == MmapAdvice.HUGE_RANDOM;
    if (huge) {
      readHuge(file, ra, index, advice == MmapAdvice.HUGE);
      return;
    }
    if (isRandom(advice) || ra.mostPages == 0) {
      return;
    }
    if (advice == MmapAdvice.SEQUENTIAL) {
      sync(file, ra, index, ra.mostPages);
      return;
    }
    if (ra.mmapMiss < MOST_MISSES) {
      ra.mmapMiss++;
    }
    if (ra.mmapMiss > LOTS_OF_MISSES) {
      return;
    }
    if (codeEnd != 0) {
      ra.start = index;
      ra.size = (int) Math.min(ra.mostPages, codeEnd - index);
      ra.asyncSize = 0;
    } else {
      ra.start = Math.max(0, index - ra.mostPages / 2);
      ra.size = ra.mostPages;
      ra.asyncSize = ra.mostPages / 4;
    }
    ra.order = 0;
    windows.readWindow(file, ra);
  }

  private static boolean isRandom(MmapAdvice advice) {
    return advice == MmapAdvice.RANDOM || advice == MmapAdvice.HUGE_RANDOM;
  }

  /** Also where readahead is off; {@code ra} keeps where its window began. */
  private void readHuge(AddressSpace file, FileRa ra, long index, boolean andNext) {
    long start = ra.start;
    int pages = 1 << HUGE_ORDER;
    ra.start = index & -(long) pages;
    ra.size = andNext ? 2 * pages : pages;
    ra.asyncSize = pages;
    ra.order = HUGE_ORDER;
    windows.readWindow(file, ra);
    ra.start = start;
  }
}
