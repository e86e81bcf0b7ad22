package org.memarium.kernel.wait;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * {@code wait_queue_head_t}: those who wait for one thing; Linux {@code kernel/sched/wait.c}.
 *
 * <p>A wake-up reaches all who just look on, and of those who compete for the thing (exclusive
 * ones) the first that sleeps. Waking takes nobody off the queue: whoever has what it waited for,
 * or gives up, removes itself.
 */
public final class WaitQueue {
  private record Entry(Waiter waiter, boolean exclusive) {}

  /** Those who look on first, the latest in front, as Linux has them; then the exclusive ones. */
  private final List<Entry> entries = new ArrayList<>(2);

  /** {@code add_wait_queue}: every wake-up reaches the waiter. */
  public void add(Waiter waiter) {
    entries.addFirst(new Entry(waiter, false));
  }

  /** {@code add_wait_queue_exclusive}: a wake-up reaches one of these, in order of arrival. */
  public void addExclusive(Waiter waiter) {
    entries.addLast(new Entry(waiter, true));
  }

  /** {@code remove_wait_queue}: takes the waiter off, however often it was added. */
  @SuppressWarnings("ReferenceEquality") // this very waiter
  public void remove(Waiter waiter) {
    for (Iterator<Entry> iterator = entries.iterator(); iterator.hasNext(); ) {
      if (iterator.next().waiter == waiter) {
        iterator.remove();
      }
    }
  }

  /** Whether nobody waits. */
  public boolean isEmpty() {
    return entries.isEmpty();
  }

  /** {@code wake_up}: all who look on, and one of the exclusive ones. */
  public void wakeUp() {
    wakeUp(0, 1);
  }

  /** {@code wake_up_poll}: the same, and says what holds now. */
  public void wakeUp(int events) {
    wakeUp(events, 1);
  }

  /** {@code wake_up_all}. */
  public void wakeUpAll() {
    wakeUp(0, Integer.MAX_VALUE);
  }

  /**
   * {@code __wake_up_common}.
   *
   * @param events the bits of poll(2) that hold now, or 0
   * @param exclusive how many of the exclusive ones at most
   */
  public void wakeUp(int events, int exclusive) {
    if (entries.isEmpty()) {
      return;
    }
    int left = exclusive;
    // A waiter may leave the queue, or close what it hangs on, while it is woken.
    for (Entry entry : List.copyOf(entries)) {
      boolean woken = entry.waiter.wake(events);
      if (woken && entry.exclusive && --left == 0) {
        return;
      }
    }
  }
}
