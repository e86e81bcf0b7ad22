package org.memarium.kernel.syscall;

import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalSender;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code int 0x80}: looks the number in EAX up, calls with the other registers, and puts the result
 * into EAX. Counts every call; a number that has no call here gets the error that the table has for
 * it, and a line in the report.
 */
public final class SystemCalls {
  /** Stands for every number that the table does not have. */
  private static final int BEYOND = SystemCallNames.COUNT;

  private final Kernel kernel;
  private final SystemCallTable table = new SystemCallTable();
  private final SortedMap<Integer, Count> counts = new TreeMap<>();
  private final @Nullable Count[] countByNumber = new @Nullable Count[BEYOND + 1];

  private static final class Count {
    long calls;
    final SortedMap<String, Long> errors = new TreeMap<>();
  }

  /** All calls, for one machine. */
  public SystemCalls(Kernel kernel) {
    this.kernel = kernel;
    new CloneCalls(kernel).enter(table);
    new WaitCalls(kernel).enter(table);
    new ExecCalls(kernel).enter(table);
    new ProcessCalls(kernel).enter(table);
    new PrctlCalls(kernel).enter(table);
    new SchedulingCalls(kernel).enter(table);
    new PriorityCalls(kernel).enter(table);
    new ThreadCalls(kernel).enter(table);
    new FutexCalls(kernel).enter(table);
    new MembarrierCalls(kernel).enter(table);
    new SystemInfoCalls(kernel).enter(table);
    new LogCalls(kernel).enter(table);
    new IdentityCalls(kernel).enter(table);
    new CapabilityCalls(kernel).enter(table);
    new ResourceCalls(kernel).enter(table);
    new TimeCalls(kernel).enter(table);
    new TimerCalls(kernel).enter(table);
    new SignalCalls(kernel).enter(table);
    KillCalls kill = new KillCalls(kernel);
    kill.enter(table);
    new PidFdCalls(kernel, kill).enter(table);
    new SignalFdCalls(kernel).enter(table);
    new MemoryCalls(kernel).enter(table);
    new AdviceCalls(kernel).enter(table);
    new ReadWriteCalls(kernel).enter(table);
    new PathCalls(kernel).enter(table);
    new StatCalls(kernel).enter(table);
    new DescriptorCalls(kernel).enter(table);
    new FcntlCalls(kernel).enter(table);
    new CacheCalls(kernel).enter(table);
    new SwapCalls(kernel).enter(table);
    new XattrCalls(kernel).enter(table);
    new PollCalls(kernel).enter(table);
    new EventCalls(kernel).enter(table);
    new SpliceCalls(kernel).enter(table);
    new SocketCalls(kernel).enter(table);
    new LdtCalls(kernel).enter(table);
    new ProcessVmCalls(kernel).enter(table);
    new IpcCalls(kernel).enter(table);
    RefusedCalls.enter(table);
  }

  /** Forgets the counts: another program begins. */
  public void clearCounts() {
    counts.clear();
    Arrays.fill(countByNumber, null);
  }

  /**
   * Makes the call that the registers describe. Afterwards the task is done with it, or sleeps in
   * it ({@link Task#sleep}).
   */
  public void dispatch() {
    Cpu cpu = kernel.cpu();
    int number = cpu.register(Cpu.EAX);
    kernel.task().call().begin(number);
    count(number).calls++;
    if (kernel.task().trace().isOn()) {
      traceEnter(kernel.task(), number);
    }
    SystemCall call = table.get(number);
    if (call == null) {
      kernel.unsupported().note(table.inVain(number));
      complete(-table.errno(number));
      return;
    }
    step(call, null);
  }

  /** {@code rseq_handle_notify_resume}: the task was preempted, and is about to go on. */
  public void abortSequence() {
    Task task = kernel.task();
    boolean sound;
    try {
      sound = ThreadCalls.abortSequence(task, kernel.memory(), kernel.cpu());
    } catch (UserFaultException notThere) {
      sound = false;
    }
    if (!sound) {
      SignalSender.force(task, SignalInfo.kernel(Signal.SIGSEGV));
    }
  }

  /** The task was woken in its call, or has its turn again: takes the call's next step. */
  public void resume(SleepingCall call) {
    step(null, call);
  }

  /** The first step of a call that begins, or the next one of a call that goes on. */
  private void step(@Nullable SystemCall begins, @Nullable SleepingCall goesOn) {
    long result = 0;
    try {
      if (begins != null) {
        Cpu cpu = kernel.cpu();
        result =
            begins.call(
                cpu.register(Cpu.EBX),
                cpu.register(Cpu.ECX),
                cpu.register(Cpu.EDX),
                cpu.register(Cpu.ESI),
                cpu.register(Cpu.EDI),
                cpu.register(Cpu.EBP));
      } else if (goesOn != null) {
        Task task = kernel.task();
        boolean broken = task.sleep().isPausing() && isBrokenOff(task, goesOn);
        result = broken ? goesOn.interrupted() : goesOn.tryAgain();
      }
    } catch (UserFaultException badPointer) {
      result = -Errno.EFAULT;
    } catch (CallFailedException failure) {
      result = failure.result();
    } finally {
      kernel.names().putAll();
    }
    Task task = kernel.task();
    SleepingCall unfinished = task.sleep().call();
    boolean more = result == SleepingCall.GOES_ON;
    if ((more || result == SleepingCall.ASLEEP) && unfinished != null) {
      if (!isBrokenOff(task, unfinished)) {
        task.sleep().setPausing(more);
        if (more) {
          kernel.scheduler().yieldTurn();
        } else {
          task.runState().fallAsleep();
        }
        return;
      }
      result = breakOff(unfinished);
    }
    task.sleep().end();
    complete(result);
  }

  /** A signal ends the sleep: the call may have to tell the program how far it came. */
  private static long breakOff(SleepingCall call) {
    try {
      return call.interrupted();
    } catch (UserFaultException badPointer) {
      return -Errno.EFAULT;
    }
  }

  /** {@code signal_pending_state}. */
  private static boolean isBrokenOff(Task task, SleepingCall call) {
    if (task.isEnded()) {
      return true;
    }
    return call.isKillable()
        ? (task.signals().pending() & Signal.bit(Signal.SIGKILL)) != 0
        : task.signals().isDeliverable();
  }

  private void traceEnter(Task task, int number) {
    Cpu cpu = kernel.cpu();
    task.trace()
        .emit(
            new TraceEvent.SysEnter(
                task.pid(),
                number,
                SystemCallNames.name(number),
                cpu.register(Cpu.EBX),
                cpu.register(Cpu.ECX),
                cpu.register(Cpu.EDX),
                cpu.register(Cpu.ESI),
                cpu.register(Cpu.EDI),
                cpu.register(Cpu.EBP)));
  }

  private void complete(long result) {
    Task task = kernel.task();
    if (task.trace().isOn() && !task.isEnded()) {
      int number = task.call().number();
      int eax = result == SystemCall.REGISTERS_SET ? kernel.cpu().register(Cpu.EAX) : (int) result;
      String name = SystemCallNames.name(number);
      task.trace().emit(new TraceEvent.SysExit(task.pid(), number, name, eax));
    }
    if (result == SystemCall.REGISTERS_SET) {
      return;
    }
    if (Restart.isRestart(result)) {
      task.call().setRestartCode((int) -result);
    } else if (Errno.isError(result)) {
      count(task.call().number()).errors.merge(Errno.name(result), 1L, Long::sum);
    }
    kernel.cpu().setRegister(Cpu.EAX, (int) result);
  }

  /** Numbers beyond the table are counted together: there are billions of them. */
  private Count count(int number) {
    int index = number >= 0 && number < countByNumber.length ? number : BEYOND;
    Count count = countByNumber[index];
    if (count == null) {
      count = new Count();
      countByNumber[index] = count;
      counts.put(index, count);
    }
    return count;
  }

  /** What each number of the table stands for here, in order. */
  public List<SystemCallDescription> descriptions() {
    return table.descriptions();
  }

  /** Receives how often a call was made. */
  @FunctionalInterface
  public interface CountConsumer {
    /**
     * One system call.
     *
     * @param number in the i386 table; {@link SystemCallNames#COUNT} for all beyond it together
     * @param name as in Linux's table; of the last, {@code syscall_0x1d6} as of the first beyond it
     * @param calls how often
     * @param errors how often with which error, by name
     */
    void count(int number, String name, long calls, SortedMap<String, Long> errors);
  }

  /** How often which call was made, by number. */
  public void forEachCount(CountConsumer consumer) {
    counts.forEach((number, count) ->
        consumer.count(
            number, SystemCallNames.name(number), count.calls, new TreeMap<>(count.errors)));
  }
}
