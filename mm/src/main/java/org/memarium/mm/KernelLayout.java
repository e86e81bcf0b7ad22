package org.memarium.mm;

import org.memarium.hardware.Ram;

/**
 * Where one machine's kernel has its areas above the direct map (Linux 6.1 {@code
 * arch/x86/include/asm/pgtable_32_areas.h}, {@code pgtable_64_types.h}).
 *
 * <pre>
 *   i386        two levels     PAE
 *  high_memory  +---------------------------------------------------+
 *               | nothing, 8 MiB: a stray access past RAM faults    |
 *  VMALLOC_START+---------------------------------------------------+
 *               | vmalloc, vmap, ioremap: at least 120 MiB          |
 *  VMALLOC_END   0xfebfe000    0xff1fe000 --------------------------+
 *               | nothing, 2 pages                                  |
 *  PKMAP_BASE    0xfec00000    0xff200000 --------------------------+
 *               | kmap: one page table, 1,024 or 512 pages          |
 *               +---------------------------------------------------+
 *               | LDT remap, CPU entry area: not used here          |
 *  fixmap        0xff800000    0xff800000 --------------------------+
 *               | fixed mappings, counted down from FIXADDR_TOP:    |
 *               | kmap_local_page has number 68 and following       |
 *  FIXADDR_TOP   0xfffff000    0xfffff000 --------------------------+
 *
 *   x86_64
 *  PAGE_OFFSET   0xffff888000000000 --------------------------------+
 *               | direct map, 64 TiB                                |
 *               +---------------------------------------------------+
 *               | nothing, 1 TiB                                    |
 *  VMALLOC_START 0xffffc90000000000 --------------------------------+
 *               | vmalloc, vmap, ioremap: 32 TiB                    |
 *  VMALLOC_END   0xffffe90000000000 --------------------------------+
 * </pre>
 *
 * <p>The direct map ends with low memory, so on i386 the area for vmalloc is larger where there is
 * less RAM.
 *
 * @param highMemory {@code high_memory}: the end of the direct map
 * @param vmallocStart {@code VMALLOC_START}
 * @param vmallocEnd the first address behind the area
 * @param vmallocTotalBytes {@code VMALLOC_TOTAL}: on x86_64 one byte less than the area has
 * @param pkmapBase {@code PKMAP_BASE}
 * @param lastPkmap {@code LAST_PKMAP}: pages for kmap; 0 where all memory is in the direct map
 * @param fixmapStart where the page tables of the fixed mappings begin
 * @param fixKmapBase address of the first mapping of {@code kmap_local_page}; the next lies below
 * @param kmapSlots {@code KM_MAX_IDX}: how many of those there are; 0 without high memory
 */
public record KernelLayout(
    long highMemory,
    long vmallocStart,
    long vmallocEnd,
    long vmallocTotalBytes,
    long pkmapBase,
    int lastPkmap,
    long fixmapStart,
    long fixKmapBase,
    int kmapSlots) {
  private static final long VMALLOC_OFFSET = 8L << 20;

  /**
   * The areas of a machine.
   *
   * @param maxLowPfn {@code max_low_pfn}: the first frame behind low memory
   */
  public static KernelLayout of(Architecture architecture, int maxLowPfn) {
    long highMemory = architecture.pageOffset() + ((long) maxLowPfn << Ram.PAGE_SHIFT);
    Architecture.KernelAreas areas = architecture.kernelAreas();
    boolean floating = areas.vmallocStart() == 0;
    long start = floating ? highMemory + VMALLOC_OFFSET : areas.vmallocStart();
    long bytes = areas.vmallocEnd() - start;
    return new KernelLayout(
        highMemory,
        start,
        areas.vmallocEnd(),
        floating ? bytes : bytes - 1,
        areas.pkmapBase(),
        areas.lastPkmap(),
        areas.fixmapStart(),
        areas.fixKmapBase(),
        areas.kmapSlots());
  }

  /** {@code is_vmalloc_addr}. */
  public boolean isVmallocAddress(long linearAddress) {
    return linearAddress >= vmallocStart && linearAddress < vmallocEnd;
  }

  /** The linear address of a slot of {@code kmap_local_page}. */
  public long fixKmapAddress(int slot) {
    return fixKmapBase - ((long) slot << Ram.PAGE_SHIFT);
  }
}
