package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteBuffer;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;

/**
 * {@code unmap_vmas} and {@code zap_page_range}: takes pages out of an address space, a page table
 * at a time; Linux {@code mm/memory.c}.
 */
final class ZapPageRange {
  private final UserPages pages;
  private final MemoryManager memory;
  private final PageTables tables;
  private final PteCursor cursor;
  private final MmuGather tlb;
  private final MemMap memMap;
  private final Lru lru;

  ZapPageRange(UserPages pages, MemoryManager memory) {
    this.pages = pages;
    this.memory = memory;
    this.tables = pages.tables();
    this.cursor = tables.cursor();
    this.tlb = pages.tlb();
    this.memMap = memory.memMap();
    this.lru = memory.allocator().lru();
  }

  /**
   * {@code unmap_vmas}: takes everything of [start, end), which lies in one area, out, guard
   * markers too; {@link MmuGather#finish} follows.
   */
  void unmap(Vma area, long start, long end) {
    zap(area, start, end, true);
  }

  /**
   * {@code zap_pte_range}: takes all pages of [start, end), which lies in one area, out; {@link
   * MmuGather#finish} follows.
   *
   * @param dropMarkers whether guard markers go too ({@code ZAP_FLAG_DROP_MARKER})
   */
  void zap(Vma area, long start, long end, boolean dropMarkers) {
    PteBuffer buffer = memory.pteBuffer;
    long[] ptes = buffer.ptes;
    cursor.reset(start, end);
    while (cursor.nextTable()) {
      int count = cursor.entriesHere();
      buffer.read(tables, cursor.pteAddress(), count);
      int lastZapped = -1;
      boolean changed = false;
      for (int i = 0; i < count; i++) {
        long pte = ptes[i];
        if (pte == 0) {
          continue;
        }
        if (!Pte.isPresent(pte)) {
          ptes[i] = zapNonpresent(pte, dropMarkers);
          changed |= ptes[i] != pte;
          continue;
        }
        ptes[i] = 0;
        if (lastZapped < 0) {
          tlb.gather(cursor.linearAddress() + (long) i * Ram.PAGE_SIZE);
        }
        lastZapped = i;
        if (Pte.isYoung(pte) && !Pte.isSpecial(pte) && (area.flags & VmFlags.SEQ_READ) == 0) {
          markAccessed(Pte.pfn(pte));
        }
        pages.unmapped(area, pte);
      }
      if (lastZapped >= 0) {
        tlb.gather(cursor.linearAddress() + (long) lastZapped * Ram.PAGE_SIZE);
      }
      if (lastZapped >= 0 || changed) {
        buffer.write(tables, cursor.pteAddress(), count);
      }
    }
  }

  /** The same of an entry without a frame; returns what stays. */
  private long zapNonpresent(long pte, boolean dropMarkers) {
    if (SwapEntry.isSwapped(tables.format(), pte)) {
      freeSwapEntry(pte);
      return 0;
    }
    if (SwapEntry.isPoisoned(tables.format(), pte)) {
      return 0;
    }
    if (!SwapEntry.isGuard(tables.format(), pte)) {
      // Nobody runs while pages are moved.
      throw new IllegalStateException("no page, no slot and no guard: 0x%x".formatted(pte));
    }
    return dropMarkers ? 0 : pte;
  }

  /** {@code free_swap_and_cache} of an entry that goes: nobody needs what was swapped out. */
  void freeSwapEntry(long pte) {
    pages.rss.decrement(RssStat.SWAP_ENTRIES);
    memory.swap().freeAndCache(pte);
  }

  /** A page of a file was used through an entry that goes now; an anonymous page goes with it. */
  private void markAccessed(int pfn) {
    if (!memMap.isPageAnon(pfn)) {
      lru.markAccessed(pfn);
    }
  }
}
