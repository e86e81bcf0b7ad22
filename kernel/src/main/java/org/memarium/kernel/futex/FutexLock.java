package org.memarium.kernel.futex;

import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/**
 * {@code FUTEX_LOCK_PI}, {@code FUTEX_LOCK_PI2} and {@code FUTEX_TRYLOCK_PI}: {@code
 * futex_lock_pi}.
 */
public final class FutexLock implements SleepingCall {
  private final Futexes futexes;
  private final FutexWords words;
  private final FutexThread thread;
  private final FutexKey key;
  private final long address;
  private final Deadline deadline;
  private FutexWaiter waiter;

  /** A lock that is going to be taken: {@link #begin} does it, or starts to wait. */
  public FutexLock(
      Futexes futexes,
      FutexWords words,
      FutexThread thread,
      FutexKey key,
      long address,
      Deadline deadline) {
    this.futexes = futexes;
    this.words = words;
    this.thread = thread;
    this.key = key;
    this.address = address;
    this.deadline = deadline;
    this.waiter = new FutexWaiter(thread, key, Futexes.MATCH_ANY, null);
  }

  /**
   * Takes the lock if it is free.
   *
   * @param waits otherwise waits for it; if not, {@code -EAGAIN}
   * @return 0, {@code -errno}, or {@link #ASLEEP}
   */
  public long begin(boolean waits) {
    PiLocks.Attempt attempt = futexes.locks.attempt(words, address, key, thread, false);
    PiState state = attempt.state();
    if (state == null) {
      return attempt.result() == 1 ? 0 : attempt.result();
    }
    if (!waits || state.wouldDeadlock(thread)) {
      state.release();
      return waits ? -Errno.EDEADLK : -Errno.EAGAIN;
    }
    waiter.piState = state;
    state.enqueue(waiter);
    futexes.table.queue(waiter);
    return ASLEEP;
  }

  @Override
  public long tryAgain() {
    if (waiter.acquired) {
      futexes.locks.inherit(words, address, waiter);
      return 0;
    }
    return deadline.hasPassed() ? -Errno.ETIMEDOUT : ASLEEP;
  }

  @Override
  public long interrupted() {
    return -Restart.NOINTR;
  }

  @Override
  public void ended() {
    futexes.locks.leave(waiter);
  }

  @Override
  public String what() {
    return "futex lock at 0x%08x".formatted(address);
  }
}
