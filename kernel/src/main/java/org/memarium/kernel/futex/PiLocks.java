package org.memarium.kernel.futex;

import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * Futexes that have an owner, and whose word says who it is; Linux {@code kernel/futex/pi.c}.
 *
 * <pre>
 *   31        30            29                                 0
 *  +---------+------------+-------------------------------------+
 *  | WAITERS | OWNER_DIED | number of the owning thread, or 0   |
 *  +---------+------------+-------------------------------------+
 * </pre>
 */
final class PiLocks {
  static final int WAITERS = 0x8000_0000;
  static final int OWNER_DIED = 0x4000_0000;
  static final int TID_MASK = RobustList.TID_MASK;

  private final FutexTable table;
  private final IntFunction<@Nullable FutexThread> threads;

  PiLocks(FutexTable table, IntFunction<@Nullable FutexThread> threads) {
    this.table = table;
    this.threads = threads;
  }

  /**
   * How an attempt ended.
   *
   * @param result 1: the thread owns the lock; 0: it must wait; or {@code -errno}
   * @param state what it waits in, held for the caller; with result 1 null unless asked for
   */
  record Attempt(int result, @Nullable PiState state) {
    static Attempt failed(int errno) {
      return new Attempt(-errno, null);
    }
  }

  /**
   * {@code futex_lock_pi_atomic}: takes the lock if it is free, and otherwise finds out for whom to
   * wait, and marks the word so that the owner comes to the kernel to unlock it.
   *
   * @param moreWait others will wait behind this one, whatever comes
   */
  Attempt attempt(
      FutexWords words, long address, FutexKey key, FutexThread thread, boolean moreWait) {
    int word = words.read(address);
    if ((word & TID_MASK) == thread.tid()) {
      return Attempt.failed(Errno.EDEADLK);
    }
    FutexWaiter top = table.first(key);
    if (top != null) {
      return join(word, top.piState);
    }
    if ((word & TID_MASK) == 0) {
      words.write(address, (word & OWNER_DIED) | thread.tid() | (moreWait ? WAITERS : 0));
      return new Attempt(1, moreWait ? new PiState(key, thread).hold() : null);
    }
    words.write(address, word | WAITERS);
    FutexThread owner = threads.apply(word & TID_MASK);
    if (owner == null || owner.isDead()) {
      return Attempt.failed(Errno.ESRCH);
    }
    return new Attempt(0, new PiState(key, owner).hold());
  }

  /** {@code attach_to_pi_state}: the word must tell the same story as the kernel's side. */
  private static Attempt join(int word, @Nullable PiState state) {
    if (state == null) {
      return Attempt.failed(Errno.EINVAL);
    }
    int tid = word & TID_MASK;
    FutexThread owner = state.owner();
    boolean unowned = state.inherited || owner == null;
    boolean fits;
    if ((word & OWNER_DIED) != 0 && (unowned || tid == 0)) {
      fits = tid == 0;
    } else {
      fits = state.inherited || (owner != null && owner.tid() == tid);
    }
    return fits ? new Attempt(0, state.hold()) : Attempt.failed(Errno.EINVAL);
  }

  /**
   * {@code fixup_pi_state_owner}: the lock came from a thread that ended; its new owner says so in
   * the word.
   */
  void inherit(FutexWords words, long address, FutexWaiter waiter) {
    PiState state = waiter.piState;
    if (state != null && state.inherited) {
      state.inherited = false;
      words.write(address, WAITERS | OWNER_DIED | waiter.thread.tid());
    }
  }

  /** The waiter leaves the lock, as owner or without it. */
  void leave(FutexWaiter waiter) {
    table.unqueue(waiter);
    PiState state = waiter.piState;
    if (state != null) {
      state.remove(waiter);
      waiter.piState = null;
      state.release();
    }
  }

  /** {@code futex_unlock_pi}: the first who waits becomes the owner, in the word too. */
  long unlock(FutexWords words, FutexThread thread, long address, FutexKey key) {
    if ((words.read(address) & TID_MASK) != thread.tid()) {
      return -Errno.EPERM;
    }
    FutexWaiter top = table.first(key);
    if (top == null) {
      words.write(address, 0);
      return 0;
    }
    PiState state = top.piState;
    if (state == null || !state.isOwnedBy(thread)) {
      return -Errno.EINVAL;
    }
    FutexWaiter next = state.topWaiter();
    words.write(address, next == null ? 0 : WAITERS | next.thread.tid());
    state.handOver();
    return 0;
  }

  /** The rest of {@link Futexes#requeueToLock}. */
  long requeue(FutexWords words, FutexKey from, FutexKey to, long address, int moves) {
    FutexWaiter top = table.first(from);
    if (top == null) {
      return 0;
    }
    if (top.piState != null || !to.equals(top.requeueTo)) {
      return -Errno.EINVAL;
    }
    Attempt attempt = attempt(words, address, to, top.thread, moves > 0);
    if (attempt.result < 0) {
      return attempt.result;
    }
    int done = 0;
    if (attempt.result == 1) {
      table.unqueue(top);
      top.acquired = true;
      top.thread.wake();
      done++;
    }
    PiState state = attempt.state;
    if (state == null) {
      return done;
    }
    long result = requeueAll(state, from, to, moves, done);
    state.release();
    return result;
  }

  private long requeueAll(PiState state, FutexKey from, FutexKey to, int moves, int already) {
    int done = already;
    for (FutexWaiter waiter : table.waiters(from)) {
      if (done - 1 >= moves) {
        break;
      }
      if (waiter.piState != null || !to.equals(waiter.requeueTo)) {
        return -Errno.EINVAL;
      }
      if (state.wouldDeadlock(waiter.thread)) {
        return -Errno.EDEADLK;
      }
      waiter.piState = state.hold();
      state.enqueue(waiter);
      table.move(waiter, to);
      done++;
    }
    return done;
  }
}
