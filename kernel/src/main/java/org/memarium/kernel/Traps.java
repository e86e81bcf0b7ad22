package org.memarium.kernel;

import org.memarium.cpu.Cpu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.kernel.oom.OutOfMemory;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalSender;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.Trap;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.fault.FaultResult;

/**
 * Makes the processor's exceptions signals to the task that caused them (Linux {@code
 * arch/x86/kernel/traps.c}, {@code arch/x86/mm/fault.c}).
 */
final class Traps {
  private final Kernel kernel;
  private final FaultHandler faults;
  private final OutOfMemory outOfMemory;
  private final Cpu cpu;

  Traps(Kernel kernel, FaultHandler faults, OutOfMemory outOfMemory) {
    this.outOfMemory = outOfMemory;
    this.kernel = kernel;
    this.faults = faults;
    this.cpu = kernel.cpu();
  }

  /** Answers an exception. */
  void exception(ProcessorException e) {
    long eip = Integer.toUnsignedLong(cpu.eip());
    int vector = e.vector();
    int code = e.errorCode();
    switch (vector) {
      case ProcessorException.PAGE_FAULT -> pageFaultSignal(e);
      case ProcessorException.DIVIDE_ERROR ->
          force(vector, 0, Signal.SIGFPE, SignalInfo.FPE_INTDIV, eip, "integer division");
      case ProcessorException.FLOATING_POINT ->
          force(vector, 0, Signal.SIGFPE, floatingPointCode(), eip, "floating-point exception");
      case ProcessorException.SIMD_FLOATING_POINT ->
          force(vector, 0, Signal.SIGFPE, simdCode(), eip, "floating-point exception of SSE");
      case ProcessorException.INVALID_OPCODE ->
          force(vector, 0, Signal.SIGILL, SignalInfo.ILL_ILLOPN, eip, "no such instruction");
      case ProcessorException.DEBUG -> debugSignal(e.debugStatus(), eip);
      case ProcessorException.ALIGNMENT_CHECK ->
          force(vector, code, Signal.SIGBUS, SignalInfo.BUS_ADRALN, 0, "unaligned access");
      case ProcessorException.SEGMENT_NOT_PRESENT, ProcessorException.STACK_FAULT ->
          force(vector, code, Signal.SIGBUS, SignalInfo.KERNEL, 0, "segment fault");
      default -> force(vector, code, Signal.SIGSEGV, SignalInfo.KERNEL, 0, protection(code));
    }
  }

  /** {@code exc_debug_user}, {@code get_si_code}: {@code int1} is the one without a cause. */
  private void debugSignal(int status, long eip) {
    boolean step = (status & ProcessorException.DEBUG_SINGLE_STEP) != 0;
    int code = step ? SignalInfo.TRAP_TRACE : SignalInfo.TRAP_BRKPT;
    String what = step ? "single step" : "int1";
    force(ProcessorException.DEBUG, 0, Signal.SIGTRAP, code, eip, what);
  }

  /** Says for people why the processor protects, where a selector tells it. */
  private String protection(int selector) {
    SegmentDescriptor segment = selector == 0 ? null : cpu.segmentation().find(selector);
    return segment != null && segment.isCode() && segment.longMode()
        ? "selector 0x%x is 64-bit code, and this processor has 32 bits".formatted(selector)
        : "general protection";
  }

  /** {@code fpu__exception_code} of x87. */
  private int floatingPointCode() {
    return floatingPointCode(cpu.fpu().statusWord() & ~cpu.fpu().controlWord());
  }

  /** {@code fpu__exception_code} of SSE, which has flags and masks in one register. */
  private int simdCode() {
    return floatingPointCode(cpu.mxcsr() & ~(cpu.mxcsr() >> 7));
  }

  /** The first exception that is pending and not masked; x87 and SSE have the same six bits. */
  private static int floatingPointCode(int pending) {
    if ((pending & 0x01) != 0) {
      return SignalInfo.FPE_FLTINV;
    }
    if ((pending & 0x04) != 0) {
      return SignalInfo.FPE_FLTDIV;
    }
    if ((pending & 0x08) != 0) {
      return SignalInfo.FPE_FLTOVF;
    }
    if ((pending & 0x12) != 0) {
      return SignalInfo.FPE_FLTUND;
    }
    return SignalInfo.FPE_FLTRES;
  }

  private void pageFaultSignal(ProcessorException e) {
    FaultResult result = faults.lastResult();
    long address = e.linearAddress();
    if (result == FaultResult.OOM) {
      outOfMemory.pageFault(kernel.task(), Integer.toUnsignedLong(cpu.eip()), address);
      return;
    }
    String what =
        FaultDescription.of(kernel.task().requireMm(), address, e.errorCode(), cpu, result);
    kernel.task().setTrap(new Trap(e.vector(), e.errorCode(), address));
    if (result == FaultResult.SIGBUS) {
      force(e.vector(), e.errorCode(), Signal.SIGBUS, SignalInfo.BUS_ADRERR, address, what);
      return;
    }
    int code = result == FaultResult.SEGV_ACCERR ? SignalInfo.SEGV_ACCERR : SignalInfo.SEGV_MAPERR;
    force(e.vector(), e.errorCode(), Signal.SIGSEGV, code, address, what);
  }

  /**
   * {@code force_sig_fault}: a signal that the instruction itself caused.
   *
   * @param vector of the exception
   * @param errorCode what the processor pushed with it
   * @param code the signal's {@code si_code}
   * @param address the signal's {@code si_addr}
   * @param what for people
   */
  void force(int vector, int errorCode, int signal, int code, long address, String what) {
    Task task = kernel.task();
    task.setTrap(new Trap(vector, errorCode, task.trap().cr2()));
    task.process()
        .setDeathCause("%s (eip 0x%08x)".formatted(what, Integer.toUnsignedLong(cpu.eip())));
    SignalSender.force(task, SignalInfo.fault(signal, code, address));
  }
}
