package org.memarium.kernel.futex;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code futex_queues}: who waits at which futex, the real-time threads first, and otherwise in
 * order of arrival (Linux {@code kernel/futex/core.c}). A queue is there while somebody is in it.
 */
final class FutexTable {
  /** Only looked up in, never walked: its order does not show. */
  private final Map<FutexKey, List<FutexWaiter>> queues = new HashMap<>();

  /** {@code __futex_queue}. */
  void queue(FutexWaiter waiter) {
    List<FutexWaiter> queue = queues.computeIfAbsent(waiter.key, key -> new ArrayList<>(2));
    int at = queue.size();
    while (at > 0 && queue.get(at - 1).thread.priority() < waiter.thread.priority()) {
      at--;
    }
    queue.add(at, waiter);
    waiter.queued = true;
  }

  /** {@code futex_unqueue}: false if somebody has taken it off already: it was woken. */
  boolean unqueue(FutexWaiter waiter) {
    if (!waiter.queued) {
      return false;
    }
    List<FutexWaiter> queue = queues.get(waiter.key);
    if (queue == null || !queue.remove(waiter)) {
      throw new IllegalStateException("a waiter is not where its key says: " + waiter.key);
    }
    if (queue.isEmpty()) {
      queues.remove(waiter.key);
    }
    waiter.queued = false;
    return true;
  }

  /** {@code requeue_futex}. */
  void move(FutexWaiter waiter, FutexKey to) {
    unqueue(waiter);
    waiter.key = to;
    queue(waiter);
  }

  /** Those who wait at a futex now, in their order. */
  List<FutexWaiter> waiters(FutexKey key) {
    List<FutexWaiter> queue = queues.get(key);
    return queue == null ? List.of() : List.copyOf(queue);
  }

  /** {@code futex_top_waiter}: the first in line, or null. */
  @Nullable FutexWaiter first(FutexKey key) {
    List<FutexWaiter> queue = queues.get(key);
    return queue == null ? null : queue.getFirst();
  }

  /** Whether nobody waits anywhere. */
  boolean isEmpty() {
    return queues.isEmpty();
  }
}
