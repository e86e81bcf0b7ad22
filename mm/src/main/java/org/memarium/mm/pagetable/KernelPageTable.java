package org.memarium.mm.pagetable;

import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PhysicalMemoryMap;

/**
 * {@code init_mm.pgd}: the kernel's half of every address space.
 *
 * <p>It maps low memory at {@code PAGE_OFFSET} (the direct map), supervisor only, writable, global,
 * not executable where the format can say so: with large pages (4 or 2 MiB) where address and size
 * allow, and 4 KiB pages at the edges and for the first 4 or 2 MiB, which hold the holes of a PC
 * (Linux {@code arch/x86/mm/init.c}, {@code split_mem_range}). Its tables are taken from {@link
 * Memblock}, before there is a page allocator.
 *
 * <p>A process's top table has copies of these entries. On PAE the single entry for 3 to 4 GiB
 * points to one table that all share.
 */
public final class KernelPageTable {
  /** {@code _KERNPG_TABLE}. */
  static final long KERNPG_TABLE =
      PageTableEntry.PRESENT
          | PageTableEntry.WRITABLE
          | PageTableEntry.ACCESSED
          | PageTableEntry.DIRTY;

  /** {@code PAGE_KERNEL}: for reading and writing, global, never for execution. */
  public static final long PAGE_KERNEL = KERNPG_TABLE | PageTableEntry.GLOBAL | PageTableEntry.NX;

  private static final long ISA_END = 1 << 20;
  private static final int LARGE_LEVEL = 2;
  private static final long FIXMAP_END = 1L << 32;

  private final Architecture architecture;
  private final KernelLayout layout;
  private final PageTableFormat format;
  private final Ram ram;
  private final Memblock memblock;
  private final long pgd;
  private int tablePages;
  private long directMapSmallBytes;
  private long directMapLargeBytes;

  /**
   * Builds the direct map.
   *
   * @param memblock where the tables are taken from
   * @throws IllegalArgumentException if RAM is too small
   */
  public KernelPageTable(Ram ram, Memblock memblock) {
    this.ram = ram;
    this.memblock = memblock;
    this.architecture = memblock.architecture();
    this.format = architecture.pageTableFormat();
    this.layout = KernelLayout.of(architecture, memblock.maxLowPfn());
    this.pgd = allocateTable();
    long end = (long) memblock.maxLowPfn() << Ram.PAGE_SHIFT;
    map(0, ISA_END);
    for (PhysicalMemoryMap.Range range : memblock.map().ranges()) {
      if (range.kind() == PhysicalMemoryMap.Kind.RAM) {
        map(Math.max(range.start(), ISA_END), Math.min(range.end() & -Ram.PAGE_SIZE, end));
      }
    }
    if (layout.lastPkmap() > 0) {
      makeTables(layout.pkmapBase(), layout.lastPkmap());
      long fixmapPages = (FIXMAP_END - layout.fixmapStart()) >>> Ram.PAGE_SHIFT;
      makeTables(layout.fixmapStart(), fixmapPages);
    }
  }

  /** {@code page_table_range_init}: kmap must never have to allocate a table. */
  private void makeTables(long linearAddress, long pages) {
    for (long page = 0; page < pages; page += format.entries(1)) {
      entryFor(linearAddress + (page << Ram.PAGE_SHIFT), 1);
    }
  }

  /** The shape of the tables. */
  public PageTableFormat format() {
    return format;
  }

  /** The architecture. */
  public Architecture architecture() {
    return architecture;
  }

  /** Where the kernel's areas lie. */
  public KernelLayout layout() {
    return layout;
  }

  /** Physical address of {@code swapper_pg_dir}, for CR3 while no process runs. */
  public long pgd() {
    return pgd;
  }

  /** Pages of tables, the top one included. */
  public int tablePages() {
    return tablePages;
  }

  /** {@code DirectMap4k} of {@code /proc/meminfo}, in bytes. */
  public long directMapSmallBytes() {
    return directMapSmallBytes;
  }

  /** {@code DirectMap4M} or {@code DirectMap2M} of {@code /proc/meminfo}, in bytes. */
  public long directMapLargeBytes() {
    return directMapLargeBytes;
  }

  /** Index of the first entry of the top table that belongs to the kernel. */
  int firstKernelIndex() {
    return format.index(format.levels(), architecture.kernelStart());
  }

  /**
   * Whether a process's top table may lack this entry of the kernel's: with two levels, one that
   * {@link KernelMapper} made since the process began, until a kernel page fault copies it.
   */
  boolean isCopiedLate(int index) {
    long size = 1L << format.shift(2);
    long start = index * size;
    return format.levels() == 2
        && start + size > layout.vmallocStart()
        && start < layout.vmallocEnd();
  }

  /** Copies the kernel's entries into a process's new top table. */
  void copyKernelEntries(long processPgd) {
    int top = format.levels();
    int first = firstKernelIndex();
    long offset = (long) first * format.entryBytes();
    long bytes = (long) (format.entries(top) - first) * format.entryBytes();
    ram.copy(pgd + offset, processPgd + offset, bytes);
  }

  private void map(long startPhysical, long endPhysical) {
    long large = 1L << format.shift(LARGE_LEVEL);
    long physical = startPhysical;
    while (physical < endPhysical) {
      boolean fits = physical >= large && physical % large == 0 && endPhysical - physical >= large;
      int level = fits ? LARGE_LEVEL : 1;
      long entryAddress = entryFor(architecture.pageOffset() + physical, level);
      format.write(ram, entryAddress, physical | PAGE_KERNEL | (fits ? PageTableEntry.LARGE : 0));
      if (fits) {
        directMapLargeBytes += large;
        physical += large;
      } else {
        directMapSmallBytes += Ram.PAGE_SIZE;
        physical += Ram.PAGE_SIZE;
      }
    }
  }

  /** Physical address of the entry of {@code level} for an address; makes the tables above it. */
  private long entryFor(long linearAddress, int level) {
    long table = pgd;
    for (int at = format.levels(); at > level; at--) {
      long entryAddress = format.entryAddress(table, at, linearAddress);
      long entry = format.read(ram, entryAddress);
      if (entry == 0) {
        entry = allocateTable() | tableBits(format, at, KERNPG_TABLE);
        format.write(ram, entryAddress, entry);
      }
      table = format.address(at, entry, false);
    }
    return format.entryAddress(table, level, linearAddress);
  }

  private long allocateTable() {
    tablePages++;
    return (long) memblock.allocate("kernel page table", 1, 1) << Ram.PAGE_SHIFT;
  }

  /** The bits of an entry that points to a table: the top of PAE has none but P. */
  static long tableBits(PageTableFormat format, int level, long bits) {
    return format.hasPermissions(level) ? bits : PageTableEntry.PRESENT;
  }
}
