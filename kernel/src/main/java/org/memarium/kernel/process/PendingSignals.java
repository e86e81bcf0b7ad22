package org.memarium.kernel.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/**
 * {@code struct sigpending}: signals that wait, in order of arrival. A task has one, and the
 * threads of a process share another.
 */
public final class PendingSignals {
  /** {@code struct sigqueue}: a signal that waits, and its object of the cache; 0: it has none. */
  private record Queued(SignalInfo info, long slot) {}

  private final KmemCache cache;
  private final Deque<Queued> queue = new ArrayDeque<>();

  /** The set of {@link #queue}. */
  private long set;

  /**
   * Nothing waits.
   *
   * @param cache {@code sigqueue_cachep}
   */
  public PendingSignals(KmemCache cache) {
    this.cache = cache;
  }

  /** The signals that wait. */
  long set() {
    return set;
  }

  /** {@code __send_signal_locked}: queues it, unless it is a classic one that waits already. */
  void add(SignalInfo info) {
    int signal = info.signal();
    if (signal < 32 && (set & Signal.bit(signal)) != 0) {
      return;
    }
    // Without memory a signal comes without what is known of it, as on Linux.
    long slot = cache.alloc(Gfp.GFP_ATOMIC);
    queue.add(new Queued(slot == 0 ? new SignalInfo(signal, 0, 0, 0, 0) : info, slot));
    set |= Signal.bit(signal);
  }

  /** Takes the first that waits of one number, which must be in {@link #set}. */
  SignalInfo take(int signal) {
    @Nullable SignalInfo taken = null;
    boolean more = false;
    for (Iterator<Queued> iterator = queue.iterator(); iterator.hasNext(); ) {
      Queued queued = iterator.next();
      if (queued.info.signal() != signal) {
        continue;
      }
      if (taken != null) {
        more = true;
        break;
      }
      taken = queued.info;
      iterator.remove();
      free(queued);
    }
    if (taken == null) {
      throw new IllegalStateException("signal " + signal + " is pending and not queued");
    }
    if (!more) {
      set &= ~Signal.bit(signal);
    }
    return taken;
  }

  /** {@code flush_sigqueue_mask}: those of a set no longer wait. */
  void flush(long signals) {
    if ((set & signals) != 0) {
      removeIf(queued -> (Signal.bit(queued.info.signal()) & signals) != 0);
      set &= ~signals;
    }
  }

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

  /** How many objects of the cache the waiting signals hold. */
  int objects() {
    int count = 0;
    for (Queued queued : queue) {
      count += queued.slot != 0 ? 1 : 0;
    }
    return count;
  }
}
