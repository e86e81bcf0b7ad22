package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * {@code mseal} (Linux {@code mm/mseal.c}): from now on nobody may unmap, move, replace, resize or
 * give other rights to the areas of a range.
 */
final class Mseal {
  private final MmStruct mm;
  private final VmaTree tree;

  Mseal(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** {@code do_mseal}: 0; -EINVAL; -ENOMEM if there is a hole, and then nothing is sealed. */
  long mseal(long address, long requestedBytes, int flags) {
    long end = address + MmStruct.pageAlign(requestedBytes);
    if (flags != 0 || (address & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    if (end == address) {
      return 0;
    }
    Vma first = tree.findIntersection(address, end);
    if (containsUnmapped(first, address, end)) {
      return -Errno.ENOMEM;
    }
    long at = address;
    for (Vma area = first; area != null && at < end; area = at < end ? tree.find(at) : null) {
      long partEnd = Math.min(area.end, end);
      if ((area.flags & VmFlags.SEALED) == 0
          && mm.merge.modifyFlags(area, at, partEnd, area.flags | VmFlags.SEALED) == null) {
        return mm.merge.refusal(area, at, partEnd);
      }
      at = partEnd;
    }
    return 0;
  }

  /** {@code range_contains_unmapped}. */
  private static boolean containsUnmapped(@Nullable Vma first, long start, long end) {
    long at = start;
    for (Vma area = first; area != null && area.start <= at; area = area.next) {
      at = area.end;
      if (at >= end) {
        return false;
      }
    }
    return true;
  }
}
