package org.memarium.kernel.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/**
 * {@code struct sigpending}: signals that wait, in order of arrival. A task has one, and the
 * threads of a process share another.
 */
public final class PendingSignals {
  /**
   * {@code struct sigqueue}: a signal that waits.
   *
   * @param slot its object of the cache; 0: that is its timer's
   * @param quota where it counts for its user; null: it is its timer that does
   */
  private record Queued(SignalInfo info, long slot, @Nullable SignalQuota quota, int uid) {}

  private final KmemCache cache;
  private final Deque<Queued> queue = new ArrayDeque<>();

  /** The signals of {@link #queue}, and those of which only the number is known. */
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

  /**
   * {@code __send_signal_locked}: queues it, unless it is a classic one that waits already. Without
   * memory, or beyond the user's limit, only its number comes; of a real-time signal that a program
   * sends with more than that, nothing.
   *
   * @param limit RLIMIT_SIGPENDING, which classic signals from the kernel and from kill may exceed
   * @return false if the sender must hear that there is no room: EAGAIN
   */
  boolean add(SignalInfo info, SignalQuota quota, int uid, long limit) {
    int signal = info.signal();
    boolean classic = signal < Signal.SIGRTMIN;
    if (classic && (set & Signal.bit(signal)) != 0) {
      return true;
    }
    if (signal != Signal.SIGKILL) {
      boolean unlimited = classic && info.code() >= 0;
      boolean counted = quota.take(uid, unlimited ? -1 : limit);
      long slot = counted ? cache.alloc(Gfp.GFP_ATOMIC) : 0;
      if (slot != 0) {
        queue.add(new Queued(info, slot, quota, uid));
      } else {
        if (counted) {
          quota.give(uid);
        }
        if (!classic && info.code() != SignalInfo.USER) {
          return false;
        }
      }
    }
    set |= Signal.bit(signal);
    return true;
  }

  /** {@code send_sigqueue}: a timer's signal, which has its object and its place already. */
  void addTimer(SignalInfo info) {
    queue.add(new Queued(info, 0, null, 0));
    set |= Signal.bit(info.signal());
  }

  /** {@code collect_signal}: the first that waits of one number, which must be in {@link #set}. */
  SignalInfo take(int signal) {
    @Nullable SignalInfo taken = null;
    boolean more = false;
    for (Iterator<Queued> iterator = queue.iterator(); iterator.hasNext() && !more; ) {
      Queued queued = iterator.next();
      if (queued.info.signal() == signal) {
        if (taken == null) {
          taken = queued.info;
          iterator.remove();
          free(queued);
        } else {
          more = true;
        }
      }
    }
    if (!more) {
      set &= ~Signal.bit(signal);
    }
    return taken == null ? SignalInfo.fromUser(signal, 0, 0) : taken;
  }

  /** {@code flush_sigqueue_mask}: those of a set no longer wait. */
  void flush(long signals) {
    if ((set & signals) != 0) {
      set &= ~signals;
      for (Iterator<Queued> iterator = queue.iterator(); iterator.hasNext(); ) {
        Queued queued = iterator.next();
        if ((Signal.bit(queued.info.signal()) & signals) != 0) {
          iterator.remove();
          free(queued);
        }
      }
    }
  }

  /** {@code __sigqueue_free}. */
  private void free(Queued queued) {
    if (queued.quota != null) {
      queued.quota.give(queued.uid);
      cache.free(queued.slot);
    }
  }

  /** How many objects of the cache the waiting signals hold. */
  int objects() {
    int count = 0;
    for (Queued queued : queue) {
      count += queued.quota != null ? 1 : 0;
    }
    return count;
  }
}
