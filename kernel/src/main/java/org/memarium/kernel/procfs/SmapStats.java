package org.memarium.kernel.procfs;

import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.Shmem;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;
import org.memarium.mm.swap.Swap;

/**
 * {@code struct mem_size_stats}: what of some areas is in memory, in bytes; read from page tables
 * and mem_map (Linux {@code fs/proc/task_mmu.c}, {@code smaps_account}).
 *
 * <p>The proportional sizes (Pss) divide a page by the number of entries that map it; they have 12
 * bits behind the point, so that many small parts add up.
 */
final class SmapStats {

  private static final int PSS_SHIFT = 12;
  private static final int SHARED = 2;

  private final MemMap memMap;
  private final PageTables tables;
  private final PteCursor cursor;
  private final Swap swapSpace;

  long resident;
  long sharedClean;
  long sharedDirty;
  long privateClean;
  long privateDirty;
  long referenced;
  long anonymous;
  long lazyFree;

  /** Pages that were swapped out. */
  long swap;

  private long pss;
  private long pssDirty;
  private long pssAnon;
  private long pssFile;
  private long pssShmem;
  private long pssLocked;
  private long swapPss;

  /** Nothing yet, of areas of one address space. */
  SmapStats(MmStruct mm, MemMap memMap) {
    this.memMap = memMap;
    swapSpace = mm.memory().swap();
    tables = mm.pages().tables();
    cursor = tables.cursor();
  }

  long pss() {
    return pss >> PSS_SHIFT;
  }

  long pssDirty() {
    return pssDirty >> PSS_SHIFT;
  }

  long pssAnon() {
    return pssAnon >> PSS_SHIFT;
  }

  long pssFile() {
    return pssFile >> PSS_SHIFT;
  }

  long pssShmem() {
    return pssShmem >> PSS_SHIFT;
  }

  long pssLocked() {
    return pssLocked >> PSS_SHIFT;
  }

  long swapPss() {
    return swapPss >> PSS_SHIFT;
  }

  /** Begins anew. */
  void clear() {
    resident = 0;
    sharedClean = 0;
    sharedDirty = 0;
    privateClean = 0;
    privateDirty = 0;
    referenced = 0;
    anonymous = 0;
    lazyFree = 0;
    swap = 0;
    swapPss = 0;
    pss = 0;
    pssDirty = 0;
    pssAnon = 0;
    pssFile = 0;
    pssShmem = 0;
    pssLocked = 0;
  }

  /** {@code smap_gather_stats}: adds an area. */
  void gather(Vma area) {
    boolean locked = area.has(VmFlags.LOCKED);
    cursor.reset(area.start(), area.end());
    while (cursor.next()) {
      long pte = cursor.pte();
      // The zero page belongs to nobody.
      if (Pte.isPresent(pte) && !Pte.isSpecial(pte)) {
        account(pte, locked);
      } else if (SwapEntry.isSwapped(swapSpace.format(), pte)) {
        // smaps_pte_entry
        int users = swapSpace.count(pte);
        swap += Ram.PAGE_SIZE;
        swapPss += ((long) Ram.PAGE_SIZE << PSS_SHIFT) / Math.max(users, 1);
      }
    }
    AddressSpace mapping = area.mapping();
    Shmem shmem = mapping == null ? null : mapping.shmem();
    if (shmem != null) {
      gatherShmemSwap(area, shmem);
    }
  }

  /**
   * {@code shmem_swap_usage}; where the area may have private copies, {@code smaps_pte_hole}: what
   * is in swap behind entries that map nothing. It counts in no SwapPss.
   */
  private void gatherShmemSwap(Vma area, Shmem shmem) {
    long first = area.pageOffset();
    long end = first + area.pages();
    boolean mayHaveCopies = !area.has(VmFlags.SHARED) && area.has(VmFlags.WRITE);
    if (!mayHaveCopies) {
      swap += shmem.swappedPages(first, end) << Ram.PAGE_SHIFT;
      return;
    }
    for (long index = shmem.nextSwapped(first); index >= 0 && index < end; ) {
      long address = area.start() + ((index - first) << Ram.PAGE_SHIFT);
      swap += tables.pte(address) == 0 ? Ram.PAGE_SIZE : 0;
      index = shmem.nextSwapped(index + 1);
    }
  }

  private void account(long pte, boolean locked) {
    int pfn = Pte.pfn(pte);
    int flags = memMap.flags(pfn);
    boolean dirty = Pte.isDirty(pte) || (flags & PageFlags.DIRTY) != 0;
    resident += Ram.PAGE_SIZE;
    if ((flags & PageFlags.ANON) != 0) {
      anonymous += Ram.PAGE_SIZE;
      lazyFree += dirty || (flags & PageFlags.SWAP_BACKED) != 0 ? 0 : Ram.PAGE_SIZE;
    }
    if (Pte.isYoung(pte) || (flags & PageFlags.REFERENCED) != 0) {
      referenced += Ram.PAGE_SIZE;
    }
    boolean shared = memMap.pageCount(pfn) != 1 && memMap.pageMapcount(pfn) >= SHARED;
    long part = (long) Ram.PAGE_SIZE << PSS_SHIFT;
    proportional(shared ? part / memMap.pageMapcount(pfn) : part, flags, dirty, locked);
    whole(shared, dirty);
  }

  /** {@code smaps_page_accumulate}, the proportional part. */
  private void proportional(long part, int flags, boolean dirty, boolean locked) {
    pss += part;
    if ((flags & PageFlags.ANON) != 0) {
      pssAnon += part;
    } else if ((flags & PageFlags.SWAP_BACKED) != 0) {
      pssShmem += part;
    } else {
      pssFile += part;
    }
    pssDirty += dirty ? part : 0;
    pssLocked += locked ? part : 0;
  }

  private void whole(boolean shared, boolean dirty) {
    if (shared) {
      sharedDirty += dirty ? Ram.PAGE_SIZE : 0;
      sharedClean += dirty ? 0 : Ram.PAGE_SIZE;
    } else {
      privateDirty += dirty ? Ram.PAGE_SIZE : 0;
      privateClean += dirty ? 0 : Ram.PAGE_SIZE;
    }
  }
}
