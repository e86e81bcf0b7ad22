package org.memarium.kernel.process;

import org.memarium.kernel.wait.TimerClock;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.slab.KernelCaches;
import org.memarium.mm.space.RLimits;

/**
 * What a process has of timers: what it has worked, the timers of setitimer and timer_create, and
 * its limit of work; Linux {@code kernel/time/posix-cpu-timers.c}.
 */
public final class ProcessTimers {
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final UserProcess process;
  private final CpuClock worked = new CpuClock();
  private final IntervalTimers intervals;
  private final PosixTimers posix;
  private final Timers.Timer limit = new Timers.Timer(this::limitReached);

  /**
   * None runs.
   *
   * @param uptime the machine's clock
   * @param caches where timers take their objects from
   */
  ProcessTimers(UserProcess process, TimerClock uptime, KernelCaches caches) {
    this.process = process;
    this.intervals = new IntervalTimers(process, uptime, worked.clock());
    this.posix = new PosixTimers(process, caches.posixTimers(), caches.sigqueue());
    limitChanged();
  }

  /** What all its threads have worked. */
  public CpuClock worked() {
    return worked;
  }

  /** Those of setitimer and alarm. */
  public IntervalTimers intervals() {
    return intervals;
  }

  /** Those of timer_create. */
  public PosixTimers posix() {
    return posix;
  }

  /** {@code update_rlimit_cpu}: RLIMIT_CPU is another now. */
  public void limitChanged() {
    long soft = process.limits().soft(RLimits.CPU);
    long hard = process.limits().hard(RLimits.CPU);
    long seconds = soft < 0 ? hard : hard < 0 ? soft : Math.min(soft, hard);
    Timers timers = worked.clock().timers();
    if (seconds < 0 || seconds > Timers.NEVER / NANOS_PER_SECOND) {
      timers.cancel(limit);
    } else {
      timers.start(limit, seconds * NANOS_PER_SECOND);
    }
  }

  /** {@code check_process_timers}: SIGXCPU once a second, and at the hard limit the end. */
  private void limitReached() {
    RLimits limits = process.limits();
    long hard = limits.hard(RLimits.CPU);
    long seconds = worked.nanos() / NANOS_PER_SECOND;
    if (hard >= 0 && seconds >= hard) {
      process.setDeathCause("RLIMIT_CPU: it has worked %d s".formatted(seconds));
      process.exitGroup(Signal.SIGKILL);
      return;
    }
    process.send(SignalInfo.kernel(Signal.SIGXCPU));
    limits.set(RLimits.CPU, limits.soft(RLimits.CPU) + 1, hard);
    limitChanged();
  }

  /** {@code exit_itimers} and what precedes it: the process ends. */
  void stop() {
    intervals.stop();
    worked.clock().timers().cancel(limit);
    posix.deleteAll();
  }
}
