package org.memarium.kernel.process;

import org.memarium.kernel.wait.IntervalTimer;
import org.memarium.kernel.wait.TimerClock;

/**
 * The three timers that every process has, alarm's among them; Linux {@code kernel/time/itimer.c}.
 * They do not pass on to children.
 */
public final class IntervalTimers {
  /** {@code ITIMER_REAL}: SIGALRM, by the clock on the wall. */
  public static final int REAL = 0;

  /** {@code ITIMER_VIRTUAL}: SIGVTALRM, by what the program has worked. */
  public static final int VIRTUAL = 1;

  /** {@code ITIMER_PROF}: SIGPROF, by what the program and the kernel have worked for it. */
  public static final int PROF = 2;

  /** What getitimer says of a timer whose signal is on its way: one microsecond. */
  private static final long LEAST_NANOS = 1000;

  private final UserProcess process;
  private final IntervalTimer[] timers;

  /** None runs. */
  IntervalTimers(UserProcess process, TimerClock uptime, TimerClock worked) {
    this.process = process;
    this.timers =
        new IntervalTimer[] {
          new IntervalTimer(uptime, this::realExpired),
          new IntervalTimer(worked, () -> workExpired(VIRTUAL, Signal.SIGVTALRM)),
          new IntervalTimer(worked, () -> workExpired(PROF, Signal.SIGPROF))
        };
  }

  /** {@code it_real_fn}: the timer goes on when the signal has been taken, not before. */
  private void realExpired() {
    process.send(SignalInfo.kernel(Signal.SIGALRM));
  }

  /** {@code check_cpu_itimer}. */
  private void workExpired(int which, int signal) {
    IntervalTimer timer = timers[which];
    if (timer.forward() > 0) {
      timer.goOn();
    }
    process.send(SignalInfo.kernel(signal));
  }

  /** A thread has taken SIGALRM: the timer that sent it comes again, if it is one that does. */
  void alarmTaken() {
    IntervalTimer timer = timers[REAL];
    if (!timer.isActive() && timer.intervalNanos() != 0) {
      timer.forward();
      timer.goOn();
    }
  }

  /** Nanoseconds from one expiry to the next; 0 if it does not come again. */
  public long intervalNanos(int which) {
    return timers[which].intervalNanos();
  }

  /** Nanoseconds until it expires; 0 if it does not run. */
  public long remainingNanos(int which) {
    IntervalTimer timer = timers[which];
    return timer.isActive() ? Math.max(timer.remainingNanos(), LEAST_NANOS) : 0;
  }

  /**
   * Starts one anew.
   *
   * @param valueNanos from now; 0: it stops
   * @param intervalNanos from each expiry to the next; 0: there is only one
   */
  public void set(int which, long valueNanos, long intervalNanos) {
    IntervalTimer timer = timers[which];
    if (valueNanos == 0) {
      timer.stop();
    } else {
      timer.start(timer.clock().after(valueNanos), intervalNanos);
    }
  }

  /** The process ends. */
  void stop() {
    for (IntervalTimer timer : timers) {
      timer.stop();
    }
  }
}
