package org.memarium.kernel.procfs;

import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;

/** {@code /proc/buddyinfo}; Linux {@code mm/vmstat.c}. */
final class BuddyInfo {

  private BuddyInfo() {}

  /** For each zone, how many blocks of each order are free. */
  static String of(PageAllocator allocator) {
    StringBuilder out = new StringBuilder();
    for (Zone zone : allocator.zones()) {
      if (!zone.isPopulated()) {
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
}
