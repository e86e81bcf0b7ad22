package org.memarium.mm.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.Ram;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.CompactPriority;
import org.memarium.mm.frame.CompactResult;
import org.memarium.mm.frame.FragmentationIndex;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.trace.VmStatItem;

class CompactionTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final int MADV_DONTNEED = 4;
  private static final long SEED = 1406;

  private final TestSpace space = TestSpace.i386();
  private final PageAllocator allocator = space.memory.allocator;
  private final Zone normal = allocator.zones().get(1);
  private final SplittableRandom random = new SplittableRandom(SEED);

  /** Pages of the program by address, with what was written to them; 0 where it gave them back. */
  private long start;

  private int[] written = {};

  /** Zone DMA is taken, so that everything happens in zone Normal. */
  private final List<Integer> dma = new ArrayList<>();

  @AfterEach
  void close() {
    dma.forEach(pfn -> allocator.freePages(pfn, 4));
    space.close();
  }

  /** A program touches nearly all memory, and gives a part of its pages back, here and there. */
  private void fragment(int keepPercent) {
    // Nothing can be reclaimed here, so kswapd would not take a boost back.
    allocator.watermarks().setWatermarkBoostFactor(0);
    int gfp = Gfp.DMA | Gfp.GFP_ATOMIC;
    for (int pfn = allocator.allocPages(gfp, 4); pfn >= 0; pfn = allocator.allocPages(gfp, 4)) {
      dma.add(pfn);
    }
    int pages = normal.freePages() - normal.watermarks().high() - 100;
    start = space.mapAnon(0, pages * PAGE, TestSpace.RW, 0);
    written = new int[pages];
    for (int i = 0; i < pages; i++) {
      space.mmu.writeInt(start + i * PAGE, i + 1);
      written[i] = i + 1;
    }
    for (int i = 0; i < pages; i++) {
      if (random.nextInt(100) >= keepPercent) {
        space.mm.madvise(start + i * PAGE, PAGE, MADV_DONTNEED);
        written[i] = 0;
      }
    }
    allocator.node().drainAllPages();
  }

  private void checkContents() {
    dma.forEach(pfn -> allocator.freePages(pfn, 4));
    dma.clear();
    for (int i = 0; i < written.length; i++) {
      if (written[i] != 0) {
        assertEquals(written[i], space.mmu.readInt(start + i * PAGE), "page " + i);
      }
    }
    space.audit();
  }

  private static int largestOrder(Zone zone) {
    int order = zone.freeArea().maxOrder();
    while (order > 0 && zone.freeArea().nrFree(order) == 0) {
      order--;
    }
    return order;
  }

  @Test
  void aBlockThatIsNotThereIsMadeByMovingPages() {
    fragment(60);
    assertTrue(largestOrder(normal) < 9, "order " + largestOrder(normal));
    long before = allocator.node().freePages();
    int pfn = allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, 9);
    assertTrue(pfn >= 0, () -> FragmentationIndex.extfragIndexFile(allocator.zones()));
    assertTrue(space.memory.vmStat.get(VmStatItem.PGMIGRATE_SUCCESS) > 0);
    assertEquals(1, space.memory.vmStat.get(VmStatItem.COMPACT_SUCCESS));
    allocator.node().drainAllPages();
    assertEquals(before - 512, allocator.node().freePages());
    allocator.freePages(pfn, 9);
    checkContents();
  }

  @Test
  void compactMemoryLeavesFewBlocks() {
    fragment(50);
    int index = FragmentationIndex.unusableFreeIndex(normal, 9);
    space.reclaim.compaction().compactNodes();
    allocator.node().drainAllPages();
    assertTrue(index > 800, "before: " + index);
    int after = FragmentationIndex.unusableFreeIndex(normal, 9);
    assertTrue(after < 500, "after: " + after);
    checkContents();
  }

  @Test
  void anAtomicRequestDoesNotWaitForCompaction() {
    fragment(60);
    assertEquals(-1, allocator.allocPages(Gfp.GFP_ATOMIC, 9));
    assertEquals(0, space.memory.vmStat.get(VmStatItem.COMPACT_STALL));
    checkContents();
  }

  @Test
  void withoutFreePagesThereIsNothingToMoveTo() {
    fragment(100);
    assertEquals(
        CompactResult.SKIPPED,
        space.reclaim.compaction().suitable(normal, 9, AllocFlags.WMARK_MIN, 1));
    assertEquals(-1, allocator.allocPages(Gfp.GFP_KERNEL | Gfp.NORETRY, 9));
    checkContents();
  }

  @Test
  void pagesThatAreHeldStayAndTheOthersMove() {
    fragment(50);
    MemMap memMap = allocator.memMap();
    List<Integer> held = new ArrayList<>();
    for (int i = 0; i < written.length; i += 97) {
      if (written[i] != 0) {
        int pfn = Pte.pfn(space.mm.pages().tables().pte(start + i * PAGE));
        memMap.getPage(pfn);
        held.add(pfn);
      }
    }
    space.reclaim.compaction().compactNodes();
    for (int pfn : held) {
      assertTrue(memMap.isAllocated(pfn));
      allocator.putPage(pfn);
    }
    checkContents();
  }

  @Test
  void aZoneWhereItFailsIsLeftAloneForAWhile() {
    fragment(60);
    MemMap memMap = allocator.memMap();
    // Every page is held: nothing can be moved.
    List<Integer> held = new ArrayList<>();
    for (int i = 0; i < written.length; i++) {
      if (written[i] != 0) {
        int pfn = Pte.pfn(space.mm.pages().tables().pte(start + i * PAGE));
        memMap.getPage(pfn);
        held.add(pfn);
      }
    }
    Compaction compaction = space.reclaim.compaction();
    int deferred = 0;
    int failed = 0;
    for (int i = 0; i < 200; i++) {
      CompactResult result =
          compaction.tryToCompactPages(
              Gfp.GFP_KERNEL, 9, AllocFlags.WMARK_MIN, 1, CompactPriority.SYNC_LIGHT);
      deferred += result == CompactResult.DEFERRED ? 1 : 0;
      failed += result == CompactResult.COMPLETE || result == CompactResult.PARTIAL_SKIPPED ? 1 : 0;
    }
    assertEquals(6, compaction.zone(normal).deferShift());
    assertTrue(deferred > 150, deferred + " deferred");
    assertTrue(failed >= 6 && failed < 20, failed + " failed");
    assertFalse(compaction.zone(normal).orderFailed() > 9);
    held.forEach(allocator::putPage);
    checkContents();
  }

  @Test
  void requestsOfManyOrdersInARowAllSucceedAndLoseNothing() {
    fragment(40);
    List<int[]> blocks = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      int order = random.nextInt(1, 10);
      int gfp = random.nextBoolean() ? Gfp.GFP_KERNEL : Gfp.GFP_HIGHUSER_MOVABLE;
      int pfn = allocator.allocPages(gfp | Gfp.NORETRY, order);
      if (pfn >= 0) {
        blocks.add(new int[] {pfn, order});
      }
      if (blocks.size() > 8) {
        int[] block = blocks.removeFirst();
        allocator.freePages(block[0], block[1]);
      }
    }
    blocks.forEach(block -> allocator.freePages(block[0], block[1]));
    checkContents();
  }
}
