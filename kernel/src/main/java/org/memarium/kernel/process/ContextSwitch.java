package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code context_switch}: the registers, the segments of thread-local storage, and CR3 where the
 * address space is another (Linux {@code kernel/sched/core.c}, {@code
 * arch/x86/kernel/process_32.c}).
 */
public final class ContextSwitch {
  private final Cpu cpu;
  private final TlsSegments tls;
  private final MemoryManager memory;

  /** For the one processor of a machine. */
  public ContextSwitch(Cpu cpu, TlsSegments tls, MemoryManager memory) {
    this.cpu = cpu;
    this.tls = tls;
    this.memory = memory;
  }

  /**
   * Exchanges what the processor holds.
   *
   * @param previous whose state is kept; null: nobody's
   */
  void switchTo(@Nullable Task previous, Task next) {
    if (previous != null && !previous.isReleased()) {
      previous.saveContext(cpu, tls);
    }
    Trace trace = next.trace();
    if (trace.isOn()) {
      int previousPid = previous == null ? 0 : previous.pid();
      trace.emit(new TraceEvent.SchedSwitch(previousPid, next.pid()));
    }
    MmStruct mm = next.mm();
    if (mm != null && !mm.isActive()) {
      mm.activate();
    }
    memory.setFaultCounts(next.faults());
    next.loadContext(cpu, tls);
  }
}
