package org.memarium.kernel.process;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The signals of a thread: what it blocks, what waits for it alone, its alternate stack; and what
 * it shares with the other threads of its process, the actions and what waits for any of them.
 */
public final class SignalState {
  /** In {@link #alternateStackFlags}: there is no alternate stack. */
  public static final int SS_DISABLE = 2;

  /** Reported while the program runs on the alternate stack. */
  public static final int SS_ONSTACK = 1;

  private Sighand sighand;
  private final PendingSignals own;
  private final PendingSignals shared;
  private long blocked;
  private @Nullable Long savedBlocked;

  private long alternateStack;
  private long alternateStackBytes;
  private int alternateStackFlags = SS_DISABLE;

  /**
   * Nothing blocked, nothing pending.
   *
   * @param sighand the actions
   * @param own what waits for this thread
   * @param shared what waits for its process
   */
  SignalState(Sighand sighand, PendingSignals own, PendingSignals shared) {
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

  /** Sets what happens; a signal that is ignored now is no longer pending. */
  public void setAction(int signal, SignalAction action) {
    sighand.setAction(signal, action);
    if (isIgnored(signal)) {
      own.flush(Signal.bit(signal));
      shared.flush(Signal.bit(signal));
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

  /** Blocks exactly these, as far as they can be blocked. */
  public void setBlocked(long set) {
    blocked = set & ~Signal.UNBLOCKABLE;
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
      blocked = savedBlocked;
      savedBlocked = null;
    }
  }

  /**
   * Queues a signal for this thread, unless it is ignored, or is a classic one that is pending
   * already. A blocked signal is kept even where it is ignored: the program may catch it before it
   * unblocks it. Whoever sends wakes the thread: {@link Task#send}.
   */
  void send(SignalInfo info) {
    if (!isIgnored(info.signal()) || (blocked & Signal.bit(info.signal())) != 0) {
      own.add(info);
    }
  }

  /** The set of pending signals: the thread's and the process's. */
  public long pending() {
    return own.set() | shared.set();
  }

  /** {@code signal_pending}: whether a signal waits that is not blocked. */
  public boolean isDeliverable() {
    return (pending() & ~blocked) != 0;
  }

  /**
   * Takes the signal that is delivered next: those that instructions caused first, then the lowest
   * number, each number in order of arrival; null if all are blocked.
   */
  public @Nullable SignalInfo dequeue() {
    return dequeue(~blocked);
  }

  /** {@code dequeue_signal}: the next one out of a set; the thread's come before the process's. */
  public @Nullable SignalInfo dequeue(long set) {
    for (PendingSignals queue : new PendingSignals[] {own, shared}) {
      long candidates = queue.set() & set;
      if (candidates != 0) {
        long first = (candidates & Signal.SYNCHRONOUS) != 0 ? Signal.SYNCHRONOUS : -1L;
        return queue.take(Long.numberOfTrailingZeros(candidates & first) + 1);
      }
    }
    return null;
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

  /** Whether a stack pointer lies on the alternate stack. */
  public boolean isOnAlternateStack(long stackPointer) {
    return stackPointer > alternateStack && stackPointer - alternateStack <= alternateStackBytes;
  }

  /** What execve leaves: handlers become default, ignored ones stay, no alternate stack. */
  public void resetForExec() {
    sighand.resetForExec();
    setAlternateStack(0, 0, SS_DISABLE);
  }

  /** Pending, blocked, ignored and caught signals, as {@code /proc/self/status} shows them. */
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
    return new ArrayList<>(List.of(pending(), blocked, ignored, caught));
  }
}
