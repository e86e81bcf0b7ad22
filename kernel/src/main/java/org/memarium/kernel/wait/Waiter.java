package org.memarium.kernel.wait;

/** Somebody in a {@link WaitQueue}: {@code wait_queue_func_t}. */
@FunctionalInterface
public interface Waiter {
  /**
   * Something happened that may be what the waiter waits for.
   *
   * @param events the bits of poll(2) that hold now; 0: not told, look for yourself
   * @return whether this woke somebody who slept: only those count where a wake-up is for one
   */
  boolean wake(int events);
}
