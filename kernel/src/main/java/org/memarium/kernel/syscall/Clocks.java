package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.wait.TimerClock;

/**
 * The clocks by their numbers, as the calling task has them ({@code clockid_to_kclock}).
 *
 * <pre>
 *   31                      3     2        1  0
 *  +-------------------------+---------+--------+   a negative number: what a process or a thread
 *  | not the process or tid  | thread  | kind   |   has worked; kind 0 for the program and the
 *  +-------------------------+---------+--------+   kernel, 1 for the program alone, 2 as scheduled
 * </pre>
 */
final class Clocks {
  static final int REALTIME = 0;
  static final int MONOTONIC = 1;
  static final int PROCESS_CPUTIME_ID = 2;
  static final int THREAD_CPUTIME_ID = 3;
  private static final int MONOTONIC_RAW = 4;
  static final int REALTIME_COARSE = 5;
  static final int MONOTONIC_COARSE = 6;
  private static final int BOOTTIME = 7;
  private static final int REALTIME_ALARM = 8;
  private static final int BOOTTIME_ALARM = 9;
  private static final int TAI = 11;

  private static final int PER_THREAD = 4;
  private static final int KIND = 3;
  private static final int NO_KIND = 3;
  static final int SCHEDULED = 2;

  private final Kernel kernel;
  private final TimerClock realtime;
  private final TimerClock uptime;

  Clocks(Kernel kernel) {
    this.kernel = kernel;
    VirtualClock clock = kernel.clock();
    realtime = new TimerClock(clock::realtimeNanos, kernel.timers(), clock.bootTimeNanos());
    uptime = new TimerClock(clock::uptimeNanos, kernel.timers(), 0);
  }

  /** The clock of a number; null if there is none. */
  @Nullable TimerClock find(int id) {
    return switch (id) {
      case REALTIME, REALTIME_COARSE, REALTIME_ALARM, TAI -> realtime;
      case MONOTONIC, MONOTONIC_RAW, MONOTONIC_COARSE, BOOTTIME, BOOTTIME_ALARM -> uptime;
      case PROCESS_CPUTIME_ID -> kernel.task().process().timers().worked().clock();
      case THREAD_CPUTIME_ID -> kernel.task().worked().clock();
      default -> id < 0 ? worked(id) : null;
    };
  }

  /** {@code pid_for_clock}. */
  private @Nullable TimerClock worked(int id) {
    if ((id & KIND) == NO_KIND) {
      return null;
    }
    int number = ~(id >> 3);
    Task caller = kernel.task();
    if ((id & PER_THREAD) != 0) {
      Task thread = number == 0 ? caller : kernel.tasks().find(number);
      boolean own = thread != null && thread.process().equals(caller.process());
      return thread != null && own ? thread.worked().clock() : null;
    }
    boolean self = number == 0 || number == caller.pid();
    UserProcess process = self ? caller.process() : kernel.tasks().findProcess(number);
    return process == null ? null : process.timers().worked().clock();
  }

  /** Whether a clock is what something has worked. */
  static boolean isWork(int id) {
    return id < 0 || id == PROCESS_CPUTIME_ID || id == THREAD_CPUTIME_ID;
  }

  /**
   * Whether timers can hang on it. Coarse clocks only tell the time, and those that wake a computer
   * need one that sleeps.
   */
  static boolean hasTimers(int id) {
    return id < 0 || id <= THREAD_CPUTIME_ID || id == BOOTTIME || id == TAI;
  }

  /** Whether it is the calling thread's own work, which stands still while that sleeps. */
  boolean isOwnThread(int id) {
    int number = ~(id >> 3);
    return id < 0 && (id & PER_THREAD) != 0 && (number == 0 || number == kernel.task().pid());
  }

  /** {@code clock_getres}, in nanoseconds. */
  static long resolution(int id) {
    boolean coarse = id == REALTIME_COARSE || id == MONOTONIC_COARSE;
    return coarse || (id < 0 && (id & KIND) != SCHEDULED) ? 4_000_000 : 1;
  }
}
