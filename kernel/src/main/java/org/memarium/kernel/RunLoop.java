package org.memarium.kernel;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.Exit;
import org.memarium.hardware.PageFaultHandler;
import org.memarium.hardware.ProcessorException;
import org.memarium.kernel.process.ExternalSignals;
import org.memarium.kernel.process.Scheduler;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskExit;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.kernel.syscall.SystemCalls;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.MemCgroups;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.reclaim.KswapdTask;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VirtualTime;

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
  private final KswapdTask kswapd;
  private final PageCache pageCache;
  private final Swap swap;
  private final PendingIo pendingIo;
  private final VirtualTime time;
  private final MemCgroups groups;
  private final SignalDelivery delivery;
  private final Traps traps;
  private final Runnable check;
  private final Consumer<Task> beforeExit;
  private final Cpu cpu;
  private final Scheduler scheduler;

  /** The thread of the program that the machine was given. */
  private Task first;

  /** Whether the program itself accesses memory, and not a call on its behalf. */
  private boolean inUserMode;

  /** {@code VM_FAULT_RETRY}: the access that has just faulted is to be made again. */
  private boolean comesAgain;

  private volatile boolean pauseRequested;
  private boolean checkRequested;
  private @Nullable CallStop callStop;

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
      MachineMemory memory,
      MachineKernel parts,
      Task first,
      Runnable check,
      Consumer<Task> beforeExit) {
    this.kernel = parts.kernel;
    this.systemCalls = parts.systemCalls;
    this.faults = memory.faults;
    this.kswapd = memory.reclaim.kswapd();
    this.pageCache = memory.pageCache;
    this.swap = memory.manager.swap();
    this.pendingIo = memory.allocator.pendingIo();
    this.time = memory.manager.trace().time();
    this.groups = memory.allocator.groups();
    this.delivery = new SignalDelivery(kernel, parts.execve, parts.coreDump);
    this.traps = new Traps(kernel, faults, parts.outOfMemory);
    this.check = check;
    this.beforeExit = beforeExit;
    this.first = first;
    this.cpu = kernel.cpu();
    this.scheduler = kernel.scheduler();
    kswapd.shareProcessor(cpu::requestStop);
    groups.setOnOverHigh(cpu::requestStop);
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
    if (!inUserMode) {
      return faults.handleMmFault(mm, linearAddress, errorCode).isHandled();
    }
    // A single task waits where it is: there is nobody else to run.
    boolean mayRetry = kernel.tasks().all().size() > 1;
    boolean tried = task().deviceWait().takeTried();
    FaultResult result = faults.handleMmFault(mm, linearAddress, errorCode, mayRetry, tried);
    comesAgain = result == FaultResult.RETRY;
    return result.isHandled();
  }

  /** The fault was left for later: the task waits for its page, and others run. */
  private void waitForPage(Task task) {
    comesAgain = false;
    if (task.isEnded()) {
      // Memory for the page was made by killing the task itself.
      return;
    }
    task.deviceWait().begin(pendingIo.retryNanos(), pendingIo.retryWait(), kswapd::programWakes);
  }

  /** Makes {@link #run} come back soon; from any thread. */
  void requestPause() {
    pauseRequested = true;
    cpu.requestStop();
    kernel.external().nudge();
  }

  /** Has everything checked before the next instruction of a program, as after a system call. */
  void requestCheck() {
    checkRequested = true;
    cpu.requestStop();
  }

  /** See {@link Machine#stopBeforeCalls}. */
  void setCallStop(@Nullable CallStop stop) {
    callStop = stop;
    stopped = false;
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
      kswapd.runTurn();
      pageCache.atSafePoint();
      swap.atSafePoint();
      if (checkRequested) {
        checkRequested = false;
        check.run();
      }
      kernel.timers().expire(kernel.clock().uptimeNanos());
      Task task = scheduler.schedule();
      if (task == null) {
        idle();
        continue;
      }
      task.ran(0);
      if (isReady(task)) {
        budget -= userMode(task, budget);
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
    if (task.isNew()) {
      task.beginToRun();
      return false;
    }
    SleepingCall call = task.sleep().call();
    if (call != null) {
      systemCalls.resume(call);
      return false;
    }
    if (task.rseq().takePreemption() && task.rseq().area() != 0) {
      systemCalls.abortSequence();
    }
    if (task.call().restartCode() != 0 || task.signals().isDeliverable()) {
      delivery.deliver(task);
      return false;
    }
    if (groups.isOverHigh()) {
      // Everybody waits: all tasks are in the group that is beyond its memory.high.
      kernel.clock().sleep(groups.handleOverHigh());
      return false;
    }
    return true;
  }

  /** Lets the program run until something stops it; returns how many instructions that were. */
  private long userMode(Task task, long budget) {
    long now = kernel.clock().uptimeNanos();
    // A fault on the way here may have waited for a device beyond a timer's moment.
    long next = Math.min(kernel.timers().nextNanos(), kswapd.wakeNanos());
    long toTimer = Math.max(1, Math.min(next - now, task.nanosToTimer()));
    long before = cpu.instructions();
    inUserMode = true;
    Exit exit = cpu.run(Math.min(budget, Math.min(scheduler.sliceLeft(), toTimer)));
    inUserMode = false;
    long ran = cpu.instructions() - before;
    scheduler.ran(ran);
    task.ran(ran);
    switch (exit) {
      case INTERRUPT -> interrupt(cpu.interruptVector());
      case EXCEPTION -> {
        if (comesAgain) {
          waitForPage(task);
        } else {
          traps.exception(cpu.exception());
        }
      }
      case BUDGET, STOPPED -> {}
    }
    return ran;
  }

  /** Nobody can run: time passes until the next timer, or until the outside sends something. */
  private void idle() {
    if (kswapd.runAlone()) {
      return;
    }
    long next = Math.min(kernel.timers().nextNanos(), kswapd.wakeNanos());
    if (next != Timers.NEVER) {
      IoWait what = waitsForDevice();
      if (what != null) {
        time.pass(next, what);
        return;
      }
      long nanos = Math.max(0, next - kernel.clock().uptimeNanos());
      long passed = kernel.external().pass(nanos, () -> pauseRequested);
      kernel.clock().sleep(passed);
      if (passed == nanos) {
        // Also where the clock cannot go so far.
        kernel.timers().expire(next);
      }
      return;
    }
    boolean hope = false;
    for (Task task : kernel.tasks().all()) {
      SleepingCall call = task.sleep().call();
      hope |= task.runState().isStopped() || (call != null && call.waitsForOutside());
    }
    if (hope && !first.isReleased()) {
      kernel.external().await(() -> pauseRequested);
      return;
    }
    // What the program left behind waits for ever, or all wait for one another.
    for (Task task : List.copyOf(kernel.tasks().all())) {
      SleepingCall call = task.sleep().call();
      task.deadlock(
          "nothing can run any more, and it waits for " + (call == null ? "SIGCONT" : call.what()));
    }
  }

  /** What a device is to bring before anybody can run; null if that is not what all wait for. */
  private @Nullable IoWait waitsForDevice() {
    for (Task task : kernel.tasks().all()) {
      IoWait what = task.deviceWait().what();
      if (what != null) {
        return what;
      }
    }
    return kswapd.isThrottled() ? IoWait.SWAP_WRITE : null;
  }

  /**
   * Takes what came from outside: signals for the process group of the program that the machine was
   * given; for all where that has ended.
   */
  private void takeExternalSignals() {
    ExternalSignals external = kernel.external();
    for (Runnable event = external.pollEvent(); event != null; event = external.pollEvent()) {
      event.run();
    }
    for (Integer signal = external.poll(); signal != null; signal = external.poll()) {
      for (UserProcess process : kernel.tasks().processes()) {
        if (first.isReleased() || process.processGroup() == first.process().processGroup()) {
          if (signal == Signal.SIGKILL) {
            // It comes without a siginfo that would tell, as on Linux.
            process.setDeathCause(SignalDelivery.SENT_FROM_OUTSIDE);
          }
          process.send(SignalInfo.kernel(signal));
        }
      }
    }
  }

  private void interrupt(int vector) {
    switch (vector) {
      case SYSTEM_CALL_VECTOR -> systemCall();
      case ProcessorException.BREAKPOINT ->
          traps.force(vector, 0, Signal.SIGTRAP, SignalInfo.KERNEL, 0, "int3");
      case ProcessorException.OVERFLOW ->
          traps.force(vector, 0, Signal.SIGSEGV, SignalInfo.KERNEL, 0, "into: overflow");
      default -> {
        // Only those gates are open to programs; the fault is the instruction's own.
        cpu.setEip(cpu.eip() - 2);
        String what = "int $0x%x is not for programs".formatted(vector);
        traps.force(
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
    CallStop stop = callStop;
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
        && task.sleep().call() == null
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
