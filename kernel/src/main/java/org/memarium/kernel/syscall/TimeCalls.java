package org.memarium.kernel.syscall;

import java.util.Objects;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.wait.TimerClock;
import org.memarium.mm.Errno;

/** The clocks, all of which the {@link VirtualClock} feeds, and sleeping. */
final class TimeCalls {
  private static final int TIMER_ABSTIME = 1;

  private final Kernel kernel;
  private final VirtualClock clock;
  private final TimeFormat format;
  private final Clocks clocks;

  TimeCalls(Kernel kernel) {
    this.kernel = kernel;
    this.clock = kernel.clock();
    this.format = new TimeFormat(kernel.memory());
    this.clocks = new Clocks(kernel);
  }

  void enter(SystemCallTable table) {
    table.set("time", this::time);
    table.set("gettimeofday", this::gettimeofday);
    table.set("settimeofday", (int time, int zone) -> -Errno.EPERM);
    table.set("clock_gettime", (int id, int to) -> clockGettime(id, to, 4));
    table.set("clock_gettime64", (int id, int to) -> clockGettime(id, to, 8));
    table.set("clock_getres", (int id, int to) -> clockGetres(id, to, 4));
    table.set("clock_getres_time64", (int id, int to) -> clockGetres(id, to, 8));
    table.set("clock_settime", (int id, int time) -> clockSettime(id));
    table.set("clock_settime64", (int id, int time) -> clockSettime(id));
    table.set("nanosleep", (int time, int left) -> nanosleep(time, left, 4));
    table.set(
        "clock_nanosleep",
        (int id, int flags, int time, int left) -> clockNanosleep(id, flags, time, left, 4));
    table.set(
        "clock_nanosleep_time64",
        (int id, int flags, int time, int left) -> clockNanosleep(id, flags, time, left, 8));
    table.set("times", this::times);
  }

  private long time(int to) {
    int seconds = (int) (clock.realtimeNanos() / TimeFormat.NANOS);
    if (to != 0) {
      kernel.memory().writeInt(Integer.toUnsignedLong(to), seconds);
    }
    return Integer.toUnsignedLong(seconds);
  }

  private long gettimeofday(int to, int zone) {
    if (to != 0) {
      format.writeTimeval(to, clock.realtimeNanos());
    }
    if (zone != 0) {
      kernel.memory().writeLong(Integer.toUnsignedLong(zone), 0);
    }
    return 0;
  }

  private long clockGettime(int id, int to, int wordBytes) {
    TimerClock found = clocks.find(id);
    if (found == null) {
      return -Errno.EINVAL;
    }
    format.writeTimespec(to, wordBytes, found.nowNanos());
    return 0;
  }

  private long clockGetres(int id, int to, int wordBytes) {
    if (clocks.find(id) == null) {
      return -Errno.EINVAL;
    }
    if (to != 0) {
      format.writeTimespec(to, wordBytes, Clocks.resolution(id));
    }
    return 0;
  }

  /** The virtual clock is set when the machine is configured, and never later. */
  private static long clockSettime(int id) {
    return id == Clocks.REALTIME || Clocks.isWork(id) ? -Errno.EPERM : -Errno.EINVAL;
  }

  private long nanosleep(int time, int left, int wordBytes) {
    TimerClock uptime = Objects.requireNonNull(clocks.find(Clocks.MONOTONIC));
    long at = uptime.after(format.readTimespec(time, wordBytes));
    return new Sleep(kernel, uptime, at, left, wordBytes).begin(true);
  }

  private long clockNanosleep(int id, int flags, int time, int left, int wordBytes) {
    TimerClock found = clocks.find(id);
    if (found == null) {
      return -Errno.EINVAL;
    }
    if (!Clocks.hasTimers(id) || id == Clocks.THREAD_CPUTIME_ID) {
      return -Errno.EOPNOTSUPP;
    }
    long nanos = format.readTimespec(time, wordBytes);
    if (clocks.isOwnThread(id)) {
      return -Errno.EINVAL;
    }
    boolean absolute = (flags & TIMER_ABSTIME) != 0;
    long at = absolute ? nanos : found.after(nanos);
    return new Sleep(kernel, found, at, absolute ? 0 : left, wordBytes).begin(!absolute);
  }

  /** {@code struct tms}: user, system, and the same of children, in ticks. */
  private long times(int to) {
    if (to != 0) {
      long at = Integer.toUnsignedLong(to);
      byte[] tms = new byte[16];
      int user = (int) VirtualClock.ticks(kernel.task().userNanos());
      int system = (int) VirtualClock.ticks(kernel.task().systemNanos());
      for (int i = 0; i < 4; i++) {
        tms[i] = (byte) (user >>> (8 * i));
        tms[4 + i] = (byte) (system >>> (8 * i));
      }
      kernel.memory().write(at, tms);
    }
    return VirtualClock.ticks(clock.uptimeNanos());
  }
}
