package org.memarium.kernel.procfs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.Credentials;
import org.memarium.kernel.vfs.Dentry;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.mm.space.MmStruct;

/** What {@code /proc/<pid>} tells of a process ({@code struct task_struct}); live values. */
public interface ProcessView {
  /** {@link #priority} of nice 0. */
  int DEFAULT_PRIORITY = 20;

  /** The signal that tells of children. */
  int SIGCHLD = 17;

  /**
   * Page faults and times.
   *
   * @param minorFaults that needed no input
   * @param majorFaults that needed input
   * @param userNanos in user mode
   * @param systemNanos in the kernel
   */
  record Usage(long minorFaults, long majorFaults, long userNanos, long systemNanos) {}

  /**
   * Users, or groups.
   *
   * @param real the real one
   * @param effective the effective one
   * @param saved the saved one
   * @param forFiles the one whose rights count for files
   */
  record Ids(int real, int effective, int saved, int forFiles) {
    /** Whether real, effective and saved one are all this one. */
    boolean areAll(int id) {
      return real == id && effective == id && saved == id;
    }
  }

  /** Its process id. */
  int pid();

  /** Its users. */
  default Ids users() {
    Credentials user = credentials();
    return new Ids(user.uid(), user.fsuid(), user.fsuid(), user.fsuid());
  }

  /** Its groups. */
  default Ids groups() {
    Credentials user = credentials();
    return new Ids(user.gid(), user.fsgid(), user.fsgid(), user.fsgid());
  }

  /** {@code PR_GET_DUMPABLE}: whether others of its user may look into its memory. */
  default boolean isDumpable() {
    return true;
  }

  /** Bits of personality(2). */
  default int personality() {
    return 0;
  }

  /** {@code PF_} bits: of {@code task->flags} those that are known here. */
  default int taskFlags() {
    return 0;
  }

  /** As wait tells it, of a process that has ended. */
  default int exitCode() {
    return 0;
  }

  /** What can be written, and changes how the kernel treats it. */
  ProcessSettings settings();

  /** {@code nvcsw}: how often it waited, and another one ran. */
  default long voluntarySwitches() {
    return 0;
  }

  /** {@code nivcsw}: how often another one ran though it could have gone on. */
  default long involuntarySwitches() {
    return 0;
  }

  /** {@code tgid}: of a thread, the number of its process. */
  default int tgid() {
    return pid();
  }

  /** The threads of its process, the first one first; itself is among them. */
  default List<? extends ProcessView> threadViews() {
    return List.of(this);
  }

  /** The processes whose parent it is. */
  default List<Integer> childPids() {
    return List.of();
  }

  /**
   * {@code do_io_accounting}: what {@code /proc/PID/io} prints.
   *
   * @param whole of all threads, those that have ended, and children that were waited for
   */
  default String io(boolean whole) {
    return "";
  }

  /** What all threads of its process used, those that have ended included. */
  default Usage processUsage() {
    return new Usage(minorFaults(), majorFaults(), userNanos(), systemNanos());
  }

  /** What its children used that have been waited for. */
  default Usage childrenUsage() {
    return new Usage(0, 0, 0, 0);
  }

  /** {@code task_prio}: 20 for nice 0; negative for real-time tasks. */
  default int priority() {
    return DEFAULT_PRIORITY;
  }

  /** Its nice value. */
  default int nice() {
    return 0;
  }

  /** 1 to 99 for real-time tasks, else 0. */
  default int realTimePriority() {
    return 0;
  }

  /** SCHED_OTHER 0, SCHED_FIFO 1, and so on. */
  default int policy() {
    return 0;
  }

  /** What its parent is sent when it has ended. */
  default int exitSignal() {
    return SIGCHLD;
  }

  /** {@code PR_GET_NO_NEW_PRIVS}. */
  default boolean hasNoNewPrivileges() {
    return false;
  }

  /** {@code in_vfork}: it runs in the memory of its parent, which waits for it. */
  default boolean isInVfork() {
    return false;
  }

  /** Whether it has ended, and is there only to be waited for. */
  default boolean isZombie() {
    return state() == 'Z';
  }

  /** Its parent's process id; 0 for the first. */
  int parentPid();

  /** Its process group. */
  int processGroup();

  /** Its session. */
  int session();

  /** {@code comm}: the program's name, at most 15 bytes; each char is one byte. */
  String comm();

  /** R for running, S for sleeping, Z for a zombie. */
  char state();

  /** Its address space; null before the first execve and after exit. */
  @Nullable MmStruct mm();

  /** Its threads. */
  int threads();

  /** Its user and groups. */
  Credentials credentials();

  /** Its open files. */
  FdTable files();

  /** Its root, working directory and umask. */
  FsStruct fs();

  /** The program that it runs; null if none. */
  @Nullable Dentry executable();

  /** The strings of argv as they stand in its memory now, each with its NUL; see cmdline. */
  byte[] commandLine();

  /** The strings of envp as they stand in its memory now, each with its NUL. */
  byte[] environment();

  /** The auxiliary vector as execve laid it out, with its AT_NULL. */
  byte[] auxiliaryVector();

  /**
   * Soft and hard limit of a resource; -1 is infinity.
   *
   * @param resource its number, RLIMIT_CPU 0 to RLIMIT_RTTIME 15
   */
  long softLimit(int resource);

  /** See {@link #softLimit}. */
  long hardLimit(int resource);

  /** Faults that needed no input. */
  long minorFaults();

  /** Faults that needed input. */
  long majorFaults();

  /** Time in user mode, nanoseconds of the virtual clock. */
  long userNanos();

  /** Time in the kernel, nanoseconds of the virtual clock. */
  long systemNanos();

  /** When it started, nanoseconds of the virtual clock after boot. */
  long startNanos();

  /**
   * Signals that wait for the thread, that wait for its process, blocked ones, ignored ones and
   * caught ones, a bit each, signal 1 in bit 0.
   */
  List<Long> signalMasks();

  /** How many signals wait for the user's processes, which RLIMIT_SIGPENDING limits. */
  int queuedSignals();
}
