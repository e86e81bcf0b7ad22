package org.memarium.kernel.futex;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct futex_pi_state} with its {@code rt_mutex}: the kernel's side of a lock for which
 * somebody waits. It knows the owner, and those who want to be that next.
 *
 * <p>There is one while a waiter refers to it. The lock passes at once from an owner to the first
 * who waits: on one processor nobody could come between.
 */
final class PiState {
  final FutexKey key;
  private @Nullable FutexThread owner;

  /**
   * Whether the owner before ended without giving the lock up, and the word in memory does not say
   * yet who has it now: that the new owner writes itself, as it goes on.
   */
  boolean inherited;

  private final List<FutexWaiter> waiters = new ArrayList<>(2);
  private int references;

  PiState(FutexKey key, FutexThread owner) {
    this.key = key;
    setOwner(owner);
  }

  @Nullable FutexThread owner() {
    return owner;
  }

  @SuppressWarnings("ReferenceEquality") // this very thread
  boolean isOwnedBy(FutexThread thread) {
    return owner == thread;
  }

  private void setOwner(@Nullable FutexThread next) {
    if (owner != null) {
      owner.owned.remove(this);
    }
    owner = next;
    if (next != null) {
      next.owned.add(this);
    }
  }

  /** {@code get_pi_state}. */
  PiState hold() {
    references++;
    return this;
  }

  /** {@code put_pi_state}: with the last reference the owner is rid of it. */
  void release() {
    if (--references == 0) {
      setOwner(null);
    }
  }

  /** {@code task_blocks_on_rt_mutex}: from now on the waiter is in line. */
  void enqueue(FutexWaiter waiter) {
    int at = waiters.size();
    while (at > 0 && waiters.get(at - 1).thread.priority() < waiter.thread.priority()) {
      at--;
    }
    waiters.add(at, waiter);
    waiter.thread.blockedOn = this;
  }

  /** {@code remove_waiter}: it no longer wants the lock. */
  void remove(FutexWaiter waiter) {
    if (waiters.remove(waiter)) {
      waiter.thread.blockedOn = null;
    }
  }

  /**
   * {@code rt_mutex_adjust_prio_chain}: whether the thread would wait for itself, through whatever
   * other locks.
   */
  @SuppressWarnings("ReferenceEquality") // this very thread
  boolean wouldDeadlock(FutexThread thread) {
    PiState at = this;
    while (at != null) {
      FutexThread holder = at.owner;
      if (holder == null) {
        return false;
      }
      if (holder == thread) {
        return true;
      }
      at = holder.blockedOn;
    }
    return false;
  }

  /** The first in line; null if nobody is. */
  @Nullable FutexWaiter topWaiter() {
    return waiters.isEmpty() ? null : waiters.getFirst();
  }

  /**
   * {@code rt_mutex_futex_unlock}: the first in line owns the lock, and is woken; with nobody in
   * line nobody owns it.
   */
  void handOver() {
    FutexWaiter next = topWaiter();
    if (next == null) {
      setOwner(null);
      return;
    }
    remove(next);
    setOwner(next.thread);
    next.acquired = true;
    next.thread.wake();
  }
}
