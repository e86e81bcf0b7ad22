package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.futex.FutexThread;
import org.memarium.kernel.futex.FutexWords;
import org.memarium.kernel.procfs.ProcessView;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.FileSizeLimit;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.Audit;
import org.memarium.mm.space.FaultCounts;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.Trace;

/**
 * {@code struct task_struct}: a thread, which the scheduler runs. What it shares with the other
 * threads of its process is in {@link UserProcess}; its address space, files and places are its own
 * or shared, as clone was told.
 */
public final class Task {
  /** {@code TASK_COMM_LEN} without its NUL. */
  private static final int COMM_BYTES = 15;

  private int pid;
  private final UserProcess process;
  private final FsStruct fs;
  private FdTable files;
  private FileCalls fileCalls;
  private final Identity identity;

  private final TaskCred cred;
  private final TaskMachinery machinery;
  private final SignalState signals;
  private final TaskDescriptors descriptors;
  private FutexThread futexThread;
  private final FutexWords words;

  private @Nullable MmStruct mm;

  /** {@code mm->exe_file}. */
  private @Nullable OpenFile executable;

  private final ProcessorContext context = new ProcessorContext();

  // ---- Sleeping ----
  private final RunState runState;
  private final Sleep sleep;
  private final DeviceWait deviceWait;

  private final CallState call = new CallState();
  private Trap trap = Trap.NONE;
  private final ProcessView view;

  private String comm = "";
  private byte[] auxiliaryVector = {};
  private long startNanos;
  private final CpuClock worked = new CpuClock();
  private final FaultCounts faults = new FaultCounts();
  private SchedulingParameters scheduling = new SchedulingParameters();
  private final TaskSettings settings = new TaskSettings(this);
  private final TaskAttributes attributes = new TaskAttributes();

  private long setChildTid;
  private final MmRelease mmRelease;
  private final RestartableSequence rseq = new RestartableSequence();
  private boolean ended;

  /**
   * A task without a program, which nobody runs yet; the table and its process know of it.
   *
   * @param pid its number
   * @param process what it is a thread of
   * @param machinery the machine's
   * @param fs its root and working directory
   * @param files its open files
   * @param identity its user
   * @param sighand its signals' actions
   * @param descriptors its objects of the kernel's caches, which it takes over like its files
   */
  public Task(
      int pid,
      UserProcess process,
      TaskMachinery machinery,
      FsStruct fs,
      FdTable files,
      Identity identity,
      Sighand sighand,
      TaskDescriptors descriptors) {
    this.pid = pid;
    this.process = process;
    this.machinery = machinery;
    this.descriptors = descriptors;
    PendingSignals own = new PendingSignals(descriptors.sigqueueCache());
    this.signals = new SignalState(this, sighand, own, process.pending());
    this.fs = fs;
    this.files = files;
    this.identity = identity;
    this.runState = new RunState(this, machinery.scheduler());
    this.fileCalls = fileCalls(files);
    this.cred = new TaskCred(this);
    this.futexThread = new FutexThread(pid, runState, () -> scheduling.realTimePriority());
    this.words = new UserWords(this, machinery.memory());
    this.mmRelease = new MmRelease(this);
    this.startNanos = machinery.clock().uptimeNanos();
    this.sleep = new Sleep(runState, machinery.timers());
    this.deviceWait = new DeviceWait(this, machinery.timers());
    this.view = new TaskView(this);
    process.addThread(this);
    if (process.hasNoTimers()) {
      process.setTimers(
          new ProcessTimers(process, machinery.uptimeClock(), descriptors.kernelCaches()));
    }
    machinery.tasks().add(this);
  }

  /**
   * {@code copy_process}: what a new task takes over from the one that made it, besides of what its
   * constructor got.
   *
   * @param sharesMemory {@code CLONE_VM}
   * @param sharesStack {@code CLONE_VFORK}: the other one does not run meanwhile
   */
  void inherit(Task parent, MmStruct space, boolean sharesMemory, boolean sharesStack) {
    mm = space;
    mmRelease.setVforked(sharesStack);
    setExecutable(parent.executable);
    comm = parent.comm;
    auxiliaryVector = parent.auxiliaryVector;
    attributes.inherit(parent.attributes);
    settings.inherit(parent.settings);
    scheduling = parent.scheduling.fork();
    signals.inherit(parent.signals, !sharesMemory || sharesStack);
    if (!sharesMemory) {
      rseq.inherit(parent.rseq);
    }
  }

  /** The machine's parts. */
  TaskMachinery machinery() {
    return machinery;
  }

  /** How the scheduler treats it. */
  public SchedulingParameters scheduling() {
    return scheduling;
  }

  /** Its objects of the kernel's caches. */
  TaskDescriptors descriptors() {
    return descriptors;
  }

  /** The process that it is a thread of. */
  public UserProcess process() {
    return process;
  }

  /** Whether it is the first thread of its process. */
  public boolean isLeader() {
    return pid == process.pid();
  }

  // ---- The processor ----

  /** What the processor holds while it runs. */
  public ProcessorContext context() {
    return context;
  }

  /** Its restartable sequences. */
  public RestartableSequence rseq() {
    return rseq;
  }

  /** It has run for so many nanoseconds of the virtual clock. */
  public void ran(long nanos) {
    worked.advance(nanos);
    process.timers().worked().advance(nanos);
  }

  /** What it has worked. */
  public CpuClock worked() {
    return worked;
  }

  /** For how many nanoseconds it may run before a timer on what it works expires. */
  public long nanosToTimer() {
    return Math.min(worked.nanosToTimer(), process.timers().worked().nanosToTimer());
  }

  /** The file calls on a table of descriptors, with RLIMIT_FSIZE. */
  private FileCalls fileCalls(FdTable table) {
    FileSizeLimit limit = new TaskFileSize(this);
    return new FileCalls(machinery.vfs(), fs, table, identity.forFiles(), limit);
  }

  // ---- Sleeping and waking ----

  /** Whether it may run, and what brings it back if not. */
  public RunState runState() {
    return runState;
  }

  /** The call that it sleeps in, and what wakes it there. */
  public Sleep sleep() {
    return sleep;
  }

  /** Its waits for devices, in the middle of an instruction. */
  public DeviceWait deviceWait() {
    return deviceWait;
  }

  /** Its last exception. */
  public Trap trap() {
    return trap;
  }

  /** An exception has come. */
  public void setTrap(Trap last) {
    trap = last;
  }

  /** The system call that it makes, or made last. */
  public CallState call() {
    return call;
  }

  // ---- Its memory ----

  /** Its address space; null before the first execve and after exit. */
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

  /** How it leaves its address space. */
  public MmRelease mmRelease() {
    return mmRelease;
  }

  /** Sets the address space, or takes it away; who had it before lets go of that one. */
  public void setMm(@Nullable MmStruct space) {
    mm = space;
  }

  /** Its page faults. */
  public FaultCounts faults() {
    return faults;
  }

  /**
   * {@code unshare_files}: files that others have too become its own.
   *
   * @throws ErrnoException ENOMEM; nothing has changed then
   */
  void unshareFiles() throws ErrnoException {
    if (files.isShared()) {
      FdTable own = files.copy(() -> limits().soft(RLimits.NOFILE));
      files.free();
      files = own;
      fileCalls = fileCalls(own);
    }
  }

  /** {@code exchange_tids}: the only thread of the process that is left becomes the first one. */
  void becomeLeader(Task former) {
    machinery.tasks().remove(this);
    pid = process.pid();
    startNanos = former.startNanos;
    long robustList = futexThread.robustList();
    machinery.futexes().inheritLocks(futexThread);
    futexThread = new FutexThread(pid, runState, () -> scheduling.realTimePriority());
    futexThread.setRobustList(robustList);
    machinery.tasks().add(this);
  }

  /** {@code set_mm_exe_file}. */
  void setExecutable(@Nullable OpenFile file) {
    if (file != null) {
      file.hold();
    }
    if (executable != null) {
      executable.release();
    }
    executable = file;
  }

  /** Recounts: claims its kernel stack, and tells of the objects that it holds. */
  public void audit(Audit audit) {
    descriptors.audit(audit, "process " + pid());
    audit.expectObjects(descriptors.sigqueueCache(), signals.own().objects());
    if (isLeader()) {
      audit.expectObjects(descriptors.sigqueueCache(), process.pending().objects());
      process.timers().posix().audit(audit);
    }
  }

  /** Whether {@link TaskExit#release} has taken all that it had. */
  public boolean isReleased() {
    return runState.isZombie();
  }

  /** The file that it runs, or null. */
  public @Nullable OpenFile executableFile() {
    return executable;
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

  /** How it changes its user and groups. */
  public TaskCred cred() {
    return cred;
  }

  /** Its process's limits. */
  public RLimits limits() {
    return process.limits();
  }

  /** Its signals. */
  public SignalState signals() {
    return signals;
  }

  /**
   * {@code send_signal}, to this thread.
   *
   * @return 0; {@code -EAGAIN} if too many wait already
   */
  public long send(SignalInfo info) {
    return isReleased() ? 0 : SignalSender.send(process, this, info);
  }

  /** The same for the signal of a timer; false if nobody wants it. */
  boolean sendTimer(SignalInfo info) {
    return !isReleased() && SignalSender.sendTimer(process, this, info);
  }

  /** The machine's trace. */
  public Trace trace() {
    return machinery.trace();
  }

  /** {@code signal_wake_up}: it has to look for signals, and wakes. */
  void signalWakeUp() {
    signals.notice();
    runState.wake(0);
  }

  /** What prctl, personality and execve have set. */
  public TaskAttributes attributes() {
    return attributes;
  }

  /** What files of /proc set. */
  public TaskSettings settings() {
    return settings;
  }

  /**
   * {@code CLONE_CHILD_SETTID}: where the task writes its number as soon as it runs; 0 for nowhere.
   */
  void setSetChildTid(long linearAddress) {
    setChildTid = linearAddress;
  }

  /** {@code schedule_tail}: what a new task does before anything else. */
  public void beginToRun() {
    if (setChildTid != 0) {
      long at = setChildTid;
      setChildTid = 0;
      byte[] number = {(byte) pid, (byte) (pid >> 8), (byte) (pid >> 16), (byte) (pid >> 24)};
      machinery.memory().copyToUser(at, number, 0, number.length);
    }
  }

  /** Whether {@link #beginToRun} has something to do. */
  public boolean isNew() {
    return setChildTid != 0;
  }

  /** What it is to futexes. */
  public FutexThread futexThread() {
    return futexThread;
  }

  /** Its memory, as futexes see it; only while it runs. */
  public FutexWords futexWords() {
    return words;
  }

  /**
   * This thread ends when it runs next.
   *
   * @param code as wait tells it; see {@link UserProcess#exitGroup}
   */
  public void exit(int code) {
    if (!ended) {
      ended = true;
      process.setExitCode(code);
      deviceWait.breakOff();
      runState.wake(0);
      runState.resume();
    }
  }

  /** Its process ends by a signal. */
  public void kill(int signal) {
    process.exitGroup(signal);
  }

  /**
   * Its process ends because it waits for what nobody can bring: Linux would let it hang for ever.
   *
   * @param why one line, such as {@code read of an empty pipe whose only writer it is itself}
   */
  public void deadlock(String why) {
    process.setDeathCause("deadlock: " + why);
    kill(Signal.SIGKILL);
  }

  /** Whether it has ended, or will as soon as it runs. */
  public boolean isEnded() {
    return ended;
  }

  // ---- Who it is ----

  /** Its number: {@code gettid}. */
  public int pid() {
    return pid;
  }

  /** Its program's name, at most 15 bytes; each char is one byte. */
  public String comm() {
    return comm;
  }

  /** Its open files. */
  public FdTable files() {
    return files;
  }

  /** Its root, working directory and umask. */
  public FsStruct fs() {
    return fs;
  }

  /** See {@link #auxiliaryVector}. */
  void setAuxiliaryVector(byte[] auxv) {
    auxiliaryVector = auxv;
  }

  /** The auxiliary vector as execve laid it out, with its AT_NULL. */
  public byte[] auxiliaryVector() {
    return auxiliaryVector.clone();
  }

  /** Time in user mode, in nanoseconds of the virtual clock. */
  public long userNanos() {
    return worked.nanos();
  }

  /** Time in the kernel, in nanoseconds of the virtual clock: system calls take none. */
  public long systemNanos() {
    return 0;
  }

  /** When it started, in nanoseconds of the virtual clock after boot. */
  public long startNanos() {
    return startNanos;
  }

  /** What {@code /proc} tells of it. */
  public ProcessView view() {
    return view;
  }

  @Override
  public String toString() {
    return comm + " (" + pid() + ")";
  }
}
