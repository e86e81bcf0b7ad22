package org.memarium.kernel.process;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/**
 * The signals of a process: actions, blocked and pending ones, the alternate stack ({@code struct
 * sighand_struct}, {@code struct sigpending}).
 */
public final class SignalState {
  /** In {@link #alternateStackFlags}: there is no alternate stack. */
  public static final int SS_DISABLE = 2;

  /** Reported while the program runs on the alternate stack. */
  public static final int SS_ONSTACK = 1;

  private final SignalAction[] actions = new SignalAction[Signal.COUNT + 1];

  /** {@code struct sigqueue}: a signal that waits, and its object of the cache; 0: it has none. */
  private record Queued(SignalInfo info, long slot) {}

  private final KmemCache cache;
  private final Deque<Queued> queue = new ArrayDeque<>();
  private long blocked;
  private @Nullable Long savedBlocked;

  private long alternateStack;
  private long alternateStackBytes;
  private int alternateStackFlags = SS_DISABLE;

  /**
   * Default actions, nothing blocked, nothing pending.
   *
   * @param cache {@code sigqueue_cachep}
   */
  public SignalState(KmemCache cache) {
    this.cache = cache;
    Arrays.fill(actions, SignalAction.NONE);
  }

  /** What happens on a signal. */
  public SignalAction action(int signal) {
    return actions[signal];
  }

  /** Sets what happens; a signal that is ignored now is no longer pending. */
  public void setAction(int signal, SignalAction action) {
    actions[signal] = action;
    if (isIgnored(signal)) {
      removeIf(queued -> queued.info.signal() == signal);
    }
  }

  /** {@code flush_sigqueue_mask}. */
  private void removeIf(Predicate<Queued> condition) {
    queue.removeIf(queued -> {
      boolean goes = condition.test(queued);
      if (goes) {
        free(queued);
      }
      return goes;
    });
  }

  /** {@code __sigqueue_free}. */
  private void free(Queued queued) {
    if (queued.slot != 0) {
      cache.free(queued.slot);
    }
  }

  /** {@code flush_sigqueue}: nothing waits any more. */
  void flush() {
    removeIf(queued -> true);
  }

  /** How many objects of the cache the waiting signals hold. */
  int queued() {
    int count = 0;
    for (Queued queued : queue) {
      count += queued.slot != 0 ? 1 : 0;
    }
    return count;
  }

  /** Whether nothing happens on a signal, by choice or by default. */
  public boolean isIgnored(int signal) {
    long handler = actions[signal].handler();
    return handler == SignalAction.IGNORE
        || (handler == SignalAction.DEFAULT
            && Signal.defaultAction(signal) == Signal.DefaultAction.IGNORE);
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
   * Queues a signal, unless it is ignored, or is a classic one that is pending already. A blocked
   * signal is kept even where it is ignored: the program may catch it before it unblocks it.
   */
  public void send(SignalInfo info) {
    int signal = info.signal();
    if (isIgnored(signal) && (blocked & Signal.bit(signal)) == 0) {
      return;
    }
    if (signal < 32 && (pending() & Signal.bit(signal)) != 0) {
      return;
    }
    // Without memory a signal comes without what is known of it, as on Linux.
    long slot = cache.alloc(Gfp.GFP_ATOMIC);
    queue.add(new Queued(slot == 0 ? new SignalInfo(signal, 0, 0, 0, 0) : info, slot));
  }

  /** The set of pending signals. */
  public long pending() {
    long set = 0;
    for (Queued queued : queue) {
      set |= Signal.bit(queued.info.signal());
    }
    return set;
  }

  /** Whether a signal waits that is not blocked. */
  public boolean isDeliverable() {
    return !queue.isEmpty() && (pending() & ~blocked) != 0;
  }

  /**
   * Takes the signal that is delivered next: those that instructions caused first, then the lowest
   * number, each number in order of arrival; null if all are blocked.
   */
  public @Nullable SignalInfo dequeue() {
    return dequeue(~blocked);
  }

  /** Takes the next signal out of a set. */
  public @Nullable SignalInfo dequeue(long set) {
    long candidates = pending() & set;
    if (candidates == 0) {
      return null;
    }
    long first = (candidates & Signal.SYNCHRONOUS) != 0 ? Signal.SYNCHRONOUS : -1L;
    int signal = Long.numberOfTrailingZeros(candidates & first) + 1;
    Iterator<Queued> iterator = queue.iterator();
    while (iterator.hasNext()) {
      Queued queued = iterator.next();
      if (queued.info.signal() == signal) {
        iterator.remove();
        free(queued);
        return queued.info;
      }
    }
    throw new IllegalStateException("signal " + signal + " is pending and not queued");
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
    for (int signal = 1; signal <= Signal.COUNT; signal++) {
      actions[signal] =
          actions[signal].handler() == SignalAction.IGNORE
              ? new SignalAction(SignalAction.IGNORE, 0, 0, 0)
              : SignalAction.NONE;
    }
    setAlternateStack(0, 0, SS_DISABLE);
  }

  /** Pending, blocked, ignored and caught signals, as {@code /proc/self/status} shows them. */
  public List<Long> masks() {
    long ignored = 0;
    long caught = 0;
    for (int signal = 1; signal <= Signal.COUNT; signal++) {
      if (actions[signal].handler() == SignalAction.IGNORE) {
        ignored |= Signal.bit(signal);
      } else if (actions[signal].isHandler()) {
        caught |= Signal.bit(signal);
      }
    }
    return new ArrayList<>(List.of(pending(), blocked, ignored, caught));
  }
}
