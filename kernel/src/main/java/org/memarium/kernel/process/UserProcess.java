package org.memarium.kernel.process;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.tty.Tty;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.space.RLimits;

/**
 * {@code struct signal_struct}: a process, which is one thread or several that share their signals,
 * their limits, their relatives and their end.
 */
public final class UserProcess {
  /** Process id of a machine's first program. */
  public static final int FIRST_PID = 100;

  /** Process id of the first program's parent, init, which is outside of the machine. */
  public static final int INIT_PID = 1;

  /** In an exit code: the process would have left a core file. */
  public static final int CORE_DUMPED = 0x80;

  private final int pid;
  private final RLimits limits;
  private final PendingSignals pending;
  private final WaitQueue childExit = new WaitQueue();
  private final WaitQueue ended = new WaitQueue();
  private final List<Task> threads = new ArrayList<>(1);
  private final List<UserProcess> children = new ArrayList<>(0);

  private final ResourceUsage usage = new ResourceUsage();
  private final ResourceUsage childrenUsage = new ResourceUsage();

  private @Nullable UserProcess parent;

  /** {@code real_parent}: the thread that made it, or another that took its place. */
  private @Nullable Task parentThread;

  private int exitSignal = Signal.SIGCHLD;
  private int signalTurn;

  /** Made with the first thread. */
  private @Nullable ProcessTimers timers;

  private boolean subreaper;
  private boolean hasExecuted;

  /** The signal that stopped it and that its parent has not asked about; 0: none. */
  private int stopSignal;

  private boolean stopped;
  private boolean continued;
  private int session = INIT_PID;
  private @Nullable Tty terminal;
  private int processGroup;
  private boolean dumpable = true;
  private final OomScore oomScore;
  private boolean oomVictim;

  private boolean exiting;
  private int exitCode;
  private @Nullable String deathCause;

  /**
   * A process without a thread.
   *
   * @param pid its number, which its first thread will have too
   * @param limits its own
   * @param pending what waits for any of its threads
   */
  public UserProcess(int pid, RLimits limits, PendingSignals pending) {
    this(pid, limits, pending, new OomScore());
  }

  private UserProcess(int pid, RLimits limits, PendingSignals pending, OomScore oomScore) {
    this.oomScore = oomScore;
    this.pid = pid;
    this.processGroup = pid;
    this.limits = limits;
    this.pending = pending;
  }

  /** {@code tgid}: the number of the process. */
  public int pid() {
    return pid;
  }

  /** Its limits. */
  public RLimits limits() {
    return limits;
  }

  /** Signals that wait for any of its threads. */
  PendingSignals pending() {
    return pending;
  }

  /** {@code wait_chldexit}: whose threads wait for a child. */
  public WaitQueue childExit() {
    return childExit;
  }

  /** {@code wait_pidfd}: who waits for its end by a descriptor of it. */
  public WaitQueue ended() {
    return ended;
  }

  /**
   * {@code send_signal}, to the process: it waits for any of its threads, and wakes one. One that
   * is ignored is not kept, unless it is blocked: it may be caught before it is unblocked.
   *
   * @return 0; {@code -EAGAIN} if too many wait already
   */
  public long send(SignalInfo info) {
    return isDead() ? 0 : SignalSender.send(this, null, info);
  }

  /** The same for the signal of a timer; false if nobody wants it. */
  boolean sendTimer(SignalInfo info) {
    return !isDead() && SignalSender.sendTimer(this, null, info);
  }

  /**
   * {@code dequeue_signal}: a thread takes a signal. Timers that wait for that come again.
   *
   * @return what the thread is told of it
   */
  SignalInfo signalTaken(SignalInfo info) {
    if (info.signal() == Signal.SIGALRM) {
      timers().intervals().alarmTaken();
    }
    if (info.code() == SignalInfo.TIMER) {
      PosixTimer timer = timers().posix().find(info.first());
      int overruns = timer == null ? 0 : timer.taken(info.fourth());
      return info.withOverrun(info.second() + overruns);
    }
    return info;
  }

  /** Its timers, and what it has worked. */
  public ProcessTimers timers() {
    ProcessTimers known = timers;
    if (known == null) {
      throw new IllegalStateException(this + " has never had a thread");
    }
    return known;
  }

  boolean hasNoTimers() {
    return timers == null;
  }

  void setTimers(ProcessTimers made) {
    timers = made;
  }

  /** The actions that its first thread has. */
  Sighand sighand() {
    return leader().signals().sighand();
  }

  /** {@code curr_target}: where the search for a thread that takes a signal begins. */
  int signalTurn() {
    return signalTurn;
  }

  void setSignalTurn(int index) {
    signalTurn = index;
  }

  /** {@code prepare_signal}: SIGCONT and SIGKILL end a stop when they are sent. */
  public void endStop(int signal) {
    if (signal == Signal.SIGCONT || signal == Signal.SIGKILL) {
      for (Task thread : threads) {
        thread.runState().resume();
      }
      boolean goesOn = stopped && signal == Signal.SIGCONT;
      stopped = false;
      if (goesOn) {
        stopSignal = 0;
        continued = true;
        tellParent(ChildStatus.ofContinue());
      }
    }
  }

  /** {@code do_signal_stop}: none of its threads runs before SIGCONT; the parent is told. */
  public void stop(int signal) {
    stopped = true;
    stopSignal = signal;
    continued = false;
    for (Task thread : threads) {
      thread.runState().stop();
    }
    tellParent(ChildStatus.ofStop(signal));
  }

  /** {@code do_notify_parent_cldstop}. */
  private void tellParent(ChildStatus status) {
    UserProcess told = parent;
    if (told == null) {
      return;
    }
    SignalAction action = told.leader().signals().action(Signal.SIGCHLD);
    if (action.handler() != SignalAction.IGNORE && !action.has(SignalAction.SA_NOCLDSTOP)) {
      told.send(status.info(Signal.SIGCHLD, this));
    }
    told.childExit.wakeUpAll();
  }

  /** {@code SIGNAL_STOP_STOPPED}: whether a signal stopped it, and it has not gone on since. */
  public boolean isStopped() {
    return stopped;
  }

  /** The signal that stopped it, until somebody has waited for that; or 0. */
  public int stopSignal() {
    return stopped ? stopSignal : 0;
  }

  /** {@code SIGNAL_STOP_CONTINUED}: whether it went on, and nobody has waited for that yet. */
  public boolean hasContinued() {
    return continued;
  }

  /** Somebody has waited for its stop, or for its going on. */
  public void forgetStop() {
    stopSignal = 0;
    continued = false;
  }

  // ---- Threads ----

  /** Its threads that have not been released, the first one first. */
  public List<Task> threads() {
    return Collections.unmodifiableList(threads);
  }

  /** The first thread, which stays until the process is reaped. */
  public Task leader() {
    return threads.getFirst();
  }

  void addThread(Task task) {
    threads.add(task);
  }

  void removeThread(Task task) {
    threads.remove(task);
  }

  /** Whether no thread runs any more: {@code EXIT_ZOMBIE} or released. */
  public boolean isDead() {
    for (Task thread : threads) {
      if (!thread.isReleased()) {
        return false;
      }
    }
    return true;
  }

  // ---- Relatives ----

  /** Its parent; null: init, which is outside of the machine. */
  public @Nullable UserProcess parent() {
    return parent;
  }

  /** {@code getppid}. */
  public int parentPid() {
    UserProcess known = parent;
    return known == null ? INIT_PID : known.pid();
  }

  /** Its children that have not been reaped, the eldest first. */
  public List<UserProcess> children() {
    return Collections.unmodifiableList(children);
  }

  /**
   * Gives it to another parent.
   *
   * @param other null: init
   * @param thread the one of its threads that is the parent
   */
  public void setParent(@Nullable UserProcess other, @Nullable Task thread) {
    if (parent != null) {
      parent.children.remove(this);
    }
    parent = other;
    parentThread = thread;
    if (other != null) {
      other.children.add(this);
    }
  }

  /** {@code real_parent}: the thread whose child it is; null: init. */
  public @Nullable Task parentThread() {
    return parentThread;
  }

  /** {@code exit_signal}: what its parent is sent when it has ended; 0 for nothing. */
  public int exitSignal() {
    return exitSignal;
  }

  /** See {@link #exitSignal()}. */
  public void setExitSignal(int signal) {
    exitSignal = signal;
  }

  /** {@code PR_GET_CHILD_SUBREAPER}: whether orphans among its descendants become its children. */
  public boolean isSubreaper() {
    return subreaper;
  }

  /** {@code PR_SET_CHILD_SUBREAPER}. */
  public void setSubreaper(boolean value) {
    subreaper = value;
  }

  /** {@code did_exec}: its parent may not move it to another group any more. */
  public boolean hasExecuted() {
    return hasExecuted;
  }

  /** {@code begin_new_exec}: it runs a program of its own from now on. */
  void noteExec() {
    hasExecuted = true;
    timers().posix().deleteAll();
    dumpable = true;
    exitSignal = Signal.SIGCHLD;
  }

  /** What its threads used that have ended. */
  public ResourceUsage usage() {
    return usage;
  }

  /** What its children used that have been reaped, and theirs. */
  public ResourceUsage childrenUsage() {
    return childrenUsage;
  }

  /** {@code getrusage(RUSAGE_SELF)}: what all its threads used, those that have ended included. */
  public ResourceUsage ownUsage() {
    ResourceUsage sum = new ResourceUsage();
    sum.add(usage);
    for (Task thread : threads) {
      sum.add(thread);
      if (thread.mm() != null) {
        sum.noteRss(thread.requireMm().rss().peak());
      }
    }
    return sum;
  }

  /**
   * {@code copy_signal}: a process like this one, with limits of its own.
   *
   * @param number its number
   * @param waiting what waits for any of its threads: nothing
   */
  UserProcess fork(int number, PendingSignals waiting) {
    UserProcess child = new UserProcess(number, limits.copy(), waiting, oomScore.copy());
    child.inheritGroups(this);
    child.dumpable = dumpable;
    return child;
  }

  /** Its process group. */
  public int processGroup() {
    return processGroup;
  }

  /** Sets the process group. */
  public void setProcessGroup(int group) {
    processGroup = group;
  }

  /** Its session. */
  public int session() {
    return session;
  }

  /** {@code signal->leader}: whether it began its session. */
  public boolean isSessionLeader() {
    return session == pid;
  }

  /** Becomes the leader of a session and of a process group, without a terminal. */
  public void startSession() {
    session = pid;
    processGroup = pid;
    terminal = null;
  }

  /** {@code signal->tty}: the controlling terminal; null if it has none. */
  public @Nullable Tty terminal() {
    return terminal;
  }

  /** Gives it a controlling terminal, or takes it away. */
  public void setTerminal(@Nullable Tty tty) {
    terminal = tty;
  }

  /** What fork leaves as it is: the session and the process group. */
  public void inheritGroups(UserProcess other) {
    session = other.session;
    processGroup = other.processGroup;
    terminal = other.terminal;
  }

  /** {@code signal->oom_score_adj} and its kin. */
  OomScore oomScore() {
    return oomScore;
  }

  /** {@code tsk_is_oom_victim}: the OOM killer has chosen it, and it may use the reserve. */
  public boolean isOomVictim() {
    return oomVictim;
  }

  /** {@code mark_oom_victim}. */
  public void markOomVictim() {
    oomVictim = true;
  }

  /** {@code PR_GET_DUMPABLE}. */
  public boolean isDumpable() {
    return dumpable;
  }

  /** {@code PR_SET_DUMPABLE}. */
  public void setDumpable(boolean value) {
    dumpable = value;
  }

  // ---- The end ----

  /**
   * {@code do_group_exit}: all its threads end, each when it runs next.
   *
   * @param code as wait tells it: the status in bits 8 to 15, or the signal in bits 0 to 6, with
   *     {@link #CORE_DUMPED}
   */
  public void exitGroup(int code) {
    if (exiting) {
      return;
    }
    exiting = true;
    exitCode = code;
    for (Task thread : threads) {
      thread.exit(code);
    }
  }

  /** {@code SIGNAL_GROUP_EXIT}: whether it has been told to end. */
  public boolean isExiting() {
    return exiting;
  }

  /** Why a signal ended it, in words for people; null if nothing is known. */
  public @Nullable String deathCause() {
    return deathCause;
  }

  /** Says what the signal that may end the process is about. */
  public void setDeathCause(@Nullable String cause) {
    deathCause = cause;
  }

  /** As wait tells it; see {@link #exitGroup}. */
  public int exitCode() {
    return exitCode;
  }

  /** The last thread ended by itself: what it said counts for all. */
  void setExitCode(int code) {
    if (!exiting) {
      exitCode = code;
    }
  }

  /** The signal that ended it, or 0. */
  public int endedBySignal() {
    return exitCode & 0x7f;
  }

  /** As a shell sees it: 0 to 255, 128 + signal if one ended it. */
  public int exitStatus() {
    int signal = endedBySignal();
    return signal == 0 ? exitCode >>> 8 & 0xff : 128 + signal;
  }

  @Override
  public String toString() {
    return "process " + pid;
  }
}
