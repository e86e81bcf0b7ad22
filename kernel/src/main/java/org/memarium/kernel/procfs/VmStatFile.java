package org.memarium.kernel.procfs;

import java.util.EnumSet;
import java.util.Set;
import org.memarium.mm.Architecture;
import org.memarium.mm.ZoneType;
import org.memarium.mm.file.DirtyLimits;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code /proc/vmstat}: a line for each counter; Linux {@code mm/vmstat.c}, {@code vmstat_show}.
 */
final class VmStatFile {

  private final PageAllocator allocator;
  private final DirtyLimits limits;
  private final long dirtyable;

  private VmStatFile(MemoryManager memory) {
    allocator = memory.allocator();
    limits = memory.pageCache().dirtyLimits();
    dirtyable = limits.dirtyablePages(allocator);
  }

  static String of(MemoryManager memory) {
    return new VmStatFile(memory).write();
  }

  private String write() {
    StringBuilder out = new StringBuilder();
    Set<VmStatItem> foreign = eventsOfOtherZones(allocator.architecture());
    for (VmStatItem item : VmStatItem.values()) {
      if (!foreign.contains(item)) {
        out.append(item.vmstatName()).append(' ').append(value(item)).append('\n');
      }
    }
    // Linux no longer has this counter, but prints it for those who look for it.
    return out.append("nr_unstable 0\n").toString();
  }

  private long value(VmStatItem item) {
    return switch (item) {
      case NR_FREE_PAGES -> allocator.node().freePages();
      case NR_DIRTY_THRESHOLD -> limits.thresholdPages(dirtyable);
      case NR_DIRTY_BACKGROUND_THRESHOLD -> limits.backgroundThresholdPages(dirtyable);
      default -> allocator.vmStat().get(item);
    };
  }

  /** The events of zones that the machine's architecture does not have. */
  private static Set<VmStatItem> eventsOfOtherZones(Architecture architecture) {
    Set<VmStatItem> items = EnumSet.noneOf(VmStatItem.class);
    for (ZoneType type : ZoneType.values()) {
      if (architecture.zones().stream().noneMatch(limit -> limit.type() == type)) {
        items.add(type.pgalloc());
        items.add(type.allocstall());
        items.add(type.pgskip());
      }
    }
    return items;
  }
}
