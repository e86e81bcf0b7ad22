package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_MAYMOVE;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * {@code mremap} (Linux {@code mm/mremap.c}).
 *
 * <p>MREMAP_DONTUNMAP is refused with -EINVAL, as by kernels that do not have it.
 */
final class Mremap {
  /** Areas that a move may need for a moment: the old one split in three, and the new one. */
  private static final int SPARE_AREAS = 3;

  private final MmStruct mm;
  private final VmaTree tree;

  Mremap(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** The system call. */
  long mremap(long address, long oldLength, long newLength, int flags, long newAddress) {
    boolean fixed = (flags & MREMAP_FIXED) != 0;
    boolean mayMove = (flags & MREMAP_MAYMOVE) != 0;
    long oldBytes = mm.layout().word(MmStruct.pageAlign(oldLength));
    long newBytes = mm.layout().word(MmStruct.pageAlign(newLength));
    if ((flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE)) != 0
        || (fixed && !mayMove)
        || (address & (Ram.PAGE_SIZE - 1)) != 0
        || newBytes == 0) {
      return -Errno.EINVAL;
    }
    Vma area = tree.find(address);
    if (area == null || area.start > address) {
      return -Errno.EFAULT;
    }
    if (fixed) {
      return moveTo(address, oldBytes, newAddress, newBytes);
    }
    if (oldBytes >= newBytes) {
      long error =
          oldBytes == newBytes ? 0 : mm.munmap.munmap(address + newBytes, oldBytes - newBytes);
      return error != 0 ? error : address;
    }
    long error = mayResize(area, address, oldBytes, newBytes);
    if (error != 0) {
      return error;
    }
    if (oldBytes == area.end - address && isExpandable(area, newBytes - oldBytes)) {
      return expand(area, address, newBytes - oldBytes);
    }
    if (!mayMove) {
      return -Errno.ENOMEM;
    }
    long place = mm.unmappedArea.get(0, newBytes, 0);
    return place < 0 ? place : move(area, address, oldBytes, place, newBytes);
  }

  /** {@code vma_to_resize}: 0, or why the area may not have that size. */
  private long mayResize(Vma area, long address, long oldBytes, long newBytes) {
    if (oldBytes == 0 && (area.flags & (VmFlags.SHARED | VmFlags.MAYSHARE)) == 0) {
      return -Errno.EINVAL;
    }
    if (oldBytes > area.end - address) {
      return -Errno.EFAULT;
    }
    if (newBytes == oldBytes) {
      return 0;
    }
    long pages = (newBytes - oldBytes) >> Ram.PAGE_SHIFT;
    if (area.pageIndex(address) + (newBytes >>> Ram.PAGE_SHIFT) > mm.layout().maxPageOffset()) {
      return -Errno.EINVAL;
    }
    if ((area.flags & VmFlags.DONTEXPAND) != 0) {
      return -Errno.EFAULT;
    }
    if (!mm.mlockFutureOk(area.flags, pages)) {
      return -Errno.EAGAIN;
    }
    return mm.accounting.mayExpand(area.flags, pages) ? 0 : -Errno.ENOMEM;
  }

  /** {@code vma_expandable}: whether so many bytes behind the area are free. */
  private boolean isExpandable(Vma area, long moreBytes) {
    long end = area.end + moreBytes;
    return tree.findIntersection(area.end, end) == null
        && mm.unmappedArea.get(area.start, end - area.start, MAP_FIXED) >= 0;
  }

  private long expand(Vma area, long address, long moreBytes) {
    long pages = moreBytes >>> Ram.PAGE_SHIFT;
    boolean accounted = area.has(VmFlags.ACCOUNT);
    if (accounted && !mm.memory().committedMemory().isEnoughFor(mm, pages)) {
      return -Errno.ENOMEM;
    }
    long start = area.end;
    int flags = area.flags;
    Vma grown =
        mm.merge.mergeNewRange(
            start, start + moreBytes, flags, area.file, area.pageIndex(start), area, false);
    if (grown == null) {
      return -Errno.ENOMEM;
    }
    if (accounted) {
      mm.memory().committedMemory().commit(pages);
    }
    mm.accounting.add(flags, pages);
    mm.accounting.addLocked(flags, pages);
    if ((flags & VmFlags.LOCKED) != 0) {
      mm.memory().populate(mm, start, start + moreBytes);
    }
    return address;
  }

  /** {@code mremap_to}: to a place that the program names, over what is there. */
  private long moveTo(long address, long oldLength, long newAddress, long newBytes) {
    long oldBytes = oldLength;
    long taskSize = mm.layout().taskSize();
    if ((newAddress & (Ram.PAGE_SIZE - 1)) != 0
        || newBytes > taskSize
        || newAddress > taskSize - newBytes
        || (address + oldBytes > newAddress && newAddress + newBytes > address)) {
      return -Errno.EINVAL;
    }
    if (tree.size() + 2 >= mm.maxMapCount() - SPARE_AREAS) {
      return -Errno.ENOMEM;
    }
    long error = mm.munmap.munmap(newAddress, newBytes);
    if (error == 0 && oldBytes > newBytes) {
      error = mm.munmap.munmap(address + newBytes, oldBytes - newBytes);
      oldBytes = newBytes;
    }
    if (error != 0) {
      return error;
    }
    Vma area = tree.find(address);
    if (area == null || area.start > address) {
      return -Errno.EFAULT;
    }
    error = mayResize(area, address, oldBytes, newBytes);
    if (error != 0) {
      return error;
    }
    long place = mm.unmappedArea.get(newAddress, newBytes, MAP_FIXED);
    return place < 0 ? place : move(area, address, oldBytes, newAddress, newBytes);
  }

  /** {@code move_vma}: a new area, the pages moved to it, and the old one unmapped. */
  private long move(Vma area, long address, long oldBytes, long newAddress, long newBytes) {
    if (tree.size() >= mm.maxMapCount() - SPARE_AREAS) {
      return -Errno.ENOMEM;
    }
    int flags = area.flags;
    boolean accounted = area.has(VmFlags.ACCOUNT);
    long newPages = newBytes >>> Ram.PAGE_SHIFT;
    long morePages = newPages - (oldBytes >>> Ram.PAGE_SHIFT);
    if (accounted && !mm.memory().committedMemory().isEnoughFor(mm, morePages)) {
      return -Errno.ENOMEM;
    }
    // Untouched anonymous memory takes its new address for its number: it may merge there.
    boolean untouched = area.isAnonymous() && area.anonVma == null;
    long pageOffset = untouched ? newAddress >>> Ram.PAGE_SHIFT : area.pageIndex(address);
    if (!copyArea(area, newAddress, newBytes, pageOffset)) {
      return -Errno.ENOMEM;
    }
    mm.accounting.add(flags, newPages);
    if (accounted) {
      mm.memory().committedMemory().commit(newPages);
    }
    mm.accounting.addLocked(flags, newPages);
    long moved = mm.pages.move(address, newAddress, oldBytes);
    if (moved < oldBytes) {
      mm.pages.move(newAddress, address, moved);
      // If a neighbour took it in and cannot be split again, it stays: Linux does not look either.
      var _ = mm.munmap.unmapRange(newAddress, newAddress + newBytes);
      return -Errno.ENOMEM;
    }
    if (oldBytes > 0) {
      // Without memory to split it, the old area stays, with no pages.
      var _ = mm.munmap.unmapRange(address, address + oldBytes);
    }
    if ((flags & VmFlags.LOCKED) != 0) {
      mm.memory().populate(mm, newAddress + oldBytes, newAddress + newBytes);
    }
    return newAddress;
  }

  /** {@code copy_vma}; returns false if there is no memory for the new area. */
  private boolean copyArea(Vma area, long start, long bytes, long pageOffset) {
    Vma merged =
        mm.merge.mergeNewRange(
            start, start + bytes, area.flags, area.file, pageOffset, area, false);
    if (merged != null) {
      return true;
    }
    Vma copy = mm.newArea(start, start + bytes, area.flags, pageOffset);
    if (copy == null) {
      return false;
    }
    if (!mm.inherit(copy, area)) {
      mm.freeArea(copy);
      return false;
    }
    copy.file = area.file;
    copy.mapping = area.mapping;
    mm.adopt(copy);
    return true;
  }
}
