package org.memarium.bench;

import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.mm.compaction.MigrateMode;
import org.memarium.mm.compaction.MovableOperations;
import org.memarium.mm.compaction.MovablePages;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;

/**
 * Owns kernel pages that can be moved, as a balloon or a compressed cache does. A page is known by
 * its slot, which stays when the page moves; what is written into it is checked when it is freed.
 */
final class MovableOwner implements MovableOperations {
  private static final int STAMP = 0x9e37_79b9;

  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Ram ram;
  private final MovablePages registry;
  private final int number;

  /** Frames by slot; of a free slot, the next free one. */
  private int[] frames = new int[1024];

  private int used;
  private int freeSlot = -1;

  MovableOwner(PageAllocator allocator, MovablePages registry) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.ram = allocator.ram();
    this.registry = registry;
    this.number = registry.register(this);
  }

  /** A page; its slot, or -1 if there is none. */
  int allocate(int gfpFlags) {
    int pfn = allocator.allocPage(gfpFlags);
    if (pfn < 0) {
      return -1;
    }
    int slot = freeSlot;
    if (slot >= 0) {
      freeSlot = frames[slot];
    } else {
      slot = used++;
      if (slot == frames.length) {
        frames = Arrays.copyOf(frames, 2 * slot);
      }
    }
    frames[slot] = pfn;
    registry.setPageMovable(pfn, number);
    memMap.setPagePrivate(pfn, slot);
    ram.putInt((long) pfn << Ram.PAGE_SHIFT, slot ^ STAMP);
    return slot;
  }

  /**
   * Gives a page back.
   *
   * @throws IllegalStateException if it does not hold what was written
   */
  void free(int slot) {
    int pfn = frames[slot];
    int content = ram.getInt((long) pfn << Ram.PAGE_SHIFT);
    if (content != (slot ^ STAMP)) {
      throw new IllegalStateException(
          "the page of slot %d holds 0x%x: %s".formatted(slot, content, memMap.describe(pfn)));
    }
    registry.clearPageMovable(pfn);
    allocator.freePages(pfn, 0);
    frames[slot] = freeSlot;
    freeSlot = slot;
  }

  @Override
  public boolean isolatePage(int pfn, MigrateMode mode) {
    return true;
  }

  @Override
  public int migratePage(int toPfn, int fromPfn, MigrateMode mode) {
    int slot = memMap.pagePrivate(fromPfn);
    ram.copyFrame(fromPfn, toPfn);
    memMap.setPagePrivate(toPfn, slot);
    frames[slot] = toPfn;
    return 0;
  }

  @Override
  public void putbackPage(int pfn) {
    // It is where it was.
  }
}
