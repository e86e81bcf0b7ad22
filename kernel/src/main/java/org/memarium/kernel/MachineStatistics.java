package org.memarium.kernel;

import org.memarium.hardware.Ram;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.swap.Swap;

/** What sysinfo tells, from the zones. */
final class MachineStatistics implements Kernel.MemoryStatistics {
  private final PageAllocator allocator;
  private final Swap swap;

  MachineStatistics(PageAllocator allocator, Swap swap) {
    this.allocator = allocator;
    this.swap = swap;
  }

  @Override
  public long totalRamBytes() {
    return bytes(allocator.node().totalRamPages());
  }

  @Override
  public long freeRamBytes() {
    return bytes(allocator.node().freePages());
  }

  @Override
  public long totalSwapBytes() {
    return bytes(swap.totalPages());
  }

  @Override
  public long freeSwapBytes() {
    return bytes(swap.freePages());
  }

  @Override
  public long totalHighBytes() {
    long pages = 0;
    for (Zone zone : allocator.zones()) {
      pages += zone.type() == ZoneType.HIGHMEM ? zone.managedPages() : 0;
    }
    return bytes(pages);
  }

  @Override
  public long freeHighBytes() {
    long pages = 0;
    for (Zone zone : allocator.zones()) {
      pages += zone.type() == ZoneType.HIGHMEM ? zone.freePages() : 0;
    }
    return bytes(pages);
  }

  private static long bytes(long pages) {
    return pages << Ram.PAGE_SHIFT;
  }
}
