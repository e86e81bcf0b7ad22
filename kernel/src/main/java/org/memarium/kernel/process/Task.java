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
import org.memarium.kernel.wait.Waiter;
import org.memarium.mm.Audit;
import org.memarium.mm.space.FaultCounts;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code struct task_struct}: a thread, which the scheduler runs. What it shares with the other
 * threads of its process is in {@link UserProcess}; its address space, files and places are its own
 * or shared, as clone was told.
 */
public final class Task implements Waiter {
  private static final char RUNNING = 'R';
  private static final char SLEEPING = 'S';
  private static final char WAITING = 'D';
  private static final char STOPPED = 'T';

  /** {@code TASK_COMM_LEN} without its NUL. */
  private static final int COMM_BYTES = 15;

  private int pid;
  private final UserProcess process;
  private final FsStruct fs;
  private FdTable files;
  private FileCalls fileCalls;
  private final Identity identity;

  /** Its identity as it was when it last changed. */
  private Identity committed;

  /** The real user under which the table counts it. */
  private int countedUser;

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
  private char state = RUNNING;
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
  private long voluntarySwitches;
  private long involuntarySwitches;

  private long setChildTid;
  private final MmRelease mmRelease;
  private final RestartableSequence rseq = new RestartableSequence();
  private boolean ended;
  private boolean released;

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
    this.committed = identity.copy();
    this.countedUser = identity.uid();
    this.fileCalls = fileCalls(files);
    this.futexThread = new FutexThread(pid, this, () -> scheduling.realTimePriority());
    this.words = new UserWords(this, machinery.memory());
    this.mmRelease = new MmRelease(this);
    this.startNanos = machinery.clock().uptimeNanos();
    this.sleep = new Sleep(this, machinery.timers());
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

  /** {@code rseq_preempt}: others run though it could. */
  void preempt() {
    rseq.preempt();
    involuntarySwitches++;
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
    FileSizeLimit limit =
        new FileSizeLimit() {
          @Override
          public long bytes() {
            return limits().soft(RLimits.FSIZE);
          }

          @Override
          public void exceeded() {
            send(SignalInfo.fromUser(Signal.SIGXFSZ, process.pid(), identity.uid()));
          }
        };
    return new FileCalls(machinery.vfs(), fs, table, identity.forFiles(), limit);
  }

  // ---- Sleeping and waking ----

  /** Whether the scheduler may pick it. */
  public boolean isRunnable() {
    return state == RUNNING && !released;
  }

  /** The call that it sleeps in, and what wakes it there. */
  public Sleep sleep() {
    return sleep;
  }

  /** The call has not got what it waits for: the task does not run until something wakes it. */
  public void fallAsleep() {
    state = SLEEPING;
    voluntarySwitches++;
    machinery.scheduler().dequeue(this);
  }

  /** {@code try_to_wake_up}. */
  @Override
  public boolean wake(int events) {
    if (state != SLEEPING) {
      return false;
    }
    state = RUNNING;
    machinery.scheduler().enqueue(this);
    return true;
  }

  /** Its waits for devices, in the middle of an instruction. */
  public DeviceWait deviceWait() {
    return deviceWait;
  }

  /** See {@link DeviceWait}. */
  void waitForDevice() {
    state = WAITING;
    voluntarySwitches++;
    machinery.scheduler().dequeue(this);
  }

  /** Returns whether it still waited. */
  boolean deviceDone() {
    boolean waited = state == WAITING && !released;
    if (waited) {
      state = RUNNING;
      machinery.scheduler().enqueue(this);
    }
    return waited;
  }

  /** {@code TASK_STOPPED}: does not run before {@link #resume}. */
  public void stop() {
    if (released || ended) {
      return;
    }
    state = STOPPED;
    voluntarySwitches++;
    machinery.scheduler().dequeue(this);
  }

  /** Ends a stop. */
  public void resume() {
    if (state == STOPPED) {
      state = RUNNING;
      signals.notice();
      machinery.scheduler().enqueue(this);
    }
  }

  /** Whether it is stopped. */
  public boolean isStopped() {
    return state == STOPPED;
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

  /** Where its page faults are counted. */
  FaultCounts faults() {
    return faults;
  }

  /**
   * {@code begin_new_exec}, before the old program is gone: the other threads of the process end,
   * and what was shared with other processes becomes the task's own.
   *
   * @return false if there is no memory for that; nothing has changed then
   */
  public boolean prepareForExec() {
    try {
      if (files.isShared()) {
        FdTable own = files.copy(() -> limits().soft(RLimits.NOFILE));
        files.free();
        files = own;
        fileCalls = fileCalls(own);
      }
    } catch (ErrnoException e) {
      return false;
    }
    TaskExit.endOtherThreads(this);
    Sighand actions = signals.sighand();
    if (actions.isShared()) {
      if (!descriptors.renewSighand()) {
        return false;
      }
      actions.put();
      signals.setSighand(actions.copy());
    }
    return true;
  }

  /** {@code exec_mmap}: another address space takes the place of the one that it has. */
  public void execMmap(MmStruct fresh) {
    MmStruct old = mm;
    if (old != null) {
      mmRelease.run();
      process.usage().noteRss(old.hiwaterRss());
    }
    mm = fresh;
    fresh.activate();
    if (old != null) {
      old.put();
    }
    process.noteExec();
  }

  /** {@code exchange_tids}: the only thread of the process that is left becomes the first one. */
  void becomeLeader(Task former) {
    machinery.tasks().remove(this);
    pid = process.pid();
    startNanos = former.startNanos;
    long robustList = futexThread.robustList();
    machinery.futexes().inheritLocks(futexThread);
    futexThread = new FutexThread(pid, this, () -> scheduling.realTimePriority());
    futexThread.setRobustList(robustList);
    machinery.tasks().add(this);
  }

  /** What execve leaves in the process: a new name, default signal actions, no registrations. */
  public void becomeProgram(OpenFile program, String name, byte[] auxv) {
    setExecutable(program);
    setComm(name);
    auxiliaryVector = auxv.clone();
    attributes.setForkedOnly(false);
    signals.resetForExec();
    rseq.forget();
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
   * {@code do_exit}: the address space, the files and the working directory go. What is left is a
   * zombie. A second time nothing happens.
   */
  public void release() {
    if (released) {
      return;
    }
    sleep.end();
    machinery.scheduler().dequeue(this);
    voluntarySwitches++;
    released = true;
    MmStruct space = mm;
    if (space != null) {
      process.usage().noteRss(space.hiwaterRss());
      mm = null;
      space.put();
    }
    if (process.isDead()) {
      machinery.ipc().exitProcess(process, process.pid());
    }
    machinery.ipc().exitThread(this);
    setExecutable(null);
    files.free();
    fs.free();
    signals.flush();
    signals.sighand().put();
    if (process.isDead()) {
      process.pending().flush(-1L);
    }
  }

  /** {@code release_task}: the parent has heard of the end, and the task's own objects go. */
  public void reap() {
    if (!released) {
      throw new IllegalStateException(this + " is reaped alive");
    }
    machinery.tasks().remove(this);
    process.removeThread(this);
    descriptors.free();
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

  /**
   * {@code commit_creds}, after a change of {@link #identity}: files are judged by it from now on,
   * and others of the new user may not look into what the old one had.
   */
  public void identityChanged() {
    if (!identity.hasRightsOf(committed)) {
      process.setDumpable(false);
      attributes.setParentDeathSignal(0);
    }
    committed = identity.copy();
    fileCalls.credentials(identity.forFiles());
    MmStruct memory = mm;
    if (memory != null) {
      memory.setPrivileged(identity.isPrivileged());
    }
    int user = identity.uid();
    if (user != countedUser) {
      machinery.tasks().userChanged(countedUser, user);
      countedUser = user;
    }
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
    send(info);
  }

  /**
   * {@code send_signal}, to this thread.
   *
   * @return 0; {@code -EAGAIN} if too many wait already
   */
  public long send(SignalInfo info) {
    return released ? 0 : SignalSender.send(process, this, info);
  }

  /** The same for the signal of a timer; false if nobody wants it. */
  boolean sendTimer(SignalInfo info) {
    return !released && SignalSender.sendTimer(process, this, info);
  }

  /** For the trace: a signal was sent to the thread, or to its process. */
  void traceSignal(SignalInfo info, int to, String target) {
    Trace trace = trace();
    if (trace.isOn()) {
      trace.emit(new TraceEvent.SignalGenerate(info.signal(), info.code(), to, target));
    }
  }

  /** The machine's trace. */
  public Trace trace() {
    return machinery.trace();
  }

  /** {@code signal_wake_up}: it has to look for signals, and wakes. */
  void signalWakeUp() {
    signals.notice();
    wake(0);
  }

  /** What prctl, personality and execve have set. */
  public TaskAttributes attributes() {
    return attributes;
  }

  /** What files of /proc set. */
  public TaskSettings settings() {
    return settings;
  }

  /** {@code nvcsw}: how often it stopped running because it had to wait, stopped, or ended. */
  public long voluntarySwitches() {
    return voluntarySwitches;
  }

  /** {@code nivcsw}: how often another one ran though it could have gone on. */
  public long involuntarySwitches() {
    return involuntarySwitches;
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
      wake(0);
      resume();
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

  /** R for running, S for sleeping, D for a device, T for stopped, Z for a zombie. */
  public char state() {
    return released ? 'Z' : state;
  }

  /** Its open files. */
  public FdTable files() {
    return files;
  }

  /** Its root, working directory and umask. */
  public FsStruct fs() {
    return fs;
  }

  /** The auxiliary vector as execve laid it out, with its AT_NULL. */
  public byte[] auxiliaryVector() {
    return auxiliaryVector.clone();
  }

  /** Faults that needed no input. */
  public long minorFaults() {
    return faults.minor();
  }

  /** Faults that needed input. */
  public long majorFaults() {
    return faults.major();
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

  /** How many signals its user has waiting. */
  public int queuedSignals() {
    return machinery.signalQuota().count(identity.uid());
  }

  @Override
  public String toString() {
    return comm + " (" + pid() + ")";
  }
}
