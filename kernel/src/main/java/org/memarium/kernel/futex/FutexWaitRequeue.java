package org.memarium.kernel.futex;

import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/**
 * {@code FUTEX_WAIT_REQUEUE_PI}: waits at one futex until somebody moves it to a lock, and there
 * for the lock.
 */
public final class FutexWaitRequeue implements SleepingCall {
  private final Futexes futexes;
  private final FutexWords words;
  private final FutexWaiter waiter;
  private final long lockAddress;
  private final Deadline deadline;

  /**
   * Waits from now on: the word was found as it should be.
   *
   * @param lock where it wants to be moved, and the lock's linear address
   */
  public FutexWaitRequeue(
      Futexes futexes,
      FutexWords words,
      FutexThread thread,
      FutexKey key,
      FutexKey lock,
      long lockAddress,
      Deadline deadline) {
    this.futexes = futexes;
    this.words = words;
    this.waiter = new FutexWaiter(thread, key, Futexes.MATCH_ANY, lock);
    this.lockAddress = lockAddress;
    this.deadline = deadline;
    futexes.table.queue(waiter);
  }

  @Override
  public long tryAgain() {
    if (waiter.acquired) {
      futexes.locks.inherit(words, lockAddress, waiter);
      return 0;
    }
    return deadline.hasPassed() ? -Errno.ETIMEDOUT : ASLEEP;
  }

  /** Once it was moved, the word that it came with has changed: it cannot begin again. */
  @Override
  public long interrupted() {
    return waiter.piState == null ? -Restart.NOINTR : -Errno.EAGAIN;
  }

  @Override
  public void ended() {
    futexes.locks.leave(waiter);
  }

  @Override
  public String what() {
    return "futex wait for the lock at 0x%08x".formatted(lockAddress);
  }
}
