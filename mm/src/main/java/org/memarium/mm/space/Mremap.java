package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_DONTUNMAP;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_MAYMOVE;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * {@code mremap} (Linux {@code mm/mremap.c}): what is asked for, and whether it may be. {@link
 * MoveVma} moves.
 *
 * <p>Linux 6.17 changed the order: nothing is unmapped before all has been looked at, and a move
 * that keeps its size may take several areas along. {@link Layout#movesSeveralAreas} tells which
 * order counts.
 */
final class Mremap {
  /** Areas that a move may need for a moment: the old one split in three, and the new one. */
  private static final int SPARE_AREAS = 3;

  private final MmStruct mm;
  private final VmaTree tree;
  private final MoveVma moveVma;

  Mremap(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
    this.moveVma = new MoveVma(mm, tree);
  }

  /** The system call. */
  long mremap(long address, long oldLength, long newLength, int flags, long newAddress) {
    boolean several = mm.layout().movesSeveralAreas();
    long oldBytes = mm.layout().word(MmStruct.pageAlign(oldLength));
    long newBytes = mm.layout().word(MmStruct.pageAlign(newLength));
    boolean sameLength = several ? oldBytes == newBytes : oldLength == newLength;
    if (!isSensible(flags, sameLength)
        || (address & (Ram.PAGE_SIZE - 1)) != 0
        || newBytes == 0
        || (several && newBytes > mm.taskSize())) {
      return -Errno.EINVAL;
    }
    if (!several && lookup(address) == null) {
      return -Errno.EFAULT;
    }
    boolean toNewAddress = (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0;
    if (toNewAddress) {
      long error = checkNewAddress(address, oldBytes, newAddress, newBytes);
      if (error != 0) {
        return error;
      }
    }
    if (several && (flags & MREMAP_FIXED) != 0 && oldBytes == newBytes) {
      return moveSeveral(address, oldBytes, newAddress, flags);
    }
    Vma area = lookup(address);
    if (area == null) {
      return -Errno.EFAULT;
    }
    if (area.has(VmFlags.HUGETLB)) {
      return remapHuge(area, address, oldBytes, newBytes, flags, newAddress);
    }
    if (several) {
      long error = check(area, address, oldBytes, newBytes, flags);
      if (error != 0) {
        return error;
      }
    }
    return toNewAddress
        ? moveTo(address, oldBytes, newAddress, newBytes, flags)
        : resize(area, address, oldBytes, newBytes, flags);
  }

  /** {@code align_hugetlb}, and what comes after it. */
  private long remapHuge(
      Vma area, long address, long oldLength, long newLength, int flags, long newAddress) {
    if ((area.flags & VmFlags.SEALED) != 0) {
      return -Errno.EPERM;
    }
    HugetlbPages huge = area.hugePages();
    long oldBytes = huge.align(oldLength);
    long newBytes = huge.align(newLength);
    if (!huge.isAligned(address) || !huge.isAligned(newAddress) || newBytes > oldBytes) {
      return -Errno.EINVAL;
    }
    if (mm.layout().movesSeveralAreas()) {
      long error = check(area, address, oldBytes, newBytes, flags);
      if (error != 0) {
        return error;
      }
    }
    return (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0
        ? moveTo(address, oldBytes, newAddress, newBytes, flags)
        : resize(area, address, oldBytes, newBytes, flags);
  }

  private @Nullable Vma lookup(long address) {
    Vma area = tree.find(address);
    return area != null && area.start <= address ? area : null;
  }

  private static boolean isSensible(int flags, boolean sameLength) {
    boolean mayMove = (flags & MREMAP_MAYMOVE) != 0;
    boolean keeps = (flags & MREMAP_DONTUNMAP) != 0;
    return (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) == 0
        && (mayMove || (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) == 0)
        && (!keeps || sameLength);
  }

  private long checkNewAddress(long address, long oldBytes, long newAddress, long newBytes) {
    long taskSize = mm.taskSize();
    if ((newAddress & (Ram.PAGE_SIZE - 1)) != 0
        || newBytes > taskSize
        || newAddress > taskSize - newBytes
        || (address + oldBytes > newAddress && newAddress + newBytes > address)) {
      return -Errno.EINVAL;
    }
    return tree.size() + 2 >= mm.maxMapCount() - SPARE_AREAS ? -Errno.ENOMEM : 0;
  }

  /** {@code check_prep_vma}: 0, or why the area may not be resized or moved like that. */
  private long check(Vma area, long address, long oldBytes, long newBytes, int flags) {
    if ((area.flags & VmFlags.SEALED) != 0) {
      return -Errno.EPERM;
    }
    boolean mapsAnew = newBytes > oldBytes || (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0;
    // What moves and becomes smaller is made smaller first.
    long moved = Math.min(oldBytes, newBytes);
    return mapsAnew ? mayResize(area, address, moved, newBytes, flags) : 0;
  }

  /** {@code vma_to_resize}: 0, or why the area may not have that size. */
  private long mayResize(Vma area, long address, long oldBytes, long newBytes, int flags) {
    if (oldBytes == 0 && (area.flags & (VmFlags.SHARED | VmFlags.MAYSHARE)) == 0) {
      return -Errno.EINVAL;
    }
    boolean fixedSize = (area.flags & VmFlags.DONTEXPAND) != 0;
    if (fixedSize && (flags & MREMAP_DONTUNMAP) != 0) {
      return -Errno.EINVAL;
    }
    if (oldBytes > area.end - address) {
      return -Errno.EFAULT;
    }
    if (newBytes == oldBytes) {
      return 0;
    }
    long pages = (newBytes - oldBytes) >>> Ram.PAGE_SHIFT;
    if (area.pageIndex(address) + (newBytes >>> Ram.PAGE_SHIFT) > mm.layout().maxPageOffset()) {
      return -Errno.EINVAL;
    }
    if (fixedSize) {
      return -Errno.EFAULT;
    }
    if (!mm.mlock.futureOk(area.flags, pages)) {
      return -Errno.EAGAIN;
    }
    return mm.accounting.mayExpand(area.flags, pages) ? 0 : -Errno.ENOMEM;
  }

  // ---- Where it is ----

  /** {@code mremap_at}: another size in place, or elsewhere if it must be. */
  private long resize(Vma area, long address, long oldBytes, long newBytes, int flags) {
    if (oldBytes >= newBytes) {
      long error =
          oldBytes == newBytes ? 0 : mm.munmap.munmap(address + newBytes, oldBytes - newBytes);
      return error != 0 ? error : address;
    }
    long error = mayResize(area, address, oldBytes, newBytes, flags);
    if (error != 0) {
      return error;
    }
    if (oldBytes == area.end - address && isExpandable(area, newBytes - oldBytes)) {
      return expand(area, address, newBytes - oldBytes);
    }
    if ((flags & MREMAP_MAYMOVE) == 0) {
      return -Errno.ENOMEM;
    }
    long place = mm.unmappedArea.get(0, newBytes, 0);
    return place < 0 ? place : moveVma.move(area, address, oldBytes, place, newBytes, false);
  }

  /** {@code vma_expandable}: whether so many bytes behind the area are free. */
  private boolean isExpandable(Vma area, long moreBytes) {
    long end = area.end + moreBytes;
    return (area.next == null || area.next.start >= end)
        && mm.unmappedArea.get(area.start, end - area.start, MAP_FIXED) >= 0;
  }

  /** {@code expand_vma_in_place}. */
  private long expand(Vma area, long address, long moreBytes) {
    long pages = moreBytes >>> Ram.PAGE_SHIFT;
    boolean accounted = area.has(VmFlags.ACCOUNT);
    if (accounted && !mm.memory().committedMemory().isEnoughFor(mm, pages)) {
      return -Errno.ENOMEM;
    }
    long start = area.end;
    long end = start + moreBytes;
    int flags = area.flags;
    long pageOffset = area.pageIndex(start);
    if (mm.merge.mergeNewRange(
            area.next, start, end, flags, area.file, pageOffset, area, VmaMerge.Range.EXTENSION)
        == null) {
      return -Errno.ENOMEM;
    }
    if (accounted) {
      mm.memory().committedMemory().commit(pages);
    }
    mm.accounting.add(flags, pages);
    mm.accounting.addLocked(flags, pages);
    if ((flags & VmFlags.LOCKED) != 0) {
      mm.memory().populate(mm, start, end);
    }
    return address;
  }

  // ---- Elsewhere ----

  /** {@code mremap_to}: to a place that the program names, or near it. */
  private long moveTo(long address, long oldLength, long newAddress, long newBytes, int flags) {
    boolean fixed = (flags & MREMAP_FIXED) != 0;
    boolean keeps = (flags & MREMAP_DONTUNMAP) != 0;
    long oldBytes = oldLength;
    long error = fixed ? mm.munmap.munmap(newAddress, newBytes) : 0;
    if (error == 0 && oldBytes > newBytes) {
      error = mm.munmap.munmap(address + newBytes, oldBytes - newBytes);
      oldBytes = newBytes;
    }
    if (error != 0) {
      return error;
    }
    Vma area = lookup(address);
    if (area == null) {
      return -Errno.EFAULT;
    }
    if (!mm.layout().movesSeveralAreas()) {
      error = mayResize(area, address, oldBytes, newBytes, flags);
      if (error != 0) {
        return error;
      }
    }
    if (keeps && !mm.accounting.mayExpand(area.flags, oldBytes >>> Ram.PAGE_SHIFT)) {
      return -Errno.ENOMEM;
    }
    long pageBytes = area.has(VmFlags.HUGETLB) ? area.hugePages().pageBytes() : Ram.PAGE_SIZE;
    long place = mm.unmappedArea.get(newAddress, newBytes, fixed ? MAP_FIXED : 0, pageBytes);
    return place < 0 ? place : moveVma.move(area, address, oldBytes, place, newBytes, keeps);
  }

  /**
   * {@code remap_move}: moves all areas of a range, with the gaps between them. What was moved
   * before an error stays moved.
   */
  private long moveSeveral(long start, long bytes, long newAddress, int flags) {
    long end = start + bytes;
    long target = newAddress;
    long result = -Errno.EFAULT;
    long lastEnd = -1;
    Vma area = tree.find(start);
    while (area != null && area.start < end) {
      boolean first = lastEnd < 0;
      if ((first && area.start > start)
          || (!mayMoveWithOthers(area) && (!first || area.end < end))) {
        return -Errno.EFAULT;
      }
      long at = Math.max(area.start, start);
      long part = Math.min(area.end, end) - at;
      target += first ? 0 : area.start - lastEnd;
      lastEnd = area.end;
      long moved;
      if (area.has(VmFlags.HUGETLB)) {
        moved = remapHuge(area, at, part, part, flags, target);
        part = area.hugePages().align(part);
      } else {
        moved = check(area, at, part, part, flags);
        moved = moved == 0 ? moveTo(at, part, target, part, flags) : moved;
      }
      if (moved < 0) {
        return moved;
      }
      result = first ? moved : result;
      target = moved + part;
      area = lastEnd < end ? tree.find(lastEnd) : null;
    }
    return result;
  }

  /**
   * {@code vma_multi_allowed}: not what chooses places itself ({@code get_unmapped_area}): {@code
   * /dev/zero}, and shared memory of System V, unless its pages are huge.
   */
  private static boolean mayMoveWithOthers(Vma area) {
    MappedFile file = area.file;
    return file == null
        || (file.mmapKind() != MappedFile.MmapKind.ZERO && !file.countsAreas())
        || area.has(VmFlags.HUGETLB);
  }
}
