package org.memarium.mm.fault;

import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.Vma;

/**
 * {@code do_anonymous_page}: the first access to a page that nothing stands behind (Linux {@code
 * mm/memory.c}).
 */
final class AnonymousFault {
  private final VmFault fault;
  private final PageAllocator allocator;
  private final int zeroPfn;

  AnonymousFault(VmFault fault, PageAllocator allocator) {
    this.fault = fault;
    this.allocator = allocator;
    this.zeroPfn = allocator.zeroPfn();
  }

  /** {@code do_anonymous_page}: the zero page for a read, a zeroed frame for a write. */
  FaultResult doAnonymousPage(MmStruct mm, Vma area, long address, boolean write) {
    long protection = UserPages.protection(area);
    if (!write) {
      long pte = Pte.mkSpecial(Pte.of(zeroPfn, protection));
      mm.pages().tables().writePte(fault.pteAddress, pte);
      return fault.done(FaultKind.ZERO_PAGE, zeroPfn);
    }
    if (!mm.prepareAnonVma(area)) {
      return FaultResult.OOM;
    }
    int fresh = prealloc(mm, Gfp.GFP_HIGHUSER_MOVABLE | Gfp.ZERO);
    if (fresh < 0) {
      return FaultResult.OOM;
    }
    long pte = fault.written(area, Pte.of(fresh, protection));
    mm.pages().mapNewAnon(area, fault.pteAddress, pte, fresh, area.pageIndex(address));
    return fault.done(FaultKind.ANONYMOUS, fresh);
  }

  /**
   * {@code folio_prealloc}: a frame for an anonymous page, which its memory group pays for.
   *
   * @return a negative number if there is none
   */
  int prealloc(MmStruct mm, int gfpFlags) {
    int fresh = allocator.allocPage(gfpFlags);
    if (fresh >= 0 && !allocator.groups().charge(fresh, mm.group(), Gfp.GFP_KERNEL)) {
      allocator.putPage(fresh);
      return -1;
    }
    return fresh;
  }
}
