package org.memarium.mm.fault;

import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.swap.SwapReadahead;
import org.memarium.mm.trace.IoWait;

/**
 * The first half of {@code do_swap_page}: from a swap entry to a page that is up to date (Linux 6.1
 * {@code mm/memory.c}, {@code mm/swap_state.c}).
 *
 * <p><b>VMA readahead</b>, where no device turns: the pages of the area around the address, to 2^3
 * of them, as far as they have swap entries in the same page table. What an area knows of its last
 * window stands in {@link Vma#swapReadahead()}:
 *
 * <pre>
 *   31                12 11        6 5         0
 *  +--------------------+-----------+-----------+
 *  |   page address     |  window   |   hits    |    0: none yet, as if there were 4 hits
 *  +--------------------+-----------+-----------+
 * </pre>
 */
final class SwapIn {
  private static final int WINDOW_SHIFT = 6;
  private static final int HITS_MAX = (1 << WINDOW_SHIFT) - 1;
  private static final int FIRST_HITS = 4;

  /** {@code SWAP_RA_ORDER_CEILING}, of a 32-bit kernel and of a 64-bit one. */
  private static final int SHORT_ORDER_CEILING = 3;

  private static final int LONG_ORDER_CEILING = 5;

  private final Swap swap;
  private final MemMap memMap;
  private final PageAllocator allocator;
  private final PendingIo pendingIo;
  private boolean wasRead;
  private boolean wasWaitedFor;

  SwapIn(MemoryManager memory) {
    this.swap = memory.swap();
    this.memMap = memory.memMap();
    this.allocator = memory.allocator();
    this.pendingIo = allocator.pendingIo();
  }

  /** Whether the latest page was not in the swap cache: a major fault. */
  boolean wasRead() {
    return wasRead;
  }

  /** Whether the latest page had not come yet: Linux lets go of the locks, and faults again. */
  boolean wasWaitedFor() {
    return wasWaitedFor;
  }

  /**
   * Finds the page of a swap entry, or reads it, and waits until it has come.
   *
   * @param address the page's, in {@code area}
   * @param entry what stands in its page-table entry
   * @return the frame, with a reference for the caller: not up to date if it could not be read; or
   *     a negative errno, or {@link PendingIo#RETRY}
   */
  int find(MmStruct mm, Vma area, long address, long entry) {
    boolean byArea = swap.readahead().usesVma();
    wasWaitedFor = false;
    int pfn = swap.lookup(entry);
    wasRead = pfn < 0;
    if (wasRead) {
      pfn = byArea ? readAround(mm, area, address, entry) : swap.readCluster(entry);
      if (pfn < 0) {
        return pfn;
      }
    } else {
      boolean hit = swap.wasReadAhead(pfn, byArea);
      if (byArea) {
        noteHit(area, address, hit);
      }
    }
    if (!memMap.isPageUptodate(pfn)) {
      if (pendingIo.isRetry(pfn, IoWait.SWAP_READ)) {
        allocator.putPage(pfn);
        return PendingIo.RETRY;
      }
      wasWaitedFor = pendingIo.waitFor(pfn, IoWait.SWAP_READ);
    }
    return pfn;
  }

  private static long pack(long address, int window, int hits) {
    return (address & -(long) Ram.PAGE_SIZE) | (long) window << WINDOW_SHIFT | hits;
  }

  private static int hits(long info) {
    return info == 0 ? FIRST_HITS : (int) info & HITS_MAX;
  }

  private static int window(long info) {
    return (int) (info >>> WINDOW_SHIFT) & HITS_MAX;
  }

  private static void noteHit(Vma area, long address, boolean hit) {
    long info = area.swapReadahead();
    int hits = Math.min(hits(info) + (hit ? 1 : 0), HITS_MAX);
    area.setSwapReadahead(pack(address, window(info), hits));
  }

  /** {@code swap_vma_readahead}. */
  private int readAround(MmStruct mm, Vma area, long address, long entry) {
    PageTables tables = mm.pages().tables();
    PageTableFormat format = tables.format();
    int ceiling = format.entryBytes() == Integer.BYTES ? SHORT_ORDER_CEILING : LONG_ORDER_CEILING;
    int most = 1 << Math.min(swap.readahead().pageCluster(), ceiling);
    if (most == 1) {
      return swap.read(entry);
    }
    long info = area.swapReadahead();
    long page = address >>> Ram.PAGE_SHIFT;
    long previous = info >>> Ram.PAGE_SHIFT;
    int window = SwapReadahead.window(previous, page, hits(info), most, window(info));
    area.setSwapReadahead(pack(address, window, 0));
    if (window > 1) {
      readWindow(tables, area, page, firstOf(page, previous, window), window);
    }
    return swap.read(entry);
  }

  /** Behind the page, before it, or around it: as the last two faults followed each other. */
  private static long firstOf(long page, long previous, int window) {
    if (page == previous + 1) {
      return page;
    }
    return previous == page + 1 ? page - window + 1 : page - (window - 1) / 2;
  }

  private void readWindow(PageTables tables, Vma area, long page, long from, int window) {
    PageTableFormat format = tables.format();
    int tableShift = format.shift(2) - Ram.PAGE_SHIFT;
    long tableStart = page >>> tableShift << tableShift;
    long first = Math.max(Math.max(from, area.start() >>> Ram.PAGE_SHIFT), tableStart);
    long areaEnd = Math.min(from + window, area.end() >>> Ram.PAGE_SHIFT);
    long end = Math.min(areaEnd, tableStart + (1L << tableShift));
    for (long at = first; at < end; at++) {
      long pte = tables.pte(at << Ram.PAGE_SHIFT);
      if (SwapEntry.isSwapped(format, pte)) {
        swap.readAhead(pte, at != page);
      }
    }
  }
}
