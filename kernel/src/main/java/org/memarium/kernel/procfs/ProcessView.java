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

  /** Its process id. */
  int pid();

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

  /** Signals pending, blocked, ignored and caught, a bit each, signal 1 in bit 0. */
  List<Long> signalMasks();
}
