package org.memarium.kernel.process;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The signals of a thread: what it blocks, what waits for it alone, its alternate stack; and what
 * it shares with the other threads of its process, the actions and what waits for any of them.
 */
public final class SignalState {
  /** In {@link #alternateStackFlags}: there is no alternate stack. */
  public static final int SS_DISABLE = 2;

  /** The stack is none any more as soon as a handler runs on it. */
  public static final int SS_AUTODISARM = 0x8000_0000;

  /** Reported while the program runs on the alternate stack. */
  public static final int SS_ONSTACK = 1;

  private final Task task;
  private Sighand sighand;
  private final PendingSignals own;
  private final PendingSignals shared;
  private long blocked;
  private @Nullable Long savedBlocked;

  /** {@code real_blocked}: besides these it lets through, while it waits for some of them. */
  private long reallyBlocked;

  /** {@code TIF_SIGPENDING}: on its way to the program, the thread has to look for signals. */
  private boolean deliverable;

  private long alternateStack;
  private long alternateStackBytes;
  private int alternateStackFlags = SS_DISABLE;

  /**
   * Nothing blocked, nothing pending.
   *
   * @param task the thread
   * @param sighand the actions
   * @param own what waits for this thread
   * @param shared what waits for its process
   */
  SignalState(Task task, Sighand sighand, PendingSignals own, PendingSignals shared) {
    this.task = task;
    this.sighand = sighand;
    this.own = own;
    this.shared = shared;
  }

  /**
   * {@code copy_process}: a new task blocks what the one blocks that made it.
   *
   * @param alternateStackToo {@code sas_ss_reset} otherwise: two tasks in one address space must
   *     not both use the alternate stack
   */
  void inherit(SignalState parent, boolean alternateStackToo) {
    blocked = parent.blocked;
    if (alternateStackToo) {
      setAlternateStack(
          parent.alternateStack, parent.alternateStackBytes, parent.alternateStackFlags);
    }
  }

  /** The actions, which may be shared. */
  public Sighand sighand() {
    return sighand;
  }

  /** {@code unshare_sighand}: from now on other actions count. */
  public void setSighand(Sighand actions) {
    sighand = actions;
  }

  /** What waits for this thread alone. */
  PendingSignals own() {
    return own;
  }

  /** What happens on a signal. */
  public SignalAction action(int signal) {
    return sighand.action(signal);
  }

  /** {@code do_sigaction}: a signal that is ignored now waits no more, for no thread. */
  public void setAction(int signal, SignalAction action) {
    sighand.setAction(signal, action);
    if (isIgnored(signal)) {
      shared.flush(Signal.bit(signal));
      for (Task thread : task.process().threads()) {
        thread.signals().own.flush(Signal.bit(signal));
      }
    } else {
      task.process().timers().posix().listen(signal);
    }
  }

  /** {@code flush_sigqueue}: nothing waits for this thread any more. */
  void flush() {
    own.flush(-1L);
  }

  /** Whether nothing happens on a signal, by choice or by default. */
  public boolean isIgnored(int signal) {
    return sighand.isIgnored(signal);
  }

  /** The set of blocked signals. */
  public long blocked() {
    return blocked;
  }

  /**
   * {@code __set_task_blocked}: blocks exactly these, as far as they can be blocked. What waits for
   * the process, and this thread would have taken, goes to another.
   */
  public void setBlocked(long set) {
    long wanted = set & ~Signal.UNBLOCKABLE;
    long fresh = wanted & ~blocked;
    if (deliverable && (shared.set() & fresh) != 0) {
      SignalSender.retarget(task.process(), task, fresh);
    }
    blocked = wanted;
    recalculate();
  }

  /**
   * {@code do_sigtimedwait}: signals of a set wake the thread though they are blocked; until {@link
   * #endWait}.
   */
  public void beginWait(long set) {
    reallyBlocked = blocked;
    blocked &= ~set;
    recalculate();
  }

  /** See {@link #beginWait}. */
  public void endWait() {
    long restored = reallyBlocked;
    reallyBlocked = 0;
    setBlocked(restored);
  }

  /** Whether a signal is blocked, be it for as long as the thread waits for it. */
  boolean blocks(int signal) {
    return (blocked & Signal.bit(signal)) != 0;
  }

  /** {@code sig_ignored}: nobody will ever see it. */
  boolean ignores(int signal) {
    return isIgnored(signal) && ((blocked | reallyBlocked) & Signal.bit(signal)) == 0;
  }

  /** {@code recalc_sigpending}. */
  void recalculate() {
    deliverable = (pending() & ~blocked) != 0;
  }

  /** {@code set_tsk_thread_flag(TIF_SIGPENDING)}. */
  void notice() {
    deliverable = true;
  }

  /** Remembers the blocked set until a handler has returned: sigsuspend. */
  public void saveBlocked() {
    savedBlocked = blocked;
  }

  /** The set that sigreturn restores; forgets what was remembered. */
  public long takeSavedBlocked() {
    long result = savedBlocked == null ? blocked : savedBlocked;
    savedBlocked = null;
    return result;
  }

  /** Takes back what {@link #saveBlocked} remembered, where no handler ran. */
  public void restoreSavedBlocked() {
    if (savedBlocked != null) {
      long saved = savedBlocked;
      savedBlocked = null;
      setBlocked(saved);
    }
  }

  /** The set of pending signals: the thread's and the process's. */
  public long pending() {
    return own.set() | shared.set();
  }

  /** {@code signal_pending}: whether the thread has to look for signals. */
  public boolean isDeliverable() {
    return deliverable;
  }

  /**
   * Takes the signal that is delivered next: those that instructions caused first, then the lowest
   * number, each number in order of arrival; null if all are blocked.
   */
  public @Nullable SignalInfo dequeue() {
    long caused = own.set() & ~blocked & Signal.SYNCHRONOUS;
    return caused != 0 ? dequeue(caused) : dequeue(~blocked);
  }

  /** {@code dequeue_signal}: the next one out of a set; the thread's come before the process's. */
  public @Nullable SignalInfo dequeue(long set) {
    PendingSignals queue = (own.set() & set) != 0 ? own : shared;
    long candidates = queue.set() & set;
    if (candidates == 0) {
      recalculate();
      return null;
    }
    long first = (candidates & Signal.SYNCHRONOUS) != 0 ? Signal.SYNCHRONOUS : -1L;
    SignalInfo info = queue.take(Long.numberOfTrailingZeros(candidates & first) + 1);
    recalculate();
    return task.process().signalTaken(info);
  }

  /** Where the alternate stack begins. */
  public long alternateStack() {
    return alternateStack;
  }

  /** Size of the alternate stack in bytes. */
  public long alternateStackBytes() {
    return alternateStackBytes;
  }

  /** {@link #SS_DISABLE}, and what the program asked for. */
  public int alternateStackFlags() {
    return alternateStackFlags;
  }

  /** Sets the alternate stack. */
  public void setAlternateStack(long start, long bytes, int flags) {
    alternateStack = start;
    alternateStackBytes = bytes;
    alternateStackFlags = flags;
  }

  /** {@code sas_ss_reset}: one that is taken down as it is entered ({@code SS_AUTODISARM}). */
  public void disarmAlternateStack() {
    if ((alternateStackFlags & SS_AUTODISARM) != 0) {
      setAlternateStack(0, 0, SS_DISABLE);
    }
  }

  /**
   * {@code on_sig_stack}: whether a stack pointer lies on the alternate stack; one that is taken
   * down as it is entered has nobody on it.
   */
  public boolean isOnAlternateStack(long stackPointer) {
    return (alternateStackFlags & SS_AUTODISARM) == 0
        && stackPointer > alternateStack
        && stackPointer - alternateStack <= alternateStackBytes;
  }

  /** What execve leaves: handlers become default, ignored ones stay, no alternate stack. */
  public void resetForExec() {
    sighand.resetForExec();
    setAlternateStack(0, 0, SS_DISABLE);
  }

  /**
   * What waits for it, what waits for its process, what is blocked, ignored and caught, as {@code
   * /proc/self/status} shows them.
   */
  public List<Long> masks() {
    long ignored = 0;
    long caught = 0;
    for (int signal = 1; signal <= Signal.COUNT; signal++) {
      if (action(signal).handler() == SignalAction.IGNORE) {
        ignored |= Signal.bit(signal);
      } else if (action(signal).isHandler()) {
        caught |= Signal.bit(signal);
      }
    }
    return List.of(own.set(), shared.set(), blocked, ignored, caught);
  }
}
