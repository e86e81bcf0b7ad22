package org.memarium.kernel;

import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.Exit;
import org.memarium.hardware.PageFaultHandler;
import org.memarium.hardware.ProcessorException;
import org.memarium.kernel.exec.Execve;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalAction;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.kernel.syscall.SignalFrame;
import org.memarium.kernel.syscall.SystemCalls;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.space.MmStruct;

/**
 * The way between the program and the kernel: runs the processor, and answers what made it stop.
 *
 * <pre>
 *   signals to deliver?  ->  a handler's frame, or the end
 *   run  ->  int $0x80     a system call
 *        ->  an exception  a signal
 *        ->  stopped       a signal from outside
 * </pre>
 */
final class RunLoop implements PageFaultHandler {
  private static final int SYSTEM_CALL_VECTOR = 0x80;

  /** Length of {@code int $0x80}. */
  private static final int SYSTEM_CALL_BYTES = 2;

  private final Kernel kernel;
  private final SystemCalls systemCalls;
  private final FaultHandler faults;
  private final Execve execve;
  private final Runnable check;
  private final Cpu cpu;
  private final Task task;

  private SignalFrame.Trap trap = new SignalFrame.Trap(0, 0, 0);
  private @Nullable String cause;
  private boolean outOfMemory;
  private volatile boolean pauseRequested;
  private Machine.@Nullable CallStop callStop;

  /** Whether the call that the program stands before was stopped before already. */
  private boolean stopped;

  /**
   * The loop of one process.
   *
   * @param check called after every system call
   */
  RunLoop(
      Kernel kernel, SystemCalls systemCalls, FaultHandler faults, Execve execve, Runnable check) {
    this.kernel = kernel;
    this.systemCalls = systemCalls;
    this.faults = faults;
    this.execve = execve;
    this.check = check;
    this.cpu = kernel.cpu();
    this.task = kernel.task();
  }

  @Override
  public boolean pageFault(long linearAddress, int errorCode) {
    if (faults.isKernelFault(linearAddress, errorCode)) {
      return faults.handleKernelFault(linearAddress, errorCode);
    }
    MmStruct mm = task.mm();
    if (mm == null) {
      throw new IllegalStateException(
          "page fault at 0x%x without an address space".formatted(linearAddress));
    }
    FaultResult result = faults.handleMmFault(mm, linearAddress, errorCode);
    outOfMemory |= result == FaultResult.OOM;
    return result.isHandled();
  }

  SystemCalls systemCalls() {
    return systemCalls;
  }

  /** Makes {@link #run} come back soon; from any thread. */
  void requestPause() {
    pauseRequested = true;
    cpu.requestStop();
  }

  /** See {@link Machine#stopBeforeCalls}. */
  void setCallStop(Machine.@Nullable CallStop stop) {
    callStop = stop;
  }

  /** Whether {@link #requestPause} was called and the loop has not come back yet. */
  boolean isPauseRequested() {
    return pauseRequested;
  }

  /**
   * Runs until the process has ended, or it has executed so many instructions, or somebody asked
   * for a pause.
   *
   * @param maxInstructions more than 0
   */
  void run(long maxInstructions) {
    long budget = maxInstructions;
    while (!task.isEnded() && budget > 0 && !pauseRequested) {
      kernel.takeExternalSignals();
      if (task.signals().isDeliverable()) {
        deliver();
        continue;
      }
      long before = cpu.instructions();
      Exit exit = cpu.run(budget);
      budget -= cpu.instructions() - before;
      switch (exit) {
        case INTERRUPT -> interrupt(cpu.interruptVector());
        case EXCEPTION -> exception(cpu.exception());
        case BUDGET, STOPPED -> {}
      }
      if (outOfMemory && !task.isEnded()) {
        task.kill(Signal.SIGKILL);
        cause = "out of memory: RAM is full and nothing can be given back";
      }
    }
    pauseRequested = false;
  }

  private void interrupt(int vector) {
    switch (vector) {
      case SYSTEM_CALL_VECTOR -> systemCall();
      case ProcessorException.BREAKPOINT ->
          force(vector, 0, Signal.SIGTRAP, SignalInfo.KERNEL, 0, "int3");
      case ProcessorException.OVERFLOW ->
          force(vector, 0, Signal.SIGSEGV, SignalInfo.KERNEL, 0, "into: overflow");
      default -> {
        // Only those gates are open to programs; the fault is the instruction's own.
        cpu.setEip(cpu.eip() - 2);
        String what = "int $0x%x is not for programs".formatted(vector);
        force(
            ProcessorException.GENERAL_PROTECTION,
            vector << 3 | 2,
            Signal.SIGSEGV,
            SignalInfo.KERNEL,
            0,
            what);
      }
    }
  }

  private void systemCall() {
    int number = cpu.register(Cpu.EAX);
    Machine.CallStop stop = callStop;
    if (stop != null && !stopped && stop.stopsBefore(number)) {
      stopped = true;
      pauseRequested = true;
      cpu.setEip(cpu.eip() - SYSTEM_CALL_BYTES);
      return;
    }
    stopped = false;
    systemCalls.dispatch();
    if (pauseRequested
        && cpu.register(Cpu.EAX) == -Errno.EINTR
        && !task.isEnded()
        && !kernel.external().isPending()
        && !task.signals().isDeliverable()) {
      // A pause is not the program's business: the call that it broke off is made again.
      cpu.setRegister(Cpu.EAX, number);
      cpu.setEip(cpu.eip() - SYSTEM_CALL_BYTES);
    }
    check.run();
  }

  private void exception(ProcessorException e) {
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
      case ProcessorException.DEBUG ->
          force(vector, 0, Signal.SIGTRAP, SignalInfo.TRAP_TRACE, eip, "single step");
      case ProcessorException.ALIGNMENT_CHECK ->
          force(vector, code, Signal.SIGBUS, SignalInfo.BUS_ADRALN, 0, "unaligned access");
      case ProcessorException.SEGMENT_NOT_PRESENT, ProcessorException.STACK_FAULT ->
          force(vector, code, Signal.SIGBUS, SignalInfo.KERNEL, 0, "segment fault");
      default -> force(vector, code, Signal.SIGSEGV, SignalInfo.KERNEL, 0, "general protection");
    }
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
    if (result == FaultResult.OOM) {
      return;
    }
    long address = e.linearAddress();
    String what = FaultDescription.of(task.requireMm(), address, e.errorCode(), cpu, result);
    trap = new SignalFrame.Trap(e.vector(), e.errorCode(), address);
    if (result == FaultResult.SIGBUS) {
      force(e.vector(), e.errorCode(), Signal.SIGBUS, SignalInfo.BUS_ADRERR, address, what);
      return;
    }
    int code = result == FaultResult.SEGV_ACCERR ? SignalInfo.SEGV_ACCERR : SignalInfo.SEGV_MAPERR;
    force(e.vector(), e.errorCode(), Signal.SIGSEGV, code, address, what);
  }

  private void force(int vector, int errorCode, int signal, int code, long address, String what) {
    trap = new SignalFrame.Trap(vector, errorCode, trap.cr2());
    cause = "%s (eip 0x%08x)".formatted(what, Integer.toUnsignedLong(cpu.eip()));
    task.forceSignal(SignalInfo.fault(signal, code, address));
  }

  // ---- Delivery ----

  /** {@code get_signal} and {@code handle_signal}, for every signal that is not blocked. */
  private void deliver() {
    SignalState signals = task.signals();
    SignalInfo info = signals.dequeue();
    while (info != null && !task.isEnded()) {
      int signal = info.signal();
      SignalAction action = signals.action(signal);
      if (action.isHandler()) {
        handle(info, action);
      } else if (!signals.isIgnored(signal)) {
        byDefault(info);
      }
      info = signals.dequeue();
    }
    signals.restoreSavedBlocked();
  }

  private void handle(SignalInfo info, SignalAction action) {
    SignalState signals = task.signals();
    long mask = signals.takeSavedBlocked();
    if (!SignalFrame.deliver(kernel, info, action, mask, execve.signalReturns(), trap)) {
      cause =
          "no room on the stack for the frame of %s (eip 0x%08x)"
              .formatted(Signal.name(info.signal()), Integer.toUnsignedLong(cpu.eip()));
      if (info.signal() == Signal.SIGSEGV) {
        signals.setAction(Signal.SIGSEGV, SignalAction.NONE);
      }
      task.forceSignal(new SignalInfo(Signal.SIGSEGV, SignalInfo.KERNEL, 0, 0, 0));
      return;
    }
    if (action.has(SignalAction.SA_RESETHAND)) {
      signals.setAction(info.signal(), SignalAction.NONE);
    }
    long own = action.has(SignalAction.SA_NODEFER) ? 0 : Signal.bit(info.signal());
    signals.setBlocked(signals.blocked() | action.mask() | own);
  }

  private void byDefault(SignalInfo info) {
    switch (Signal.defaultAction(info.signal())) {
      case TERMINATE -> {
        if (info.code() <= 0) {
          cause = "sent by the program itself";
        } else if (info.code() == SignalInfo.KERNEL && info.signal() != Signal.SIGSEGV) {
          cause = cause == null ? "sent from outside" : cause;
        }
        task.kill(info.signal());
      }
      case STOP -> awaitContinue();
      case IGNORE, CONTINUE -> {}
    }
  }

  /** Stopped: nothing but these two ends that. */
  private void awaitContinue() {
    long wakes = Signal.bit(Signal.SIGCONT) | Signal.bit(Signal.SIGKILL);
    while ((task.signals().pending() & wakes) == 0) {
      kernel.external().await();
      kernel.takeExternalSignals();
    }
  }

  /** See {@link Machine#deathLine}. */
  @Nullable String deathLine() {
    int signal = task.endedBySignal();
    if (signal == 0 || signal == Signal.SIGINT || signal == Signal.SIGPIPE) {
      return null;
    }
    if (task.deadlock() != null) {
      return "%s: deadlock: %s".formatted(task.comm(), task.deadlock());
    }
    return "%s: %s%s"
        .formatted(task.comm(), Signal.name(signal), cause == null ? "" : ": " + cause);
  }
}
