package org.memarium.mm.vmalloc;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.KernelLayout;

/**
 * One line of {@code /proc/vmallocinfo} (Linux 6.1 {@code mm/vmalloc.c}, {@code s_show}).
 *
 * @param kind whose it is
 * @param start its first linear address
 * @param bytes its size, the guard page included
 * @param caller who asked for it; null if that is not known
 * @param pages {@code nr_pages}: how many pages were allocated for it; 0 for none
 * @param physicalAddress of what {@code ioremap} mapped; 0 otherwise
 * @param flags as in {@link VmStruct}
 * @param vpages whether the array of its pages is itself in the area for vmalloc
 */
public record VmallocInfo(
    Kind kind,
    long start,
    long bytes,
    @Nullable String caller,
    int pages,
    long physicalAddress,
    int flags,
    boolean vpages) {
  /** What a line is about. */
  public enum Kind {
    /** A {@code vm_struct}: vmalloc, vmap, ioremap, a per-CPU area. */
    AREA,
    /** {@code vm_map_ram}: an area without a {@code vm_struct}. */
    VM_MAP_RAM,
    /** Freed, and waiting for the flush of the TLB: {@code unpurged vm_area}. */
    UNPURGED
  }

  /** The first linear address after it. */
  public long end() {
    return start + bytes;
  }

  /** Whether a flag of {@link VmStruct} is set. */
  public boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** All areas, and then what is freed and not purged, if there is an area at all. */
  static List<VmallocInfo> of(VmapSpace space, KernelLayout layout) {
    VmapAreas areas = space.areas;
    List<VmallocInfo> lines = new ArrayList<>();
    for (int at = space.busy().first(); at != VmapAreas.NONE; at = areas.next[at]) {
      VmStruct vm = areas.vm[at];
      lines.add(
          vm == null
              ? plain(Kind.VM_MAP_RAM, areas.start[at], areas.size(at))
              : new VmallocInfo(
                  Kind.AREA,
                  vm.address,
                  vm.bytes,
                  vm.caller,
                  vm.pageCount,
                  vm.physicalAddress,
                  vm.flags,
                  layout.isVmallocAddress(vm.pages)));
    }
    VmapTree unpurged = space.unpurged();
    for (int at = unpurged.first(); !lines.isEmpty() && at != VmapAreas.NONE; at = areas.next[at]) {
      lines.add(plain(Kind.UNPURGED, areas.start[at], areas.size(at)));
    }
    return lines;
  }

  private static VmallocInfo plain(Kind kind, long start, long bytes) {
    return new VmallocInfo(kind, start, bytes, null, 0, 0, 0, false);
  }
}
