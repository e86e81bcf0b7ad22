package org.memarium.kernel;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.Exit;
import org.memarium.hardware.PageFaultHandler;
import org.memarium.hardware.ProcessorException;
import org.memarium.kernel.exec.Execve;
import org.memarium.kernel.process.ExternalSignals;
import org.memarium.kernel.process.Scheduler;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalAction;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskExit;
import org.memarium.kernel.process.Trap;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.kernel.syscall.SignalFrame;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.kernel.syscall.SystemCalls;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
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

  /** How the cause of death of a process begins that waits in vain. */
  private static final String DEADLOCK = "deadlock: ";

  private final Kernel kernel;
  private final SystemCalls systemCalls;
  private final FaultHandler faults;
  private final Execve execve;
  private final Runnable check;
  private final Consumer<Task> beforeExit;
  private final Cpu cpu;
  private final Scheduler scheduler;

  /** The thread of the program that the machine was given. */
  private Task first;

  private boolean outOfMemory;
  private volatile boolean pauseRequested;
  private Machine.@Nullable CallStop callStop;

  /** Whether the call that the program stands before was stopped before already. */
  private boolean stopped;

  /**
   * The loop of a machine.
   *
   * @param first the thread of the program that the machine is given
   * @param check called after every system call
   * @param beforeExit told of every thread that ends, while all of it is still there
   */
  RunLoop(
      Kernel kernel,
      SystemCalls systemCalls,
      FaultHandler faults,
      Execve execve,
      Task first,
      Runnable check,
      Consumer<Task> beforeExit) {
    this.kernel = kernel;
    this.systemCalls = systemCalls;
    this.faults = faults;
    this.execve = execve;
    this.check = check;
    this.beforeExit = beforeExit;
    this.first = first;
    this.cpu = kernel.cpu();
    this.scheduler = kernel.scheduler();
  }

  /** The machine was given another program. */
  void begin(Task task) {
    first = task;
  }

  private Task task() {
    return scheduler.requireCurrent();
  }

  @Override
  public boolean pageFault(long linearAddress, int errorCode) {
    if (faults.isKernelFault(linearAddress, errorCode)) {
      return faults.handleKernelFault(linearAddress, errorCode);
    }
    Task task = scheduler.current();
    MmStruct mm = task == null ? null : task.mm();
    if (mm == null) {
      throw new IllegalStateException(
          "page fault at 0x%x without an address space".formatted(linearAddress));
    }
    FaultResult result = faults.handleMmFault(mm, linearAddress, errorCode);
    outOfMemory |= result == FaultResult.OOM;
    return result.isHandled();
  }

  /** Makes {@link #run} come back soon; from any thread. */
  void requestPause() {
    pauseRequested = true;
    cpu.requestStop();
    kernel.external().nudge();
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
   * Runs until all processes have ended, or so many instructions have been executed, or somebody
   * asked for a pause.
   *
   * @param maxInstructions more than 0
   */
  void run(long maxInstructions) {
    long budget = maxInstructions;
    while (!isOver() && budget > 0 && !pauseRequested) {
      takeExternalSignals();
      kernel.timers().expire(kernel.clock().uptimeNanos());
      Task task = scheduler.schedule();
      if (task == null) {
        idle();
        continue;
      }
      if (isReady(task)) {
        budget -= userMode(task, budget);
      }
      if (outOfMemory) {
        killForMemory(task);
      }
    }
    pauseRequested = false;
  }

  /** Whether nobody is left who could run. */
  boolean isOver() {
    return first.isReleased() && kernel.tasks().all().isEmpty();
  }

  /**
   * What stands between a task and its program: the call that it sleeps in, signals, its end.
   *
   * @return whether it may go on with the program at once
   */
  private boolean isReady(Task task) {
    if (task.isEnded()) {
      beforeExit.accept(task);
      TaskExit.exit(task, scheduler);
      return false;
    }
    SleepingCall call = task.sleepingCall();
    if (call != null) {
      systemCalls.resume(call);
      return false;
    }
    if (task.restartCode() != 0 || task.signals().isDeliverable()) {
      deliver(task);
      return false;
    }
    return true;
  }

  /** Lets the program run until something stops it; returns how many instructions that were. */
  private long userMode(Task task, long budget) {
    long toTimer = kernel.timers().nextNanos() - kernel.clock().uptimeNanos();
    long before = cpu.instructions();
    Exit exit = cpu.run(Math.min(budget, Math.min(scheduler.sliceLeft(), toTimer)));
    long ran = cpu.instructions() - before;
    scheduler.ran(ran);
    task.ran(ran);
    switch (exit) {
      case INTERRUPT -> interrupt(cpu.interruptVector());
      case EXCEPTION -> exception(cpu.exception());
      case BUDGET, STOPPED -> {}
    }
    return ran;
  }

  /** A page fault found no memory, in the program or in a call. */
  private void killForMemory(Task task) {
    outOfMemory = false;
    if (!task.isEnded()) {
      task.process().setDeathCause("out of memory: RAM is full and nothing can be given back");
      task.kill(Signal.SIGKILL);
    }
  }

  /** Nobody can run: time passes until the next timer, or until the outside sends something. */
  private void idle() {
    long next = kernel.timers().nextNanos();
    if (next != Timers.NEVER) {
      kernel.clock().sleep(Math.max(0, next - kernel.clock().uptimeNanos()));
      return;
    }
    boolean hope = false;
    for (Task task : kernel.tasks().all()) {
      SleepingCall call = task.sleepingCall();
      hope |= task.isStopped() || (call != null && call.waitsForOutside());
    }
    if (hope && !first.isReleased()) {
      kernel.external().await(() -> pauseRequested);
      return;
    }
    // What the program left behind waits for ever, or all wait for one another.
    for (Task task : List.copyOf(kernel.tasks().all())) {
      SleepingCall call = task.sleepingCall();
      task.deadlock(
          "nothing can run any more, and it waits for " + (call == null ? "SIGCONT" : call.what()));
    }
  }

  /**
   * Takes what came from outside: signals for the process group of the program that the machine was
   * given; for all where that has ended.
   */
  private void takeExternalSignals() {
    ExternalSignals external = kernel.external();
    for (Integer signal = external.poll(); signal != null; signal = external.poll()) {
      for (UserProcess process : kernel.tasks().processes()) {
        if (first.isReleased() || process.processGroup() == first.process().processGroup()) {
          process.send(new SignalInfo(signal, SignalInfo.KERNEL, 0, 0, 0));
        }
      }
    }
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
    Task task = task();
    systemCalls.dispatch();
    if (pauseRequested
        && task.sleepingCall() == null
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
    String what = FaultDescription.of(task().requireMm(), address, e.errorCode(), cpu, result);
    task().setTrap(new Trap(e.vector(), e.errorCode(), address));
    if (result == FaultResult.SIGBUS) {
      force(e.vector(), e.errorCode(), Signal.SIGBUS, SignalInfo.BUS_ADRERR, address, what);
      return;
    }
    int code = result == FaultResult.SEGV_ACCERR ? SignalInfo.SEGV_ACCERR : SignalInfo.SEGV_MAPERR;
    force(e.vector(), e.errorCode(), Signal.SIGSEGV, code, address, what);
  }

  private void force(int vector, int errorCode, int signal, int code, long address, String what) {
    Task task = task();
    task.setTrap(new Trap(vector, errorCode, task.trap().cr2()));
    task.process()
        .setDeathCause("%s (eip 0x%08x)".formatted(what, Integer.toUnsignedLong(cpu.eip())));
    task.forceSignal(SignalInfo.fault(signal, code, address));
  }

  // ---- Delivery ----

  /** {@code get_signal} and {@code handle_signal}, for every signal that is not blocked. */
  private void deliver(Task task) {
    SignalState signals = task.signals();
    SignalInfo info = signals.dequeue();
    while (info != null && !task.isEnded()) {
      int signal = info.signal();
      SignalAction action = signals.action(signal);
      if (action.isHandler()) {
        restartOrInterrupt(task, action);
        handle(task, info, action);
      } else if (!signals.isIgnored(signal)) {
        byDefault(task, info);
        if (task.isStopped()) {
          return;
        }
      }
      info = signals.dequeue();
    }
    restart(task);
    signals.restoreSavedBlocked();
  }

  /** {@code handle_signal}: what a handler makes of the call that it breaks off. */
  private void restartOrInterrupt(Task task, SignalAction action) {
    boolean again =
        switch (task.restartCode()) {
          case Restart.NOINTR -> true;
          case Restart.SYS -> action.has(SignalAction.SA_RESTART);
          default -> false;
        };
    if (again) {
      restart(task);
    } else if (task.restartCode() != 0) {
      cpu.setRegister(Cpu.EAX, -Errno.EINTR);
      task.setRestartCode(0);
    }
  }

  /** {@code arch_do_signal_or_restart}: the call is made again, where one was broken off. */
  private void restart(Task task) {
    int code = task.restartCode();
    if (code != 0) {
      int number =
          code == Restart.BLOCK ? SystemCallNames.number("restart_syscall") : task.callNumber();
      cpu.setRegister(Cpu.EAX, number);
      cpu.setEip(cpu.eip() - SYSTEM_CALL_BYTES);
      task.setRestartCode(0);
    }
  }

  private void handle(Task task, SignalInfo info, SignalAction action) {
    SignalState signals = task.signals();
    long mask = signals.takeSavedBlocked();
    if (!SignalFrame.deliver(kernel, info, action, mask, execve.signalReturns(), task.trap())) {
      task.process()
          .setDeathCause(
              "no room on the stack for the frame of %s (eip 0x%08x)"
                  .formatted(Signal.name(info.signal()), Integer.toUnsignedLong(cpu.eip())));
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

  private static void byDefault(Task task, SignalInfo info) {
    UserProcess process = task.process();
    switch (Signal.defaultAction(info.signal())) {
      case TERMINATE -> {
        if (info.code() <= 0) {
          process.setDeathCause("sent by the program itself");
        } else if (info.code() == SignalInfo.KERNEL && info.signal() != Signal.SIGSEGV) {
          String cause = process.deathCause();
          process.setDeathCause(cause == null ? "sent from outside" : cause);
        }
        process.exitGroup(info.signal());
      }
      case STOP -> process.threads().forEach(Task::stop);
      case IGNORE, CONTINUE -> {}
    }
  }

  /** See {@link Machine#deathLine}. */
  @Nullable String deathLine() {
    UserProcess process = first.process();
    int signal = process.endedBySignal();
    if (signal == 0 || signal == Signal.SIGINT || signal == Signal.SIGPIPE) {
      return null;
    }
    String cause = process.deathCause();
    if (cause != null && cause.startsWith(DEADLOCK)) {
      return "%s: %s".formatted(first.comm(), cause);
    }
    return "%s: %s%s"
        .formatted(first.comm(), Signal.name(signal), cause == null ? "" : ": " + cause);
  }
}
