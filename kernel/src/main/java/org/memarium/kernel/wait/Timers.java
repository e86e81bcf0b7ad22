package org.memarium.kernel.wait;

import java.util.Comparator;
import java.util.TreeSet;

/**
 * {@code hrtimer}s: what is to happen at certain moments of the virtual clock, in order of time,
 * and of arrival where the time is the same.
 */
public final class Timers {
  /** The moment of a timer that does not run. */
  public static final long NEVER = Long.MAX_VALUE;

  /** A timer: runs from {@link Timers#start} until it expires or is cancelled. */
  public static final class Timer {
    private final Runnable expiry;
    private long atNanos = NEVER;
    private long arrival;

    /**
     * A timer that does not run.
     *
     * @param expiry what happens then; it may start the timer again
     */
    public Timer(Runnable expiry) {
      this.expiry = expiry;
    }

    /** When it expires, in nanoseconds since boot; {@link #NEVER} while it does not run. */
    public long atNanos() {
      return atNanos;
    }

    /** Whether it runs. */
    public boolean isActive() {
      return atNanos != NEVER;
    }
  }

  private final TreeSet<Timer> queue =
      new TreeSet<>(
          Comparator.comparingLong((Timer timer) -> timer.atNanos)
              .thenComparingLong(timer -> timer.arrival));

  private long arrivals;

  /**
   * {@code hrtimer_start}: from now on, or anew.
   *
   * @param atNanos when it expires, in nanoseconds since boot; what is past expires at once
   */
  public void start(Timer timer, long atNanos) {
    cancel(timer);
    if (atNanos != NEVER) {
      timer.atNanos = atNanos;
      timer.arrival = arrivals++;
      queue.add(timer);
    }
  }

  /** {@code hrtimer_cancel}; nothing happens to one that does not run. */
  public void cancel(Timer timer) {
    if (timer.isActive()) {
      queue.remove(timer);
      timer.atNanos = NEVER;
    }
  }

  /** When the next one expires, in nanoseconds since boot; {@link #NEVER} if none runs. */
  public long nextNanos() {
    return queue.isEmpty() ? NEVER : queue.first().atNanos;
  }

  /** {@code hrtimer_interrupt}: lets all expire whose moment has come. */
  public void expire(long nowNanos) {
    while (!queue.isEmpty() && queue.first().atNanos <= nowNanos) {
      Timer timer = queue.pollFirst();
      if (timer != null) {
        timer.atNanos = NEVER;
        timer.expiry.run();
      }
    }
  }
}
