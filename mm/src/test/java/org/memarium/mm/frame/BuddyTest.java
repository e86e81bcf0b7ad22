package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.ZoneType;

/** The free lists alone: splitting, merging, falling back to other zones and other types. */
final class BuddyTest {
  private static final int MOVABLE = Gfp.GFP_HIGHUSER_MOVABLE;
  private static final int ALL = Gfp.MEMALLOC;

  private final BootedMemory memory = BootedMemory.boot(Architecture.I386, 64);
  private final PageAllocator allocator = memory.allocator;
  private final Zone dma = allocator.zones().get(0);
  private final Zone normal = allocator.zones().get(1);
  private final Held held = new Held(memory);

  BuddyTest() {
    allocator.setPerCpuLists(false);
  }

  @AfterEach
  void audit() {
    held.audit();
    memory.close();
  }

  private ZoneType zoneOf(int pfn) {
    return allocator.zoneOf(pfn).type();
  }

  /** Takes all movable blocks of zone Normal below an order. */
  private void exhaustBelow(int limit) {
    for (int order = limit - 1; order >= 0; order--) {
      while (normal.freeArea().nrFree(order, MigrateType.MOVABLE) > 0) {
        held.take(MOVABLE | ALL, order);
      }
    }
  }

  @Test
  void aBlockIsSplitFromTheSmallestThatFitsAndTheUpperHalvesStayFree() {
    int block = normal.freeArea().first(10, MigrateType.MOVABLE);
    exhaustBelow(10);
    int pfn = held.take(MOVABLE, 0);
    assertEquals(block, pfn);
    for (int order = 0; order < 10; order++) {
      assertEquals(1, normal.freeArea().nrFree(order), "order " + order);
      assertEquals(pfn + (1 << order), normal.freeArea().first(order, MigrateType.MOVABLE));
    }
  }

  @Test
  void freeingMergesBuddiesBackIntoTheBlock() {
    exhaustBelow(10);
    int blocks = normal.freeArea().nrFree(10);
    int a = held.take(MOVABLE, 0);
    int b = held.take(MOVABLE, 0);
    int c = held.take(MOVABLE, 3);
    assertEquals(a ^ 1, b);
    held.give(b);
    held.give(c);
    assertEquals(blocks - 1, normal.freeArea().nrFree(10));
    held.give(a);
    assertEquals(blocks, normal.freeArea().nrFree(10));
    assertEquals(a, normal.freeArea().first(10, MigrateType.MOVABLE));
  }

  @Test
  void aFreedPageIsTheNextToBeHandedOut() {
    List<Integer> pages = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      pages.add(held.take(MOVABLE, 0));
    }
    held.give(pages.get(2));
    held.give(pages.get(5));
    assertEquals(pages.get(5), held.take(MOVABLE, 0));
    assertEquals(pages.get(2), held.take(MOVABLE, 0));
  }

  @Test
  void aPageThatWillSoonMergeWaitsAtTheTail() {
    exhaustBelow(10);
    List<Integer> pages = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      pages.add(held.take(MOVABLE, 0));
    }
    // Pages 0 and 1 become a free pair; 6 is free. When 2 is freed, its pair's buddy is that pair.
    held.give(pages.get(0));
    held.give(pages.get(1));
    held.give(pages.get(6));
    held.give(pages.get(2));
    FreeArea area = normal.freeArea();
    assertEquals(pages.get(6), area.first(0, MigrateType.MOVABLE));
    assertEquals(pages.get(2), area.next(0, pages.get(6)));
  }

  @Test
  void aZoneAtItsLowWatermarkFallsBackToTheLowerOneWhichKeepsItsProtection() {
    int pfn = held.take(MOVABLE, 0);
    while (zoneOf(pfn) == ZoneType.NORMAL) {
      pfn = held.take(MOVABLE, 0);
    }
    assertEquals(normal.watermarks().low(), normal.freePages());
    while (zoneOf(pfn) == ZoneType.DMA) {
      pfn = held.take(MOVABLE, 0);
    }
    // Now both zones go down to their minimum, Normal first.
    int protection = dma.watermarks().lowmemReserve(3);
    assertTrue(protection > 0);
    assertEquals(dma.watermarks().low() + protection, dma.freePages());
    held.takeAll(MOVABLE, 0);
    assertEquals(normal.watermarks().min(), normal.freePages());
    assertEquals(dma.watermarks().min() + protection, dma.freePages());
    held.takeAll(Gfp.GFP_KERNEL | Gfp.DMA, 0);
    assertEquals(dma.watermarks().min(), dma.freePages());
  }

  @Test
  void aRequestNeverGoesToAHigherZone() {
    held.takeAll(Gfp.GFP_KERNEL | Gfp.DMA | ALL, 0);
    assertEquals(0, dma.freePages());
    assertTrue(normal.freePages() > normal.watermarks().high());
  }

  // ---- Migrate types ----

  @Test
  void atBootAllPageblocksAreMovable() {
    for (int pfn = 4096; pfn < normal.endPfn(); pfn += 1024) {
      assertEquals(MigrateType.MOVABLE, allocator.zoneOf(pfn).pageblocks().type(pfn));
    }
    for (int order = 0; order <= 10; order++) {
      assertEquals(
          normal.freeArea().nrFree(order), normal.freeArea().nrFree(order, MigrateType.MOVABLE));
    }
  }

  @Test
  void theFirstRequestOfATypeTakesTheLargestBlockAndItsWholePageblock() {
    int block = normal.freeArea().first(10, MigrateType.MOVABLE);
    int pfn = held.take(Gfp.GFP_KERNEL, 0);
    assertEquals(block, pfn);
    assertEquals(MigrateType.UNMOVABLE, allocator.zoneOf(pfn).pageblocks().type(pfn));
    assertEquals(1, normal.freeArea().nrFree(9, MigrateType.UNMOVABLE));
    int reclaimable = held.take(Gfp.GFP_KERNEL | Gfp.RECLAIMABLE, 0);
    // Reclaimable asks Unmovable first, but only for the largest block there is: a movable one.
    assertEquals(
        MigrateType.RECLAIMABLE, allocator.zoneOf(reclaimable).pageblocks().type(reclaimable));
    assertTrue(pfn >>> 10 != reclaimable >>> 10);
    int next = held.take(Gfp.GFP_KERNEL, 0);
    assertEquals(pfn >>> 10, next >>> 10);
  }

  @Test
  void movablePagesTakeTheSmallestBlockOfAnotherType() {
    int unmovable = held.take(Gfp.GFP_KERNEL, 0);
    while (normal.freeArea().ordersFrom(0, MigrateType.MOVABLE) != 0) {
      held.take(MOVABLE | ALL, 0);
    }
    // All that is left are the halves of the unmovable block; a single page is one of them.
    held.take(Gfp.GFP_KERNEL | ALL, 8);
    held.take(Gfp.GFP_KERNEL | ALL, 9);
    held.take(Gfp.GFP_KERNEL | ALL, 7);
    held.take(Gfp.GFP_KERNEL | ALL, 6);
    held.take(Gfp.GFP_KERNEL | ALL, 5);
    int movable = held.take(MOVABLE | ALL, 0);
    assertEquals(unmovable + 1, movable);
    assertEquals(MigrateType.UNMOVABLE, allocator.zoneOf(movable).pageblocks().type(movable));
  }

  @Test
  void aFreedPageGoesToTheListOfItsPageblock() {
    int pfn = held.take(Gfp.GFP_KERNEL, 0);
    int movable = normal.freeArea().nrFree(10, MigrateType.MOVABLE);
    held.give(pfn);
    assertEquals(1, normal.freeArea().nrFree(10, MigrateType.UNMOVABLE));
    assertEquals(movable, normal.freeArea().nrFree(10, MigrateType.MOVABLE));
  }

  @Test
  void aZoneThatIsNotAlignedSharesAPageblockWithItsNeighbour() {
    try (BootedMemory large = BootedMemory.boot(Architecture.I386, 1200)) {
      Zone low = large.allocator.zones().get(1);
      Zone high = large.allocator.zones().get(2);
      low.fallback().setPageblockType(high.startPfn() - 1, MigrateType.UNMOVABLE);
      assertEquals(
          MigrateType.MOVABLE,
          large.allocator.zoneOf(high.startPfn()).pageblocks().type(high.startPfn()));
    }
  }

  // ---- High-order atomic requests ----

  @Test
  void anAtomicRequestOfHigherOrderReservesAPageblockForItsKind() {
    // Only below the low watermarks does the request come with its right to reserves.
    held.takeAll(Gfp.GFP_KERNEL | Gfp.DMA, 0);
    while (normal.freePages() > normal.watermarks().low()) {
      held.take(MOVABLE, 0);
    }
    int pfn = held.take(Gfp.GFP_ATOMIC, 1);
    assertEquals(MigrateType.HIGHATOMIC, allocator.zoneOf(pfn).pageblocks().type(pfn));
    assertEquals(1024, normal.watermarks().reservedHighAtomic());
    int free = normal.freeArea().nrFree(0, MigrateType.HIGHATOMIC);
    assertFalse(normal.fallback().unreserveHighAtomic(MigrateType.MOVABLE, false));
    assertTrue(normal.fallback().unreserveHighAtomic(MigrateType.MOVABLE, true), () -> "" + free);
    assertEquals(0, normal.watermarks().reservedHighAtomic());
  }

  // ---- For compaction ----

  @Test
  void anIsolatedBlockBecomesSinglePagesOfTheCaller() {
    int block = normal.freeArea().last(10, MigrateType.MOVABLE);
    assertEquals(1024, allocator.splits().isolateFreePage(block));
    for (int pfn = block; pfn < block + 1024; pfn++) {
      allocator.freePages(pfn, 0);
    }
    assertTrue(allocator.memMap().isPageBuddy(block));
  }

  @Test
  void isolationLeavesTheMinimum() {
    while (normal.freePages() > normal.watermarks().min() + 100) {
      held.take(MOVABLE | ALL, 0);
    }
    int order = 10;
    int type = MigrateType.MOVABLE;
    while (normal.freeArea().nrFree(order, type) == 0) {
      order--;
    }
    int block = normal.freeArea().first(order, type);
    boolean leavesEnough =
        normal.freePages() - normal.watermarks().lowmemReserve(0)
            > normal.watermarks().min() + (1 << order);
    assertEquals(leavesEnough, allocator.splits().isolateFreePage(block) > 0);
    for (int pfn = block; leavesEnough && pfn < block + (1 << order); pfn++) {
      allocator.freePages(pfn, 0);
    }
  }

  @Test
  void aBlockThatMergesIsCaughtForWhoeverWaits() {
    int pfn = held.take(MOVABLE, 4);
    allocator.splits().splitPage(pfn, 4);
    held.forget(pfn);
    for (int page = pfn + 1; page < pfn + 16; page++) {
      allocator.freePages(page, 0);
    }
    normal.beginCapture(4, MigrateType.MOVABLE);
    long free = allocator.node().freeFrames();
    allocator.freePages(pfn, 0);
    int caught = normal.endCapture();
    assertEquals(pfn, caught);
    assertEquals(free - 15, allocator.node().freeFrames());
    allocator.prepareCaptured(caught, 4, MOVABLE);
    held.add(caught, 4);
    normal.beginCapture(4, MigrateType.UNMOVABLE);
    held.give(caught);
    assertEquals(-1, normal.endCapture());
  }
}
