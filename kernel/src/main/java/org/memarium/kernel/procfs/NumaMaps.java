package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code /proc/<pid>/numa_maps}: on which node the pages of each area are, all of them on node 0;
 * Linux {@code fs/proc/task_mmu.c}, {@code show_numa_map}.
 */
final class NumaMaps {

  private final MemMap memMap;
  private final PteCursor cursor;
  private final StringBuilder out = new StringBuilder();

  // ---- struct numa_maps: of one area, in pages ----
  private long pages;
  private long anonymous;
  private long dirty;
  private long active;
  private int mapcountMax;

  private NumaMaps(MmStruct mm, MemMap memMap) {
    this.memMap = memMap;
    this.cursor = mm.pages().tables().cursor();
  }

  static String of(@Nullable MmStruct mm, MemMap memMap) {
    if (mm == null) {
      return "";
    }
    NumaMaps maps = new NumaMaps(mm, memMap);
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      maps.line(mm, area);
    }
    return maps.out.toString();
  }

  private void line(MmStruct mm, Vma area) {
    Text.hex(out, area.start(), 8);
    out.append(" default");
    MappedFile file = area.file();
    boolean special = file != null && file.isSpecialMapping();
    if (file != null && !special) {
      out.append(" file=").append(escaped(file.path()));
    } else if (mm.heap().isHeap(area)) {
      out.append(" heap");
    } else if (mm.stack().isStack(area)) {
      out.append(" stack");
    }
    if (area.has(VmFlags.HUGETLB)) {
      out.append(" huge");
    }
    gather(area);
    // Pages of the kernel's own image are reserved on Linux, and not counted.
    if (pages > 0 && !special) {
      figures();
    }
    out.append('\n');
  }

  private void figures() {
    some(" anon=", anonymous);
    some(" dirty=", dirty);
    some(" mapped=", pages != anonymous && pages != dirty ? pages : 0);
    some(" mapmax=", mapcountMax > 1 ? mapcountMax : 0);
    if (active < pages) {
      out.append(" active=").append(active);
    }
    some(" N0=", pages);
    out.append(" kernelpagesize_kB=4");
  }

  private void some(String name, long value) {
    if (value > 0) {
      out.append(name).append(value);
    }
  }

  /** {@code gather_pte_stats}. */
  private void gather(Vma area) {
    pages = 0;
    anonymous = 0;
    dirty = 0;
    active = 0;
    mapcountMax = 0;
    cursor.reset(area.start(), area.end());
    while (cursor.next()) {
      long pte = cursor.pte();
      if (Pte.isPresent(pte) && !Pte.isSpecial(pte)) {
        account(pte);
      }
    }
  }

  private void account(long pte) {
    int pfn = Pte.pfn(pte);
    int flags = memMap.flags(pfn);
    pages++;
    dirty += Pte.isDirty(pte) || (flags & PageFlags.DIRTY) != 0 ? 1 : 0;
    active += (flags & (PageFlags.ACTIVE | PageFlags.UNEVICTABLE)) != 0 ? 1 : 0;
    anonymous += (flags & PageFlags.ANON) != 0 ? 1 : 0;
    mapcountMax = Math.max(mapcountMax, memMap.pageMapcount(pfn));
  }

  /** {@code seq_path} with what would end a field: newline, tab, equals sign and blank. */
  private static String escaped(String path) {
    return path.replace("\n", "\\012")
        .replace("\t", "\\011")
        .replace("=", "\\075")
        .replace(" ", "\\040");
  }
}
