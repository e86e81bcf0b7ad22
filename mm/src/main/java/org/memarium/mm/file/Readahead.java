package org.memarium.mm.file;

import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.trace.IoWait;

/**
 * Reading files before it is asked for (Linux 6.1 {@code mm/readahead.c}, {@code mm/filemap.c}).
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

  private static final int MOST_MISSES = LOTS_OF_MISSES * 10;

  /** {@code bdi->io_pages}: the largest request of the device, 1280 KiB. */
  private static final int IO_PAGES = 320;

  private static final int ALLOC = Gfp.GFP_HIGHUSER_MOVABLE | Gfp.NORETRY | Gfp.NOWARN;

  private final PageCache cache;
  private final MemMap memMap;

  /** Whether the latest page was not in the cache. */
  private boolean missed;

  /** Whether who wanted the latest page had to wait. */
  private boolean waited;

  Readahead(PageCache cache) {
    this.cache = cache;
    this.memMap = cache.memMap;
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
    } else if (pfn >= 0 && advice != MmapAdvice.RANDOM && ra.mostPages > 0) {
      // do_async_mmap_readahead
      ra.hit(1);
      if (isMarked(pfn)) {
        async(file, ra, index, pfn, ra.mostPages);
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
      onDemand(file, ra, index, wanted, false);
    }
  }

  /** {@code page_cache_async_ra}: a page is there, and marked. */
  private void async(AddressSpace file, FileRa ra, long index, int pfn, long wanted) {
    if (ra.mostPages == 0 || memMap.testFlags(pfn, PageFlags.WRITEBACK)) {
      return;
    }
    memMap.clearFlags(pfn, PageFlags.READAHEAD);
    memMap.getPage(pfn);
    onDemand(file, ra, index, wanted, true);
    cache.allocator.putPage(pfn);
  }

  /** {@code force_page_cache_ra}: as much as is asked for, but for the limits of the device. */
  void force(AddressSpace file, long index, long wanted) {
    read(file, index, Math.min(wanted, Math.max(IO_PAGES, FileRa.DEFAULT_PAGES)), 0);
  }

  /** {@code ondemand_readahead}. */
  private void onDemand(AddressSpace file, FileRa ra, long index, long wanted, boolean marked) {
    int most = ra.mostPages;
    if (wanted > most && IO_PAGES > most) {
      most = (int) Math.min(wanted, IO_PAGES);
    }
    if (index == 0) {
      first(file, ra, index, wanted, most);
      return;
    }
    long next = ra.start + ra.size;
    if (index == next - ra.asyncSize || index == next) {
      ra.start = next;
      ra.size = ra.nextSize(most);
      ra.asyncSize = ra.size;
    } else if (marked) {
      // Somebody else reads the file too: where the pages that are there end.
      long start = nextMissing(file, index + 1, most);
      if (start - index > most) {
        return;
      }
      ra.start = start;
      ra.size = (int) (start - index + wanted);
      ra.size = ra.nextSize(most);
      ra.asyncSize = ra.size;
    } else {
      long sinceLast = index - ra.previousPage;
      if (wanted > most || (sinceLast >= 0 && sinceLast <= 1)) {
        first(file, ra, index, wanted, most);
        return;
      }
      if (!byContext(file, ra, index, wanted, most)) {
        read(file, index, wanted, 0);
        return;
      }
    }
    readWindow(file, ra, index, most);
  }

  private void first(AddressSpace file, FileRa ra, long index, long wanted, int most) {
    ra.start = index;
    ra.size = FileRa.firstSize(wanted, most);
    ra.asyncSize = (int) (ra.size > wanted ? ra.size - wanted : ra.size);
    readWindow(file, ra, index, most);
  }

  private void readWindow(AddressSpace file, FileRa ra, long index, int most) {
    if (index == ra.start && ra.size == ra.asyncSize) {
      // The page itself would be the marked one: the next window comes at once.
      int more = ra.nextSize(most);
      if (ra.size + more <= most) {
        ra.asyncSize = more;
        ra.size += more;
      } else {
        ra.size = most;
        ra.asyncSize = most >> 1;
      }
    }
    read(file, ra.start, ra.size, ra.asyncSize);
  }

  /** {@code try_context_readahead}: the pages before this one are there, so reading goes on. */
  private boolean byContext(AddressSpace file, FileRa ra, long index, long wanted, int most) {
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

  private static long nextMissing(AddressSpace file, long from, int most) {
    long at = from;
    while (at - from < most && file.hasPage(at)) {
      at++;
    }
    return at;
  }

  // ---- Mappings ----

  /** {@code do_sync_mmap_readahead}. */
  private void syncMmap(AddressSpace file, FileRa ra, long index, MmapAdvice advice, long codeEnd) {
    if (advice == MmapAdvice.RANDOM || ra.mostPages == 0) {
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
    // Pages behind the end of the file are not read; who counts them marks an earlier one, or none.
    long behind = Math.max(0, ra.start + ra.size - file.filePages());
    long uncounted = cache.marksWholeWindows() ? Math.min(behind, ra.asyncSize) : 0;
    read(file, ra.start, ra.size, (int) (ra.asyncSize - uncounted));
  }

  // ---- Reading ----

  /**
   * {@code do_page_cache_ra}: begins to read those pages of a window that are not there, as far as
   * the file goes and there is memory without effort.
   *
   * @param ahead how many pages before the window's end one is marked; 0: none
   */
  private void read(AddressSpace file, long index, long count, int ahead) {
    long end = Math.min(index + count, file.filePages());
    long marked = ahead == 0 ? -1 : index + (end - index) - ahead;
    if (ahead != 0 && end - index < ahead) {
      marked = -1;
    }
    for (long at = index; at < end; at++) {
      if (file.hasPage(at)) {
        continue;
      }
      int pfn = file.readNewPage(at, ALLOC);
      if (pfn < 0) {
        return;
      }
      if (at == marked) {
        memMap.setFlags(pfn, PageFlags.READAHEAD);
      }
    }
  }
}
