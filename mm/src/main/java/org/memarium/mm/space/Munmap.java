package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** {@code munmap} and what every unmapping shares with it (Linux {@code mm/vma.c}). */
final class Munmap {
  private final MmStruct mm;
  private final VmaTree tree;

  /** {@code vma_munmap_struct}: what the latest {@link #gather} found. */
  private long gatheredPages;

  private long gatheredAccounted;

  Munmap(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** {@code do_vmi_munmap}. */
  long munmap(long address, long bytes) {
    long taskSize = mm.taskSize();
    if ((address & (Ram.PAGE_SIZE - 1)) != 0
        || Long.compareUnsigned(address, taskSize) > 0
        || Long.compareUnsigned(bytes, taskSize - address) > 0
        || bytes == 0) {
      return -Errno.EINVAL;
    }
    return unmapRange(address, address + MmStruct.pageAlign(bytes));
  }

  /**
   * {@code do_vmi_align_munmap}: removes areas, pages and page tables in [start, end).
   *
   * @return 0; or what {@link #gather} says, and then nothing is unmapped
   */
  long unmapRange(long start, long end) {
    Vma first = tree.findIntersection(start, end);
    if (first == null) {
      return 0;
    }
    long error = gather(first, start, end);
    if (error == 0) {
      remove(first.start < start ? first.next : first, start, end);
    }
    return error;
  }

  /** {@code exit_mmap}: removes everything, sealed areas too. */
  void unmapAll() {
    remove(tree.first(), 0, mm.layout().taskSize());
  }

  /**
   * {@code vms_gather_munmap_vmas}: splits the areas at both ends of [start, end), and counts what
   * lies inside for {@link #gatheredPages} and {@link #gatheredAccounted}.
   *
   * @param first the lowest area that has an address of the range
   * @return 0; -ENOMEM if one area would become three and there are as many as may be already, or
   *     if there is no memory to split one; -EPERM at a sealed area. Of a failure, areas may be
   *     split, as on Linux
   */
  long gather(Vma first, long start, long end) {
    gatheredPages = 0;
    gatheredAccounted = 0;
    Vma area = first;
    if (area.start < start) {
      if (end < area.end && tree.size() >= mm.maxMapCount()) {
        return -Errno.ENOMEM;
      }
      if ((area.flags & VmFlags.SEALED) != 0) {
        return -Errno.EPERM;
      }
      Vma upper = mm.merge.splitUnlimited(area, start);
      if (upper == null) {
        return area.maySplit(start) ? -Errno.ENOMEM : -Errno.EINVAL;
      }
      area = upper;
    }
    for (; area != null && area.start < end; area = area.next) {
      if ((area.flags & VmFlags.SEALED) != 0) {
        return -Errno.EPERM;
      }
      if (area.end > end && mm.merge.splitUnlimited(area, end) == null) {
        return area.maySplit(end) ? -Errno.ENOMEM : -Errno.EINVAL;
      }
      gatheredPages += area.pages();
      gatheredAccounted += (area.flags & VmFlags.ACCOUNT) != 0 ? area.pages() : 0;
    }
    return 0;
  }

  /** {@code nr_pages}: pages of the areas that were gathered. */
  long gatheredPages() {
    return gatheredPages;
  }

  /** {@code nr_accounted}: those of them that are charged to committed memory. */
  long gatheredAccounted() {
    return gatheredAccounted;
  }

  /**
   * {@code vms_complete_munmap_vmas}: removes areas that lie wholly inside [start, end), with their
   * pages and page tables.
   *
   * @param first the lowest of them, null if there is none
   */
  void remove(@Nullable Vma first, long start, long end) {
    if (first == null) {
      return;
    }
    mm.rss().notePeak();
    Vma below = first.previous;
    Vma area = first;
    while (area != null && area.start < end) {
      Vma next = area.next;
      mm.pages.zap.unmap(area, area.start, area.end);
      mm.accounting.add(area.flags, -area.pages());
      mm.accounting.addLocked(area.flags, -area.pages());
      if ((area.flags & VmFlags.ACCOUNT) != 0) {
        mm.memory().committedMemory().uncommit(area.pages());
      }
      mm.areas.discard(area);
      area = next;
    }
    freePageTables(below, area, start, end);
    mm.pages.tlb().finish();
  }

  /** {@code free_pgtables}: frees the tables that no neighbour needs; ceiling 0 is no limit. */
  private void freePageTables(@Nullable Vma below, @Nullable Vma above, long start, long end) {
    long floor = below == null ? 0 : below.end;
    long ceiling = above == null ? 0 : above.start;
    mm.pages.freeTables(start, end, floor, ceiling);
  }
}
