package org.memarium.kernel.procfs;

import java.util.List;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code /proc/meminfo}; Linux {@code fs/proc/meminfo.c}.
 *
 * <p>Every figure comes from the counter that everything else reads; what the machine does not have
 * (swap, buffers, slabs) is 0.
 */
final class MemInfo {

  private final StringBuilder out = new StringBuilder();
  private final SystemView system;
  private final MemoryManager memory;
  private final PageAllocator allocator;

  private MemInfo(SystemView system) {
    this.system = system;
    this.memory = system.memory();
    this.allocator = memory.allocator();
  }

  static String of(SystemView system) {
    MemInfo info = new MemInfo(system);
    info.write();
    return info.out.toString();
  }

  private void write() {
    long total = allocator.totalRamPages();
    long free = allocator.freePages();
    long cached = count(VmStatItem.NR_FILE_PAGES);
    long shmem = count(VmStatItem.NR_SHMEM);
    pages("MemTotal", total);
    pages("MemFree", free);
    // No page is kept back and nothing is swapped out: what can be had is what is free and the
    // page cache of files.
    pages("MemAvailable", free + cached - shmem);
    pages("Buffers", 0);
    pages("Cached", cached);
    pages("SwapCached", 0);
    lruLists();
    pages("Mlocked", count(VmStatItem.NR_MLOCK));
    if (system.wordBytes() == 4) {
      highMemory(total, free);
    }
    for (String swap : List.of("SwapTotal", "SwapFree", "Zswap", "Zswapped")) {
      pages(swap, 0);
    }
    pages("Dirty", count(VmStatItem.NR_DIRTY));
    pages("Writeback", 0);
    pages("AnonPages", count(VmStatItem.NR_ANON_PAGES));
    pages("Mapped", count(VmStatItem.NR_MAPPED));
    pages("Shmem", shmem);
    for (String slab :
        List.of("KReclaimable", "Slab", "SReclaimable", "SUnreclaim", "KernelStack")) {
      pages(slab, 0);
    }
    pages("PageTables", count(VmStatItem.NR_PAGE_TABLE_PAGES));
    for (String other : List.of("SecPageTables", "NFS_Unstable", "Bounce", "WritebackTmp")) {
      pages(other, 0);
    }
    pages("CommitLimit", memory.committedMemory().limitPages());
    pages("Committed_AS", memory.committedMemory().pages());
    for (String other :
        List.of(
            "VmallocTotal",
            "VmallocUsed",
            "VmallocChunk",
            "Percpu",
            "HardwareCorrupted",
            "AnonHugePages",
            "ShmemHugePages",
            "ShmemPmdMapped",
            "FileHugePages",
            "FilePmdMapped")) {
      pages(other, 0);
    }
    hugePages();
  }

  private long count(VmStatItem item) {
    return allocator.vmStat().get(item);
  }

  private void lruLists() {
    long activeAnon = count(VmStatItem.NR_ACTIVE_ANON);
    long inactiveAnon = count(VmStatItem.NR_INACTIVE_ANON);
    long activeFile = count(VmStatItem.NR_ACTIVE_FILE);
    long inactiveFile = count(VmStatItem.NR_INACTIVE_FILE);
    pages("Active", activeAnon + activeFile);
    pages("Inactive", inactiveAnon + inactiveFile);
    pages("Active(anon)", activeAnon);
    pages("Inactive(anon)", inactiveAnon);
    pages("Active(file)", activeFile);
    pages("Inactive(file)", inactiveFile);
    pages("Unevictable", count(VmStatItem.NR_UNEVICTABLE));
  }

  private void highMemory(long total, long free) {
    long highTotal = 0;
    long highFree = 0;
    for (Zone zone : allocator.zones()) {
      if (zone.type() == ZoneType.HIGHMEM) {
        highTotal += zone.managedPages();
        highFree += zone.freePages();
      }
    }
    pages("HighTotal", highTotal);
    pages("HighFree", highFree);
    pages("LowTotal", total - highTotal);
    pages("LowFree", free - highFree);
  }

  private void hugePages() {
    for (String name : List.of("Total", "Free", "Rsvd", "Surp")) {
      out.append("%-19s".formatted("HugePages_" + name + ":"));
      Text.right(out, 0, 5);
      out.append('\n');
    }
    PageTableFormat format = memory.kernelPageTable().format();
    String large = format == PageTableFormat.TWO_LEVEL ? "4M" : "2M";
    kibibytes("Hugepagesize", format == PageTableFormat.TWO_LEVEL ? 4096 : 2048);
    kibibytes("Hugetlb", 0);
    kibibytes("DirectMap4k", memory.kernelPageTable().directMapSmallBytes() >> 10);
    kibibytes("DirectMap" + large, memory.kernelPageTable().directMapLargeBytes() >> 10);
  }

  private void pages(String name, long pages) {
    kibibytes(name, pages << Ram.PAGE_SHIFT >> 10);
  }

  /** Name and colon fill 16 columns, the number 8. */
  private void kibibytes(String name, long value) {
    Text.kibibytes(out, "%-16s".formatted(name + ":"), value, Math.min(8, 23 - name.length()));
  }
}
