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
    int count = system.processes().size();
    int last = 0;
    for (ProcessView process : system.processes()) {
      last = process.pid();
    }
    return "0.00 0.00 0.00 %d/%d %d\n".formatted(running(system), count, last);
  }

  private static int running(SystemView system) {
    int running = 0;
    for (ProcessView process : system.processes()) {
      if (process.state() == 'R') {
        running++;
      }
    }
    return running;
  }

  /**
   * {@code /proc/stat}: times of the one processor, and processes; Linux {@code fs/proc/stat.c}.
   * There are no interrupts, and nothing to switch to.
   */
  static String stat(SystemView system) {
    long user = 0;
    long kernel = 0;
    for (ProcessView process : system.processes()) {
      user += process.userNanos();
      kernel += process.systemNanos();
    }
    String times =
        "%d 0 %d 0 0 0 0 0 0 0\n".formatted(user / NANOS_PER_TICK, kernel / NANOS_PER_TICK);
    return "cpu  %scpu0 %sintr 0\nctxt 0\nbtime %d\nprocesses %d\n"
            .formatted(
                times, times, system.bootTimeNanos() / NANOS_PER_SECOND, system.processes().size())
        + "procs_running %d\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n"
            .formatted(running(system));
  }
}
