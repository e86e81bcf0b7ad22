package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.ZoneType;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

final class PageAllocatorTest {
  private final BootedMemory memory = BootedMemory.boot(Architecture.I386, 64);
  private final PageAllocator allocator = memory.allocator;
  private final MemMap memMap = allocator.memMap();
  private final Zone dma = allocator.zones().get(0);
  private final Zone normal = allocator.zones().get(1);

  /** What each test still holds: first frame and order. */
  private final List<int[]> held = new ArrayList<>();

  @AfterEach
  void audit() {
    Audit audit = memory.beginAudit();
    for (int[] block : held) {
      audit.claim(block[0], 1 << block[1], "the test");
      audit.expectReference(block[0]);
    }
    memory.finish(audit);
    memory.close();
  }

  private int take(int gfpFlags, int order) {
    int pfn = allocator.allocPages(gfpFlags, order);
    if (pfn >= 0) {
      held.add(new int[] {pfn, order});
    }
    return pfn;
  }

  private void give(int pfn, int order) {
    allocator.freePages(pfn, order);
    held.removeIf(block -> block[0] == pfn);
  }

  private static String refusal(Executable misuse) {
    return String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
  }

  private ZoneType zoneOf(int pfn) {
    return allocator.zones().get(memMap.zoneIndex(pfn)).type();
  }

  @Test
  void aBlockIsSplitFromTheSmallestThatFitsAndTheUpperHalvesStayFree() {
    int block = normal.freeArea().first(10);
    int small = exhaustBelow(10);
    assertTrue(small >= 0);
    int pfn = take(Gfp.GFP_KERNEL, 0);
    assertEquals(block, pfn);
    for (int order = 0; order < 10; order++) {
      assertEquals(1, normal.freeArea().nrFree(order), "order " + order);
      assertEquals(pfn + (1 << order), normal.freeArea().first(order));
    }
  }

  /** Takes all blocks of zone Normal below an order; the number taken. */
  private int exhaustBelow(int limit) {
    int taken = 0;
    for (int order = limit - 1; order >= 0; order--) {
      while (normal.freeArea().nrFree(order) > 0) {
        take(Gfp.GFP_KERNEL, order);
        taken++;
      }
    }
    return taken;
  }

  @Test
  void freeingMergesBuddiesBackIntoTheBlock() {
    exhaustBelow(10);
    int blocks = normal.freeArea().nrFree(10);
    int a = take(Gfp.GFP_KERNEL, 0);
    int b = take(Gfp.GFP_KERNEL, 0);
    int c = take(Gfp.GFP_KERNEL, 3);
    assertEquals(a ^ 1, b);
    give(b, 0);
    give(c, 3);
    assertEquals(blocks - 1, normal.freeArea().nrFree(10));
    give(a, 0);
    assertEquals(blocks, normal.freeArea().nrFree(10));
    assertEquals(a, normal.freeArea().first(10));
  }

  @Test
  void aFreedPageIsTheNextToBeHandedOut() {
    List<Integer> pages = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      pages.add(take(Gfp.GFP_KERNEL, 0));
    }
    give(pages.get(2), 0);
    give(pages.get(5), 0);
    assertEquals(pages.get(5), take(Gfp.GFP_KERNEL, 0));
    assertEquals(pages.get(2), take(Gfp.GFP_KERNEL, 0));
  }

  @Test
  void aPageThatWillSoonMergeWaitsAtTheTail() {
    exhaustBelow(10);
    List<Integer> pages = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      pages.add(take(Gfp.GFP_KERNEL, 0));
    }
    // Pages 0 and 1 become a free pair; 6 is free. When 2 is freed, its pair's buddy is that pair.
    give(pages.get(0), 0);
    give(pages.get(1), 0);
    give(pages.get(6), 0);
    give(pages.get(2), 0);
    FreeArea area = normal.freeArea();
    assertEquals(pages.get(6), area.first(0));
    assertEquals(pages.get(2), area.next(0, pages.get(6)));
  }

  @Test
  void anEmptyZoneFallsBackToTheLowerOneAndNeverToAHigherOne() {
    while (normal.freePages() > 0) {
      assertEquals(ZoneType.NORMAL, zoneOf(take(Gfp.GFP_KERNEL, smallestFree())));
    }
    assertEquals(ZoneType.DMA, zoneOf(take(Gfp.GFP_KERNEL, 0)));
    give(held.getFirst()[0], held.getFirst()[1]);
    while (dma.freePages() > 0) {
      assertEquals(ZoneType.DMA, zoneOf(take(Gfp.GFP_KERNEL | Gfp.DMA, smallestFreeOf(dma))));
    }
    assertEquals(-1, take(Gfp.GFP_KERNEL | Gfp.DMA, 0));
    assertTrue(normal.freePages() > 0);
  }

  private int smallestFree() {
    return smallestFreeOf(normal);
  }

  private static int smallestFreeOf(Zone zone) {
    int order = 0;
    while (zone.freeArea().nrFree(order) == 0) {
      order++;
    }
    return order;
  }

  @Test
  void highMemoryRequestsUseNormalWhereThereIsNoHighMem() {
    assertEquals(ZoneType.NORMAL, zoneOf(take(Gfp.GFP_HIGHUSER_MOVABLE, 0)));
    assertEquals(ZoneType.NORMAL, zoneOf(take(Gfp.GFP_KERNEL | Gfp.DMA32, 0)));
  }

  @Test
  void twoZonesAtOnceAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> allocator.allocPages(Gfp.GFP_KERNEL | Gfp.DMA | Gfp.HIGHMEM, 0));
    assertThrows(IllegalArgumentException.class, () -> allocator.allocPages(Gfp.GFP_KERNEL, -1));
  }

  @Test
  void anOrderBeyondTheHighestFails() {
    assertEquals(-1, take(Gfp.GFP_KERNEL, 11));
  }

  @Test
  void theGuidesMachineHandsOut512PagesAtMost() {
    try (BootedMemory guide = BootedMemory.boot(Architecture.I386, 64, 9)) {
      assertTrue(guide.allocator.allocPages(Gfp.GFP_KERNEL, 9) >= 0);
      assertEquals(-1, guide.allocator.allocPages(Gfp.GFP_KERNEL, 10));
    }
  }

  @Test
  void zeroedPagesAreZero() {
    int pfn = take(Gfp.GFP_KERNEL, 1);
    memory.ram.fill((long) pfn << 12, 8192, (byte) 0x5a);
    give(pfn, 1);
    while (take(Gfp.GFP_KERNEL | Gfp.ZERO, 1) != pfn) {}
    assertEquals(0, memory.ram.getLong((long) pfn << 12));
    assertEquals(0, memory.ram.getLong(((long) pfn << 12) + 8184));
  }

  @Test
  void getZeroedPageGivesAnAddressOfTheDirectMap() {
    long address = allocator.getZeroedPage(Gfp.GFP_KERNEL);
    int pfn = allocator.virtToPfn(address);
    assertEquals(0xc000_0000L + ((long) pfn << 12), address);
    assertEquals(1, memMap.pageCount(pfn));
    allocator.freePagesAt(address, 0);
    allocator.freePagesAt(0, 0);
    assertThrows(IllegalArgumentException.class, () -> allocator.virtToPfn(0x1000));
    assertThrows(IllegalArgumentException.class, () -> allocator.pageAddress(-1));
    assertThrows(IllegalArgumentException.class, () -> allocator.getFreePages(Gfp.GFP_HIGHUSER, 0));
  }

  @Test
  void theLastReferenceFreesABlockWhole() {
    int pfn = allocator.allocPages(Gfp.GFP_KERNEL | Gfp.COMP, 2);
    long free = allocator.freePages();
    assertTrue(memMap.testFlags(pfn, PageFlags.HEAD));
    memMap.getPage(pfn);
    assertFalse(allocator.putPage(pfn));
    assertEquals(1, memMap.pageCount(pfn));
    assertTrue(allocator.putPage(pfn));
    assertEquals(free + 4, allocator.freePages());
  }

  @Test
  void freeingTwiceNamesTheFrameAndItsState() {
    int pfn = allocator.allocPages(Gfp.GFP_KERNEL, 0);
    allocator.freePages(pfn, 0);
    String wrong = refusal(() -> allocator.freePages(pfn, 0));
    assertTrue(wrong.contains("frame 0x" + Integer.toHexString(pfn)), wrong);
    assertTrue(wrong.contains("free block of order"), wrong);
  }

  @Test
  void misuseIsRefusedAndChangesNothing() {
    int pfn = take(Gfp.GFP_KERNEL, 2);
    for (int order : new int[] {0, 1, 3}) {
      assertThrows(IllegalStateException.class, () -> allocator.freePages(pfn, order));
    }
    assertThrows(IllegalStateException.class, () -> allocator.freePages(pfn + 1, 0));
    assertThrows(IllegalStateException.class, () -> allocator.putPage(pfn + 1));
    assertThrows(IllegalStateException.class, () -> memMap.getPage(pfn + 1));
    assertThrows(IllegalStateException.class, () -> memMap.decrementMapcount(pfn));
    int kernel = 16 << 8;
    assertTrue(memMap.isPageReserved(kernel));
    assertThrows(IllegalStateException.class, () -> allocator.freePages(kernel, 0));
    for (int nowhere : new int[] {-1, memMap.frames(), Integer.MAX_VALUE}) {
      assertThrows(IllegalStateException.class, () -> allocator.freePages(nowhere, 0));
    }
  }

  @Test
  void aFrameThatWasNeverHandedOutCannotBeTouched() {
    int untouched = normal.freeArea().first(10);
    String wrong = refusal(() -> memMap.setPageDirty(untouched + 5));
    assertTrue(wrong.contains("never handed out"), wrong);
  }

  @Test
  void aPageThatIsMappedOrInAFileCannotBeFreed() {
    int pfn = take(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    memMap.incrementMapcount(pfn);
    assertThrows(IllegalStateException.class, () -> allocator.putPage(pfn));
    memMap.decrementMapcount(pfn);
    assertEquals(1, memMap.pageCount(pfn));
    int inFile = take(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    memMap.setMapping(inFile, 7, 3);
    assertThrows(IllegalStateException.class, () -> allocator.putPage(inFile));
  }

  @Test
  void reclaimIsAskedUntilItHasNothingMore() {
    List<Integer> cache = new ArrayList<>();
    for (int pfn; (pfn = allocator.allocPages(Gfp.GFP_USER, 0)) >= 0; ) {
      cache.add(pfn);
    }
    allocator.setReclaimer((gfpFlags, order) -> {
      if (cache.isEmpty()) {
        return 0;
      }
      allocator.freePages(cache.removeLast(), 0);
      return 1;
    });
    assertEquals(-1, allocator.allocPages(Gfp.GFP_ATOMIC, 0));
    int size = cache.size();
    assertTrue(take(Gfp.GFP_USER, 0) >= 0);
    assertEquals(size - 1, cache.size());
    assertEquals(1, memory.vmStat.get(VmStatItem.ALLOCSTALL_NORMAL));
    while (take(Gfp.GFP_USER, 0) >= 0) {}
    assertTrue(cache.isEmpty());
  }

  @Test
  void pagesAreCountedAsInVmstat() {
    give(take(Gfp.GFP_KERNEL, 3), 3);
    take(Gfp.GFP_KERNEL | Gfp.DMA, 0);
    assertEquals(8, memory.vmStat.get(VmStatItem.PGALLOC_NORMAL));
    assertEquals(1, memory.vmStat.get(VmStatItem.PGALLOC_DMA));
    assertEquals(8, memory.vmStat.get(VmStatItem.PGFREE));
  }

  @Test
  void allocationsAndFreesAreTraced() {
    List<TraceEvent> events = new ArrayList<>();
    memory.trace.listen((sequence, nanos, event) -> events.add(event));
    int pfn = take(Gfp.GFP_KERNEL, 1);
    give(pfn, 1);
    take(Gfp.GFP_KERNEL, 11);
    assertEquals(
        List.of(
            new TraceEvent.MmPageAlloc(pfn, 1, Gfp.GFP_KERNEL),
            new TraceEvent.MmPageFree(pfn, 1),
            new TraceEvent.MmPageAlloc(-1, 11, Gfp.GFP_KERNEL)),
        events);
  }
}
