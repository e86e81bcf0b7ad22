package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;

/**
 * How areas of an address space come, change their bounds and go: in the tree of areas, on their
 * files, with their anon_vmas, and as objects of the cache {@code vm_area_struct}.
 */
final class AreaSet {
  private final MmStruct mm;
  private final VmaTree tree;

  AreaSet(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /**
   * {@code vm_area_alloc}: an area that is in no tree yet.
   *
   * @return null if there is no memory for it
   */
  @Nullable Vma newArea(long start, long end, int flags, long pageOffset) {
    long areaSlot = mm.memory().descriptors.vmAreaStruct.alloc(Gfp.GFP_KERNEL);
    if (areaSlot == 0) {
      return null;
    }
    Vma area = new Vma(mm, start, end, flags, pageOffset);
    area.slot = areaSlot;
    return area;
  }

  /** {@code vm_area_free}: drops an area that is in no tree. */
  void freeArea(Vma area) {
    mm.memory().descriptors.vmAreaStruct.free(area.slot);
    area.slot = 0;
  }

  /** Hangs an area into the tree, and on its file. */
  void adopt(Vma area) {
    tree.insert(area);
    if (area.file != null) {
      area.file.get();
    }
    area.linkFile();
  }

  /** Takes an area out of the tree and off its file, and frees it. */
  void discard(Vma area) {
    tree.remove(area);
    area.unlinkFile();
    if (area.file != null) {
      area.file.put();
    }
    mm.memory().anonVmas().unlink(area);
    freeArea(area);
  }

  /**
   * {@code dup_anon_vma}: an area without an anon_vma gets that of another, if it has one.
   *
   * @return false if there is no memory for the connection
   */
  boolean inherit(Vma area, @Nullable Vma from) {
    if (area.anonVma == null && from != null && from.anonVma != null) {
      area.anonVma = from.anonVma;
      return mm.memory().anonVmas().clone(area, from);
    }
    return true;
  }

  /**
   * {@code vma_adjust}: changes the bounds of an area, and its page offset with its start; the
   * trees that it is in follow.
   */
  void setBounds(Vma area, long start, long end) {
    mm.memory().anonVmas().beforeBoundsChange(area);
    area.unlinkFile();
    area.pageOffset += (start - area.start) >> Ram.PAGE_SHIFT;
    area.start = start;
    area.end = end;
    area.linkFile();
    mm.memory().anonVmas().afterBoundsChange(area);
    tree.boundsChanged(area);
  }

  /** {@code count_vma_pages_range}: pages of [start, end) that lie in areas. */
  long pagesIn(long start, long end) {
    long sum = 0;
    Vma area = tree.findIntersection(start, end);
    while (area != null && area.start < end) {
      sum += (Math.min(area.end, end) - Math.max(area.start, start)) >>> Ram.PAGE_SHIFT;
      area = area.next;
    }
    return sum;
  }
}
