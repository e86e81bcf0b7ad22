package org.memarium.mm.pagetable;

import java.util.Arrays;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/**
 * Changes {@code init_mm}'s page table after boot: the areas for vmalloc, kmap and ioremap (Linux
 * 6.1 {@code mm/vmalloc.c}, {@code vmap_pages_range} and {@code vunmap_range}; {@code
 * arch/x86/mm/tlb.c}, {@code flush_tlb_kernel_range}).
 *
 * <p>Tables come from the page allocator and stay for ever once something was mapped with them, as
 * on Linux; so what a process's top table copied never becomes wrong. On x86_64 the tables below
 * the top entries of the area exist from boot ({@code preallocate_vmalloc_pages}), with PAE the
 * kernel's one entry is shared; with two levels processes get a new entry when a kernel access
 * faults ({@code vmalloc_fault}).
 */
public final class KernelMapper {
  /** {@code tlb_single_page_flush_ceiling}: for more pages than this all are flushed. */
  private static final int FLUSH_CEILING_PAGES = 33;

  /** {@code GFP_PGTABLE_KERNEL}. */
  private static final int GFP_PGTABLE_KERNEL = Gfp.GFP_KERNEL | Gfp.ZERO;

  private final KernelPageTable kernel;
  private final PageAllocator allocator;
  private final Mmu mmu;
  private final Ram ram;
  private final MemMap memMap;
  private final PageTableFormat format;
  private final KernelLayout layout;
  private final int top;
  private final int entryBytes;

  /** By level: how many tables of it were made here. */
  private final int[] tables;

  /** Entries that the current {@link #populate} made, to undo them; grows and is kept. */
  private long[] made = new long[8];

  private int madeCount;

  /**
   * The mapper of a machine.
   *
   * @throws IllegalArgumentException if RAM is too small for the tables that must be there
   */
  public KernelMapper(KernelPageTable kernel, PageAllocator allocator, Mmu mmu) {
    this.kernel = kernel;
    this.allocator = allocator;
    this.mmu = mmu;
    this.ram = allocator.ram();
    this.memMap = allocator.memMap();
    this.format = kernel.format();
    this.layout = kernel.layout();
    this.top = format.levels();
    this.entryBytes = format.entryBytes();
    this.tables = new int[top];
    preallocate();
  }

  /** {@code preallocate_vmalloc_pages}. */
  private void preallocate() {
    long size = 1L << format.shift(top);
    if (top < 4) {
      return;
    }
    for (long at = layout.vmallocStart(); at < layout.vmallocEnd(); at += size) {
      long entryAddress = format.entryAddress(kernel.pgd(), top, at);
      if (addTable(entryAddress, top, at) < 0) {
        throw new IllegalArgumentException("RAM is too little for the page tables of vmalloc");
      }
    }
  }

  /** The kernel's areas. */
  public KernelLayout layout() {
    return layout;
  }

  /** The machine's page allocator. */
  public PageAllocator allocator() {
    return allocator;
  }

  /** The MMU. */
  public Mmu mmu() {
    return mmu;
  }

  // ---- One entry ----

  /** The physical address of the PTE for an address; -1 if there is no table for it. */
  public long pteAddress(long linearAddress) {
    return Pte.addressOf(ram, format, kernel.pgd(), linearAddress);
  }

  /** The PTE for an address; 0 if there is none. */
  public long pte(long linearAddress) {
    long address = pteAddress(linearAddress);
    return address < 0 ? 0 : format.read(ram, address);
  }

  /** Writes the PTE for an address that has a table. */
  public void setPte(long linearAddress, long pte) {
    long address = pteAddress(linearAddress);
    if (address < 0) {
      throw new IllegalStateException("no page table for 0x%x".formatted(linearAddress));
    }
    format.write(ram, address, pte);
  }

  /** {@code slow_virt_to_phys}, for what is mapped with 4 KiB pages; -1 if it is not mapped. */
  public long physicalAddress(long linearAddress) {
    long pte = pte(linearAddress);
    return Pte.isPresent(pte)
        ? format.address(1, pte, true) | (linearAddress & (Ram.PAGE_SIZE - 1))
        : -1;
  }

  /** The entry that maps a frame with a protection, as this machine's tables hold it. */
  public long entry(long physicalAddress, long protection) {
    long entry = physicalAddress | protection;
    return entryBytes == Integer.BYTES ? entry & 0xffff_ffffL : entry;
  }

  /** A cursor over {@code init_mm}. */
  public PteCursor cursor() {
    return new PteCursor(kernel.pgd(), ram, format);
  }

  // ---- Ranges ----

  /**
   * Makes the tables that a range needs.
   *
   * @return false if there is no memory; then none was made
   */
  public boolean populate(long start, long end) {
    long tableBytes = 1L << format.shift(2);
    madeCount = 0;
    for (long at = start & -tableBytes; at < end; at += tableBytes) {
      if (pteAddress(at) < 0 && !populateOne(at)) {
        while (madeCount > 0) {
          madeCount -= 2;
          removeTable(made[madeCount], (int) made[madeCount + 1]);
        }
        return false;
      }
    }
    return true;
  }

  private boolean populateOne(long linearAddress) {
    long table = kernel.pgd();
    for (int level = top; level > 1; level--) {
      long entryAddress = format.entryAddress(table, level, linearAddress);
      long entry = format.read(ram, entryAddress);
      if (entry == 0) {
        table = addTable(entryAddress, level, linearAddress);
        if (table < 0) {
          return false;
        }
        if (madeCount == made.length) {
          made = Arrays.copyOf(made, 2 * madeCount);
        }
        made[madeCount++] = entryAddress;
        made[madeCount++] = level;
      } else {
        table = format.address(level, entry, false);
      }
    }
    return true;
  }

  /**
   * {@code vmap_pages_range}: maps frames one after the other; the range has been {@linkplain
   * #populate populated}. No flush is needed, as there was nothing.
   *
   * @param pfns the frames, from index {@code from}
   * @throws IllegalStateException if something is mapped there already
   */
  public void map(long start, int[] pfns, int from, int count, long protection) {
    int done = 0;
    while (done < count) {
      long at = start + ((long) done << Ram.PAGE_SHIFT);
      int inTable = Math.min(count - done, format.entries(1) - format.index(1, at));
      long entryAddress = tableEntry(at);
      for (int i = 0; i < inTable; i++) {
        setNew(entryAddress + (long) i * entryBytes, Pte.of(pfns[from + done + i], protection));
      }
      done += inTable;
    }
  }

  /** {@code ioremap_page_range}: maps physical addresses that follow each other. */
  public void mapPhysical(long start, long physicalAddress, long pages, long protection) {
    for (long page = 0; page < pages; page++) {
      long offset = page << Ram.PAGE_SHIFT;
      setNew(tableEntry(start + offset), physicalAddress + offset | protection);
    }
  }

  private long tableEntry(long linearAddress) {
    long entryAddress = pteAddress(linearAddress);
    if (entryAddress < 0) {
      throw new IllegalStateException("no page table for 0x%x".formatted(linearAddress));
    }
    return entryAddress;
  }

  private void setNew(long entryAddress, long pte) {
    if (format.read(ram, entryAddress) != 0) {
      throw new IllegalStateException(
          "a kernel page-table entry at 0x%x is 0x%x and should be free"
              .formatted(entryAddress, format.read(ram, entryAddress)));
    }
    format.write(ram, entryAddress, pte);
  }

  /** {@code vunmap_range_noflush}: clears the entries of a range, whether there are any or not. */
  public void unmap(long start, long end) {
    long at = start;
    while (at < end) {
      long entryAddress = pteAddress(at);
      long tableBytes = 1L << format.shift(2);
      long next = Math.min(end, (at & -tableBytes) + tableBytes);
      if (entryAddress >= 0) {
        ram.fill(entryAddress, ((next - at) >>> Ram.PAGE_SHIFT) * entryBytes, (byte) 0);
      }
      at = next;
    }
  }

  /** {@code flush_tlb_kernel_range}: drops what the TLB has of a range, global as it is. */
  public void flush(long start, long end) {
    long pages = (end - start) >>> Ram.PAGE_SHIFT;
    if (pages > FLUSH_CEILING_PAGES) {
      mmu.flushAll();
    } else {
      for (long at = start; at < end; at += Ram.PAGE_SIZE) {
        mmu.invlpg(at);
      }
    }
    if (allocator.trace().isOn()) {
      long told = pages > FLUSH_CEILING_PAGES ? -1 : pages;
      allocator.trace().emit(new TraceEvent.TlbFlush("kernel range", told));
    }
  }

  // ---- Tables ----

  private long addTable(long entryAddress, int level, long linearAddress) {
    int pfn = allocator.allocPages(GFP_PGTABLE_KERNEL, 0);
    if (pfn < 0) {
      return -1;
    }
    memMap.setFlags(pfn, PageFlags.TABLE);
    tables[level - 1]++;
    count(level - 1, 1);
    if (allocator.trace().isOn()) {
      allocator.trace().emit(new TraceEvent.PageTableAlloc(pfn, level - 1, linearAddress));
    }
    long table = (long) pfn << Ram.PAGE_SHIFT;
    long bits = KernelPageTable.tableBits(format, level, KernelPageTable.KERNPG_TABLE);
    format.write(ram, entryAddress, table | bits);
    return table;
  }

  private void removeTable(long entryAddress, int level) {
    int pfn = Pte.pfn(format.read(ram, entryAddress));
    format.write(ram, entryAddress, 0);
    tables[level - 1]--;
    count(level - 1, -1);
    memMap.clearFlags(pfn, PageFlags.TABLE);
    allocator.freePages(pfn, 0);
  }

  /** Of the kernel's tables only those that hold PMDs are counted ({@code pmd_alloc_one}). */
  private static boolean isAccounted(int tableLevel) {
    return tableLevel == 2;
  }

  private void count(int tableLevel, int delta) {
    if (isAccounted(tableLevel)) {
      allocator.vmStat().add(VmStatItem.NR_PAGE_TABLE_PAGES, delta);
    }
  }

  /** Pages of tables that were made here. */
  public int tablePages() {
    int pages = 0;
    for (int number : tables) {
      pages += number;
    }
    return pages;
  }

  // ---- Audit ----

  /** Claims the tables that were made here and recounts them. */
  public void audit(Audit audit) {
    int[] recount = new int[top];
    auditTable(audit, kernel.pgd(), top, recount);
    for (int level = 1; level < top; level++) {
      audit.expectEqual("kernel page tables of level " + level, tables[level], recount[level]);
    }
  }

  private void auditTable(Audit audit, long table, int level, int[] recount) {
    int first = level == top ? kernel.firstKernelIndex() : 0;
    for (int i = first; level > 1 && i < format.entries(level); i++) {
      long entry = format.read(ram, table + (long) i * entryBytes);
      if ((entry & (PageTableEntry.PRESENT | PageTableEntry.LARGE)) != PageTableEntry.PRESENT) {
        continue;
      }
      int pfn = Pte.pfn(entry);
      if (memMap.testFlags(pfn, PageFlags.TABLE)) {
        Audit.Use use = isAccounted(level - 1) ? Audit.Use.PAGE_TABLE : Audit.Use.OTHER;
        audit.claim(pfn, 1, "page table of the kernel", use);
        audit.expectReference(pfn);
        recount[level - 1]++;
      } else if (!memMap.isPageReserved(pfn)) {
        audit.difference("a table of the kernel is in " + memMap.describe(pfn));
      }
      auditTable(audit, (long) pfn << Ram.PAGE_SHIFT, level - 1, recount);
    }
  }
}
