package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/** How far each kind of request goes when memory is short. */
final class SlowPathTest {
  private static final int USER = Gfp.GFP_USER | Gfp.MOVABLE;

  private final BootedMemory memory = BootedMemory.boot(Architecture.I386, 64);
  private final PageAllocator allocator = memory.allocator;
  private final ZoneWatermarks marks = allocator.zones().get(1).watermarks();
  private final Zone normal = allocator.zones().get(1);
  private final Held held = new Held(memory);

  SlowPathTest() {
    allocator.setPerCpuLists(false);
  }

  @AfterEach
  void audit() {
    held.audit();
    memory.close();
  }

  @Test
  void eachKindOfRequestHasItsOwnReserve() {
    held.takeAll(Gfp.GFP_KERNEL, 0);
    int min = marks.min();
    assertEquals(min, normal.freePages());
    held.takeAll(Gfp.GFP_KERNEL | Gfp.HIGH, 0);
    assertEquals(min - min / 2, normal.freePages());
    held.takeAll(Gfp.GFP_ATOMIC, 0);
    int half = min - min / 2;
    assertEquals(half - half / 4, normal.freePages());
    assertEquals(-1, held.take(Gfp.GFP_KERNEL | Gfp.MEMALLOC | Gfp.NOMEMALLOC, 0));
    held.takeAll(Gfp.GFP_KERNEL | Gfp.MEMALLOC, 0);
    assertEquals(0, allocator.node().freeFrames());
  }

  @Test
  void aFailureLeavesNoTraceButItsWarning() {
    held.takeAll(USER, 0);
    held.audit();
    long free = allocator.node().freeFrames();
    List<TraceEvent> events = new ArrayList<>();
    memory.trace.listen((sequence, nanos, event) -> events.add(event));
    assertEquals(-1, held.take(USER, 0));
    assertEquals(-1, held.take(USER | Gfp.NOWARN, 3));
    assertEquals(
        List.of(
            new TraceEvent.PageAllocationFailure(0, USER),
            new TraceEvent.MmPageAlloc(-1, 0, USER),
            new TraceEvent.MmPageAlloc(-1, 3, USER | Gfp.NOWARN)),
        events);
    assertEquals(free, allocator.node().freeFrames());
  }

  @Test
  void whatMustNotFailAndCannotSucceedSaysSo() {
    held.takeAll(USER, 0);
    held.takeAll(USER | Gfp.NOFAIL, 0, 10_000);
    assertEquals(marks.min() - marks.min() / 4, normal.freePages());
    String refused =
        String.valueOf(
            assertThrows(
                    IllegalStateException.class,
                    () -> allocator.allocPages(Gfp.GFP_KERNEL | Gfp.NOFAIL, 0))
                .getMessage());
    assertTrue(refused.contains("must not fail (GFP_KERNEL|__GFP_NOFAIL) cannot succeed"), refused);
  }

  @Test
  void noRequestThatCanWaitFailsWhilePagesLieOnPerCpuLists() {
    allocator.setPerCpuLists(true);
    held.takeAll(USER, 0);
    for (int i = 0; i < 100; i++) {
      held.give(held.get(held.size() - 1)[0]);
    }
    int waiting = normal.perCpuPages().count();
    assertTrue(waiting > 0);
    assertTrue(held.take(Gfp.GFP_KERNEL, 0) >= 0);
    held.takeAll(Gfp.GFP_KERNEL, 0);
    allocator.node().drainAllPages();
    assertEquals(marks.min(), normal.freePages());
  }

  // ---- Reclaim ----

  @Test
  void reclaimIsAskedUntilItHasNothingMore() {
    int pages = held.takeAll(USER, 0);
    allocator.slowPath().setReclaimer(this::freeOne);
    assertEquals(-1, held.take(Gfp.GFP_NOWAIT, 0));
    assertTrue(held.take(USER, 0) >= 0);
    assertEquals(pages, held.size());
    List<Integer> kept = new ArrayList<>();
    for (int pfn; (pfn = allocator.allocPages(USER, 0)) >= 0; ) {
      kept.add(pfn);
    }
    assertTrue(held.isEmpty());
    kept.forEach(pfn -> held.add(pfn, 0));
  }

  private int freeOne(int gfpFlags, int order) {
    if (held.isEmpty()) {
      return 0;
    }
    held.give(held.get(held.size() - 1)[0]);
    return 1;
  }

  @Test
  void whatMustNotFailWaitsForReclaim() {
    held.takeAll(USER | Gfp.MEMALLOC, 0);
    assertEquals(0, allocator.node().freeFrames());
    allocator.slowPath().setReclaimer(this::freeOne);
    int before = held.size();
    int pfn = allocator.allocPages(USER | Gfp.NOFAIL, 0);
    assertTrue(pfn >= 0);
    assertTrue(held.size() < before);
    held.add(pfn, 0);
  }

  @Test
  void oneAttemptIsAllThatNoretryMakes() {
    held.takeAll(USER | Gfp.MEMALLOC, 0);
    int[] calls = new int[1];
    allocator
        .slowPath()
        .setReclaimer((gfpFlags, order) -> {
          calls[0]++;
          return freeOne(gfpFlags, order);
        });
    assertEquals(-1, held.take(USER | Gfp.NORETRY, 0));
    assertEquals(1, calls[0]);
    assertEquals(-1, held.take(USER, 4));
    assertEquals(2, calls[0]);
    assertEquals(-1, held.take(USER | Gfp.RETRY_MAYFAIL, 9));
    // Nothing on the lists could be reclaimed, so another attempt would be in vain.
    assertEquals(3, calls[0]);
  }

  @Test
  void whatReclaimAllocatesMayTakeEverythingAndNeverReclaims() {
    held.takeAll(USER, 0);
    int[] calls = new int[1];
    allocator
        .slowPath()
        .setReclaimer((gfpFlags, order) -> {
          calls[0]++;
          assertTrue(held.take(Gfp.GFP_KERNEL, 0) >= 0);
          return 0;
        });
    assertEquals(-1, held.take(USER, 0));
    assertEquals(1, calls[0]);
  }

  // ---- kswapd and the boost ----

  @Test
  void kswapdIsWokenBelowTheLowWatermarkByThoseWhoMay() {
    List<String> wakes = new ArrayList<>();
    allocator
        .slowPath()
        .setKswapd((zone, gfpFlags, order, highest) ->
            wakes.add(zone.name() + " " + order + " " + highest));
    held.takeAll(Gfp.GFP_KERNEL | Gfp.DMA, 0);
    wakes.clear();
    while (normal.freePages() > marks.low() + marks.boost()) {
      held.take(USER & ~Gfp.KSWAPD_RECLAIM, 0);
    }
    assertEquals(List.of(), wakes);
    held.take(Gfp.GFP_KERNEL, 0);
    assertEquals("Normal 0 1", wakes.getFirst());
    wakes.clear();
    held.take(Gfp.GFP_KERNEL & ~Gfp.KSWAPD_RECLAIM, 0);
    assertEquals(List.of(), wakes);
  }

  @Test
  void typesThatMixBoostTheWatermarksOnlyIfKswapdCanTakeThatBack() {
    held.take(USER, 0);
    takeWholeBlocks();
    held.take(Gfp.GFP_KERNEL, 0);
    assertEquals(0, marks.boost());
    List<String> wakes = new ArrayList<>();
    allocator.slowPath().setKswapd((zone, gfpFlags, order, highest) -> wakes.add(zone.name()));
    held.take(Gfp.GFP_KERNEL | Gfp.RECLAIMABLE, 0);
    assertEquals(1024, marks.boost());
    assertEquals(marks.low() + 1024, marks.pages(AllocFlags.WMARK_LOW));
    assertEquals(List.of("Normal"), wakes);
    marks.reduceBoost(5000);
    assertEquals(0, marks.boost());
  }

  private void takeWholeBlocks() {
    while (normal.freeArea().nrFree(10) > 0) {
      held.take(USER | Gfp.MEMALLOC, 10);
    }
  }

  // ---- Compaction ----

  /** Finds a block by freeing one, or says why not. */
  private static final class FakeCompactor implements Compactor {
    final List<CompactPriority> asked = new ArrayList<>();
    CompactResult result = CompactResult.COMPLETE;
    int captured = -1;
    int resets;

    @Override
    public CompactResult tryToCompactPages(
        int gfpFlags, int order, int allocFlags, int highestZone, CompactPriority priority) {
      asked.add(priority);
      return result;
    }

    @Override
    public int takeCapturedPage() {
      int pfn = captured;
      captured = -1;
      return pfn;
    }

    @Override
    public boolean zonelistSuitable(int order, int highestZone, int allocFlags) {
      return false;
    }

    @Override
    public void deferReset(Zone zone, int order, boolean success) {
      resets++;
    }
  }

  private void fragment() {
    held.takeAll(USER | Gfp.MEMALLOC, 0);
    for (int i = held.size() - 1; i >= 0; i--) {
      if (held.get(i)[0] % 2 == 0) {
        held.give(held.get(i)[0]);
      }
    }
  }

  @Test
  void aHighOrderAsksForCompactionFirstAndHarderAfterReclaim() {
    fragment();
    FakeCompactor compactor = new FakeCompactor();
    allocator.slowPath().setCompactor(compactor);
    int[] calls = {3};
    allocator.slowPath().setReclaimer((gfpFlags, order) -> calls[0]-- > 0 ? 1 : 0);
    assertEquals(-1, held.take(Gfp.GFP_KERNEL, 1));
    assertEquals(CompactPriority.ASYNC, compactor.asked.get(0));
    assertEquals(CompactPriority.SYNC_LIGHT, compactor.asked.get(1));
    assertEquals(compactor.asked.size(), memory.vmStat.get(VmStatItem.COMPACT_STALL));
    assertEquals(compactor.asked.size(), memory.vmStat.get(VmStatItem.COMPACT_FAIL));
    compactor.asked.clear();
    assertEquals(-1, held.take(Gfp.GFP_KERNEL | Gfp.NORETRY, 4));
    assertEquals(List.of(CompactPriority.ASYNC, CompactPriority.ASYNC), compactor.asked);
    compactor.asked.clear();
    compactor.result = CompactResult.DEFERRED;
    assertEquals(-1, held.take(Gfp.GFP_KERNEL | Gfp.NORETRY, 4));
    assertEquals(List.of(CompactPriority.ASYNC), compactor.asked);
  }

  @Test
  void orderZeroNeverCompacts() {
    held.takeAll(USER, 0);
    FakeCompactor compactor = new FakeCompactor();
    allocator.slowPath().setCompactor(compactor);
    assertEquals(-1, held.take(Gfp.GFP_KERNEL, 0));
    assertEquals(List.of(), compactor.asked);
  }

  @Test
  void aBlockThatCompactionCaughtIsTheCallers() {
    fragment();
    FakeCompactor compactor = new FakeCompactor();
    compactor.result = CompactResult.SUCCESS;
    int odd = held.get(held.size() - 1)[0];
    normal.beginCapture(1, MigrateType.UNMOVABLE);
    allocator.slowPath().setCompactor(compactor);
    normal.endCapture();
    normal.beginCapture(1, MigrateType.MOVABLE);
    held.give(odd);
    compactor.captured = normal.endCapture();
    assertEquals(odd - 1, compactor.captured);
    int pfn = held.take(Gfp.GFP_KERNEL, 1);
    assertEquals(odd - 1, pfn);
    assertEquals(1, compactor.resets);
    assertEquals(1, memory.vmStat.get(VmStatItem.COMPACT_SUCCESS));
  }
}
