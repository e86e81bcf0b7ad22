package org.memarium.mm.fault;

import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.Vma;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.swap.SwapAreas;
import org.memarium.mm.trace.IoWait;

/**
 * {@code try_to_unuse}: brings everything back that is on a swap area, so that it can be turned off
 * (Linux 6.1 {@code mm/swapfile.c}). Every file of memory and every page-table entry that has a
 * slot of it gets the page; a page that cannot be read leaves an entry that is SIGBUS.
 */
public final class TryToUnuse implements SwapAreas.Unuse {
  private final MemoryManager memory;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Swap swap;
  private final SwapIn swapIn;

  /** For the memory of a machine. */
  public TryToUnuse(MemoryManager memory) {
    this.memory = memory;
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.swap = memory.swap();
    this.swapIn = new SwapIn(memory);
  }

  @Override
  public int tryToUnuse(int type) {
    while (swap.areas().inUse(type) > 0) {
      long before = swap.areas().inUse(type);
      int shmemError = memory.pageCache().unuseShmem(type);
      if (shmemError != 0) {
        return shmemError;
      }
      for (MmStruct mm : memory.addressSpaces()) {
        int error = unuse(mm, type);
        if (error != 0) {
          return error;
        }
      }
      emptyCache(type);
      if (swap.areas().inUse(type) >= before) {
        throw new IllegalStateException(
            "nobody has the %d slots that swap area %d still counts".formatted(before, type));
      }
    }
    return 0;
  }

  /** {@code unuse_mm}; 0 or -ENOMEM. */
  private int unuse(MmStruct mm, int type) {
    if (mm.rss().swapEntries() == 0) {
      return 0;
    }
    PteCursor cursor = mm.pages().tables().cursor();
    PageTableFormat format = mm.pages().tables().format();
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      if (area.anonVma() == null) {
        continue;
      }
      cursor.reset(area.start(), area.end());
      while (cursor.next()) {
        long entry = cursor.pte();
        if (SwapEntry.isSwapped(format, entry) && SwapEntry.type(format, entry) == type) {
          int error = unuse(mm, area, cursor.linearAddress(), cursor.pteAddress(), entry);
          if (error != 0) {
            return error;
          }
        }
      }
    }
    return 0;
  }

  /** {@code unuse_pte}. */
  private int unuse(MmStruct mm, Vma area, long address, long pteAddress, long entry) {
    int pfn = swapIn.find(mm, area, address, entry);
    if (pfn < 0) {
      return pfn == -Errno.ENOMEM ? pfn : 0;
    }
    if (memMap.isPageUptodate(pfn)) {
      allocator.pendingIo().waitFor(pfn, IoWait.SWAP_WRITE);
    }
    UserPages pages = mm.pages();
    PageTables tables = pages.tables();
    if (tables.readPte(pteAddress) == entry) {
      // One reference for the entry, and this one until the slot is given up.
      if (memMap.isPageUptodate(pfn)) {
        memMap.getPage(pfn);
        long pte = Pte.mkOld(Pte.of(pfn, UserPages.protection(area)));
        if (SwapEntry.isSoftDirty(tables.format(), entry)) {
          pte |= memory.softDirtyBit();
        }
        boolean exclusive = SwapEntry.isExclusive(tables.format(), entry);
        pages
            .replaced()
            .mapSwappedIn(area, pteAddress, pte, pfn, area.pageIndex(address), exclusive);
        swap.free(entry);
      } else {
        pages.replaced().poisonSwapEntry(pteAddress, entry);
      }
    }
    swap.tryToFree(pfn);
    allocator.putPage(pfn);
    return 0;
  }

  /** Pages that only the cache has. */
  private void emptyCache(int type) {
    for (int at = swap.nextUsed(type, 0); at != 0; at = swap.nextUsed(type, at)) {
      int pfn = swap.peek(swap.entry(type, at));
      if (pfn >= 0) {
        memMap.getPage(pfn);
        allocator.pendingIo().waitFor(pfn, IoWait.SWAP_WRITE);
        swap.tryToFree(pfn);
        allocator.putPage(pfn);
      }
    }
  }
}
