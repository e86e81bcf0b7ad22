package org.memarium.kernel.procfs;

/** The short files of {@code /proc} about the whole machine. */
final class SystemFiles {

  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final long NANOS_PER_TICK = 10_000_000;

  private SystemFiles() {}

  /** {@code /proc/version}; Linux {@code fs/proc/version.c}. */
  static String version(SystemView system) {
    return "%s version %s (memarium) %s\n"
        .formatted(system.osType(), system.osRelease(), system.version());
  }

  /** {@code /proc/uptime}: seconds since boot, and seconds idle, of which there are none. */
  static String uptime(SystemView system) {
    long hundredths = system.uptimeNanos() / NANOS_PER_TICK;
    return "%d.%02d 0.00\n".formatted(hundredths / 100, hundredths % 100);
  }

  /** {@code /proc/loadavg}: no averages are kept, so they are 0. */
  static String loadavg(SystemView system) {
    int threads = 0;
    for (ProcessView process : system.processes()) {
      threads += process.threads();
    }
    return "0.00 0.00 0.00 %d/%d %d\n".formatted(running(system), threads, system.lastPid());
  }

  private static int running(SystemView system) {
    int running = 0;
    for (ProcessView process : system.processes()) {
      for (ProcessView thread : process.threadViews()) {
        running += thread.state() == 'R' ? 1 : 0;
      }
    }
    return running;
  }

  /**
   * {@code /proc/stat}: times of the one processor, and processes; Linux {@code fs/proc/stat.c}.
   * There are no interrupts.
   */
  static String stat(SystemView system) {
    long user = 0;
    long kernel = 0;
    for (ProcessView process : system.processes()) {
      ProcessView.Usage used = process.processUsage();
      user += used.userNanos();
      kernel += used.systemNanos();
    }
    String times =
        "%d 0 %d 0 %d 0 0 0 0 0\n"
            .formatted(
                user / NANOS_PER_TICK,
                kernel / NANOS_PER_TICK,
                system.ioWaitNanos() / NANOS_PER_TICK);
    return "cpu  %scpu0 %sintr 0\nctxt %d\nbtime %d\nprocesses %d\n"
            .formatted(
                times,
                times,
                system.contextSwitches(),
                system.bootTimeNanos() / NANOS_PER_SECOND,
                system.forks())
        + "procs_running %d\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n"
            .formatted(running(system));
  }
}
