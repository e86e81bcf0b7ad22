package org.memarium.kernel.syscall;

import org.memarium.kernel.process.VirtualClock;
import org.memarium.mm.Errno;

/** The clocks, all of which the {@link VirtualClock} feeds, and sleeping, which moves it on. */
final class TimeCalls {
  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_THREAD_CPUTIME_ID = 3;
  private static final int CLOCK_TAI = 11;
  private static final int TIMER_ABSTIME = 1;
  private static final long COARSE_NANOS = 4_000_000;

  private final Kernel kernel;
  private final VirtualClock clock;
  private final TimeFormat format;

  TimeCalls(Kernel kernel) {
    this.kernel = kernel;
    this.clock = kernel.clock();
    this.format = new TimeFormat(kernel.memory());
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
    table.set("nanosleep", (int time, int left) -> sleep(time, 4));
    table.set(
        "clock_nanosleep",
        (int id, int flags, int time, int left) -> clockNanosleep(id, flags, time, 4));
    table.set(
        "clock_nanosleep_time64",
        (int id, int flags, int time, int left) -> clockNanosleep(id, flags, time, 8));
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

  /** What a clock shows, or -1 where there is no such clock. */
  private long now(int id) {
    return switch (id) {
      // REALTIME, REALTIME_COARSE, REALTIME_ALARM, TAI
      case CLOCK_REALTIME, 5, 8, CLOCK_TAI -> clock.realtimeNanos();
      // MONOTONIC, MONOTONIC_RAW, MONOTONIC_COARSE, BOOTTIME, BOOTTIME_ALARM
      case 1, 4, 6, 7, 9 -> clock.uptimeNanos();
      // PROCESS_CPUTIME_ID, THREAD_CPUTIME_ID
      case 2, CLOCK_THREAD_CPUTIME_ID -> clock.processorNanos();
      default -> isOwnProcessClock(id) ? clock.processorNanos() : -1;
    };
  }

  /** {@code MAKE_PROCESS_CPUCLOCK}: the complement of the process id, and what it measures. */
  private boolean isOwnProcessClock(int id) {
    int pid = ~(id >> 3);
    return id < 0 && (id & 3) != 3 && (pid == 0 || pid == kernel.task().process().pid());
  }

  private long clockGettime(int id, int to, int wordBytes) {
    long nanos = now(id);
    if (nanos < 0) {
      return -Errno.EINVAL;
    }
    format.writeTimespec(to, wordBytes, nanos);
    return 0;
  }

  private long clockGetres(int id, int to, int wordBytes) {
    if (now(id) < 0) {
      return -Errno.EINVAL;
    }
    if (to != 0) {
      format.writeTimespec(to, wordBytes, id == 5 || id == 6 ? COARSE_NANOS : 1);
    }
    return 0;
  }

  /** The virtual clock is set when the machine is configured, and never later. */
  private long clockSettime(int id) {
    return id == CLOCK_REALTIME ? -Errno.EPERM : -Errno.EINVAL;
  }

  private long sleep(int time, int wordBytes) {
    clock.sleep(format.readTimespec(time, wordBytes));
    return 0;
  }

  private long clockNanosleep(int id, int flags, int time, int wordBytes) {
    if (now(id) < 0 || id == CLOCK_THREAD_CPUTIME_ID) {
      return -Errno.EINVAL;
    }
    // Clocks that only tell the time have no timers.
    if (id >= 4 && id <= 6) {
      return -Errno.EOPNOTSUPP;
    }
    long nanos = format.readTimespec(time, wordBytes);
    clock.sleep((flags & TIMER_ABSTIME) != 0 ? Math.max(0, nanos - now(id)) : nanos);
    return 0;
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
