package org.memarium.kernel.futex;

import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * The futexes of a machine: waking, and moving waiters from one to another; Linux {@code
 * kernel/futex/waitwake.c} and {@code requeue.c}. Results are as those of the system call.
 *
 * <p>Those who are going to wait come through {@link FutexWait}, {@link FutexWaitVector}, {@link
 * FutexLock} and {@link FutexWaitRequeue}.
 */
public final class Futexes {
  /** {@code FUTEX_BITSET_MATCH_ANY}. */
  public static final int MATCH_ANY = -1;

  final FutexTable table = new FutexTable();
  final PiLocks locks;

  /**
   * No waiters.
   *
   * @param threads the thread of a number, ended or not as long as it is not forgotten; or null
   */
  public Futexes(IntFunction<@Nullable FutexThread> threads) {
    locks = new PiLocks(table, threads);
  }

  /** Whether nobody waits. */
  public boolean isEmpty() {
    return table.isEmpty();
  }

  /**
   * {@code FUTEX_WAKE} and {@code FUTEX_WAKE_BITSET}.
   *
   * @param count how many at most; less than one wakes one
   * @return how many were woken; {@code -EINVAL} if somebody there waits for a lock
   */
  public long wake(FutexKey key, int count, int bitset) {
    if (bitset == 0) {
      return -Errno.EINVAL;
    }
    int woken = 0;
    for (FutexWaiter waiter : table.waiters(key)) {
      if (waiter.isForLock()) {
        return -Errno.EINVAL;
      }
      if ((waiter.bitset & bitset) != 0) {
        wake(waiter);
        if (++woken >= count) {
          break;
        }
      }
    }
    return woken;
  }

  private void wake(FutexWaiter waiter) {
    table.unqueue(waiter);
    waiter.thread.wake();
  }

  /** {@code FUTEX_WAKE_OP}: changes the second word, and wakes there too if it held the right. */
  public long wakeOp(
      FutexWords words,
      FutexKey first,
      int count,
      FutexKey second,
      long secondAddress,
      int secondCount,
      int encoded) {
    FutexOperation operation = new FutexOperation(encoded);
    if (!operation.isKnown()) {
      return -Errno.ENOSYS;
    }
    int before = words.read(secondAddress);
    words.write(secondAddress, operation.apply(before));
    if (!operation.isKnownComparison()) {
      return -Errno.ENOSYS;
    }
    long woken = wake(first, count, MATCH_ANY);
    if (woken < 0 || !operation.compare(before)) {
      return woken;
    }
    long more = wake(second, secondCount, MATCH_ANY);
    return more < 0 ? more : woken + more;
  }

  /**
   * {@code FUTEX_REQUEUE} and {@code FUTEX_CMP_REQUEUE}, once the word was found right: wakes some,
   * and lets others wait at another futex.
   *
   * @return how many were woken or moved
   */
  public long requeue(FutexKey from, int wakes, FutexKey to, int moves) {
    if (wakes < 0 || moves < 0) {
      return -Errno.EINVAL;
    }
    int done = 0;
    for (FutexWaiter waiter : table.waiters(from)) {
      if (done - wakes >= moves) {
        break;
      }
      if (waiter.isForLock()) {
        return -Errno.EINVAL;
      }
      if (++done <= wakes) {
        wake(waiter);
      } else if (!from.equals(to)) {
        table.move(waiter, to);
      }
    }
    return done;
  }

  /**
   * {@code FUTEX_CMP_REQUEUE_PI}, once the word was found right: those who wait go to a lock; the
   * first gets it if it is free.
   *
   * @param wakes must be 1
   * @param address linear, of the lock
   */
  public long requeueToLock(
      FutexWords words, FutexKey from, int wakes, FutexKey to, long address, int moves) {
    if (wakes != 1 || moves < 0 || from.equals(to)) {
      return -Errno.EINVAL;
    }
    return locks.requeue(words, from, to, address, moves);
  }

  /** See {@link PiLocks#unlock}. */
  public long unlock(FutexWords words, FutexThread thread, long address, FutexKey key) {
    return locks.unlock(words, thread, address, key);
  }

  /**
   * {@code exit_pi_state_list}: a thread leaves its memory, and what it owns goes to those who wait
   * for it. Its robust list was walked before.
   */
  public void inheritLocks(FutexThread thread) {
    while (!thread.owned.isEmpty()) {
      PiState state = thread.owned.getFirst();
      state.inherited = true;
      state.handOver();
    }
  }
}
