package org.memarium.kernel.procfs;

import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PerCpuPages;
import org.memarium.mm.frame.Watermarks;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.frame.ZoneWatermarks;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code /proc/zoneinfo}: all that is counted of each zone, those without a page too; Linux {@code
 * mm/vmstat.c}, {@code zoneinfo_show_print}.
 */
final class ZoneInfo {

  private final StringBuilder out = new StringBuilder();
  private final PageAllocator allocator;

  private ZoneInfo(PageAllocator allocator) {
    this.allocator = allocator;
  }

  static String of(PageAllocator allocator) {
    ZoneInfo info = new ZoneInfo(allocator);
    boolean first = true;
    for (Zone zone : allocator.zones()) {
      info.out.append("Node 0, zone %8s\n".formatted(zone.name()));
      if (first && zone.isPopulated()) {
        info.nodeStats();
        first = false;
      }
      info.pages(zone);
      if (zone.isPopulated()) {
        info.zoneStats(zone);
      }
    }
    return info.out.toString();
  }

  /** The node's counters stand with its first zone that has pages. */
  private void nodeStats() {
    out.append("  per-node stats\n");
    for (VmStatItem item : VmStatItem.values()) {
      if (item.kind() == VmStatItem.Kind.NODE) {
        counter(item, allocator.vmStat().get(item));
      }
    }
  }

  private void counter(VmStatItem item, long value) {
    out.append("      %-12s %d\n".formatted(item.vmstatName(), value));
  }

  private void pages(Zone zone) {
    ZoneWatermarks marks = zone.watermarks();
    out.append("  pages free     %d\n".formatted(zone.freePages()));
    figure("boost", marks.boost());
    figure("min", marks.pages(AllocFlags.WMARK_MIN));
    figure("low", marks.pages(AllocFlags.WMARK_LOW));
    figure("high", marks.pages(AllocFlags.WMARK_HIGH));
    figure("spanned", zone.spannedPages());
    figure("present", zone.presentPages());
    figure("managed", zone.managedPages());
    figure("cma", 0);
    out.append("        protection: (");
    for (Zone from : allocator.zones()) {
      out.append(from.index() == 0 ? "" : ", ").append(marks.lowmemReserve(from.index()));
    }
    out.append(")\n");
  }

  private void figure(String name, long value) {
    out.append("        %-8s %d\n".formatted(name, value));
  }

  private void zoneStats(Zone zone) {
    for (VmStatItem item : VmStatItem.values()) {
      if (item.kind() == VmStatItem.Kind.ZONE) {
        boolean free = item == VmStatItem.NR_FREE_PAGES;
        counter(item, free ? zone.freePages() : zone.stat().get(item));
      }
    }
    PerCpuPages pageset = zone.perCpuPages();
    out.append("  pagesets\n    cpu: 0\n");
    out.append("              count: %d\n".formatted(pageset.count()));
    out.append("              high:  %d\n".formatted(pageset.high()));
    out.append("              batch: %d\n".formatted(pageset.batch()));
    out.append("  vm stats threshold: %d\n".formatted(Watermarks.statThreshold(zone)));
    out.append("  node_unreclaimable:  0\n");
    out.append("  start_pfn:           %d\n".formatted(zone.startPfn()));
  }
}
