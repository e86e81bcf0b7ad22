package org.memarium.mm.fault;

import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code do_wp_page}: copy-on-write. A write to a page that is mapped read-only gets a copy, or the
 * page itself if nobody else can see the change (Linux {@code mm/memory.c}).
 */
final class WriteProtectFault {
  private final VmFault fault;
  private final AnonymousFault anon;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Ram ram;
  private final Swap swap;
  private final VmStat vmStat;

  WriteProtectFault(VmFault fault, AnonymousFault anon, MemoryManager memory) {
    this.fault = fault;
    this.anon = anon;
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.ram = allocator.ram();
    this.swap = memory.swap();
    this.vmStat = memory.vmStat();
  }

  /** {@code do_wp_page}: a write to a page that is there, and read-only. */
  FaultResult doWpPage(MmStruct mm, Vma area, long address, long pte) {
    int old = Pte.pfn(pte);
    if (area.has(VmFlags.SHARED)) {
      AddressSpace mapping = area.mapping();
      if (mapping != null) {
        mapping.setDirty(old);
      }
      return reuse(mm, area, pte, old);
    }
    if (!Pte.isSpecial(pte) && mayReuse(mm, area, old)) {
      vmStat.increment(VmStatItem.PGREUSE);
      return reuse(mm, area, pte, old);
    }
    return copy(mm, area, address, pte, old, fault.written(area, 0));
  }

  /**
   * {@code wp_can_reuse_anon_folio}: whether a page is anonymous and the process's own: it was
   * never shared, or whoever it was shared with by fork has let go of it.
   */
  boolean mayReuse(MmStruct mm, Vma area, int frame) {
    if (!memMap.isPageAnon(frame)) {
      return false;
    }
    if (memMap.testFlags(frame, PageFlags.ANON_EXCLUSIVE)) {
      return true;
    }
    // Who else can have it is the swap cache, which may let go.
    if (memMap.pageCount(frame) == 2 && swap.isCached(frame)) {
      swap.tryToFree(frame);
    }
    if (memMap.pageCount(frame) != 1) {
      return false;
    }
    mm.pages().moveAnonRmap(area, frame);
    return true;
  }

  /** {@code wp_page_reuse}. */
  private FaultResult reuse(MmStruct mm, Vma area, long pte, int frame) {
    mm.pages().tables().writePte(fault.pteAddress, Pte.mkYoung(fault.written(area, pte)));
    return fault.done(FaultKind.WRITE_PROTECTED, frame);
  }

  /**
   * {@code wp_page_copy}.
   *
   * @param bits what the new entry has beside its protection
   */
  FaultResult copy(MmStruct mm, Vma area, long address, long pte, int old, long bits) {
    if (!mm.prepareAnonVma(area)) {
      return FaultResult.OOM;
    }
    boolean zero = Pte.isSpecial(pte);
    int fresh =
        anon.prealloc(mm, zero ? Gfp.GFP_HIGHUSER_MOVABLE | Gfp.ZERO : Gfp.GFP_HIGHUSER_MOVABLE);
    if (fresh < 0) {
      return FaultResult.OOM;
    }
    if (mm.pages().tables().readPte(fault.pteAddress) != pte) {
      // pte_same: the page was moved, to make room for the copy. The access will fault again.
      allocator.putPage(fresh);
      return fault.done(FaultKind.SPURIOUS, Pte.pfn(mm.pages().tables().readPte(fault.pteAddress)));
    }
    if (!zero) {
      ram.copyFrame(old, fresh);
    }
    UserPages pages = mm.pages();
    long copied = Pte.of(fresh, UserPages.protection(area));
    pages.mapNewAnon(area, fault.pteAddress, copied | bits, fresh, area.pageIndex(address));
    pages.tlb().flushPage(address);
    pages.unmapped(area, pte);
    return fault.done(FaultKind.COPY_ON_WRITE, fresh);
  }
}
