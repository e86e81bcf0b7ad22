package org.memarium.kernel.procfs;

import java.util.EnumMap;
import java.util.Map;
import org.memarium.mm.Audit;
import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.VmStatItem;

/**
 * The figures that {@code /proc/meminfo} is made of, in pages, from one of two sources: the
 * counters, as Linux has it, or an audit's recount of every frame. Both must print the same file.
 */
final class MemFigures {

  private static final int KIBIBYTES_PER_PAGE = 4;

  long total;
  long free;
  long highTotal;
  long highFree;
  long cached;
  long swapCached;
  private final Map<LruList, Long> lru = new EnumMap<>(LruList.class);
  long mlocked;
  long dirty;
  long writeback;
  long anon;
  long mapped;
  long shmem;
  long slabReclaimable;
  long slabUnreclaimable;
  long kernelStack;
  long pageTables;
  long committed;
  long vmallocUsed;

  private MemFigures() {}

  /** Pages on one of the LRU lists. */
  long on(LruList list) {
    return lru.getOrDefault(list, 0L);
  }

  /** What the counters say. */
  static MemFigures ofCounters(SystemView system) {
    MemoryManager memory = system.memory();
    PageAllocator allocator = memory.allocator();
    MemFigures figures = new MemFigures();
    for (Zone zone : allocator.zones()) {
      figures.zone(zone, zone.managedPages(), zone.freePages());
    }
    for (LruList list : LruList.values()) {
      figures.lru.put(list, memory.vmStat().get(list.nodeItem()));
    }
    figures.swapCached = memory.vmStat().get(VmStatItem.NR_SWAPCACHED);
    figures.cached = memory.vmStat().get(VmStatItem.NR_FILE_PAGES) - figures.swapCached;
    figures.mlocked = memory.vmStat().get(VmStatItem.NR_MLOCK);
    figures.dirty = memory.vmStat().get(VmStatItem.NR_DIRTY);
    figures.writeback = memory.vmStat().get(VmStatItem.NR_WRITEBACK);
    figures.anon = memory.vmStat().get(VmStatItem.NR_ANON_PAGES);
    figures.mapped = memory.vmStat().get(VmStatItem.NR_MAPPED);
    figures.shmem = memory.vmStat().get(VmStatItem.NR_SHMEM);
    figures.slabReclaimable = memory.vmStat().get(VmStatItem.NR_SLAB_RECLAIMABLE);
    figures.slabUnreclaimable = memory.vmStat().get(VmStatItem.NR_SLAB_UNRECLAIMABLE);
    figures.kernelStack = memory.vmStat().get(VmStatItem.NR_KERNEL_STACK) / KIBIBYTES_PER_PAGE;
    figures.pageTables = memory.vmStat().get(VmStatItem.NR_PAGE_TABLE_PAGES);
    figures.committed = memory.committedMemory().pages();
    figures.vmallocUsed = system.vmalloc().usedPages();
    return figures;
  }

  /**
   * What a recount says.
   *
   * @param audit in which every room has claimed its frames
   */
  static MemFigures ofAudit(Audit audit, SystemView system) {
    MemoryManager memory = system.memory();
    PageAllocator allocator = memory.allocator();
    MemFigures figures = new MemFigures();
    for (int pfn = 0; pfn < audit.frames(); pfn++) {
      if (audit.isClaimed(pfn)) {
        Audit.Use use = audit.use(pfn);
        figures.zone(allocator.zoneOf(pfn), 1, use == Audit.Use.FREE ? 1 : 0);
        figures.frame(use, audit.expectedMappings(pfn) > 0, memory.memMap(), pfn);
        if (memory.memMap().testFlags(pfn, PageFlags.LRU)) {
          figures.lru.merge(allocator.lru().listOf(pfn), 1L, Long::sum);
        }
      }
    }
    figures.committed = memory.recountCommitted();
    return figures;
  }

  private void zone(Zone zone, long pages, long freePages) {
    boolean high = zone.type() == ZoneType.HIGHMEM;
    total += pages;
    free += freePages;
    highTotal += high ? pages : 0;
    highFree += high ? freePages : 0;
  }

  private void frame(Audit.Use use, boolean isMapped, MemMap memMap, int pfn) {
    switch (use) {
      case FILE -> {
        cached++;
        mapped += isMapped ? 1 : 0;
        dirty += memMap.isPageDirty(pfn) ? 1 : 0;
      }
      case SHMEM -> {
        cached++;
        shmem++;
        mapped += isMapped ? 1 : 0;
      }
      case ANON -> anon += isMapped ? 1 : 0;
      case SLAB_RECLAIMABLE -> slabReclaimable++;
      case SLAB_UNRECLAIMABLE -> slabUnreclaimable++;
      case KERNEL_STACK -> kernelStack++;
      case PAGE_TABLE -> pageTables++;
      case VMALLOC -> vmallocUsed++;
      case FREE, FREE_PER_CPU, OTHER -> {}
    }
    swapCached += memMap.testFlags(pfn, PageFlags.SWAP_CACHE) ? 1 : 0;
    writeback += memMap.testFlags(pfn, PageFlags.WRITEBACK) ? 1 : 0;
    mlocked += memMap.testFlags(pfn, PageFlags.MLOCKED) ? 1 : 0;
  }
}
