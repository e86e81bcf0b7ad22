package org.memarium.kernel.futex;

import org.jspecify.annotations.Nullable;

/** {@code struct futex_q}: a thread that waits at a futex. */
final class FutexWaiter {
  final FutexThread thread;

  /** Which wake-ups it listens to. */
  final int bitset;

  /** {@code requeue_pi_key}: the lock that it wants to be moved to; null for a plain waiter. */
  final @Nullable FutexKey requeueTo;

  FutexKey key;
  boolean queued;

  /** The lock that it waits for. */
  @Nullable PiState piState;

  /** It has become the owner of the lock. */
  boolean acquired;

  FutexWaiter(FutexThread thread, FutexKey key, int bitset, @Nullable FutexKey requeueTo) {
    this.thread = thread;
    this.key = key;
    this.bitset = bitset;
    this.requeueTo = requeueTo;
  }

  /** Whether an ordinary wake-up must not touch it: it comes by way of a lock. */
  boolean isForLock() {
    return piState != null || requeueTo != null;
  }
}
