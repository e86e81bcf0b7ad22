package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.IntervalTimer;
import org.memarium.kernel.wait.TimerClock;

/**
 * {@code struct k_itimer}: a timer of timer_create; Linux {@code kernel/time/posix-timers.c}.
 *
 * <p>It has at most one signal on its way. Expiries until that is taken are only counted, as
 * overruns.
 */
public final class PosixTimer {
  private final int id;
  private final UserProcess process;
  private final Notification notification;
  private final IntervalTimer timer;

  /** Expiries since the signal that was taken last; one less, so that the first is no overrun. */
  private long overrun = -1;

  private long lastOverrun;

  /** {@code it_requeue_pending}: which starting of the timer a signal on its way is from. */
  private int generation;

  private boolean signalOnItsWay;

  /** Its signal was ignored when it expired: it waits until the program listens. */
  private boolean unheard;

  /**
   * {@code struct sigevent}: what happens at the expiry.
   *
   * @param signal what is sent; 0: nothing ({@code SIGEV_NONE})
   * @param value goes with it
   * @param thread who gets it; null: any thread of the process
   */
  public record Notification(int signal, int value, @Nullable Task thread) {}

  PosixTimer(int id, UserProcess process, Notification notification, TimerClock clock) {
    this.id = id;
    this.process = process;
    this.notification = notification;
    this.timer = new IntervalTimer(clock, this::expired);
  }

  /** Its number in its process. */
  public int id() {
    return id;
  }

  private boolean sendsSignals() {
    return notification.signal != 0;
  }

  /** {@code posix_timer_fn}. */
  private void expired() {
    if (!sendsSignals()) {
      return;
    }
    SignalInfo info = SignalInfo.timer(notification.signal, id, notification.value, generation);
    Task thread = notification.thread;
    boolean queued = thread == null ? process.sendTimer(info) : thread.sendTimer(info);
    signalOnItsWay = queued;
    unheard = !queued;
  }

  /** The program no longer ignores a signal: a timer that nobody heard comes again. */
  void listen(int signal) {
    if (unheard && notification.signal == signal) {
      unheard = false;
      if (timer.intervalNanos() != 0) {
        overrun += timer.forward();
        timer.goOn();
      }
    }
  }

  /**
   * {@code posixtimer_rearm}: a thread takes the timer's signal, and it comes again.
   *
   * @return the overruns that the signal tells
   */
  int taken(int ofGeneration) {
    if (ofGeneration != generation || !signalOnItsWay) {
      return 0;
    }
    signalOnItsWay = false;
    if (timer.intervalNanos() == 0) {
      return 0;
    }
    overrun += timer.forward();
    timer.goOn();
    lastOverrun = overrun;
    overrun = -1;
    generation++;
    return overrun();
  }

  /** {@code timer_getoverrun}: of the signal that was taken last. */
  public int overrun() {
    return (int) Math.min(lastOverrun, Integer.MAX_VALUE);
  }

  /** Nanoseconds from one expiry to the next; 0 if it does not come again. */
  public long intervalNanos() {
    return timer.intervalNanos();
  }

  /** {@code common_timer_get}: nanoseconds until it expires; 0 if it does not run. */
  public long remainingNanos() {
    boolean again = timer.intervalNanos() != 0;
    if (!again && !timer.isActive() && sendsSignals()) {
      return 0;
    }
    if (again && (signalOnItsWay || unheard || !sendsSignals())) {
      overrun += timer.forward();
    }
    long remaining = timer.remainingNanos();
    // A timer whose signal nobody has taken yet must not look as if it did not run.
    return remaining > 0 ? remaining : sendsSignals() ? 1 : 0;
  }

  /**
   * {@code common_timer_set}.
   *
   * @param atNanos as its clock shows it; 0: the timer stops
   */
  public void set(long atNanos, long intervalNanos) {
    timer.stop();
    generation++;
    signalOnItsWay = false;
    lastOverrun = 0;
    overrun = -1;
    unheard = false;
    if (atNanos == 0) {
      return;
    }
    if (sendsSignals()) {
      timer.start(atNanos, intervalNanos);
    } else {
      timer.set(atNanos, intervalNanos);
    }
  }

  /** Its clock. */
  public TimerClock clock() {
    return timer.clock();
  }

  /** {@code timer_delete}. */
  void stop() {
    timer.stop();
  }
}
