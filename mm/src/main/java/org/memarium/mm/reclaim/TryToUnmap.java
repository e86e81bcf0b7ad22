package org.memarium.mm.reclaim;

import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.rmap.Rmap;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;
import org.memarium.mm.swap.Swap;

/**
 * {@code try_to_unmap}: takes away every entry that maps a page (Linux 6.1 {@code mm/rmap.c}).
 *
 * <pre>
 *   page of a file       entry empty; its dirty bit becomes the page's
 *   anonymous page       entry names the slot in swap, which counts one user more
 *   lazily freed page    entry empty, unless the page was written to since: then it is an
 *                        anonymous page like others again
 *   page of MAP_DROPPABLE  entry empty, whoever wrote to it
 * </pre>
 *
 * <p>An entry of a locked area stays, and with it the page.
 */
final class TryToUnmap implements Rmap.Visitor {
  private final MemMap memMap;
  private final Rmap rmap;
  private final Swap swap;

  private int pfn;

  TryToUnmap(MemMap memMap, Rmap rmap, Swap swap) {
    this.memMap = memMap;
    this.rmap = rmap;
    this.swap = swap;
  }

  /**
   * Unmaps a page that is isolated, with a reference of the caller; an anonymous one that shall not
   * be lost is in the swap cache.
   *
   * @return whether nothing maps it any more
   */
  boolean unmap(int page) {
    pfn = page;
    rmap.walk(page, this);
    return memMap.pageMapcount(page) == 0;
  }

  /** {@code try_to_unmap_one}. */
  @Override
  public boolean visit(Vma area, long linearAddress) {
    UserPages pages = area.mm().pages();
    PageTables tables = pages.tables();
    long pteAddress = tables.pteAddress(linearAddress);
    long pte = pteAddress < 0 ? 0 : tables.readPte(pteAddress);
    if (!Rmap.maps(pte, pfn)) {
      return true;
    }
    if (area.has(VmFlags.LOCKED)) {
      return false;
    }
    int flags = memMap.flags(pfn);
    boolean lazilyFreed = (flags & PageFlags.SWAP_BACKED) == 0;
    if ((flags & PageFlags.ANON) == 0) {
      clear(pages, area, linearAddress, pteAddress, pte);
    } else if (!lazilyFreed) {
      long entry = swap.entryOf(pfn);
      if (swap.duplicate(entry) != 0) {
        return false;
      }
      pages.replaced().replaceBySwapEntry(area, linearAddress, pteAddress, pte, entry);
    } else if (mayBeLost(area, pte)) {
      clear(pages, area, linearAddress, pteAddress, pte);
    } else {
      if (Pte.isDirty(pte)) {
        memMap.setPageDirty(pfn);
      }
      if (!area.has(VmFlags.DROPPABLE)) {
        memMap.setFlags(pfn, PageFlags.SWAP_BACKED);
      }
      return false;
    }
    return memMap.pageMapcount(pfn) > 0;
  }

  /**
   * Of a lazily freed page: nobody has written to it, or its area does not mind, and only entries
   * and reclaim hold it.
   */
  private boolean mayBeLost(Vma area, long pte) {
    boolean dirty = Pte.isDirty(pte) || memMap.isPageDirty(pfn);
    return (!dirty || area.has(VmFlags.DROPPABLE))
        && memMap.pageCount(pfn) == 1 + memMap.pageMapcount(pfn);
  }

  private static void clear(
      UserPages pages, Vma area, long linearAddress, long pteAddress, long pte) {
    pages.tables().writePte(pteAddress, 0);
    pages.tlb().flushPage(linearAddress);
    pages.unmapped(area, pte);
  }
}
