package org.memarium.mm.space;

import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.swap.Swap;

/**
 * What advice does to the pages of an area, and to their entries (Linux {@code mm/madvise.c},
 * {@code mm/swap.c}, {@code mm/vmscan.c}).
 *
 * <pre>
 *   MADV_FREE     anonymous page   SWAP_BACKED gone, entry clean: on the inactive list of files,
 *                                  whose end takes it unless it was written to meanwhile
 *   MADV_COLD     entry old, page at the head of its inactive list
 *   MADV_PAGEOUT  reclaimed: anonymous pages go to swap if there is any, pages of files if they
 *                 are clean; entries of files go in any case
 * </pre>
 *
 * <p>Pages that other entries map too are left alone by the last two.
 */
final class AdvisedPages {
  private final MmStruct mm;
  private final PteCursor cursor;
  private final MemMap memMap;
  private final Lru lru;

  AdvisedPages(MmStruct mm) {
    this.mm = mm;
    this.cursor = mm.pages.tables().cursor();
    this.memMap = mm.memory().memMap();
    this.lru = mm.memory().allocator().lru();
  }

  private static boolean isPage(long pte) {
    return Pte.isPresent(pte) && !Pte.isSpecial(pte);
  }

  // ---- MADV_FREE ----

  /** {@code madvise_free_pte_range}: what was written to the pages may be lost from now on. */
  void free(long start, long end) {
    cursor.reset(start, end);
    while (cursor.next()) {
      long pte = cursor.pte();
      if (!Pte.isPresent(pte)) {
        freeNonpresent(pte);
        continue;
      }
      if (!isPage(pte) || !loseDirty(Pte.pfn(pte))) {
        continue;
      }
      if (Pte.isYoung(pte) || Pte.isDirty(pte)) {
        cursor.write(Pte.mkOld(Pte.mkClean(pte)));
        mm.pages.tlb().gather(cursor.linearAddress());
      }
      lru.markLazyFree(Pte.pfn(pte));
    }
    mm.pages.tlb().finish();
  }

  /** What was swapped out, or could not be read, is lost at once. */
  private void freeNonpresent(long pte) {
    PageTableFormat format = mm.pages.tables().format();
    if (SwapEntry.isSwapped(format, pte)) {
      mm.pages.zap.freeSwapEntry(pte);
      cursor.write(0);
    } else if (SwapEntry.isPoisoned(format, pte)) {
      cursor.write(0);
    }
  }

  /**
   * Takes a page's own mark that it is dirty, and its slot of swap; false if others may have made
   * it so, or have the slot.
   */
  private boolean loseDirty(int pfn) {
    Swap swap = mm.memory().swap();
    if (memMap.isPageDirty(pfn) || swap.isCached(pfn)) {
      if (memMap.pageMapcount(pfn) != 1 || (swap.isCached(pfn) && !swap.tryToFree(pfn))) {
        return false;
      }
      memMap.clearPageDirty(pfn);
    }
    return true;
  }

  // ---- MADV_WILLNEED ----

  /** {@code swapin_walk_pmd_entry}: begins to read what was swapped out. */
  void readSwapAhead(long start, long end) {
    PageTableFormat format = mm.pages.tables().format();
    cursor.reset(start, end);
    while (cursor.next()) {
      if (SwapEntry.isSwapped(format, cursor.pte())) {
        mm.memory().swap().readAhead(cursor.pte(), false);
      }
    }
  }

  // ---- MADV_COLD ----

  /** {@code madvise_cold_or_pageout_pte_range}, without pageout. */
  void deactivate(long start, long end) {
    cursor.reset(start, end);
    while (cursor.next()) {
      long pte = cursor.pte();
      if (isPage(pte) && isAlone(Pte.pfn(pte))) {
        makeOld(pte);
        lru.deactivate(Pte.pfn(pte));
      }
    }
    mm.pages.tlb().finish();
  }

  /** Whether no other entry maps the page, and it is on a list. */
  private boolean isAlone(int pfn) {
    return memMap.pageMapcount(pfn) == 1 && memMap.testFlags(pfn, PageFlags.LRU);
  }

  private void makeOld(long pte) {
    if (Pte.isYoung(pte)) {
      cursor.write(Pte.mkOld(pte));
      mm.pages.tlb().gather(cursor.linearAddress());
    }
  }

  // ---- MADV_PAGEOUT ----

  /** {@code madvise_cold_or_pageout_pte_range} with pageout, one page table after the other. */
  void pageOut(long start, long end) {
    long span = 1L << mm.pages.tables().format().shift(2);
    for (long at = start; at < end; at = (at & -span) + span) {
      pageOutTable(at, Math.min(end, (at & -span) + span));
    }
  }

  private void pageOutTable(long start, long end) {
    boolean ages = mm.layout().agesWhatItPagesOut();
    PageList isolated = new PageList();
    cursor.reset(start, end);
    while (cursor.next()) {
      long pte = cursor.pte();
      if (!isPage(pte) || !isAlone(Pte.pfn(pte))) {
        continue;
      }
      int pfn = Pte.pfn(pte);
      if (ages) {
        makeOld(pte);
      }
      memMap.clearFlags(pfn, PageFlags.REFERENCED);
      boolean unevictable = memMap.testFlags(pfn, PageFlags.UNEVICTABLE);
      lru.take(pfn);
      if (unevictable) {
        lru.give(pfn); // How many areas lock it is forgotten.
        continue;
      }
      memMap.getPage(pfn);
      isolated.add(pfn);
    }
    mm.pages.tlb().finish();
    mm.memory().pageOut().reclaimPages(isolated, !ages);
  }

  // ---- Guards ----

  /**
   * {@code madvise_guard_install}: no page is left in [start, end), and none comes: every access is
   * SIGSEGV.
   *
   * @return 0; -ENOMEM without memory for a table or an anon_vma
   */
  long installGuards(Vma area, long start, long end) {
    // Not for fork, which copies what areas with guards have; but anonymous areas get one.
    if (area.isAnonymous() && !mm.prepareAnonVma(area)) {
      return -Errno.ENOMEM;
    }
    mm.zap(area, start, end);
    return mm.pages.fillWithGuards(start, end) ? 0 : -Errno.ENOMEM;
  }

  /** {@code madvise_guard_remove}. */
  void removeGuards(long start, long end) {
    cursor.reset(start, end);
    while (cursor.next()) {
      if (SwapEntry.isGuard(mm.pages.tables().format(), cursor.pte())) {
        cursor.write(0);
      }
    }
  }
}
