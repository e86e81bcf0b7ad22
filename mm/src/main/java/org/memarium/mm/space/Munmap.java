package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** {@code munmap} and what every unmapping shares with it (Linux {@code mm/vma.c}). */
final class Munmap {
  private final MmStruct mm;
  private final VmaTree tree;

  Munmap(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** {@code do_vmi_munmap}. */
  long munmap(long address, long bytes) {
    long taskSize = mm.layout().taskSize();
    if ((address & (Ram.PAGE_SIZE - 1)) != 0
        || Long.compareUnsigned(address, taskSize) > 0
        || Long.compareUnsigned(bytes, taskSize - address) > 0
        || bytes == 0) {
      return -Errno.EINVAL;
    }
    long end = address + MmStruct.pageAlign(bytes);
    return mayUnmap(address, end) && unmapRange(address, end) ? 0 : -Errno.ENOMEM;
  }

  /**
   * Whether [start, end) can be unmapped: not if it is in the midst of one area, so that there
   * would be one more, and there are as many as may be already.
   */
  boolean mayUnmap(long start, long end) {
    Vma first = tree.findIntersection(start, end);
    return first == null
        || start <= first.start
        || end >= first.end
        || tree.size() < mm.maxMapCount();
  }

  /**
   * {@code do_vmi_align_munmap}: removes areas, pages and page tables in [start, end).
   *
   * @return false if there is no memory to split an area at one of the ends; nothing is unmapped
   *     then, though an area may be two, as on Linux
   */
  boolean unmapRange(long start, long end) {
    Vma area = tree.findIntersection(start, end);
    if (area == null) {
      return true;
    }
    if (area.start < start) {
      area = mm.merge.splitUnlimited(area, start);
      if (area == null) {
        return false;
      }
    }
    Vma last = tree.find(end - 1);
    if (last != null
        && last.start < end
        && last.end > end
        && mm.merge.splitUnlimited(last, end) == null) {
      return false;
    }
    mm.noteHiwater();
    Vma below = area.previous;
    while (area != null && area.start < end) {
      Vma next = area.next;
      mm.pages.unmap(area, area.start, area.end);
      mm.accounting.add(area.flags, -area.pages());
      mm.accounting.addLocked(area.flags, -area.pages());
      if ((area.flags & VmFlags.ACCOUNT) != 0) {
        mm.memory().committedMemory().uncommit(area.pages());
      }
      mm.discard(area);
      area = next;
    }
    freePageTables(below, area, start, end);
    mm.pages.finishUnmap();
    return true;
  }

  /** {@code free_pgtables}: frees the tables that no neighbour needs; ceiling 0 is no limit. */
  private void freePageTables(@Nullable Vma below, @Nullable Vma above, long start, long end) {
    long floor = below == null ? 0 : below.end;
    long ceiling = above == null ? 0 : above.start;
    mm.pages.freeTables(start, end, floor, ceiling);
  }
}
