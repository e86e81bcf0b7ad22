package org.memarium.mm;

import java.util.List;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;

/**
 * What differs between the machines that Memarium can be: page-table format, address limits, zones.
 * No code elsewhere asks which one it runs on.
 *
 * <pre>
 *   i386    0           PAGE_OFFSET = 0xc0000000          high_memory     VMALLOC_END      4 GiB
 *          +-----------+---------------------------------+---------------+----------------+
 *          |   user    |  direct map of low memory       | 8 MiB|vmalloc | pkmap, fixmap  |
 *          +-----------+---------------------------------+---------------+----------------+
 *
 *   x86_64  0          128 TiB        0xffff800000000000     PAGE_OFFSET = 0xffff888000000000
 *          +-----------+--------------+---------------------+------------------------------+
 *          |   user    | not canonical|  guard, LDT         |  direct map of all memory ...|
 *          +-----------+--------------+---------------------+------------------------------+
 * </pre>
 *
 * @param name as options and reports spell it
 * @param pageTableFormat the shape of the page tables
 * @param taskSize {@code TASK_SIZE}: the first linear address that a program may not use
 * @param pageOffset {@code PAGE_OFFSET}: where the direct map of physical memory begins
 * @param kernelStart the first linear address whose top-level entry every process shares with
 *     {@code init_mm}
 * @param lowMemoryBytes {@code MAXMEM}: physical addresses below this may be in the direct map
 * @param zones lowest first, each up to a physical address
 * @param maxRamBytes the most RAM that can be installed
 * @param structPageBytes {@code sizeof(struct page)}: what mem_map costs for each frame; on i386
 *     nine words with CONFIG_MEMCG, and one to fill the alignment that SLUB wants
 * @param kernelAreas the kernel's areas beside the direct map
 */
public record Architecture(
    String name,
    PageTableFormat pageTableFormat,
    long taskSize,
    long pageOffset,
    long kernelStart,
    long lowMemoryBytes,
    List<ZoneLimit> zones,
    long maxRamBytes,
    int structPageBytes,
    KernelAreas kernelAreas) {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  /**
   * One zone.
   *
   * @param type which
   * @param endPhysicalAddress where it ends, exclusive; {@link Long#MAX_VALUE} for the last two, of
   *     which Movable is empty
   */
  public record ZoneLimit(ZoneType type, long endPhysicalAddress) {}

  /**
   * The kernel's areas beside the direct map; {@link KernelLayout} draws them.
   *
   * @param vmallocStart {@code VMALLOC_START}; 0 if it follows the direct map
   * @param vmallocEnd the first address behind the area for vmalloc
   * @param pkmapBase {@code PKMAP_BASE}; 0 without high memory, as all that follow
   * @param lastPkmap {@code LAST_PKMAP}
   * @param fixmapStart where the page tables of the fixed mappings begin
   * @param fixKmapBase the address of {@code FIX_KMAP_BEGIN}
   * @param kmapSlots {@code KM_MAX_IDX}
   */
  public record KernelAreas(
      long vmallocStart,
      long vmallocEnd,
      long pkmapBase,
      int lastPkmap,
      long fixmapStart,
      long fixKmapBase,
      int kmapSlots) {}

  /** {@code VMALLOC_RESERVE}: i386 leaves so much for vmalloc whatever RAM there is. */
  private static final long VMALLOC_RESERVE = 128 * MIB;

  /** {@code FIXADDR_TOP} of i386: the last page of the address space is a hole. */
  private static final long FIXADDR_TOP = 0xffff_f000L;

  /** {@code FIXADDR_TOT_START}, 1,537 pages below that, at the beginning of its page table. */
  private static final long FIXMAP_START = 0xff80_0000L;

  /** {@code FIX_KMAP_BEGIN}: before it come a hole, two consoles, the local and 64 I/O APICs. */
  private static final int FIX_KMAP_BEGIN = 68;

  private static final int KM_MAX_IDX = 16;

  /**
   * 32 bits, two levels. {@code MAXMEM} leaves 128 MiB for vmalloc below {@code VMALLOC_END}
   * (0xfebfe000 in Debian's 686 kernel): HighMem starts at pfn 224254 there.
   */
  public static final Architecture I386 =
      i386("i386", PageTableFormat.TWO_LEVEL, 0x36bf_e000L, 3584 * MIB);

  /**
   * 32 bits, three levels, up to 64 GiB of physical addresses. As {@link #I386}, but that the areas
   * above {@code VMALLOC_END} are rounded to 2 MiB.
   */
  public static final Architecture I386_PAE =
      i386("i386-pae", PageTableFormat.PAE, 0x371f_e000L, 63 * GIB);

  /** 64 bits, four levels. */
  public static final Architecture X86_64 = x86("x86_64", 0x0000_7fff_ffff_f000L);

  /** A 32-bit program on a 64-bit kernel: all but the last two pages of 4 GiB are the program's. */
  public static final Architecture COMPAT = x86("compat", 0xffff_e000L);

  /** Copies the zones. */
  public Architecture {
    zones = List.copyOf(zones);
  }

  /** The number of the zone that holds a physical address: its index in {@link #zones}. */
  public int zoneIndex(long physicalAddress) {
    int index = 0;
    while (physicalAddress >= zones.get(index).endPhysicalAddress()) {
      index++;
    }
    return index;
  }

  /**
   * How many page tables a 32-bit kernel makes for itself before it knows RAM, from address 0 to
   * its end and as far again as the tables for all of its gigabyte would take ({@code
   * arch/x86/kernel/head_32.S}, {@code MAPPING_BEYOND_END}). They stay; a 64-bit kernel has them in
   * its image.
   *
   * @param kernelEnd physical address of the end of the image
   */
  public int earlyPageTables(long kernelEnd) {
    if (pageTableFormat.levels() > 3) {
      return 0;
    }
    int entries = pageTableFormat.entries(1);
    long beyond = ((4 * GIB - pageOffset) >>> Ram.PAGE_SHIFT) / entries;
    beyond += pageTableFormat.levels() > 2 ? pageTableFormat.entries(3) : 0;
    long tableBytes = (long) entries << Ram.PAGE_SHIFT;
    return (int) ((kernelEnd + (beyond << Ram.PAGE_SHIFT) + tableBytes - 1) / tableBytes);
  }

  /**
   * {@code HUGETLB_PAGE_ORDER}: a large page has {@code 2^order} pages; pageblocks have this order.
   */
  public int hugePageOrder() {
    return pageTableFormat.shift(2) - Ram.PAGE_SHIFT;
  }

  private static Architecture i386(
      String name, PageTableFormat format, long lowMemoryBytes, long maxRamBytes) {
    return new Architecture(
        name,
        format,
        0xc000_0000L,
        0xc000_0000L,
        0xc000_0000L,
        lowMemoryBytes,
        List.of(
            new ZoneLimit(ZoneType.DMA, 16 * MIB),
            new ZoneLimit(ZoneType.NORMAL, lowMemoryBytes),
            new ZoneLimit(ZoneType.HIGHMEM, Long.MAX_VALUE),
            new ZoneLimit(ZoneType.MOVABLE, Long.MAX_VALUE)),
        maxRamBytes,
        40,
        i386Areas(format, 0xc000_0000L + lowMemoryBytes + VMALLOC_RESERVE));
  }

  /** kmap has one page table, which begins two pages behind {@code VMALLOC_END}. */
  private static KernelAreas i386Areas(PageTableFormat format, long vmallocEnd) {
    return new KernelAreas(
        0,
        vmallocEnd,
        vmallocEnd + 2 * Ram.PAGE_SIZE,
        format.entries(1),
        FIXMAP_START,
        FIXADDR_TOP - FIX_KMAP_BEGIN * (long) Ram.PAGE_SIZE,
        KM_MAX_IDX);
  }

  private static Architecture x86(String name, long taskSize) {
    return new Architecture(
        name,
        PageTableFormat.FOUR_LEVEL,
        taskSize,
        0xffff_8880_0000_0000L,
        0xffff_8000_0000_0000L,
        64L << 40,
        List.of(
            new ZoneLimit(ZoneType.DMA, 16 * MIB),
            new ZoneLimit(ZoneType.DMA32, 4 * GIB),
            new ZoneLimit(ZoneType.NORMAL, Long.MAX_VALUE),
            new ZoneLimit(ZoneType.MOVABLE, Long.MAX_VALUE)),
        1024 * GIB,
        64,
        new KernelAreas(0xffff_c900_0000_0000L, 0xffff_e900_0000_0000L, 0, 0, 0, 0, 0));
  }
}
