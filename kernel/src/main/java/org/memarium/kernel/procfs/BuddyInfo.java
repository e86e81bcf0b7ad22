package org.memarium.kernel.procfs;

import java.util.Locale;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.VmStatItem;

/** {@code /proc/buddyinfo} and {@code /proc/vmstat}; Linux {@code mm/vmstat.c}. */
final class BuddyInfo {

  private BuddyInfo() {}

  /** For each zone, how many blocks of each order are free. */
  static String of(PageAllocator allocator) {
    StringBuilder out = new StringBuilder();
    for (Zone zone : allocator.zones()) {
      if (zone.presentPages() == 0) {
        continue;
      }
      out.append("Node 0, zone %8s ".formatted(zone.name()));
      for (int order = 0; order <= allocator.maxOrder(); order++) {
        Text.right(out, zone.freeArea().nrFree(order), 6);
        out.append(' ');
      }
      out.append('\n');
    }
    return out.toString();
  }

  /** The counters that are kept, a line each. */
  static String vmstat(PageAllocator allocator) {
    StringBuilder out = new StringBuilder();
    out.append("nr_free_pages ").append(allocator.freePages()).append('\n');
    for (VmStatItem item : VmStatItem.values()) {
      out.append(item.name().toLowerCase(Locale.ROOT)).append(' ');
      out.append(allocator.vmStat().get(item)).append('\n');
    }
    return out.toString();
  }
}
