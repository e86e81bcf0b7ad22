package org.memarium.kernel;

import org.memarium.hardware.Ram;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;

/** What sysinfo tells, from the zones. */
final class MachineStatistics implements Kernel.MemoryStatistics {
  private final PageAllocator allocator;

  MachineStatistics(PageAllocator allocator) {
    this.allocator = allocator;
  }

  @Override
  public long totalRamBytes() {
    return bytes(allocator.totalRamPages());
  }

  @Override
  public long freeRamBytes() {
    return bytes(allocator.freePages());
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
