package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;
import org.memarium.mm.space.LocalDescriptorTable;
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
  private final IoMeter io;

  /** For the one processor of a machine. */
  public ContextSwitch(Cpu cpu, TlsSegments tls, MemoryManager memory) {
    this.cpu = cpu;
    this.tls = tls;
    this.memory = memory;
    this.io = new IoMeter(memory);
  }

  /**
   * Exchanges what the processor holds.
   *
   * @param previous whose state is kept; null: nobody's
   */
  void switchTo(@Nullable Task previous, Task next) {
    if (previous != null && !previous.isReleased()) {
      previous.context().save(cpu, tls);
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
    io.switchTo(next.attributes().io());
    next.context().load(cpu, tls);
    if (mm != null) {
      loadLdt(cpu.segmentation(), mm);
    }
  }

  /**
   * {@code load_mm_ldt}, and what a switch of tasks loads anew by selector: another thread may have
   * changed the entry meanwhile.
   */
  private static void loadLdt(Segmentation segments, MmStruct mm) {
    LocalDescriptorTable ldt = mm.ldt().current();
    segments.setLdt(ldt == null ? null : ldt.table());
    if (ldt != null) {
      for (int register = Segmentation.ES; register <= Segmentation.GS; register++) {
        refreshLdtSegment(segments, register);
      }
    }
  }

  /**
   * {@code refresh_ldt_segments}: LDTR is loaded anew after a change of the table, and the
   * registers that the way back to the program, or the kernel, loads again.
   *
   * @param all FS too, which a 32-bit kernel uses itself and so restores
   */
  public static void ldtChanged(Segmentation segments, MmStruct mm, boolean all) {
    LocalDescriptorTable ldt = mm.ldt().current();
    segments.setLdt(ldt == null ? null : ldt.table());
    for (int register = Segmentation.ES; register <= Segmentation.DS; register++) {
      refreshLdtSegment(segments, register);
    }
    if (all) {
      refreshLdtSegment(segments, Segmentation.FS);
    }
  }

  /** Code and stack that are gone stay as they are: there is no way back that could fault. */
  private static void refreshLdtSegment(Segmentation segments, int register) {
    int selector = segments.selector(register);
    if ((selector & Segmentation.TABLE_INDICATOR) == 0) {
      return;
    }
    if (register != Segmentation.CS && register != Segmentation.SS) {
      TlsSegments.refresh(segments, register);
      return;
    }
    SegmentDescriptor descriptor = segments.find(selector);
    boolean code = register == Segmentation.CS;
    if (descriptor != null
        && descriptor.present()
        && (code ? descriptor.isCode() : descriptor.isWritable())) {
      segments.force(register, selector);
    }
  }
}
