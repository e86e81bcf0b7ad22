package org.memarium.kernel.procfs;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code /proc/<pid>/pagemap}: a word for each page of the address space; Linux {@code
 * fs/proc/task_mmu.c}, {@code pte_to_pagemap_entry}.
 *
 * <pre>
 *    63  62  61  60 59  58   57  56   55  54                             0
 *   +---+---+---+-----+-----+---+----+----+-------------------------------+
 *   |PRE|SWP|FIL|  0  |GUARD| 0 |EXCL|SOFT|  pfn, for root only           |
 *   +---+---+---+-----+-----+---+----+----+-------------------------------+
 *   PRE   there is a frame           FIL    it is of a file or shared memory
 *   EXCL  no other entry maps it     SOFT   written to, or mapped, since clear_refs
 *   SWP   an entry, and no frame     GUARD  of MADV_GUARD_INSTALL
 *
 *   With SWP, instead of the pfn     54             5 4      0
 *                                   +----------------+--------+
 *                                   |     offset     |  type  |  as in SwapEntry
 *                                   +----------------+--------+
 * </pre>
 */
final class PageMap implements RecordFile.Words {

  private static final long PRESENT = 1L << 63;
  private static final long FILE = 1L << 61;
  private static final long SWAP = 1L << 62;
  private static final long GUARD = 1L << 58;
  private static final long EXCLUSIVE = 1L << 56;
  private static final long SOFT_DIRTY = 1L << 55;

  /** {@code MAX_SWAPFILES_SHIFT}. */
  private static final int TYPE_BITS = 5;

  private final Supplier<@Nullable MmStruct> mm;
  private final MemMap memMap;

  PageMap(Supplier<@Nullable MmStruct> mm, MemMap memMap) {
    this.mm = mm;
    this.memMap = memMap;
  }

  @Override
  public long count() {
    MmStruct now = mm.get();
    return now == null ? 0 : now.layout().taskSize() >>> Ram.PAGE_SHIFT;
  }

  @Override
  public long word(long index, boolean privileged) {
    MmStruct now = mm.get();
    if (now == null) {
      return 0;
    }
    long address = index << Ram.PAGE_SHIFT;
    long pte = now.pages().tables().pte(address);
    long word = 0;
    if (Pte.isPresent(pte)) {
      word = present(pte, privileged);
    } else if (Pte.isSwap(pte)) {
      word = swapped(now, pte, privileged);
    }
    return isSoftDirty(now, address, pte) ? word | SOFT_DIRTY : word;
  }

  private long present(long pte, boolean privileged) {
    int pfn = Pte.pfn(pte);
    long word = PRESENT | (privileged ? pfn : 0);
    if (!Pte.isSpecial(pte)) {
      word |= memMap.isPageAnon(pfn) ? 0 : FILE;
      word |= memMap.pageMapcount(pfn) == 1 ? EXCLUSIVE : 0;
    }
    return word;
  }

  private long swapped(MmStruct now, long pte, boolean privileged) {
    PageTableFormat format = now.pages().tables().format();
    long word = SwapEntry.isGuard(format, pte) ? SWAP | GUARD : SWAP;
    // Linux asks for the page of a migration entry alone, and no other has one.
    long entry = SwapEntry.offset(format, pte) << TYPE_BITS | SwapEntry.type(format, pte);
    return privileged ? word | entry : word;
  }

  /** Of an area that was mapped since, every page is, whether it is there or not. */
  private boolean isSoftDirty(MmStruct now, long address, long pte) {
    if (Pte.isPresent(pte) && Pte.isSoftDirty(pte)) {
      return true;
    }
    PageTableFormat format = now.pages().tables().format();
    if (SwapEntry.isSwapped(format, pte) && SwapEntry.isSoftDirty(format, pte)) {
      return true;
    }
    Vma area = now.tracksSoftDirty() ? now.findVma(address) : null;
    return area != null && area.contains(address) && area.has(VmFlags.SOFTDIRTY);
  }
}
