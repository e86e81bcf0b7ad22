package org.memarium.kernel.process;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.procfs.ProcessView;
import org.memarium.kernel.vfs.Credentials;
import org.memarium.kernel.vfs.Dentry;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.mm.Audit;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;

/**
 * {@code struct task_struct}: a process of one thread.
 *
 * <p>The first of a machine has the fixed process id {@link #FIRST_PID}, so that what prints its
 * own is the same in every run; its parent has {@link #PARENT_PID}.
 */
public final class Task implements ProcessView {
  /** Process id of a machine's first program. */
  public static final int FIRST_PID = 100;

  /** Process id of the first program's parent: init. */
  public static final int PARENT_PID = 1;

  /** {@code TASK_COMM_LEN} without its NUL. */
  private static final int COMM_BYTES = 15;

  private final int pid;
  private final FdTable files;
  private final FsStruct fs;
  private final FileCalls fileCalls;
  private final Identity identity;
  private final RLimits limits;
  private final VirtualClock clock;
  private final UserMemory memory;
  private final SignalState signals;

  private @Nullable MmStruct mm;
  private final TaskDescriptors descriptors;

  /** {@code mm->exe_file}. */
  private @Nullable OpenFile executable;

  private String comm = "";
  private byte[] auxiliaryVector = {};
  private int personality;
  private final long startNanos;
  private final long startProcessorNanos;
  private int session = PARENT_PID;
  private int processGroup;

  private long earlierMinorFaults;
  private long earlierMajorFaults;
  private long clearChildTid;
  private long robustList;
  private long rseqArea;
  private int rseqSignature;

  private boolean ended;
  private boolean released;
  private int exitStatus;
  private int endedBySignal;
  private @Nullable String deadlock;

  /**
   * A process without a program.
   *
   * @param pid its number
   * @param vfs the machine's files
   * @param fs its root and working directory
   * @param files its open files
   * @param identity its user
   * @param limits its limits
   * @param clock the machine's
   * @param memory the machine's way to user memory
   * @param descriptors its objects of the kernel's caches, which it takes over like its files
   */
  public Task(
      int pid,
      Vfs vfs,
      FsStruct fs,
      FdTable files,
      Identity identity,
      RLimits limits,
      VirtualClock clock,
      UserMemory memory,
      TaskDescriptors descriptors) {
    this.descriptors = descriptors;
    this.signals = new SignalState(descriptors.sigqueueCache());
    this.pid = pid;
    this.processGroup = pid;
    this.fs = fs;
    this.files = files;
    this.identity = identity;
    this.limits = limits;
    this.clock = clock;
    this.memory = memory;
    this.fileCalls = new FileCalls(vfs, fs, files, identity.forFiles());
    this.startNanos = clock.uptimeNanos();
    this.startProcessorNanos = clock.processorNanos();
  }

  @Override
  public @Nullable MmStruct mm() {
    return mm;
  }

  /**
   * The address space of a process that has one.
   *
   * @throws IllegalStateException before the first execve and after exit
   */
  public MmStruct requireMm() {
    MmStruct space = mm;
    if (space == null) {
      throw new IllegalStateException("process " + pid() + " has no address space");
    }
    return space;
  }

  /** Sets the address space, or takes it away. */
  public void setMm(@Nullable MmStruct space) {
    MmStruct before = mm;
    if (before != null) {
      earlierMinorFaults += before.minorFaults();
      earlierMajorFaults += before.majorFaults();
    }
    mm = space;
  }

  /** What execve leaves in the process: a new name, default signal actions, no registrations. */
  public void becomeProgram(OpenFile program, String name, byte[] auxv) {
    setExecutable(program);
    setComm(name);
    auxiliaryVector = auxv.clone();
    signals.resetForExec();
    clearChildTid = 0;
    robustList = 0;
    rseqArea = 0;
    rseqSignature = 0;
  }

  /** {@code set_mm_exe_file}. */
  private void setExecutable(@Nullable OpenFile file) {
    if (file != null) {
      file.hold();
    }
    if (executable != null) {
      executable.release();
    }
    executable = file;
  }

  /**
   * {@code do_exit} and {@code release_task}: the address space, the files, the working directory
   * and the task's own objects go. A second time nothing happens.
   */
  public void release() {
    if (released) {
      return;
    }
    released = true;
    if (mm != null) {
      mm.exit();
      setMm(null);
    }
    setExecutable(null);
    files.free();
    fs.free();
    signals.flush();
    descriptors.free();
  }

  /** Recounts: claims its kernel stack, and tells of the objects that it holds. */
  public void audit(Audit audit) {
    if (!released) {
      descriptors.audit(audit, "process " + pid());
    }
    audit.expectObjects(descriptors.sigqueueCache(), signals.queued());
  }

  /** Whether {@link #release} has been called. */
  public boolean isReleased() {
    return released;
  }

  /** The file that it runs, or null. */
  public @Nullable OpenFile executableFile() {
    return executable;
  }

  /** {@code prepare_creds}: false if there is no memory to change users or groups. */
  public boolean renewCred() {
    return descriptors.renewCred();
  }

  /** Sets the name: the first 15 bytes count. */
  public void setComm(String name) {
    comm = name.substring(0, Math.min(COMM_BYTES, name.length()));
  }

  /** The calls on its files. */
  public FileCalls fileCalls() {
    return fileCalls;
  }

  /** Its user and groups. */
  public Identity identity() {
    return identity;
  }

  /** After a change of {@link #identity}: files are judged by it from now on. */
  public void identityChanged() {
    fileCalls.credentials(identity.forFiles());
  }

  /** Its limits. */
  public RLimits limits() {
    return limits;
  }

  /** Its signals. */
  public SignalState signals() {
    return signals;
  }

  /**
   * {@code force_sig}: a signal that cannot be put off. If the process blocks or ignores it, its
   * action becomes the default.
   */
  public void forceSignal(SignalInfo info) {
    int signal = info.signal();
    boolean blocked = (signals.blocked() & Signal.bit(signal)) != 0;
    if (blocked || signals.isIgnored(signal)) {
      signals.setAction(signal, SignalAction.NONE);
      signals.setBlocked(signals.blocked() & ~Signal.bit(signal));
    }
    signals.send(info);
  }

  /** Bits of personality(2). */
  public int personality() {
    return personality;
  }

  /** Sets the bits of personality(2). */
  public void setPersonality(int bits) {
    personality = bits;
  }

  /** {@code set_tid_address}: where to write 0 when the thread ends; 0 for nowhere. */
  public long clearChildTid() {
    return clearChildTid;
  }

  /** See {@link #clearChildTid()}. */
  public void setClearChildTid(long linearAddress) {
    clearChildTid = linearAddress;
  }

  /** {@code set_robust_list}: the list's head; 0 for none. */
  public long robustList() {
    return robustList;
  }

  /** See {@link #robustList()}. */
  public void setRobustList(long linearAddress) {
    robustList = linearAddress;
  }

  /** {@code struct rseq} of the thread; 0 if none is registered. */
  public long rseqArea() {
    return rseqArea;
  }

  /** What stands before the abort handlers of restartable sequences. */
  public int rseqSignature() {
    return rseqSignature;
  }

  /** Registers the {@code struct rseq}, or with 0 forgets it. */
  public void setRseq(long linearAddress, int signature) {
    rseqArea = linearAddress;
    rseqSignature = signature;
  }

  /** Becomes the leader of a session and of a process group. */
  public void startSession() {
    session = pid();
    processGroup = pid();
  }

  /** Sets the process group. */
  public void setProcessGroup(int group) {
    processGroup = group;
  }

  /** Ends: {@code exit_group} with a status of 0 to 255. */
  public void exit(int status) {
    ended = true;
    exitStatus = status & 0xff;
  }

  /** Ends by a signal. */
  public void kill(int signal) {
    ended = true;
    endedBySignal = signal;
    exitStatus = 128 + signal;
  }

  /**
   * Ends because it waits for what only itself could bring: Linux would let it hang for ever.
   *
   * @param why one line, such as {@code read of an empty pipe whose only writer it is itself}
   */
  public void deadlock(String why) {
    kill(Signal.SIGKILL);
    deadlock = why;
  }

  /** What {@link #deadlock(String)} was told, or null. */
  public @Nullable String deadlock() {
    return deadlock;
  }

  /** Whether it has ended. */
  public boolean isEnded() {
    return ended;
  }

  /** As a shell sees it: 0 to 255, 128 + signal if one ended it. */
  public int exitStatus() {
    return exitStatus;
  }

  /** The signal that ended it, or 0. */
  public int endedBySignal() {
    return endedBySignal;
  }

  // ---- What /proc asks ----

  @Override
  public int pid() {
    return pid;
  }

  @Override
  public int parentPid() {
    return PARENT_PID;
  }

  @Override
  public int processGroup() {
    return processGroup;
  }

  @Override
  public int session() {
    return session;
  }

  @Override
  public String comm() {
    return comm;
  }

  @Override
  public char state() {
    return ended ? 'Z' : 'R';
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public Credentials credentials() {
    return identity.forFiles();
  }

  @Override
  public FdTable files() {
    return files;
  }

  @Override
  public FsStruct fs() {
    return fs;
  }

  @Override
  public @Nullable Dentry executable() {
    return executable == null ? null : executable.dentry();
  }

  @Override
  public byte[] commandLine() {
    MmStruct space = mm;
    return space == null ? new byte[0] : strings(space.argStart(), space.argEnd());
  }

  @Override
  public byte[] environment() {
    MmStruct space = mm;
    return space == null ? new byte[0] : strings(space.envStart(), space.envEnd());
  }

  /** As far as the memory is still there. */
  private byte[] strings(long start, long end) {
    byte[] bytes = new byte[(int) (end - start)];
    int copied = memory.copyFromUser(start, bytes, 0, bytes.length);
    return Arrays.copyOf(bytes, copied);
  }

  @Override
  public byte[] auxiliaryVector() {
    return auxiliaryVector.clone();
  }

  @Override
  public long softLimit(int resource) {
    return limits.soft(resource);
  }

  @Override
  public long hardLimit(int resource) {
    return limits.hard(resource);
  }

  @Override
  public long minorFaults() {
    MmStruct space = mm;
    return earlierMinorFaults + (space == null ? 0 : space.minorFaults());
  }

  @Override
  public long majorFaults() {
    MmStruct space = mm;
    return earlierMajorFaults + (space == null ? 0 : space.majorFaults());
  }

  @Override
  public long userNanos() {
    return clock.processorNanos() - startProcessorNanos;
  }

  @Override
  public long systemNanos() {
    return 0;
  }

  @Override
  public long startNanos() {
    return startNanos;
  }

  @Override
  public List<Long> signalMasks() {
    return signals.masks();
  }

  @Override
  public String toString() {
    return comm + " (" + pid() + ")";
  }
}
