package org.memarium.kernel.wait;

/**
 * A timer that may come again and again. It stands still from its expiry until {@link #goOn}: who
 * takes no notice of one expiry is not told of the next ones singly, but how many there were.
 */
public final class IntervalTimer {
  private final TimerClock clock;
  private final Timers.Timer timer;
  private long expiresNanos = Timers.NEVER;
  private long intervalNanos;

  /**
   * A timer that does not run.
   *
   * @param expiry what happens each time
   */
  public IntervalTimer(TimerClock clock, Runnable expiry) {
    this.clock = clock;
    this.timer = new Timers.Timer(expiry);
  }

  /** Its clock. */
  public TimerClock clock() {
    return clock;
  }

  /**
   * Starts anew.
   *
   * @param atNanos when it expires, as its clock shows it
   * @param interval nanoseconds from each expiry to the next; 0: there is only one
   */
  public void start(long atNanos, long interval) {
    set(atNanos, interval);
    goOn();
  }

  /** The same, for a timer that nobody hears: it is only looked at. */
  public void set(long atNanos, long interval) {
    stop();
    expiresNanos = atNanos;
    intervalNanos = interval;
  }

  /** Runs no more. */
  public void stop() {
    clock.timers().cancel(timer);
    expiresNanos = Timers.NEVER;
    intervalNanos = 0;
  }

  /** Whether it is going to expire. */
  public boolean isActive() {
    return timer.isActive();
  }

  /** Nanoseconds between two expiries; 0 if it does not come again. */
  public long intervalNanos() {
    return intervalNanos;
  }

  /** Nanoseconds until it expires; 0 or less if that is over. */
  public long remainingNanos() {
    return expiresNanos == Timers.NEVER ? 0 : expiresNanos - clock.nowNanos();
  }

  /**
   * {@code hrtimer_forward}: moves the expiry on until it lies ahead, without starting the timer.
   *
   * @return by how many intervals
   */
  public long forward() {
    long late = clock.nowNanos() - expiresNanos;
    if (late < 0 || intervalNanos == 0) {
      return 0;
    }
    long count = late / intervalNanos + 1;
    expiresNanos += count * intervalNanos;
    return count;
  }

  /** After {@link #forward}: runs again, to the moment that it was moved to. */
  public void goOn() {
    clock.start(timer, expiresNanos);
  }
}
