package org.memarium.kernel.procfs;

import java.util.List;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.swap.Zswap;

/**
 * {@code /proc/meminfo}; Linux {@code fs/proc/meminfo.c}.
 *
 * <p>Every figure comes from the counter that everything else reads; what the machine does not have
 * (buffers, huge pages) is 0.
 */
public final class MemInfo {

  private final StringBuilder out = new StringBuilder();
  private final SystemView system;
  private final MemoryManager memory;
  private final MemFigures figures;

  private MemInfo(SystemView system, MemFigures figures) {
    this.system = system;
    this.memory = system.memory();
    this.figures = figures;
  }

  /** The file, from the counters. */
  static String of(SystemView system) {
    return new MemInfo(system, MemFigures.ofCounters(system)).write();
  }

  /** The file, from the recount of an audit in which every room has claimed its frames. */
  public static String recounted(Audit audit, SystemView system) {
    return new MemInfo(system, MemFigures.ofAudit(audit, system)).write();
  }

  /** Reports each line of the file that does not follow from an audit's recount. */
  public static void audit(Audit audit, SystemView system) {
    List<String> counted = of(system).lines().toList();
    List<String> recounted = recounted(audit, system).lines().toList();
    for (int line = 0; line < counted.size(); line++) {
      if (!counted.get(line).equals(recounted.get(line))) {
        audit.difference(
            "meminfo says '%s', and a recount gives '%s'"
                .formatted(counted.get(line), recounted.get(line)));
      }
    }
  }

  private String write() {
    pages("MemTotal", figures.total);
    pages("MemFree", figures.free);
    long fileLru = figures.on(LruList.ACTIVE_FILE) + figures.on(LruList.INACTIVE_FILE);
    pages(
        "MemAvailable",
        AvailableMemory.pages(memory.allocator(), figures.free, fileLru, figures.slabReclaimable));
    pages("Buffers", 0);
    pages("Cached", figures.cached);
    pages("SwapCached", figures.swapCached);
    lruLists();
    pages("Mlocked", figures.mlocked);
    if (system.wordBytes() == 4) {
      pages("HighTotal", figures.highTotal);
      pages("HighFree", figures.highFree);
      pages("LowTotal", figures.total - figures.highTotal);
      pages("LowFree", figures.free - figures.highFree);
    }
    pages("SwapTotal", memory.swap().totalPages());
    pages("SwapFree", memory.swap().freePages());
    Zswap zswap = memory.swap().zswap();
    pages("Zswap", zswap == null ? 0 : zswap.poolPages());
    pages("Zswapped", zswap == null ? 0 : zswap.storedPages());
    pages("Dirty", figures.dirty);
    pages("Writeback", figures.writeback);
    pages("AnonPages", figures.anon);
    pages("Mapped", figures.mapped);
    pages("Shmem", figures.shmem);
    kernel();
    zeroes("SecPageTables", "NFS_Unstable", "Bounce", "WritebackTmp");
    pages("CommitLimit", memory.committedMemory().limitPages(figures.total));
    pages("Committed_AS", figures.committed);
    kibibytes("VmallocTotal", system.vmalloc().totalBytes() >> 10);
    pages("VmallocUsed", figures.vmallocUsed);
    zeroes("VmallocChunk");
    pages("Percpu", memory.allocator().memblock().kernelImage().percpuPages());
    zeroes("HardwareCorrupted", "AnonHugePages", "ShmemHugePages");
    zeroes("ShmemPmdMapped", "FileHugePages", "FilePmdMapped");
    hugePages();
    return out.toString();
  }

  private void lruLists() {
    long activeAnon = figures.on(LruList.ACTIVE_ANON);
    long inactiveAnon = figures.on(LruList.INACTIVE_ANON);
    long activeFile = figures.on(LruList.ACTIVE_FILE);
    long inactiveFile = figures.on(LruList.INACTIVE_FILE);
    pages("Active", activeAnon + activeFile);
    pages("Inactive", inactiveAnon + inactiveFile);
    pages("Active(anon)", activeAnon);
    pages("Inactive(anon)", inactiveAnon);
    pages("Active(file)", activeFile);
    pages("Inactive(file)", inactiveFile);
    pages("Unevictable", figures.on(LruList.UNEVICTABLE));
  }

  private void kernel() {
    pages("KReclaimable", figures.slabReclaimable);
    pages("Slab", figures.slabReclaimable + figures.slabUnreclaimable);
    pages("SReclaimable", figures.slabReclaimable);
    pages("SUnreclaim", figures.slabUnreclaimable);
    pages("KernelStack", figures.kernelStack);
    pages("PageTables", figures.pageTables);
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

  /** Lines of what the machine does not have. */
  private void zeroes(String... names) {
    for (String name : names) {
      kibibytes(name, 0);
    }
  }

  private void pages(String name, long pages) {
    kibibytes(name, pages << Ram.PAGE_SHIFT >> 10);
  }

  /** Name and colon fill 16 columns, the number 8. */
  private void kibibytes(String name, long value) {
    Text.kibibytes(out, "%-16s".formatted(name + ":"), value, Math.min(8, 23 - name.length()));
  }
}
