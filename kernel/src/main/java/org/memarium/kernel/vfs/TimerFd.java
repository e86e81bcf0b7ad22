package org.memarium.kernel.vfs;

import org.memarium.kernel.wait.Timers;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** {@code struct timerfd_ctx}: a timer that one reads; Linux {@code fs/timerfd.c}. */
public final class TimerFd extends AnonymousFile {
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;
  private static final int CLOCK_BOOTTIME = 7;
  private static final int CLOCK_REALTIME_ALARM = 8;
  private static final int CLOCK_BOOTTIME_ALARM = 9;

  private static final int ABSTIME = 1;
  private static final int CANCEL_ON_SET = 2;

  /** {@code sizeof(struct timerfd_ctx)} on 32 bits. */
  private static final int CONTEXT_BYTES = 124;

  private static final int TICKS_BYTES = 8;

  /** The time of day and the time since boot, in nanoseconds. */
  public interface Clocks {
    /** Since 1970. */
    long realtimeNanos();

    /** Since boot. */
    long uptimeNanos();
  }

  private final int clock;
  private final Timers timers;
  private final Clocks clocks;
  private final Timers.Timer timer = new Timers.Timer(this::expired);
  private final WaitQueue queue = new WaitQueue();

  /** 0: it expires once. */
  private long intervalNanos;

  /** When it expired last, or will first, in nanoseconds since boot. */
  private long expiryNanos;

  /** Expiries that nobody has read. */
  private long ticks;

  /** Whether it expired and, being periodic, is to be started again by who reads. */
  private boolean hasExpired;

  TimerFd(Dentry dentry, int clock, int flags, Timers timers, Clocks clocks) throws ErrnoException {
    super(dentry, flags, CONTEXT_BYTES);
    this.clock = clock;
    this.timers = timers;
    this.clocks = clocks;
  }

  static boolean isClock(int clock) {
    return switch (clock) {
      case CLOCK_REALTIME,
          CLOCK_MONOTONIC,
          CLOCK_BOOTTIME,
          CLOCK_REALTIME_ALARM,
          CLOCK_BOOTTIME_ALARM ->
          true;
      default -> false;
    };
  }

  /** CAP_WAKE_ALARM. */
  static boolean needsPrivilege(int clock) {
    return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
  }

  private void expired() {
    hasExpired = true;
    ticks++;
    queue.wakeUp(Fcntl.POLLIN, Integer.MAX_VALUE);
  }

  /** {@code hrtimer_forward_now}: starts a periodic timer again, and returns what it missed. */
  private long forward() {
    long now = clocks.uptimeNanos();
    long missed = Math.max(0, (now - expiryNanos) / intervalNanos);
    expiryNanos += (missed + 1) * intervalNanos;
    timers.start(timer, expiryNanos);
    return missed;
  }

  /** Of a periodic timer that has expired: the ticks until now. */
  private void catchUp() {
    if (hasExpired && intervalNanos > 0) {
      ticks += forward();
    }
    hasExpired = false;
  }

  /** When the timer is due, in nanoseconds, and how often then; 0 and 0 if it does not run. */
  public record Setting(long leftNanos, long intervalNanos) {}

  /** timerfd_gettime(2). */
  public Setting gettime() {
    catchUp();
    long left = timer.isActive() ? Math.max(1, expiryNanos - clocks.uptimeNanos()) : 0;
    return new Setting(left, intervalNanos);
  }

  /**
   * timerfd_settime(2).
   *
   * @param value when it expires first, in nanoseconds: from now on, or by its clock with ABSTIME;
   *     0 stops it
   * @return what was set before
   * @throws ErrnoException EINVAL for unknown flags
   */
  public Setting settime(int flags, long value, long interval) throws ErrnoException {
    if ((flags & ~(ABSTIME | CANCEL_ON_SET)) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    final Setting before = gettime();
    timers.cancel(timer);
    ticks = 0;
    hasExpired = false;
    intervalNanos = interval;
    if (value != 0) {
      long now = clocks.uptimeNanos();
      boolean realtime = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
      if ((flags & ABSTIME) == 0) {
        expiryNanos = now + Math.min(value, Timers.NEVER - 1 - now);
      } else {
        expiryNanos = realtime ? value - (clocks.realtimeNanos() - now) : value;
      }
      timers.start(timer, expiryNanos);
    }
    return before;
  }

  @Override
  void closed() {
    timers.cancel(timer);
    super.closed();
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return queue;
  }

  /** {@code noop_llseek}. */
  @Override
  public long lseek(long offset, int whence) {
    return 0;
  }

  @Override
  public int poll() {
    return ticks > 0 ? Fcntl.POLLIN : 0;
  }

  @Override
  public boolean hasWrite() {
    return false;
  }

  @Override
  public long read(byte[] buffer, int offset, int bytes) {
    if (bytes < TICKS_BYTES) {
      return -Errno.EINVAL;
    }
    if (ticks == 0) {
      return isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
    }
    catchUp();
    EventFd.putLong(buffer, offset, ticks);
    ticks = 0;
    return TICKS_BYTES;
  }
}
