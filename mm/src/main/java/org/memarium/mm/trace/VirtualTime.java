package org.memarium.mm.trace;

import java.util.function.LongSupplier;

/**
 * The virtual clock as the memory manager sees it: it reads the clock, knows what things cost, and
 * lets time pass where a task waits for a device, and where reclaim works: devices get done
 * meanwhile, and whether a page is still being written decides what reclaim does with it.
 *
 * <p>All other costs are computed from counters when a report is made, so that they cost nothing on
 * the way and change nothing of what a program does.
 *
 * <pre>
 *   device.submit     done = max(now, device's last done) + latency + pages * each;   no time passes
 *   who needs it now  time.waitUntil(done, IoWait.SWAP_READ)   others work; the clock moves
 * </pre>
 */
// An EnumMap would box; the ordinal is nothing but a place in the array here.
@SuppressWarnings("EnumOrdinal")
public final class VirtualTime {
  private final long[] waitedNanos = new long[IoWait.values().length];
  private final long[] waits = new long[IoWait.values().length];
  private CostModel costs = CostModel.DEFAULT;
  private LongSupplier clock = this::passedNanos;
  private Meanwhile meanwhile = this::pass;
  private long allWaitedNanos;
  private long workedPicos;

  /** A clock that only waiting and reclaim move, from 0, and the default costs. */
  VirtualTime() {}

  /**
   * Names the machine's clock, in nanoseconds since boot; it adds {@link #passedNanos()} to what it
   * counts itself.
   */
  void setClock(LongSupplier virtualNanos) {
    clock = virtualNanos;
  }

  /** Nanoseconds since boot. */
  public long nanos() {
    return clock.getAsLong();
  }

  /** What things cost. */
  public CostModel costs() {
    return costs;
  }

  /** Says what things cost; before the machine does anything. */
  public void setCosts(CostModel model) {
    costs = model;
  }

  /** Names who works while a task waits; without one, time passes. */
  public void setMeanwhile(Meanwhile others) {
    meanwhile = others;
  }

  /**
   * {@code io_schedule}: the clock moves to {@code nanos}, unless it is past that already. Others
   * may work meanwhile: the caller holds a reference to each page that it goes on with.
   *
   * @param what is waited for
   */
  public void waitUntil(long nanos, IoWait what) {
    if (nanos > clock.getAsLong()) {
      countWait(what);
      meanwhile.runUntil(nanos, what);
    }
  }

  /** A task begins to wait for that. */
  public void countWait(IoWait what) {
    waits[what.ordinal()]++;
  }

  /** The processor has nothing to do until {@code nanos}, unless that is past already. */
  public void pass(long nanos, IoWait what) {
    long left = nanos - clock.getAsLong();
    if (left > 0) {
      waitedNanos[what.ordinal()] += left;
      allWaitedNanos += left;
    }
  }

  /** Reclaim did so much: the clock moves by what that costs. */
  public void work(Cost cost, long count) {
    workedPicos += costs.picos(cost) * count;
  }

  /** Nanoseconds that reclaim has worked. */
  public long workedNanos() {
    return workedPicos / CostModel.PICOS_PER_NANO;
  }

  /** Nanoseconds by which the clock was moved from here. */
  public long passedNanos() {
    return allWaitedNanos + workedNanos();
  }

  /** How often a task had to wait for that. */
  public long waits(IoWait what) {
    return waits[what.ordinal()];
  }

  /** Nanoseconds in which the processor had nothing to do while a task waited for that. */
  public long waitedNanos(IoWait what) {
    return waitedNanos[what.ordinal()];
  }

  /** Nanoseconds in which the processor had nothing to do while tasks waited for devices. */
  public long waitedNanos() {
    return allWaitedNanos;
  }
}
