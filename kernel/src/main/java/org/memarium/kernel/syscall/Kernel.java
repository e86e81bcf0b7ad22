package org.memarium.kernel.syscall;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.memarium.cpu.Cpu;
import org.memarium.kernel.futex.Futexes;
import org.memarium.kernel.ipc.IpcNamespace;
import org.memarium.kernel.process.ExternalSignals;
import org.memarium.kernel.process.Scheduler;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalSender;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.process.TlsSegments;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.UtsName;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.space.MmStruct;

/**
 * What system calls find around them: the machine's parts, and the task that calls.
 *
 * @param cpu whose registers hold the call
 * @param memory the program's memory
 * @param faults brings pages in
 * @param scheduler who runs
 * @param tasks every task
 * @param timers what is to happen later
 * @param futexes where threads wait for one another
 * @param clock the machine's time
 * @param tls the GDT's slots for TLS
 * @param vfs the files of the machine
 * @param ipc System V's objects
 * @param uname what the kernel calls itself
 * @param wordBytes bytes of a {@code long} in the kernel: 4, or 8 under a 32-bit program
 * @param external signals from outside the machine
 * @param statistics RAM and frames
 * @param swap the machine's swap areas
 * @param exec replaces the image
 * @param names buffers of the paths that the present call has copied in
 * @param unsupported what was asked for and is not there
 */
public record Kernel(
    Cpu cpu,
    UserMemory memory,
    FaultHandler faults,
    Scheduler scheduler,
    TaskTable tasks,
    Timers timers,
    Futexes futexes,
    VirtualClock clock,
    TlsSegments tls,
    Vfs vfs,
    IpcNamespace ipc,
    UtsName uname,
    int wordBytes,
    ExternalSignals external,
    MemoryStatistics statistics,
    SwapControl swap,
    Exec exec,
    Names names,
    Unsupported unsupported) {

  /** {@code execve} of a running program. */
  @FunctionalInterface
  public interface Exec {
    /**
     * Replaces the image; afterwards the registers are those of the new program.
     *
     * @param directory where a relative path starts: a descriptor or AT_FDCWD
     * @param flags of execveat
     * @return 0, or {@code -errno} with the old image untouched
     */
    long exec(
        int directory, String path, int flags, List<String> arguments, List<String> environment);
  }

  /** The disks for swap, by their names. */
  public interface SwapControl {
    /** Whether there is a disk of this name. */
    boolean exists(String name);

    /** {@code swapon}; 0 or a negative errno. */
    long swapOn(String name, int flags);

    /** {@code swapoff}, on behalf of whoever runs in an address space; 0 or a negative errno. */
    long swapOff(String name, MmStruct mm);
  }

  /** What sysinfo tells of memory, in bytes. */
  public interface MemoryStatistics {
    /** RAM that the kernel manages. */
    long totalRamBytes();

    /** RAM that is free. */
    long freeRamBytes();

    /** What the swap areas hold. */
    long totalSwapBytes();

    /** What of them is free. */
    long freeSwapBytes();

    /** High memory, the same way. */
    long totalHighBytes();

    /** High memory that is free. */
    long freeHighBytes();
  }

  /** Collects what programs ask for in vain, each thing once, in order of first appearance. */
  public static final class Unsupported {
    /** A program that tries everything must not fill our memory. */
    private static final int MAX_LINES = 1000;

    private final Set<String> lines = new LinkedHashSet<>();

    /** Notes a thing. */
    public void note(String line) {
      if (lines.size() < MAX_LINES) {
        lines.add(line);
      }
    }

    /** Forgets all: another program begins. */
    public void clear() {
      lines.clear();
    }

    /** What was noted. */
    public List<String> lines() {
      return List.copyOf(lines);
    }
  }

  /** {@code current}: the task that makes the call. */
  public Task task() {
    return scheduler.requireCurrent();
  }

  /**
   * Lets the task sleep in a call, after its first try has failed.
   *
   * @param queues what wakes it
   * @return {@link SleepingCall#ASLEEP}, for the call to answer
   */
  long sleep(SleepingCall call, WaitQueue... queues) {
    return sleepUntil(Timers.NEVER, call, queues);
  }

  /**
   * The same, with a moment that wakes it, too.
   *
   * @param atNanos since boot; {@link Timers#NEVER} for none
   */
  long sleepUntil(long atNanos, SleepingCall call, WaitQueue... queues) {
    Task task = task();
    task.sleep().begin(call);
    for (WaitQueue queue : queues) {
      task.sleep().waitOn(queue);
    }
    if (atNanos != Timers.NEVER) {
      task.sleep().waitUntil(atNanos);
    }
    return SleepingCall.ASLEEP;
  }

  /** Notes what is missing and gives the answer for it. */
  long unsupported(String what, int errno) {
    unsupported.note(what);
    return -errno;
  }

  /**
   * {@code getname}: copies a path in; an empty one is the file call's business.
   *
   * @return the path, each char one byte
   */
  String path(int linearAddress) {
    names.take();
    String path = memory.readName(Integer.toUnsignedLong(linearAddress), Fcntl.PATH_MAX);
    if (path == null) {
      throw new CallFailedException(Errno.ENAMETOOLONG);
    }
    return path;
  }

  /** The calls on the process's files. */
  FileCalls files() {
    return task().fileCalls();
  }

  /** {@code send_sig} to the thread itself, as if it had sent that: SIGPIPE and the like. */
  void sendToSelf(int signal) {
    Task task = task();
    task.send(SignalInfo.fromUser(signal, task.process().pid(), task.identity().uid()));
  }

  /** A frame to return through that is not there: SIGSEGV, as {@code force_sig} sends it. */
  void badFrame(long frame) {
    unsupported.note("sigreturn through a frame at 0x%08x that cannot be read".formatted(frame));
    SignalSender.force(task(), SignalInfo.kernel(Signal.SIGSEGV));
  }
}
