package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.IntervalTimers;
import org.memarium.kernel.process.PosixTimer;
import org.memarium.kernel.process.PosixTimers;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.wait.TimerClock;
import org.memarium.mm.Errno;

/**
 * alarm, setitimer and timer_create; Linux {@code kernel/time/itimer.c}, {@code posix-timers.c}.
 */
final class TimerCalls {
  private static final int TIMER_ABSTIME = 1;
  private static final int SIGEV_SIGNAL = 0;
  private static final int SIGEV_NONE = 1;
  private static final int SIGEV_THREAD = 2;
  private static final int SIGEV_THREAD_ID = 4;
  private static final long HALF_SECOND = TimeFormat.NANOS / 2;

  private final Kernel kernel;
  private final UserMemory memory;
  private final TimeFormat format;
  private final Clocks clocks;

  TimerCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
    this.format = new TimeFormat(memory);
    this.clocks = new Clocks(kernel);
  }

  void enter(SystemCallTable table) {
    table.set("alarm", this::alarm);
    table.set("getitimer", this::getitimer);
    table.set("setitimer", this::setitimer);
    table.set("timer_create", this::create);
    table.set("timer_settime", (int id, int f, int to, int old) -> settime(id, f, to, old, 4));
    table.set("timer_settime64", (int id, int f, int to, int old) -> settime(id, f, to, old, 8));
    table.set("timer_gettime", (int id, int to) -> gettime(id, to, 4));
    table.set("timer_gettime64", (int id, int to) -> gettime(id, to, 8));
    table.set("timer_getoverrun", this::getoverrun);
    table.set("timer_delete", (int id) -> timers().delete(id) ? 0 : -Errno.EINVAL);
  }

  private IntervalTimers intervals() {
    return kernel.task().process().timers().intervals();
  }

  private PosixTimers timers() {
    return kernel.task().process().timers().posix();
  }

  // ---- alarm and setitimer ----

  /** What was left is told in whole seconds, and never as none if there was something. */
  private long alarm(int seconds) {
    long left = intervals().remainingNanos(IntervalTimers.REAL);
    intervals().set(IntervalTimers.REAL, (seconds & 0x7fff_ffffL) * TimeFormat.NANOS, 0);
    long rest = left % TimeFormat.NANOS;
    boolean up = rest >= HALF_SECOND || (left < TimeFormat.NANOS && rest > 0);
    return left / TimeFormat.NANOS + (up ? 1 : 0);
  }

  private static boolean isInterval(int which) {
    return which >= IntervalTimers.REAL && which <= IntervalTimers.PROF;
  }

  /** {@code struct itimerval}: the interval, then what is left. */
  private void write(int which, int to) {
    format.writeTimeval(to, intervals().intervalNanos(which));
    format.writeTimeval(to + 8, intervals().remainingNanos(which));
  }

  private long getitimer(int which, int to) {
    if (!isInterval(which)) {
      return -Errno.EINVAL;
    }
    write(which, to);
    return 0;
  }

  private long setitimer(int which, int from, int old) {
    long interval = 0;
    long value = 0;
    if (from != 0) {
      interval = microseconds(from);
      value = microseconds(from + 8);
    }
    if (!isInterval(which)) {
      return -Errno.EINVAL;
    }
    long intervalBefore = intervals().intervalNanos(which);
    long valueBefore = intervals().remainingNanos(which);
    intervals().set(which, value, interval);
    if (old != 0) {
      format.writeTimeval(old, intervalBefore);
      format.writeTimeval(old + 8, valueBefore);
    }
    return 0;
  }

  /** {@code timeval_valid}. */
  private long microseconds(int address) {
    long nanos = format.readTimeval(address);
    int micros = memory.readInt(Integer.toUnsignedLong(address) + 4);
    if (micros >= 1_000_000) {
      throw new CallFailedException(Errno.EINVAL);
    }
    return nanos;
  }

  // ---- timer_create ----

  private long create(int id, int event, int to) {
    TimerClock clock = clocks.find(id);
    if (clock == null) {
      return -Errno.EINVAL;
    }
    if (!Clocks.hasTimers(id)) {
      return -Errno.EOPNOTSUPP;
    }
    PosixTimer.Notification notification = notification(event);
    if (notification == null) {
      return -Errno.EINVAL;
    }
    PosixTimer timer = timers().create(notification, clock);
    if (timer == null) {
      return -Errno.EAGAIN;
    }
    boolean told = false;
    try {
      memory.writeInt(Integer.toUnsignedLong(to), timer.id());
      told = true;
    } finally {
      if (!told) {
        timers().delete(timer.id());
      }
    }
    return 0;
  }

  /**
   * {@code good_sigevent}; without an event it is SIGALRM, with the timer's number.
   *
   * <pre>
   *   struct sigevent
   *   0       4        8        12
   *  +-------+--------+--------+--------+
   *  | value | signal | notify | thread |
   *  +-------+--------+--------+--------+
   * </pre>
   *
   * @return null if it makes no sense
   */
  private PosixTimer.@Nullable Notification notification(int event) {
    if (event == 0) {
      return new PosixTimer.Notification(Signal.SIGALRM, timers().nextId(), null);
    }
    long at = Integer.toUnsignedLong(event);
    int value = memory.readInt(at);
    int signal = memory.readInt(at + 4);
    int notify = memory.readInt(at + 8);
    int tid = memory.readInt(at + 12);
    @Nullable Task thread = null;
    switch (notify) {
      case SIGEV_NONE -> {
        return new PosixTimer.Notification(0, value, null);
      }
      case SIGEV_SIGNAL | SIGEV_THREAD_ID -> {
        thread = kernel.tasks().find(tid);
        if (thread == null || !thread.process().equals(kernel.task().process())) {
          return null;
        }
      }
      case SIGEV_SIGNAL, SIGEV_THREAD -> {}
      default -> {
        return null;
      }
    }
    return Signal.isValid(signal) ? new PosixTimer.Notification(signal, value, thread) : null;
  }

  /** {@code struct itimerspec}: the interval, then what is left. */
  private void write(int to, int wordBytes, long interval, long remaining) {
    format.writeTimespec(to, wordBytes, interval);
    format.writeTimespec(to + 2 * wordBytes, wordBytes, remaining);
  }

  private long gettime(int id, int to, int wordBytes) {
    PosixTimer timer = timers().find(id);
    if (timer == null) {
      return -Errno.EINVAL;
    }
    write(to, wordBytes, timer.intervalNanos(), timer.remainingNanos());
    return 0;
  }

  private long settime(int id, int flags, int from, int old, int wordBytes) {
    if (from == 0) {
      return -Errno.EINVAL;
    }
    long interval = format.readTimespec(from, wordBytes);
    long value = format.readTimespec(from + 2 * wordBytes, wordBytes);
    PosixTimer timer = timers().find(id);
    if (timer == null) {
      return -Errno.EINVAL;
    }
    long intervalBefore = timer.intervalNanos();
    long valueBefore = timer.remainingNanos();
    boolean absolute = (flags & TIMER_ABSTIME) != 0;
    timer.set(value == 0 || absolute ? value : timer.clock().after(value), interval);
    if (old != 0) {
      write(old, wordBytes, intervalBefore, valueBefore);
    }
    return 0;
  }

  private long getoverrun(int id) {
    PosixTimer timer = timers().find(id);
    return timer == null ? -Errno.EINVAL : timer.overrun();
  }
}
