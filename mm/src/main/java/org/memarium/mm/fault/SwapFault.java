package org.memarium.mm.fault;

import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;
import org.memarium.mm.swap.Swap;

/**
 * The second half of {@code do_swap_page}: the page that {@link SwapIn} found is mapped, and its
 * slot given back (Linux {@code mm/memory.c}).
 */
final class SwapFault {
  private final VmFault fault;
  private final WriteProtectFault writeProtect;
  private final SwapIn swapIn;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Swap swap;
  private final long softDirtyBit;

  SwapFault(VmFault fault, WriteProtectFault writeProtect, MemoryManager memory) {
    this.fault = fault;
    this.writeProtect = writeProtect;
    this.swapIn = new SwapIn(memory);
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.swap = memory.swap();
    this.softDirtyBit = memory.softDirtyBit();
  }

  /** {@code do_swap_page}: the entry names a slot of swap. */
  FaultResult doSwapPage(MmStruct mm, Vma area, long address, long entry, boolean write) {
    int frame = swapIn.find(mm, area, address, entry);
    fault.major = swapIn.wasRead();
    fault.retried = swapIn.wasWaitedFor();
    PageTables tables = mm.pages().tables();
    if (tables.readPte(fault.pteAddress) != entry) {
      if (frame >= 0) {
        allocator.putPage(frame);
      }
      return fault.done(FaultKind.SPURIOUS, frame);
    }
    if (frame < 0) {
      return VmFault.failure(frame);
    }
    if (!memMap.isPageUptodate(frame)) {
      allocator.putPage(frame);
      return FaultResult.SIGBUS;
    }
    boolean wasExclusive = SwapEntry.isExclusive(tables.format(), entry);
    swap.free(entry);
    if (shouldTryToFreeSwap(area, frame, write)) {
      swap.tryToFree(frame);
    }
    long pte = Pte.of(frame, UserPages.protection(area));
    boolean exclusive = wasExclusive || memMap.pageCount(frame) == 1;
    if (exclusive && write) {
      pte = fault.written(area, pte);
    }
    if (SwapEntry.isSoftDirty(tables.format(), entry)) {
      pte |= softDirtyBit;
    }
    mm.pages()
        .replaced()
        .mapSwappedIn(area, fault.pteAddress, pte, frame, area.pageIndex(address), exclusive);
    if (write && !exclusive) {
      return writeProtect.doWpPage(mm, area, address, pte);
    }
    return fault.done(FaultKind.SWAP, frame);
  }

  /** {@code should_try_to_free_swap}: the slot is short, or the page will change anyway. */
  private boolean shouldTryToFreeSwap(Vma area, int frame, boolean write) {
    if (!swap.isCached(frame)) {
      return false;
    }
    if (swap.isFull(frame)
        || area.has(VmFlags.LOCKED)
        || memMap.testFlags(frame, PageFlags.MLOCKED)) {
      return true;
    }
    // The caller's reference, and that of the cache.
    return write && memMap.pageCount(frame) == 2;
  }
}
