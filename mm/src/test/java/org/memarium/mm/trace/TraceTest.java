package org.memarium.mm.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TraceTest {
  private final Trace trace = new Trace();
  private final List<String> heard = new ArrayList<>();

  @Test
  void itIsOnOnlyWhileSomebodyListens() {
    assertFalse(trace.isOn());
    TraceListener listener = (sequence, nanos, event) -> {};
    trace.listen(listener);
    assertTrue(trace.isOn());
    trace.stopListening((sequence, nanos, event) -> {});
    assertTrue(trace.isOn());
    trace.stopListening(listener);
    assertFalse(trace.isOn());
  }

  @Test
  void eventsComeNumberedAndTimedToEveryListenerInOrder() {
    long[] clock = {100};
    trace.setClock(() -> clock[0]);
    trace.listen((sequence, nanos, event) -> heard.add("a " + sequence + " " + nanos));
    trace.listen((sequence, nanos, event) -> heard.add("b " + sequence + " " + nanos));
    trace.emit(new TraceEvent.MmPageFree(1, 0));
    clock[0] = 250;
    trace.emit(new TraceEvent.MmPageFree(2, 0));
    assertEquals(List.of("a 1 100", "b 1 100", "a 2 250", "b 2 250"), heard);
    assertEquals(2, trace.delivered());
  }

  @Test
  void eventsAreNamedAfterLinuxTracepoints() {
    assertEquals("mm_page_alloc", new TraceEvent.MmPageAlloc(1, 0, 0).name());
    assertEquals("tlb_flush", new TraceEvent.TlbFlush("task switch", -1).name());
    assertEquals("brk", new TraceEvent.Brk(0, 0).name());
    assertEquals(
        "mm_filemap_add_to_page_cache", new TraceEvent.MmFilemapAddToPageCache(1, 1, 0).name());
  }

  @Test
  void countersAreNamedAsInVmstat() {
    assertEquals("pgalloc_dma32", VmStatItem.PGALLOC_DMA32.vmstatName());
    VmStat vmStat = new VmStat();
    vmStat.add(VmStatItem.PGFAULT, 5);
    vmStat.increment(VmStatItem.NR_DIRTY);
    vmStat.decrement(VmStatItem.NR_DIRTY);
    assertEquals(5, vmStat.get(VmStatItem.PGFAULT));
    assertEquals(0, vmStat.get(VmStatItem.NR_DIRTY));
  }
}
