package org.memarium.kernel.procfs;

import org.memarium.mm.frame.FreeArea;
import org.memarium.mm.frame.MigrateType;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;

/**
 * {@code /proc/pagetypeinfo}: free blocks by migrate type, and of which type the pageblocks are;
 * Linux {@code mm/vmstat.c}.
 */
final class PageTypeInfo {

  /** Linux counts a list no further. */
  private static final int MAX_COUNT = 100_000;

  private PageTypeInfo() {}

  static String of(PageAllocator allocator) {
    StringBuilder out = new StringBuilder();
    int order = allocator.zones().getFirst().pageblocks().order();
    out.append("Page block order: %d\nPages per block:  %d\n\n".formatted(order, 1 << order));
    out.append("%-43s ".formatted("Free pages count per migrate type at order"));
    for (int at = 0; at <= allocator.maxOrder(); at++) {
      out.append("%6d ".formatted(at));
    }
    out.append('\n');
    for (Zone zone : allocator.zones()) {
      if (zone.isPopulated()) {
        freeBlocks(out, zone);
      }
    }
    out.append("\n%-23s".formatted("Number of blocks type "));
    for (int type = 0; type < MigrateType.TYPES; type++) {
      out.append("%12s ".formatted(MigrateType.name(type)));
    }
    out.append('\n');
    for (Zone zone : allocator.zones()) {
      if (zone.isPopulated()) {
        pageblocks(out, zone);
      }
    }
    return out.toString();
  }

  /** {@code pagetypeinfo_showfree_print}. */
  private static void freeBlocks(StringBuilder out, Zone zone) {
    FreeArea area = zone.freeArea();
    for (int type = 0; type < MigrateType.TYPES; type++) {
      out.append("Node %4d, zone %8s, ".formatted(0, zone.name()));
      out.append("type %12s ".formatted(MigrateType.name(type)));
      for (int order = 0; order <= area.maxOrder(); order++) {
        int blocks = area.nrFree(order, type);
        out.append(blocks >= MAX_COUNT ? ">" : "");
        Text.right(out, Math.min(blocks, MAX_COUNT), 6);
        out.append(' ');
      }
      out.append('\n');
    }
  }

  /** {@code pagetypeinfo_showblockcount_print}. */
  private static void pageblocks(StringBuilder out, Zone zone) {
    int[] counts = new int[MigrateType.TYPES];
    for (int pfn = zone.startPfn(); pfn < zone.endPfn(); pfn += zone.pageblocks().pages()) {
      counts[zone.pageblocks().type(pfn)]++;
    }
    out.append("Node %d, zone %8s ".formatted(0, zone.name()));
    for (int count : counts) {
      Text.right(out, count, 12);
      out.append(' ');
    }
    out.append('\n');
  }
}
