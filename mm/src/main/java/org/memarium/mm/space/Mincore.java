package org.memarium.mm.space;

import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.Shmem;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;

/** {@code mincore}: which pages are in memory (Linux {@code mm/mincore.c}). */
final class Mincore {
  private final MmStruct mm;
  private final VmaTree tree;

  Mincore(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /**
   * {@code do_mincore}: looks at pages from {@code start} on, to the end of the area at most.
   *
   * @param to gets a byte for each: 1 if it is mapped, or in the page cache of the file
   * @param files whose files the caller may change; pages of others all count as in memory
   * @return how many bytes were written, or -ENOMEM at a hole
   */
  long mincore(long start, byte[] to, int pages, FileAccess files) {
    Vma area = tree.find(start);
    if (area == null || area.start > start) {
      return -Errno.ENOMEM;
    }
    int count = (int) Math.min(pages, (area.end - start) >>> Ram.PAGE_SHIFT);
    MappedFile file = area.file;
    if (file != null && (!area.hasFile() || !files.mayWrite(file))) {
      Arrays.fill(to, 0, count, (byte) 1);
      return count;
    }
    PageTables tables = mm.pages.tables();
    for (int i = 0; i < count; i++) {
      long address = start + ((long) i << Ram.PAGE_SHIFT);
      to[i] = (byte) (isInMemory(area, address, tables.pte(address)) ? 1 : 0);
    }
    return count;
  }

  private boolean isInMemory(Vma area, long address, long pte) {
    if (Pte.isPresent(pte)) {
      return true;
    }
    if (SwapEntry.isSwapped(mm.pages.tables().format(), pte)) {
      int cached = mm.memory().swap().peek(pte);
      return cached >= 0 && mm.memory().memMap().isPageUptodate(cached);
    }
    AddressSpace mapping = area.mapping;
    if (mapping == null) {
      return false;
    }
    long index = area.pageIndex(address);
    Shmem shmem = mapping.shmem();
    return mapping.findPage(index) >= 0 || (shmem != null && shmem.isInSwapCache(index));
  }
}
