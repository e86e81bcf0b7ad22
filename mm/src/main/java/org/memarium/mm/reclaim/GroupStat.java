package org.memarium.mm.reclaim;

import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code memory.stat}: what a group's memory is (Linux 6.1 {@code mm/memcontrol.c}, {@code
 * memory_stat_format}).
 *
 * <p>Levels are counted anew each time, over all frames: so charging costs nothing for them. Events
 * are counted by the group's {@link Lruvec}.
 */
public final class GroupStat {
  private static final VmStatItem[] REFAULTS = {
    VmStatItem.WORKINGSET_REFAULT_ANON,
    VmStatItem.WORKINGSET_REFAULT_FILE,
    VmStatItem.WORKINGSET_ACTIVATE_ANON,
    VmStatItem.WORKINGSET_ACTIVATE_FILE,
    VmStatItem.WORKINGSET_RESTORE_ANON,
    VmStatItem.WORKINGSET_RESTORE_FILE,
    VmStatItem.WORKINGSET_NODERECLAIM
  };

  private static final VmStatItem[] EVENTS = {
    VmStatItem.PGSCAN_KSWAPD,
    VmStatItem.PGSCAN_DIRECT,
    VmStatItem.PGSTEAL_KSWAPD,
    VmStatItem.PGSTEAL_DIRECT,
    VmStatItem.PGFAULT,
    VmStatItem.PGMAJFAULT,
    VmStatItem.PGREFILL,
    VmStatItem.PGACTIVATE,
    VmStatItem.PGDEACTIVATE,
    VmStatItem.PGLAZYFREE,
    VmStatItem.PGLAZYFREED
  };

  private final MemCgroup group;
  private final Lruvec lruvec;
  private final List<String> lines = new ArrayList<>();

  // ---- Pages ----
  private long anon;
  private long file;
  private long shmem;
  private long mapped;
  private long dirty;
  private long writeback;
  private long swapCached;
  private long pageTables;

  private GroupStat(MemoryManager memory, MemCgroup group) {
    this.group = group;
    this.lruvec = group.lruvec();
    MemMap memMap = memory.memMap();
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      if (memory.allocator().groups().groupOf(pfn) == group.number()) {
        count(memMap, pfn);
      }
    }
  }

  /** What a group has now. */
  public static GroupStat of(MemoryManager memory, MemCgroup group) {
    return new GroupStat(memory, group);
  }

  private void count(MemMap memMap, int pfn) {
    int flags = memMap.flags(pfn);
    boolean isMapped = memMap.pageMapcount(pfn) > 0;
    if ((flags & PageFlags.SWAP_CACHE) != 0) {
      swapCached++;
    }
    if ((flags & PageFlags.WRITEBACK) != 0) {
      writeback++;
    }
    if ((flags & PageFlags.TABLE) != 0) {
      pageTables++;
    } else if ((flags & PageFlags.ANON) != 0) {
      anon += isMapped ? 1 : 0;
    } else if (memMap.mapping(pfn) != 0) {
      file++;
      shmem += (flags & PageFlags.SWAP_BACKED) != 0 ? 1 : 0;
      mapped += isMapped ? 1 : 0;
      dirty += (flags & (PageFlags.DIRTY | PageFlags.SWAP_BACKED)) == PageFlags.DIRTY ? 1 : 0;
    }
  }

  // ---- Printing ----

  private void bytes(String name, long value) {
    lines.add(name + " " + value);
  }

  private void pages(String name, long pages) {
    bytes(name, pages << Ram.PAGE_SHIFT);
  }

  /** The lines of the file. */
  public List<String> lines() {
    pages("anon", anon);
    pages("file", file);
    pages("kernel", group.kernelPages());
    pages("kernel_stack", group.stackPages());
    pages("pagetables", pageTables);
    zeroes("sec_pagetables", "percpu", "sock", "vmalloc");
    pages("shmem", shmem);
    zeroes("zswap", "zswapped");
    pages("file_mapped", mapped);
    pages("file_dirty", dirty);
    pages("file_writeback", writeback);
    pages("swapcached", swapCached);
    zeroes("anon_thp", "file_thp", "shmem_thp");
    pages("inactive_anon", lruvec.size(LruList.INACTIVE_ANON));
    pages("active_anon", lruvec.size(LruList.ACTIVE_ANON));
    pages("inactive_file", lruvec.size(LruList.INACTIVE_FILE));
    pages("active_file", lruvec.size(LruList.ACTIVE_FILE));
    pages("unevictable", lruvec.size(LruList.UNEVICTABLE));
    bytes("slab_reclaimable", group.reclaimableObjectBytes());
    bytes("slab_unreclaimable", group.objectBytes() - group.reclaimableObjectBytes());
    bytes("slab", group.objectBytes());
    for (VmStatItem item : REFAULTS) {
      bytes(item.vmstatName(), lruvec.stat(item));
    }
    bytes("pgscan", lruvec.stat(VmStatItem.PGSCAN_KSWAPD) + lruvec.stat(VmStatItem.PGSCAN_DIRECT));
    bytes(
        "pgsteal", lruvec.stat(VmStatItem.PGSTEAL_KSWAPD) + lruvec.stat(VmStatItem.PGSTEAL_DIRECT));
    for (VmStatItem item : EVENTS) {
      bytes(item.vmstatName(), lruvec.stat(item));
    }
    zeroes("zswpin", "zswpout", "thp_fault_alloc", "thp_collapse_alloc");
    return lines;
  }

  /** What the machine does not have. */
  private void zeroes(String... names) {
    for (String name : names) {
      bytes(name, 0);
    }
  }
}
