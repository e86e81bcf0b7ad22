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
import org.memarium.mm.BootedMemory;
import org.memarium.mm.ZoneType;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/** What callers see: flags, addresses, references, compound pages, counters, misuse. */
final class PageAllocatorTest {
  private final BootedMemory memory = BootedMemory.boot(Architecture.I386, 64);
  private final PageAllocator allocator = memory.allocator;
  private final MemMap memMap = allocator.memMap();
  private final Zone normal = allocator.zones().get(1);
  private final Held held = new Held(memory);

  @AfterEach
  void audit() {
    held.audit();
    memory.close();
  }

  private static String refusal(Executable misuse) {
    return String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
  }

  private ZoneType zoneOf(int pfn) {
    return allocator.zoneOf(pfn).type();
  }

  @Test
  void highMemoryRequestsUseNormalWhereThereIsNoHighMem() {
    assertEquals(ZoneType.NORMAL, zoneOf(held.take(Gfp.GFP_HIGHUSER_MOVABLE, 0)));
    assertEquals(ZoneType.NORMAL, zoneOf(held.take(Gfp.GFP_KERNEL | Gfp.DMA32, 0)));
    assertEquals(ZoneType.DMA, zoneOf(held.take(Gfp.GFP_KERNEL | Gfp.DMA, 0)));
  }

  @Test
  void flagsThatContradictEachOtherAreRefused() {
    for (int modifiers :
        new int[] {
          Gfp.DMA | Gfp.HIGHMEM,
          Gfp.DMA | Gfp.DMA32,
          Gfp.DMA32 | Gfp.HIGHMEM | Gfp.MOVABLE,
          Gfp.MOVABLE | Gfp.RECLAIMABLE
        }) {
      assertThrows(
          IllegalArgumentException.class,
          () -> allocator.allocPages(Gfp.GFP_KERNEL | modifiers, 0));
    }
    assertThrows(IllegalArgumentException.class, () -> allocator.allocPages(Gfp.GFP_KERNEL, -1));
  }

  @Test
  void anOrderBeyondTheHighestFails() {
    assertEquals(-1, held.take(Gfp.GFP_KERNEL, 11));
    assertEquals(-1, held.take(Gfp.GFP_KERNEL | Gfp.NOFAIL, 11));
  }

  @Test
  void theGuidesMachineHandsOut512PagesAtMost() {
    try (BootedMemory guide = BootedMemory.boot(Architecture.I386, 64, 9)) {
      assertEquals(9, guide.allocator.zones().getFirst().pageblocks().order());
      assertTrue(guide.allocator.allocPages(Gfp.GFP_KERNEL, 9) >= 0);
      assertEquals(-1, guide.allocator.allocPages(Gfp.GFP_KERNEL, 10));
    }
  }

  @Test
  void zeroedPagesAreZero() {
    int pfn = held.take(Gfp.GFP_KERNEL, 1);
    memory.ram.fill((long) pfn << 12, 8192, (byte) 0x5a);
    held.give(pfn);
    while (held.take(Gfp.GFP_KERNEL | Gfp.ZERO, 1) != pfn) {}
    assertEquals(0, memory.ram.getLong((long) pfn << 12));
    assertEquals(0, memory.ram.getLong(((long) pfn << 12) + 8184));
  }

  @Test
  void getZeroedPageGivesAnAddressOfTheDirectMap() {
    long address = allocator.directMap().getZeroedPage(Gfp.GFP_KERNEL);
    int pfn = allocator.directMap().virtToPfn(address);
    assertEquals(0xc000_0000L + ((long) pfn << 12), address);
    assertEquals(1, memMap.pageCount(pfn));
    allocator.directMap().freePagesAt(address, 0);
    allocator.directMap().freePagesAt(0, 0);
    assertThrows(IllegalArgumentException.class, () -> allocator.directMap().virtToPfn(0x1000));
    assertThrows(IllegalArgumentException.class, () -> allocator.directMap().pageAddress(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> allocator.directMap().getFreePages(Gfp.GFP_HIGHUSER, 0));
  }

  // ---- References and parts ----

  @Test
  void theLastReferenceFreesACompoundPageWhole() {
    long free = allocator.node().freeFrames();
    int pfn = allocator.allocPages(Gfp.GFP_KERNEL | Gfp.COMP, 2);
    memMap.getPage(pfn + 3);
    assertEquals(2, memMap.pageCount(pfn));
    assertFalse(allocator.putPage(pfn + 1));
    assertEquals(1, memMap.pageCount(pfn));
    assertTrue(allocator.putPage(pfn));
    assertEquals(free, allocator.node().freeFrames());
    assertFalse(memMap.isPageTail(pfn + 1));
  }

  @Test
  void tailsOfACompoundPageKnowTheirHead() {
    int pfn = held.take(Gfp.GFP_KERNEL | Gfp.COMP, 3);
    assertTrue(memMap.isPageHead(pfn));
    assertEquals(3, memMap.compoundOrder(pfn));
    for (int tail = pfn + 1; tail < pfn + 8; tail++) {
      assertTrue(memMap.isPageTail(tail));
      assertEquals(pfn, memMap.compoundHead(tail));
    }
    assertEquals(pfn, memMap.compoundHead(pfn));
    int plain = held.take(Gfp.GFP_KERNEL, 3);
    assertEquals(plain + 1, memMap.compoundHead(plain + 1));
    assertEquals(0, memMap.compoundOrder(plain));
    assertFalse(memMap.isPageHead(held.take(Gfp.GFP_KERNEL | Gfp.COMP, 0)));
  }

  @Test
  void aSplitBlockIsFreedPageByPage() {
    int pfn = held.take(Gfp.GFP_KERNEL, 2);
    allocator.splits().splitPage(pfn, 2);
    held.forget(pfn);
    for (int page = pfn; page < pfn + 4; page++) {
      assertEquals(1, memMap.pageCount(page));
      allocator.freePages(page, 0);
    }
    int compound = held.take(Gfp.GFP_KERNEL | Gfp.COMP, 2);
    assertThrows(IllegalStateException.class, () -> allocator.splits().splitPage(compound, 2));
    int block = held.take(Gfp.GFP_KERNEL, 2);
    assertThrows(IllegalStateException.class, () -> allocator.splits().splitPage(block, 1));
  }

  @Test
  void exactAllocationsTakeWholePagesAndNoMore() {
    long free = allocator.node().freeFrames();
    long address = allocator.directMap().allocPagesExact(5 * 4096 - 1, Gfp.GFP_KERNEL);
    assertEquals(free - 5, allocator.node().freeFrames());
    assertEquals(0, allocator.directMap().virtToPfn(address) % 8);
    allocator.directMap().freePagesExact(address, 5 * 4096 - 1);
    assertEquals(free, allocator.node().freeFrames());
    long one = allocator.directMap().allocPagesExact(1, Gfp.GFP_KERNEL);
    assertEquals(free - 1, allocator.node().freeFrames());
    allocator.directMap().freePagesExact(one, 1);
    assertEquals(0, allocator.directMap().allocPagesExact((4 << 20) + 1, Gfp.GFP_KERNEL));
    assertThrows(
        IllegalArgumentException.class,
        () -> allocator.directMap().allocPagesExact(0, Gfp.GFP_KERNEL));
    allocator.directMap().freePagesExact(0, 4096);
  }

  // ---- Misuse ----

  @Test
  void freeingTwiceNamesTheFrameAndItsState() {
    int pfn = allocator.allocPages(Gfp.GFP_KERNEL, 0);
    allocator.freePages(pfn, 0);
    String wrong = refusal(() -> allocator.freePages(pfn, 0));
    assertTrue(wrong.contains("frame 0x" + Integer.toHexString(pfn)), wrong);
    assertTrue(wrong.contains("free block of order 0 on a per-CPU list"), wrong);
    allocator.node().drainAllPages();
    assertThrows(IllegalStateException.class, () -> allocator.freePages(pfn, 0));
  }

  @Test
  void misuseIsRefusedAndChangesNothing() {
    int pfn = held.take(Gfp.GFP_KERNEL, 2);
    for (int order : new int[] {0, 1, 3, -1, 40}) {
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
      assertThrows(IllegalStateException.class, () -> allocator.putPage(nowhere));
    }
    int compound = held.take(Gfp.GFP_KERNEL | Gfp.COMP, 1);
    String tail = refusal(() -> allocator.freePages(compound + 1, 0));
    assertTrue(tail.contains("tail of a compound page"), tail);
  }

  @Test
  void withChecksMisuseIsToldWithTheFramesHistory() {
    allocator.enableHistory();
    int pfn = allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    allocator.freePages(pfn, 0);
    String wrong = refusal(() -> allocator.freePages(pfn, 0));
    List<String> lines = wrong.lines().toList();
    assertTrue(
        lines
            .get(1)
            .startsWith(
                "  allocated by event 1 at 0 ns: order 0, gfp GFP_HIGHUSER_MOVABLE, type Movable,"
                    + " in PageAllocatorTest.withChecksMisuseIsToldWithTheFramesHistory(line "),
        wrong);
    assertTrue(lines.get(2).startsWith("  freed by event 2 at 0 ns: order 0, in "), wrong);
  }

  @Test
  void withChecksAFrameInsideABlockThatIsStillUsedIsFound() {
    allocator.enableHistory();
    int pfn = held.take(Gfp.GFP_KERNEL, 2);
    memMap.incrementMapcount(pfn + 2);
    assertThrows(IllegalStateException.class, () -> allocator.freePages(pfn, 2));
    memMap.decrementMapcount(pfn + 2);
  }

  @Test
  void aFrameThatWasNeverHandedOutCannotBeTouched() {
    int untouched = normal.freeArea().last(10, MigrateType.MOVABLE);
    String wrong = refusal(() -> memMap.setPageDirty(untouched + 5));
    assertTrue(wrong.contains("never handed out"), wrong);
  }

  @Test
  void aPageThatIsMappedOrInAFileCannotBeFreed() {
    int pfn = held.take(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    memMap.incrementMapcount(pfn);
    assertThrows(IllegalStateException.class, () -> allocator.putPage(pfn));
    memMap.decrementMapcount(pfn);
    assertEquals(1, memMap.pageCount(pfn));
    int inFile = held.take(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    memMap.setMapping(inFile, 7, 3);
    assertThrows(IllegalStateException.class, () -> allocator.putPage(inFile));
  }

  // ---- What is counted and told ----

  @Test
  void pagesAreCountedAsInVmstat() {
    long freed = memory.vmStat.get(VmStatItem.PGFREE);
    held.give(held.take(Gfp.GFP_KERNEL, 3));
    held.take(Gfp.GFP_KERNEL | Gfp.DMA, 0);
    assertEquals(8, memory.vmStat.get(VmStatItem.PGALLOC_NORMAL));
    assertEquals(1, memory.vmStat.get(VmStatItem.PGALLOC_DMA));
    assertEquals(freed + 8, memory.vmStat.get(VmStatItem.PGFREE));
  }

  @Test
  void bootCountsWhatItFrees() {
    assertEquals(allocator.node().totalRamPages(), memory.vmStat.get(VmStatItem.PGFREE));
  }

  @Test
  void allocationsAndFreesAreTraced() {
    List<TraceEvent> events = new ArrayList<>();
    memory.trace.listen((sequence, nanos, event) -> events.add(event));
    int pfn = held.take(Gfp.GFP_HIGHUSER_MOVABLE, 1);
    held.give(pfn);
    held.take(Gfp.GFP_KERNEL, 11);
    assertEquals(
        List.of(
            new TraceEvent.MmPageAlloc(pfn, 1, Gfp.GFP_HIGHUSER_MOVABLE),
            new TraceEvent.MmPageFree(pfn, 1),
            new TraceEvent.MmPageAlloc(-1, 11, Gfp.GFP_KERNEL)),
        events);
  }

  @Test
  void flagsAreSpelledAsLinuxSpellsThem() {
    assertEquals("GFP_KERNEL|__GFP_ZERO", Gfp.describe(Gfp.GFP_KERNEL | Gfp.ZERO));
    assertEquals("GFP_HIGHUSER_MOVABLE", Gfp.describe(Gfp.GFP_HIGHUSER_MOVABLE));
    assertEquals("GFP_ATOMIC|__GFP_COMP", Gfp.describe(Gfp.GFP_ATOMIC | Gfp.COMP));
    assertEquals("none", Gfp.describe(0));
  }
}
