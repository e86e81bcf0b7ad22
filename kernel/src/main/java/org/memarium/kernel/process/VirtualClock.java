package org.memarium.kernel.process;

import org.memarium.cpu.Cpu;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.trace.VirtualTime;

/**
 * The time of a machine: an instruction takes a nanosecond, a sleep takes what it asks for at once,
 * and who needs a device's data waits until the device is done. The host's clock has no part in it,
 * so equal runs see equal times.
 *
 * <p>The nanosecond of an instruction is no {@link org.memarium.mm.trace.Cost}: timers and turns
 * count instructions, and another price must not change what a program does.
 */
public final class VirtualClock {
  /** Clock ticks in a second, as {@code times} and AT_CLKTCK count: {@code USER_HZ}. */
  public static final int USER_HZ = 100;

  /** 73 years, by when a program has slept enough: times of it can be added without a care. */
  private static final long END_NANOS = Long.MAX_VALUE / 4;

  private static final long NANOS_PER_TICK = 1_000_000_000L / USER_HZ;

  private final Cpu cpu;
  private final VirtualTime time;
  private final long bootTimeNanos;
  private long sleptNanos;

  /**
   * A clock that starts now.
   *
   * @param cpu whose instructions are counted
   * @param time how long tasks waited for devices
   * @param bootTimeNanos nanoseconds since 1970 at this moment
   */
  public VirtualClock(Cpu cpu, VirtualTime time, long bootTimeNanos) {
    this.cpu = cpu;
    this.time = time;
    this.bootTimeNanos = bootTimeNanos;
  }

  /** Nanoseconds since boot: CLOCK_MONOTONIC and CLOCK_BOOTTIME. */
  public long uptimeNanos() {
    return cpu.instructions() + sleptNanos + time.passedNanos();
  }

  /** Nanoseconds since 1970: CLOCK_REALTIME. */
  public long realtimeNanos() {
    return bootTimeNanos + uptimeNanos();
  }

  /** The moment so long from now, since boot; {@link Timers#NEVER} if it never comes. */
  public long uptimeAfter(long nanos) {
    long at = uptimeNanos() + nanos;
    return at < 0 ? Timers.NEVER : at;
  }

  /** The moment, since boot, of a CLOCK_REALTIME; 0 if that was before. */
  public long uptimeAt(long realtimeNanos) {
    return Math.max(0, realtimeNanos - bootTimeNanos);
  }

  /** Nanoseconds since 1970 at which the machine booted. */
  public long bootTimeNanos() {
    return bootTimeNanos;
  }

  /** Nanoseconds that the processor worked: CLOCK_PROCESS_CPUTIME_ID. */
  public long processorNanos() {
    return cpu.instructions();
  }

  /** Nanoseconds in which the processor had nothing to do since a task waited for a device. */
  public long ioWaitNanos() {
    return time.waitedNanos();
  }

  /** Clock ticks in so many nanoseconds. */
  public static long ticks(long nanos) {
    return nanos / NANOS_PER_TICK;
  }

  /** Lets time pass with nothing to do; at {@link #END_NANOS} it stands still. */
  public void sleep(long nanos) {
    sleptNanos += Math.min(nanos, END_NANOS - sleptNanos);
  }
}
