package org.memarium.mm.pagetable;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/**
 * The page tables of one process, {@code mm->pgd} and what hangs below it.
 *
 * <p>Each table is a zeroed frame from the {@link PageAllocator}. The kernel's entries of the top
 * table are copied from {@link KernelPageTable}. Levels are numbered as in {@link PageTableFormat}:
 * 1 is the table that holds PTEs.
 *
 * <p>An entry is known by its physical address, so that the fault path looks it up once, and reads
 * and writes it there. Nothing here knows of TLBs: whoever weakens an entry also flushes.
 *
 * <p>With PAE the tables below the three user entries of the top table exist from the beginning, as
 * Linux makes them ({@code preallocate_pmds}): a processor reads those entries only when CR3 is
 * loaded.
 */
public final class PageTables {
  /** {@code _PAGE_TABLE}: what restricts an access stands in the PTE alone. */
  private static final long PAGE_TABLE =
      PageTableEntry.PRESENT
          | PageTableEntry.WRITABLE
          | PageTableEntry.USER
          | PageTableEntry.ACCESSED
          | PageTableEntry.DIRTY;

  private final KernelPageTable kernel;
  private final PageAllocator allocator;
  private final PageTableFormat format;
  private final Ram ram;
  private final MemMap memMap;
  private final int top;
  private final long pgd;

  /** By level, below the top: how many tables there are. */
  private final int[] tables;

  private boolean freed;

  private PageTables(KernelPageTable kernel, PageAllocator allocator, int pgdPfn) {
    this.kernel = kernel;
    this.allocator = allocator;
    this.format = kernel.format();
    this.ram = allocator.ram();
    this.memMap = allocator.memMap();
    this.top = format.levels();
    this.pgd = (long) pgdPfn << Ram.PAGE_SHIFT;
    this.tables = new int[top];
  }

  /**
   * {@code pgd_alloc}: the tables of a new process, with nothing in the user's part.
   *
   * @return null if there is no memory
   */
  public static @Nullable PageTables allocate(KernelPageTable kernel, PageAllocator allocator) {
    int pfn = allocator.allocPages(Gfp.GFP_PGTABLE_USER, 0);
    if (pfn < 0) {
      return null;
    }
    allocator.memMap().setFlags(pfn, PageFlags.TABLE);
    PageTables made = new PageTables(kernel, allocator, pfn);
    kernel.copyKernelEntries(made.pgd);
    if (!made.preallocate()) {
      made.free();
      return null;
    }
    return made;
  }

  /** {@code preallocate_pmds}. */
  private boolean preallocate() {
    if (format.hasPermissions(top)) {
      return true;
    }
    for (int index = 0; index < kernel.firstKernelIndex(); index++) {
      long entryAddress = pgd + (long) index * format.entryBytes();
      if (addTable(entryAddress, top, (long) index << format.shift(top)) < 0) {
        return false;
      }
    }
    return true;
  }

  /** The shape of the tables. */
  public PageTableFormat format() {
    return format;
  }

  /** Physical address of the top table, for CR3. */
  public long pgd() {
    return pgd;
  }

  // ---- One entry ----

  /**
   * The physical address of the PTE for a linear address.
   *
   * @return -1 if there is no table for it
   */
  public long pteAddress(long linearAddress) {
    return Pte.addressOf(ram, format, pgd, linearAddress);
  }

  /**
   * {@code pte_alloc_map}: as {@link #pteAddress}, but makes the tables that are missing.
   *
   * @param linearAddress of the user's part
   * @return -1 if there is no memory; tables that were made stay
   */
  public long allocPte(long linearAddress) {
    long table = allocTable(linearAddress, 1);
    return table < 0 ? -1 : format.entryAddress(table, 1, linearAddress);
  }

  /**
   * {@code pmd_alloc} and the like: the table of a level for a linear address; makes what is
   * missing down to it.
   *
   * @return its physical address, or -1 if there is no memory; tables that were made stay
   */
  public long allocTable(long linearAddress, int lowest) {
    long table = pgd;
    for (int level = top; level > lowest; level--) {
      long entryAddress = format.entryAddress(table, level, linearAddress);
      long entry = format.read(ram, entryAddress);
      if (entry == 0) {
        table = addTable(entryAddress, level, linearAddress);
        if (table < 0) {
          return -1;
        }
      } else {
        table = format.address(level, entry, false);
      }
    }
    return table;
  }

  /** The level of the lowest table that there is for a linear address; 1 is that of the PTEs. */
  public int lowestLevel(long linearAddress) {
    long table = pgd;
    int level = top;
    for (; level > 1; level--) {
      long entry = format.read(ram, format.entryAddress(table, level, linearAddress));
      if (entry == 0) {
        break;
      }
      table = format.address(level, entry, false);
    }
    return level;
  }

  /**
   * {@code move_normal_pmd}: hangs the table of PTEs for one address where that for another would
   * be; both are multiples of what such a table covers.
   *
   * @return false if there is no such table, one at the other place already, or no memory for those
   *     above it; nothing is moved then
   */
  public boolean moveTable(long from, long to) {
    long source = entryOfTable(from, false);
    if (source < 0 || format.read(ram, source) == 0) {
      return false;
    }
    long target = entryOfTable(to, true);
    if (target < 0 || format.read(ram, target) != 0) {
      return false;
    }
    format.write(ram, target, format.read(ram, source));
    format.write(ram, source, 0);
    return true;
  }

  /** The physical address of the entry that a table of PTEs hangs from; -1 if there is none. */
  private long entryOfTable(long linearAddress, boolean make) {
    long table = pgd;
    for (int level = top; level > 2; level--) {
      long entryAddress = format.entryAddress(table, level, linearAddress);
      long entry = format.read(ram, entryAddress);
      if (entry != 0) {
        table = format.address(level, entry, false);
      } else {
        table = make ? addTable(entryAddress, level, linearAddress) : -1;
      }
      if (table < 0) {
        return -1;
      }
    }
    return format.entryAddress(table, 2, linearAddress);
  }

  /** {@code ptep_get}: reads the PTE at a physical address. */
  public long readPte(long pteAddress) {
    return format.read(ram, pteAddress);
  }

  /** {@code set_pte}: writes the PTE at a physical address. */
  public void writePte(long pteAddress, long pte) {
    format.write(ram, pteAddress, pte);
  }

  /** For {@link PteBuffer}. */
  Ram ram() {
    return ram;
  }

  /** The PTE for a linear address; 0 where there is none, or no table. */
  public long pte(long linearAddress) {
    long address = pteAddress(linearAddress);
    return address < 0 ? 0 : readPte(address);
  }

  /** A cursor over the entries of these tables; one may be used for many ranges. */
  public PteCursor cursor() {
    return new PteCursor(pgd, ram, format);
  }

  /**
   * Makes a table of {@code level - 1} below an entry.
   *
   * @return its physical address, or -1 if there is no memory
   */
  private long addTable(long entryAddress, int level, long linearAddress) {
    int pfn = allocator.allocPages(Gfp.GFP_PGTABLE_USER, 0);
    if (pfn < 0) {
      return -1;
    }
    memMap.setFlags(pfn, PageFlags.TABLE);
    tables[level - 1]++;
    if (isAccounted(level - 1)) {
      allocator.vmStat().increment(VmStatItem.NR_PAGE_TABLE_PAGES);
    }
    if (allocator.trace().isOn()) {
      allocator.trace().emit(new TraceEvent.PageTableAlloc(pfn, level - 1, linearAddress));
    }
    long table = (long) pfn << Ram.PAGE_SHIFT;
    format.write(ram, entryAddress, table | KernelPageTable.tableBits(format, level, PAGE_TABLE));
    return table;
  }

  // ---- Freeing ----

  /**
   * {@code free_pgd_range}: frees the tables that only served addresses from {@code start} to
   * {@code end}, whose PTEs are all none by now. A table that also covers addresses outside goes
   * only if these lie between {@code floor} and {@code ceiling}, where the caller knows that there
   * is no area.
   *
   * @param floor end of the area before, or 0
   * @param ceiling start of the area after, or 0 for no limit
   */
  public void freeRange(long start, long end, long floor, long ceiling) {
    long first = start & -size(2);
    if (first < floor) {
      first += size(2);
    }
    long limit = ceiling & -size(2);
    if (ceiling != 0 && limit == 0) {
      return;
    }
    long last = beyond(end, limit) ? end - size(2) : end;
    if (first < last) {
      freeRange(pgd, top, first, last, floor, limit);
    }
  }

  private void freeRange(long table, int level, long start, long end, long floor, long ceiling) {
    for (long at = start; at < end; ) {
      long next = Math.min(end, (at & -size(level)) + size(level));
      long entryAddress = format.entryAddress(table, level, at);
      long entry = format.read(ram, entryAddress);
      if (entry != 0) {
        if (level > 2) {
          freeRange(format.address(level, entry, false), level - 1, at, next, floor, ceiling);
        }
        if (level == 2 || coversOnly(level, at, next, floor, ceiling)) {
          removeTable(entryAddress, entry, level, at);
        }
      }
      at = next;
    }
  }

  /** Whether all that the table below an entry covers lies between floor and ceiling. */
  private boolean coversOnly(int level, long start, long end, long floor, long ceiling) {
    if ((start & -size(level)) < floor) {
      return false;
    }
    long limit = ceiling & -size(level);
    return (ceiling == 0 || limit != 0) && !beyond(end, limit);
  }

  /** Whether an end lies beyond a ceiling, where 0 is the end of the address space. */
  private static boolean beyond(long end, long ceiling) {
    return Long.compareUnsigned(end - 1, ceiling - 1) > 0;
  }

  private long size(int level) {
    return 1L << format.shift(level);
  }

  /** {@code pte_free}: gives the table of PTEs for an address back; nothing was entered there. */
  public void freePteTable(long linearAddress) {
    long entryAddress = entryOfTable(linearAddress, false);
    removeTable(entryAddress, format.read(ram, entryAddress), 2, linearAddress);
  }

  /**
   * {@code free_pte}, of {@code mm/pt_reclaim.c}: gives back the tables of PTEs that cover nothing
   * outside of [start, end), and in which nothing is left.
   */
  public void freeEmptyTables(long start, long end) {
    long last = end & -size(2);
    for (long at = (start + size(2) - 1) & -size(2); at < last; at += size(2)) {
      if (lowestLevel(at) == 1 && isEmpty(at)) {
        freePteTable(at);
      }
    }
  }

  private boolean isEmpty(long linearAddress) {
    long table = pteAddress(linearAddress);
    for (int i = 0; i < format.entries(1); i++) {
      if (readPte(table + (long) i * format.entryBytes()) != 0) {
        return false;
      }
    }
    return true;
  }

  private void removeTable(long entryAddress, long entry, int level, long linearAddress) {
    int pfn = (int) (format.address(level, entry, false) >>> Ram.PAGE_SHIFT);
    format.write(ram, entryAddress, 0);
    tables[level - 1]--;
    if (isAccounted(level - 1)) {
      allocator.vmStat().decrement(VmStatItem.NR_PAGE_TABLE_PAGES);
    }
    if (allocator.trace().isOn()) {
      allocator.trace().emit(new TraceEvent.PageTableFree(pfn, level - 1, linearAddress));
    }
    memMap.clearFlags(pfn, PageFlags.TABLE);
    allocator.freePages(pfn, 0);
  }

  /**
   * {@code pgd_free}: frees the top table, and with PAE those that were there from the beginning.
   *
   * @throws IllegalStateException if other tables are left, or this was done before
   */
  public void free() {
    if (freed) {
      throw new IllegalStateException("page tables freed twice");
    }
    boolean preallocated = !format.hasPermissions(top);
    if (tablePages() != (preallocated ? tables[top - 1] : 0)) {
      throw new IllegalStateException(
          "non-zero pgtables_bytes on freeing mm: tables by level " + Arrays.toString(tables));
    }
    for (int index = 0; preallocated && index < kernel.firstKernelIndex(); index++) {
      long entryAddress = pgd + (long) index * format.entryBytes();
      long entry = format.read(ram, entryAddress);
      if (entry != 0) {
        removeTable(entryAddress, entry, top, (long) index << format.shift(top));
      }
    }
    int pfn = (int) (pgd >>> Ram.PAGE_SHIFT);
    memMap.clearFlags(pfn, PageFlags.TABLE);
    allocator.freePages(pfn, 0);
    freed = true;
  }

  // ---- Counts ----

  /** {@code mm_pgtables_bytes} in pages, {@code VmPTE}: all tables but the top one. */
  public int tablePages() {
    int pages = 0;
    for (int count : tables) {
      pages += count;
    }
    return pages;
  }

  /** What of them counts in {@code PageTables} of {@code /proc/meminfo}: levels 1 and 2. */
  public int accountedTablePages() {
    int pages = 0;
    for (int level = 1; level < top; level++) {
      pages += isAccounted(level) ? tables[level] : 0;
    }
    return pages;
  }

  private static boolean isAccounted(int level) {
    return level <= 2;
  }

  // ---- Audit ----

  /**
   * Claims the frames of the tables, tells the references and mappings that the PTEs make, claims
   * the anonymous frames that nobody did yet, and recounts the tables.
   *
   * @param who the process, such as {@code "pid 1"}
   */
  public void audit(Audit audit, String who) {
    int[] recount = new int[top];
    audit.claim((int) (pgd >>> Ram.PAGE_SHIFT), "pgd of " + who);
    audit.expectReference((int) (pgd >>> Ram.PAGE_SHIFT));
    auditTable(audit, who, pgd, top, recount);
    for (int level = 1; level < top; level++) {
      audit.expectEqual("tables of level " + level + " of " + who, tables[level], recount[level]);
    }
    for (int i = kernel.firstKernelIndex(); i < format.entries(top); i++) {
      long offset = (long) i * format.entryBytes();
      long mine = format.read(ram, pgd + offset) & ~PageTableEntry.ACCESSED;
      long init = format.read(ram, kernel.pgd() + offset) & ~PageTableEntry.ACCESSED;
      if (mine != init && !(mine == 0 && kernel.isCopiedLate(i))) {
        audit.difference(
            "kernel entry %d of %s is 0x%x, in init_mm 0x%x".formatted(i, who, mine, init));
      }
    }
  }

  private void auditTable(Audit audit, String who, long table, int level, int[] recount) {
    int entries = level == top ? kernel.firstKernelIndex() : format.entries(level);
    for (int i = 0; i < entries; i++) {
      long entry = format.read(ram, table + (long) i * format.entryBytes());
      if (entry == 0) {
        continue;
      }
      if (level == 1) {
        auditPte(audit, who, entry);
      } else {
        int pfn = (int) (format.address(level, entry, false) >>> Ram.PAGE_SHIFT);
        if (!memMap.testFlags(pfn, PageFlags.TABLE)) {
          audit.difference("a table of %s is in %s".formatted(who, memMap.describe(pfn)));
          continue;
        }
        Audit.Use use = isAccounted(level - 1) ? Audit.Use.PAGE_TABLE : Audit.Use.OTHER;
        audit.claim(pfn, 1, "page table of " + who, use);
        audit.expectReference(pfn);
        recount[level - 1]++;
        auditTable(audit, who, (long) pfn << Ram.PAGE_SHIFT, level - 1, recount);
      }
    }
  }

  private void auditPte(Audit audit, String who, long pte) {
    if (!Pte.isPresent(pte) || Pte.isSpecial(pte)) {
      return;
    }
    int pfn = Pte.pfn(pte);
    if (pfn >= memMap.frames()) {
      audit.difference("a PTE of %s names %s".formatted(who, memMap.describe(pfn)));
      return;
    }
    audit.expectMapping(pfn);
    audit.expectReference(pfn);
    if (memMap.isPageAnon(pfn) && !audit.isClaimed(pfn)) {
      audit.claim(pfn, 1, "anonymous page of " + who, Audit.Use.ANON);
    }
  }
}
