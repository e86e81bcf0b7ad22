package org.memarium.kernel.syscall;

import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.TimerClock;
import org.memarium.kernel.wait.Timers;

/** {@code nanosleep} and {@code clock_nanosleep}: {@code hrtimer_nanosleep}. */
final class Sleep implements SleepingCall {
  private final Kernel kernel;
  private final TimerClock clock;
  private final long atNanos;
  private final int left;
  private final int wordBytes;
  private final Timers.Timer timer;
  private boolean isRelative;
  private boolean over;

  /**
   * A sleep that has not begun.
   *
   * @param atNanos when it is over, as its clock shows it
   * @param left where what is left of it goes, if a signal breaks it off; 0 for nowhere
   * @param wordBytes 4 or 8
   */
  Sleep(Kernel kernel, TimerClock clock, long atNanos, int left, int wordBytes) {
    this.kernel = kernel;
    this.clock = clock;
    this.atNanos = atNanos;
    this.left = left;
    this.wordBytes = wordBytes;
    var task = kernel.task();
    this.timer =
        new Timers.Timer(() -> {
          over = true;
          task.runState().wake(0);
        });
  }

  /**
   * Begins.
   *
   * @param relative the program told a span: broken off, the sleep goes on with the rest of it
   */
  long begin(boolean relative) {
    if (atNanos <= clock.nowNanos()) {
      return 0;
    }
    isRelative = relative;
    clock.start(timer, atNanos);
    return kernel.sleep(this);
  }

  @Override
  public long tryAgain() {
    return over || atNanos <= clock.nowNanos() ? 0 : ASLEEP;
  }

  @Override
  public long interrupted() {
    if (!isRelative) {
      return -Restart.NOHAND;
    }
    if (left != 0) {
      long rest = Math.max(0, atNanos - clock.nowNanos());
      new TimeFormat(kernel.memory()).writeTimespec(left, wordBytes, rest);
    }
    kernel
        .task()
        .call()
        .setRestart(() -> new Sleep(kernel, clock, atNanos, left, wordBytes).begin(true));
    return -Restart.BLOCK;
  }

  @Override
  public void ended() {
    clock.timers().cancel(timer);
  }

  @Override
  public String what() {
    return "a sleep";
  }
}
