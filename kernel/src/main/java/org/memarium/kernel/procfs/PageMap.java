package org.memarium.kernel.procfs;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MmStruct;

/**
 * {@code /proc/<pid>/pagemap}: a word for each page of the address space; Linux {@code
 * fs/proc/task_mmu.c}, {@code pte_to_pagemap_entry}.
 *
 * <pre>
 *    63  62  61  60    57  56   55  54                                   0
 *   +---+---+---+--------+----+----+-------------------------------------+
 *   |PRE| 0 |FIL|   0    |EXCL| 0  |  pfn, for root only                 |
 *   +---+---+---+--------+----+----+-------------------------------------+
 *   PRE   there is a frame           FIL  it is of a file or shared memory
 *   EXCL  no other entry maps it     62 would say swapped, 55 soft-dirty: not here
 * </pre>
 */
final class PageMap implements RecordFile.Words {

  private static final long PRESENT = 1L << 63;
  private static final long FILE = 1L << 61;
  private static final long EXCLUSIVE = 1L << 56;

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
    long pte = now == null ? 0 : now.pages().tables().pte(index << Ram.PAGE_SHIFT);
    if (now == null || !Pte.isPresent(pte)) {
      return 0;
    }
    int pfn = Pte.pfn(pte);
    long word = PRESENT | (privileged ? pfn : 0);
    if (!Pte.isSpecial(pte)) {
      word |= memMap.isPageAnon(pfn) ? 0 : FILE;
      word |= memMap.pageMapcount(pfn) == 1 ? EXCLUSIVE : 0;
    }
    return word;
  }
}
