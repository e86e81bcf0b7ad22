package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.MAP_FIXED;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** {@code brk}, and the anonymous memory that execve makes for bss (Linux {@code mm/mmap.c}). */
public final class Brk {
  private static final int DATA_FLAGS =
      VmFlags.READ | VmFlags.WRITE | VmFlags.MAYREAD | VmFlags.MAYWRITE | VmFlags.MAYEXEC;

  private final MmStruct mm;
  private final VmaTree tree;
  private long startBrk;
  private long currentBrk;

  Brk(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  void copyFrom(Brk parent) {
    startBrk = parent.startBrk;
    currentBrk = parent.currentBrk;
  }

  /** {@code start_brk} and {@code brk}, page-aligned by the caller as Linux does. */
  public void setBrk(long newStartBrk, long newBrk) {
    startBrk = newStartBrk;
    currentBrk = newBrk;
  }

  /** {@code start_brk}. */
  public long startBrk() {
    return startBrk;
  }

  /** {@code mm->brk}: the break, to the byte. */
  public long currentBrk() {
    return currentBrk;
  }

  /** {@code vma_is_initial_heap}: whether maps calls the area {@code [heap]}. */
  public boolean isHeap(Vma area) {
    return mm.layout().namesHeapInclusively()
        ? area.start <= currentBrk && area.end >= startBrk
        : area.start < currentBrk && area.end > startBrk;
  }

  /** {@code VM_DATA_DEFAULT_FLAGS}. */
  int dataFlags() {
    return mm.readImpliesExec() ? DATA_FLAGS | VmFlags.EXEC : DATA_FLAGS;
  }

  /** The system call: moves the break if it may, and returns where it is now. */
  long brk(long newBrk) {
    if (newBrk < startBrk || exceedsDataLimit(newBrk)) {
      return currentBrk;
    }
    long newEnd = MmStruct.pageAlign(newBrk);
    long oldEnd = MmStruct.pageAlign(currentBrk);
    boolean done =
        newEnd == oldEnd || (newBrk <= currentBrk ? shrink(newEnd, oldEnd) : grow(newEnd, oldEnd));
    if (done) {
      currentBrk = newBrk;
    }
    return currentBrk;
  }

  /** {@code check_data_rlimit}, negated. */
  private boolean exceedsDataLimit(long newBrk) {
    long limit = mm.limits().soft(RLimits.DATA);
    long data = newBrk - startBrk + (mm.parts().endData() - mm.parts().startData());
    return limit != RLimits.INFINITY && Long.compareUnsigned(data, limit) > 0;
  }

  private boolean shrink(long newEnd, long oldEnd) {
    Vma heap = tree.findIntersection(newEnd, oldEnd);
    // Nothing there, because the program unmapped it: the break stays, as on Linux.
    return heap != null && mm.munmap.unmapRange(newEnd, oldEnd) == 0;
  }

  private boolean grow(long newEnd, long oldEnd) {
    if (mm.unmappedArea.get(oldEnd, newEnd - oldEnd, MAP_FIXED) < 0
        || !mm.mlock.futureOk(mm.defaultFlags(), (newEnd - oldEnd) >>> Ram.PAGE_SHIFT)) {
      return false;
    }
    Vma next = tree.find(oldEnd);
    if (next != null && newEnd + Ram.PAGE_SIZE > next.startGap()) {
      return false;
    }
    Vma heap = tree.findBelow(oldEnd);
    if (heap != null && heap.end <= startBrk) {
      // Not the heap, and not extended: bss that ends where the heap starts stays an area.
      heap = null;
    }
    if (expand(heap, oldEnd, newEnd - oldEnd, 0) != 0) {
      return false;
    }
    if ((mm.defaultFlags() & VmFlags.LOCKED) != 0) {
      mm.memory().populate(mm, oldEnd, newEnd);
    }
    return true;
  }

  /**
   * {@code vm_brk_flags}: anonymous memory at a fixed place, replacing what is there (bss).
   *
   * @param flags 0 or {@link VmFlags#EXEC}
   * @return 0 or a negative errno
   */
  public long vmBrkFlags(long address, long requestedBytes, int flags) {
    long bytes = MmStruct.pageAlign(requestedBytes);
    if (bytes < requestedBytes) {
      return -Errno.ENOMEM;
    }
    if (bytes == 0) {
      return 0;
    }
    long at = mm.unmappedArea.get(address, bytes, MAP_FIXED);
    if (at < 0) {
      return at;
    }
    long error = mm.munmap.munmap(address, bytes);
    if (error != 0) {
      return error;
    }
    return expand(tree.findBelow(address), address, bytes, flags);
  }

  /**
   * {@code do_brk_flags}: anonymous memory at a free place, by extending {@code below} if it ends
   * there.
   */
  private long expand(@Nullable Vma below, long start, long bytes, int extraFlags) {
    int flags = dataFlags() | VmFlags.ACCOUNT | mm.defaultFlags() | extraFlags;
    long pages = bytes >>> Ram.PAGE_SHIFT;
    if (!mm.accounting.mayExpand(flags, pages)
        || tree.size() > mm.maxMapCount()
        || !mm.memory().committedMemory().isEnoughFor(mm, pages)) {
      return -Errno.ENOMEM;
    }
    mm.memory().committedMemory().commit(pages);
    long end = start + bytes;
    long pageOffset = start >>> Ram.PAGE_SHIFT;
    if (below == null
        || below.end != start
        || mm.merge.mergeNewRange(
                below.next, start, end, flags, null, pageOffset, null, VmaMerge.Range.HEAP)
            == null) {
      Vma area = mm.areas.newArea(start, end, flags, pageOffset);
      if (area == null) {
        mm.memory().committedMemory().uncommit(pages);
        return -Errno.ENOMEM;
      }
      mm.areas.adopt(area);
    }
    mm.accounting.add(flags, pages);
    mm.accounting.addLocked(flags, pages);
    return 0;
  }
}
