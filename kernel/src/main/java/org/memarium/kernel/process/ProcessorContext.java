package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuState;

/** {@code struct thread_struct}: what the processor holds for a task, while it does not run. */
public final class ProcessorContext {
  private @Nullable CpuState registers;
  private final long[] tlsDescriptors = new long[TlsSegments.ENTRIES];

  ProcessorContext() {}

  /** Keeps what the processor holds. */
  void save(Cpu cpu, TlsSegments tls) {
    registers = cpu.save();
    tls.save(tlsDescriptors);
  }

  /** Puts back what {@link #save} kept; a task that never ran takes what is there. */
  void load(Cpu cpu, TlsSegments tls) {
    tls.load(tlsDescriptors);
    if (registers != null) {
      cpu.restore(registers);
    }
  }

  /** What it ran with last, or will start with; null if it never ran. */
  public @Nullable CpuState registers() {
    return registers;
  }

  /** The registers that a new task starts with. */
  void setRegisters(CpuState first) {
    registers = first;
  }

  /** The descriptors of thread-local storage; to be changed in place. */
  public long[] tlsDescriptors() {
    return tlsDescriptors;
  }
}
