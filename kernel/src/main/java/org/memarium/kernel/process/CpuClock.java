package org.memarium.kernel.process;

import org.memarium.kernel.wait.TimerClock;
import org.memarium.kernel.wait.Timers;

/**
 * What a thread or a process has worked: {@code CLOCK_THREAD_CPUTIME_ID} and {@code
 * CLOCK_PROCESS_CPUTIME_ID}, with the timers on it (Linux {@code kernel/time/posix-cpu-timers.c}).
 * It goes on while the program runs; the kernel's own work takes no time.
 */
public final class CpuClock {
  private final Timers timers = new Timers();
  private final TimerClock clock = new TimerClock(this::nanos, timers, 0);
  private long nanos;

  /** Nanoseconds worked. */
  public long nanos() {
    return nanos;
  }

  /** For timers. */
  public TimerClock clock() {
    return clock;
  }

  /** Nanoseconds until the next timer; a very long time if there is none. */
  public long nanosToTimer() {
    long next = timers.nextNanos();
    return next == Timers.NEVER ? next : Math.max(0, next - nanos);
  }

  /** Goes on, and lets those timers expire whose moment that is. */
  public void advance(long by) {
    nanos += by;
    if (timers.nextNanos() <= nanos) {
      timers.expire(nanos);
    }
  }
}
