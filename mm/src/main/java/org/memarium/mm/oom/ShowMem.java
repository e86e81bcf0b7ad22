package org.memarium.mm.oom;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.MigrateType;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.frame.ZoneWatermarks;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code show_mem}: where all memory is, for the kernel's log (Linux 6.1 {@code lib/show_mem.c},
 * {@code mm/page_alloc.c} {@code show_free_areas}).
 *
 * <p>Every figure comes from the counter that {@code /proc} reads too; what the machine does not
 * have (huge pages, bounce buffers, a contiguous memory allocator) is 0.
 */
public final class ShowMem {
  /** Letters of {@link MigrateType}, by number. */
  private static final char[] TYPE_LETTERS = {'U', 'M', 'E', 'H', 'I'};

  private static final int KIBIBYTES_SHIFT = Ram.PAGE_SHIFT - 10;

  private final PageAllocator allocator;
  private final List<String> lines = new ArrayList<>();

  private ShowMem(PageAllocator allocator) {
    this.allocator = allocator;
  }

  /**
   * The lines.
   *
   * @param gfpFlags of the allocation that failed: zones above those that it may use are left out
   * @param swapPages how many swap areas have
   * @param freeSwapPages of them that are free
   */
  public static List<String> lines(
      PageAllocator allocator, int gfpFlags, long swapPages, long freeSwapPages) {
    ShowMem report = new ShowMem(allocator);
    report.add("Mem-Info:");
    report.node();
    List<Zone> zones = new ArrayList<>();
    int highest = allocator.highestZone(gfpFlags);
    for (Zone zone : allocator.zones()) {
      if (zone.isPopulated() && zone.index() <= highest) {
        zones.add(zone);
      }
    }
    zones.forEach(report::zone);
    zones.forEach(report::freeArea);
    report.rest(swapPages, freeSwapPages);
    report.ram();
    return report.lines;
  }

  @SuppressWarnings("AnnotateFormatMethod") // there are no annotations of Error Prone here
  private void add(String format, Object... values) {
    lines.add(String.format(Locale.ROOT, format, values));
  }

  private long pages(VmStatItem item) {
    return allocator.vmStat().get(item);
  }

  private long kibibytes(VmStatItem item) {
    return pages(item) << KIBIBYTES_SHIFT;
  }

  // ---- The node ----

  private void node() {
    add(
        "active_anon:%d inactive_anon:%d isolated_anon:%d",
        pages(VmStatItem.NR_ACTIVE_ANON),
        pages(VmStatItem.NR_INACTIVE_ANON),
        pages(VmStatItem.NR_ISOLATED_ANON));
    add(
        " active_file:%d inactive_file:%d isolated_file:%d",
        pages(VmStatItem.NR_ACTIVE_FILE),
        pages(VmStatItem.NR_INACTIVE_FILE),
        pages(VmStatItem.NR_ISOLATED_FILE));
    add(
        " unevictable:%d dirty:%d writeback:%d",
        pages(VmStatItem.NR_UNEVICTABLE),
        pages(VmStatItem.NR_DIRTY),
        pages(VmStatItem.NR_WRITEBACK));
    add(
        " slab_reclaimable:%d slab_unreclaimable:%d",
        pages(VmStatItem.NR_SLAB_RECLAIMABLE), pages(VmStatItem.NR_SLAB_UNRECLAIMABLE));
    add(
        " mapped:%d shmem:%d pagetables:%d",
        pages(VmStatItem.NR_MAPPED),
        pages(VmStatItem.NR_SHMEM),
        pages(VmStatItem.NR_PAGE_TABLE_PAGES));
    add(" sec_pagetables:%d bounce:%d", pages(VmStatItem.NR_SEC_PAGE_TABLE_PAGES), 0);
    add(" kernel_misc_reclaimable:%d", pages(VmStatItem.NR_KERNEL_MISC_RECLAIMABLE));
    add(" free:%d free_pcp:%d free_cma:0", allocator.node().freePages(), perCpuPages());
    add(
        "Node 0 active_anon:%dkB inactive_anon:%dkB active_file:%dkB inactive_file:%dkB"
            + " unevictable:%dkB isolated(anon):%dkB isolated(file):%dkB mapped:%dkB dirty:%dkB"
            + " writeback:%dkB shmem:%dkB shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: 0kB"
            + " writeback_tmp:0kB kernel_stack:%dkB pagetables:%dkB sec_pagetables:0kB"
            + " all_unreclaimable? no",
        kibibytes(VmStatItem.NR_ACTIVE_ANON),
        kibibytes(VmStatItem.NR_INACTIVE_ANON),
        kibibytes(VmStatItem.NR_ACTIVE_FILE),
        kibibytes(VmStatItem.NR_INACTIVE_FILE),
        kibibytes(VmStatItem.NR_UNEVICTABLE),
        kibibytes(VmStatItem.NR_ISOLATED_ANON),
        kibibytes(VmStatItem.NR_ISOLATED_FILE),
        kibibytes(VmStatItem.NR_MAPPED),
        kibibytes(VmStatItem.NR_DIRTY),
        kibibytes(VmStatItem.NR_WRITEBACK),
        kibibytes(VmStatItem.NR_SHMEM),
        pages(VmStatItem.NR_KERNEL_STACK),
        kibibytes(VmStatItem.NR_PAGE_TABLE_PAGES));
  }

  private long perCpuPages() {
    return allocator.node().freeFrames() - allocator.node().freePages();
  }

  // ---- Zones ----

  private static long kibibytes(long pages) {
    return pages << KIBIBYTES_SHIFT;
  }

  private static long kibibytes(Zone zone, VmStatItem item) {
    return kibibytes(zone.stat().get(item));
  }

  private void zone(Zone zone) {
    ZoneWatermarks marks = zone.watermarks();
    add(
        "%s free:%dkB boost:%dkB min:%dkB low:%dkB high:%dkB reserved_highatomic:%dKB"
            + " active_anon:%dkB inactive_anon:%dkB active_file:%dkB inactive_file:%dkB"
            + " unevictable:%dkB writepending:%dkB present:%dkB managed:%dkB mlocked:%dkB"
            + " bounce:0kB free_pcp:%dkB local_pcp:%dkB free_cma:0kB",
        zone.name(),
        kibibytes(zone.freePages()),
        kibibytes(marks.boost()),
        kibibytes(marks.pages(AllocFlags.WMARK_MIN)),
        kibibytes(marks.pages(AllocFlags.WMARK_LOW)),
        kibibytes(marks.pages(AllocFlags.WMARK_HIGH)),
        kibibytes(marks.reservedHighAtomic()),
        kibibytes(zone, VmStatItem.NR_ZONE_ACTIVE_ANON),
        kibibytes(zone, VmStatItem.NR_ZONE_INACTIVE_ANON),
        kibibytes(zone, VmStatItem.NR_ZONE_ACTIVE_FILE),
        kibibytes(zone, VmStatItem.NR_ZONE_INACTIVE_FILE),
        kibibytes(zone, VmStatItem.NR_ZONE_UNEVICTABLE),
        kibibytes(zone, VmStatItem.NR_ZONE_WRITE_PENDING),
        kibibytes(zone.presentPages()),
        kibibytes(zone.managedPages()),
        kibibytes(zone, VmStatItem.NR_MLOCK),
        kibibytes(zone.perCpuPages().count()),
        kibibytes(zone.perCpuPages().count()));
    StringBuilder reserve = new StringBuilder("lowmem_reserve[]:");
    for (Zone from : allocator.zones()) {
      reserve.append(' ').append(marks.lowmemReserve(from.index()));
    }
    lines.add(reserve.toString());
  }

  /** How many blocks of each order are free, and of which migrate types. */
  private void freeArea(Zone zone) {
    StringBuilder line = new StringBuilder(zone.name()).append(": ");
    long total = 0;
    for (int order = 0; order <= allocator.maxOrder(); order++) {
      int blocks = zone.freeArea().nrFree(order);
      total += (long) blocks << order;
      line.append(blocks).append('*').append(kibibytes(1L << order)).append("kB ");
      if (blocks > 0) {
        line.append('(').append(types(zone, order)).append(") ");
      }
    }
    lines.add(line.append("= ").append(kibibytes(total)).append("kB").toString());
  }

  private static String types(Zone zone, int order) {
    StringBuilder letters = new StringBuilder();
    for (int type = 0; type < MigrateType.TYPES; type++) {
      if (zone.freeArea().nrFree(order, type) > 0) {
        letters.append(TYPE_LETTERS[type]);
      }
    }
    return letters.toString();
  }

  // ---- Everything else ----

  private void rest(long swapPages, long freeSwapPages) {
    boolean twoLevels = allocator.architecture().pageTableFormat() == PageTableFormat.TWO_LEVEL;
    add(
        "Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=%dkB",
        twoLevels ? 4096 : 2048);
    add("%d total pagecache pages", pages(VmStatItem.NR_FILE_PAGES));
    add("%d pages in swap cache", pages(VmStatItem.NR_SWAPCACHED));
    add("Free swap  = %dkB", kibibytes(freeSwapPages));
    add("Total swap = %dkB", kibibytes(swapPages));
  }

  private void ram() {
    long present = 0;
    long managed = 0;
    long high = 0;
    for (Zone zone : allocator.zones()) {
      present += zone.presentPages();
      managed += zone.managedPages();
      high += zone.type() == ZoneType.HIGHMEM ? zone.presentPages() : 0;
    }
    add("%d pages RAM", present);
    add("%d pages HighMem/MovableOnly", high);
    add("%d pages reserved", present - managed);
    add("0 pages hwpoisoned");
  }
}
