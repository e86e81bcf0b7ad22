package org.memarium.mm.frame;

import java.util.ArrayList;
import java.util.List;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;

/** Blocks that a test holds, so that the audit knows their owner. */
final class Held {
  private final BootedMemory memory;
  private final List<int[]> blocks = new ArrayList<>();

  Held(BootedMemory memory) {
    this.memory = memory;
  }

  /** Allocates a block; -1 if there is none. */
  int take(int gfpFlags, int order) {
    int pfn = memory.allocator.allocPages(gfpFlags, order);
    if (pfn >= 0) {
      add(pfn, order);
    }
    return pfn;
  }

  /** A block that came in another way. */
  void add(int pfn, int order) {
    blocks.add(new int[] {pfn, order});
  }

  /** Allocates until it fails; how many blocks came. */
  int takeAll(int gfpFlags, int order) {
    int before = blocks.size();
    while (take(gfpFlags, order) >= 0) {}
    return blocks.size() - before;
  }

  /** Allocates until it fails or throws, at most so many. */
  int takeAll(int gfpFlags, int order, int most) {
    int before = blocks.size();
    try {
      while (blocks.size() - before < most && take(gfpFlags, order) >= 0) {}
    } catch (IllegalStateException cannotSucceed) {
      return blocks.size() - before;
    }
    return blocks.size() - before;
  }

  /** Frees a block by its first frame. */
  void give(int pfn) {
    int[] block = forget(pfn);
    memory.allocator.freePages(block[0], block[1]);
  }

  /** The block is somebody else's now. */
  int[] forget(int pfn) {
    for (int i = 0; i < blocks.size(); i++) {
      if (blocks.get(i)[0] == pfn) {
        int[] block = blocks.set(i, blocks.getLast());
        blocks.removeLast();
        return block;
      }
    }
    throw new AssertionError("not held: " + pfn);
  }

  boolean isEmpty() {
    return blocks.isEmpty();
  }

  int size() {
    return blocks.size();
  }

  /** First frame and order of a block. */
  int[] get(int index) {
    return blocks.get(index);
  }

  void giveAll() {
    while (!blocks.isEmpty()) {
      give(blocks.getLast()[0]);
    }
  }

  void audit() {
    Audit audit = memory.beginAudit();
    for (int[] block : blocks) {
      audit.claim(block[0], 1 << block[1], "the test");
      audit.expectReference(block[0]);
    }
    memory.finish(audit);
  }
}
