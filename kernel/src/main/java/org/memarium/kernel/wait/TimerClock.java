package org.memarium.kernel.wait;

import java.util.function.LongSupplier;

/**
 * A clock that timers can hang on: what it shows, and the queue of what is to happen. The clocks of
 * the machine share its queue; what a thread or a process has worked has a queue of its own, which
 * stands still while others work.
 */
public final class TimerClock {
  private final LongSupplier nowNanos;
  private final Timers timers;
  private final long offsetNanos;

  /**
   * A clock.
   *
   * @param nowNanos what it shows
   * @param timers its queue
   * @param offsetNanos what it shows when the queue's own time is 0
   */
  public TimerClock(LongSupplier nowNanos, Timers timers, long offsetNanos) {
    this.nowNanos = nowNanos;
    this.timers = timers;
    this.offsetNanos = offsetNanos;
  }

  /** What it shows. */
  public long nowNanos() {
    return nowNanos.getAsLong();
  }

  /** The queue. */
  public Timers timers() {
    return timers;
  }

  /**
   * The same moment in the queue's time.
   *
   * @param atNanos as this clock shows it; what no clock will ever show is {@link Timers#NEVER}
   */
  public long queueNanos(long atNanos) {
    return atNanos == Timers.NEVER ? atNanos : Math.max(0, atNanos - offsetNanos);
  }

  /** A moment so long from now; {@link Timers#NEVER} if no clock will ever show it. */
  public long after(long nanos) {
    long at = nowNanos() + nanos;
    return at < 0 ? Timers.NEVER : at;
  }

  /** Starts a timer of the queue at a moment as this clock shows it. */
  public void start(Timers.Timer timer, long atNanos) {
    timers.start(timer, queueNanos(atNanos));
  }
}
