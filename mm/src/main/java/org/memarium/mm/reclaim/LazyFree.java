package org.memarium.mm.reclaim;

import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.Vma;
import org.memarium.mm.trace.VmStatItem;

/**
 * Taking pages that {@code MADV_FREE} marked: their content is lost, and the next access finds
 * zeroes (Linux {@code mm/rmap.c}, {@code try_to_unmap_one}; {@code mm/vmscan.c}).
 */
final class LazyFree implements PageCache.LazyPages {
  private final MemoryManager memory;
  private final MemMap memMap;
  private final Rmap rmap;

  LazyFree(MemoryManager memory, Rmap rmap) {
    this.memory = memory;
    this.memMap = memory.memMap();
    this.rmap = rmap;
  }

  @Override
  public boolean discard(int pfn) {
    if (memMap.pageCount(pfn) != memMap.pageMapcount(pfn)) {
      return false;
    }
    if (memMap.isPageDirty(pfn) || isDirtySomewhere(pfn)) {
      memory.allocator().lru().keepLazyFree(pfn);
      return false;
    }
    // The last entry gives the frame back: this reference keeps it until all are gone.
    memMap.getPage(pfn);
    rmap.walk(pfn, (area, linearAddress) -> unmapOne(pfn, area, linearAddress));
    memory.allocator().putPage(pfn);
    memory.vmStat().increment(VmStatItem.PGLAZYFREED);
    return true;
  }

  private boolean isDirtySomewhere(int pfn) {
    boolean[] dirty = new boolean[1];
    rmap.walk(
        pfn,
        (area, linearAddress) -> {
          long pte = area.mm().pages().tables().pte(linearAddress);
          dirty[0] |= Rmap.maps(pte, pfn) && Pte.isDirty(pte);
        });
    return dirty[0];
  }

  private static void unmapOne(int pfn, Vma area, long linearAddress) {
    PageTables tables = area.mm().pages().tables();
    long pteAddress = tables.pteAddress(linearAddress);
    long pte = pteAddress < 0 ? 0 : tables.readPte(pteAddress);
    if (Rmap.maps(pte, pfn)) {
      tables.writePte(pteAddress, 0);
      area.mm().pages().flushPage(linearAddress);
      area.mm().pages().unmapped(area, pte);
    }
  }
}
