package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;

/** {@code move_vma} (Linux {@code mm/mremap.c}): an area, or a part of one, goes elsewhere. */
final class MoveVma {
  /** Areas that a move may need for a moment: the old one split in three, and the new one. */
  private static final int SPARE_AREAS = 3;

  private final MmStruct mm;
  private final VmaTree tree;

  MoveVma(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /**
   * Makes an area at a free place, moves the pages to it, and unmaps the old range.
   *
   * @param area the one that {@code address} lies in
   * @param oldBytes how much of it goes; 0: nothing, the new area is one more of the same file
   * @param keeps MREMAP_DONTUNMAP: the old range stays mapped, without pages
   * @return the new address, or -ENOMEM
   */
  long move(Vma area, long address, long oldBytes, long newAddress, long newBytes, boolean keeps) {
    if (tree.size() >= mm.maxMapCount() - SPARE_AREAS) {
      return -Errno.ENOMEM;
    }
    int flags = area.flags;
    boolean accounted = area.has(VmFlags.ACCOUNT);
    long newPages = newBytes >>> Ram.PAGE_SHIFT;
    long morePages = keeps ? newPages : newPages - (oldBytes >>> Ram.PAGE_SHIFT);
    if (accounted && !mm.memory().committedMemory().isEnoughFor(mm, morePages)) {
      return -Errno.ENOMEM;
    }
    // Untouched anonymous memory takes its new address for its number: it may merge there.
    boolean untouched = area.isAnonymous() && area.anonVma == null;
    long pageOffset = untouched ? newAddress >>> Ram.PAGE_SHIFT : area.pageIndex(address);
    Vma copy = copyArea(area, newAddress, newBytes, pageOffset);
    if (copy == null) {
      return -Errno.ENOMEM;
    }
    long hiwater = mm.accounting.hiwaterVm();
    mm.accounting.add(flags, newPages);
    if (accounted) {
      mm.memory().committedMemory().commit(newPages);
    }
    if (!keeps || mm.layout().countsKeptLocksTwice()) {
      mm.accounting.addLocked(flags, newPages);
    }
    boolean huge = area.has(VmFlags.HUGETLB);
    MovePageTables tables = new MovePageTables(mm);
    long moved = huge ? oldBytes : tables.move(address, newAddress, oldBytes);
    if (moved < oldBytes) {
      tables.move(newAddress, address, moved);
      // If a neighbour took it in and cannot be split again, it stays: Linux does not look either.
      var _ = mm.munmap.unmapRange(newAddress, newAddress + newBytes);
      mm.accounting.restoreHiwater(hiwater);
      return -Errno.ENOMEM;
    }
    if (keeps) {
      keep(copy, address, address + oldBytes);
    } else if (oldBytes > 0) {
      // Without memory to split it, the old area stays, with no pages.
      var _ = mm.munmap.unmapRange(address, address + oldBytes);
    }
    mm.accounting.restoreHiwater(hiwater);
    if ((flags & VmFlags.LOCKED) != 0) {
      mm.memory().populate(mm, newAddress + oldBytes, newAddress + newBytes);
    }
    return newAddress;
  }

  /**
   * {@code dontunmap_complete}: the old area is not locked any more, all of it, though only a part
   * may have been moved. It still counts as locked, and the pages that it keeps stay so until they
   * are freed: nobody unlocks them. Nothing connects it with pages that went.
   */
  private void keep(Vma copy, long start, long end) {
    Vma source = tree.find(start);
    if (source == null) {
      throw new IllegalStateException("no area at 0x%x, whose pages were moved".formatted(start));
    }
    if ((source.flags & VmFlags.LOCKED) != 0) {
      long counted = source.pages();
      if (!mm.layout().countsKeptLocksTwice()) {
        counted -= (end - start) >>> Ram.PAGE_SHIFT;
      }
      mm.accounting.addStrayLocked(counted);
      mm.memory().addStrayMlocks(presentPages(source));
    }
    source.flags &= ~VmFlags.LOCKED_MASK;
    if (source != copy && source.start == start && source.end == end) {
      mm.memory().anonVmas().unlink(source);
    }
  }

  private long presentPages(Vma area) {
    PteCursor cursor = mm.pages.tables().cursor();
    cursor.reset(area.start, area.end);
    long pages = 0;
    while (cursor.next()) {
      pages += Pte.isPresent(cursor.pte()) ? 1 : 0;
    }
    return pages;
  }

  /** {@code copy_vma}; returns null if there is no memory for the new area. */
  private @Nullable Vma copyArea(Vma area, long start, long bytes, long pageOffset) {
    Vma above = tree.find(start);
    Vma merged =
        mm.merge.mergeNewRange(
            above,
            start,
            start + bytes,
            area.flags,
            area.file,
            pageOffset,
            area,
            VmaMerge.Range.COPY);
    if (merged != null) {
      return merged;
    }
    Vma copy = mm.areas.newArea(start, start + bytes, area.flags, pageOffset);
    if (copy == null) {
      return null;
    }
    if (!mm.areas.inherit(copy, area)) {
      mm.areas.freeArea(copy);
      return null;
    }
    copy.file = area.file;
    copy.mapping = area.mapping;
    mm.areas.adopt(copy);
    return copy;
  }
}
