package org.memarium.mm.swap;

import org.memarium.mm.file.PageTree;
import org.memarium.mm.file.ShmemSwap;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.trace.IoWait;

/** Slots that files of memory have (Linux 6.1 {@code mm/shmem.c}): swap as they see it. */
public final class ShmemSlots implements ShmemSwap {
  private final Swap swap;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private boolean wasRead;

  /** For the files of a machine. */
  public ShmemSlots(Swap swap, PageAllocator allocator) {
    this.swap = swap;
    this.allocator = allocator;
    this.memMap = allocator.memMap();
  }

  @Override
  public boolean isOn() {
    return swap.isOn();
  }

  @Override
  public int add(int pfn) {
    if (!swap.addToSwap(pfn)) {
      return -1;
    }
    swap.duplicateForShmem(swap.entryOf(pfn));
    return memMap.pagePrivate(pfn);
  }

  @Override
  public int write(int pfn) {
    return swap.writePage(pfn);
  }

  @Override
  public int bringIn(int slot) {
    long entry = swap.entryOfSlot(slot);
    int pfn = swap.lookup(entry);
    wasRead = pfn < 0;
    if (wasRead) {
      // Whose page is where says nothing here: there is no area of addresses to read around in.
      pfn = swap.readCluster(entry);
    } else {
      swap.wasReadAhead(pfn, false);
    }
    if (pfn >= 0) {
      if (!memMap.isPageUptodate(pfn)) {
        allocator.pendingIo().waitFor(pfn, IoWait.SWAP_READ);
      }
      allocator.pendingIo().waitFor(pfn, IoWait.SWAP_WRITE);
    }
    return pfn;
  }

  @Override
  public boolean wasRead() {
    return wasRead;
  }

  @Override
  public boolean isPageOf(int pfn, int slot) {
    return swap.isCached(pfn) && memMap.pagePrivate(pfn) == slot;
  }

  @Override
  public void giveUp(int pfn, int slot) {
    swap.deleteFromCache(pfn, PageTree.NONE);
    swap.free(swap.entryOfSlot(slot));
  }

  @Override
  public void free(int slot) {
    swap.freeAndCache(swap.entryOfSlot(slot));
  }

  @Override
  public void readAhead(int slot) {
    swap.reader().readAhead(slot, false);
  }

  @Override
  public boolean isInMemory(int slot) {
    int pfn = swap.peek(swap.entryOfSlot(slot));
    return pfn >= 0 && memMap.isPageUptodate(pfn);
  }

  @Override
  public int type(int slot) {
    return SwapAreas.type(slot);
  }
}
