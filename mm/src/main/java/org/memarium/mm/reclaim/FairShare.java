package org.memarium.mm.reclaim;

import org.memarium.mm.trace.VirtualTime;

/**
 * Whose turn it is on the one processor: kswapd's or the programs' (Linux 6.1 {@code
 * kernel/sched/fair.c}, with its figures for one processor and two who want it).
 *
 * <pre>
 *   woken         kswapd has a credit of 3 ms at most, and comes first if it is 1 ms behind
 *   each 4 ms     (a tick) who has run for 3 ms hands over to whoever has run less
 *   waits         the other one's turn
 * </pre>
 *
 * <p>All programs together count as one.
 */
final class FairShare {
  /** {@code CONFIG_HZ}, 250. */
  private static final long TICK_NANOS = 4_000_000;

  /** {@code sched_slice}: half of {@code sysctl_sched_latency}, 6 ms. */
  private static final long SLICE_NANOS = 3_000_000;

  /** {@code sysctl_sched_min_granularity}. */
  private static final long LEAST_NANOS = 750_000;

  /** {@code sysctl_sched_wakeup_granularity}. */
  private static final long WAKEUP_NANOS = 1_000_000;

  /** {@code place_entity}: half of the latency, for who has slept. */
  private static final long CREDIT_NANOS = 3_000_000;

  private final VirtualTime time;

  /** For how long kswapd has run. */
  private long worked;

  /** {@code vruntime} of kswapd. */
  private long virtual;

  private boolean isKswapds;
  private long since;
  private long tick;

  FairShare(VirtualTime time) {
    this.time = time;
  }

  /** {@code vruntime} of the programs. */
  private long programs() {
    return time.nanos() - time.waitedNanos() - worked;
  }

  /** How much more than the programs kswapd has run. */
  private long lead() {
    return virtual - programs();
  }

  private void give(boolean toKswapd) {
    isKswapds = toKswapd;
    since = time.nanos();
    tick = since / TICK_NANOS;
  }

  /** kswapd has run for so long. */
  void ran(long nanos) {
    worked += nanos;
    virtual += nanos;
  }

  /** {@code check_preempt_wakeup}: kswapd wants to run again. */
  void kswapdWakes() {
    virtual = Math.max(virtual, programs() - CREDIT_NANOS);
    if (!isKswapds && lead() < -WAKEUP_NANOS) {
      give(true);
    }
  }

  /** kswapd has nothing to do. */
  void kswapdSleeps() {
    if (isKswapds) {
      give(false);
    }
  }

  /** The program waits for something. */
  void programSleeps() {
    if (!isKswapds) {
      give(true);
    }
  }

  /** What the program has waited for is there. */
  void programWakes() {
    virtual = Math.min(virtual, programs() + CREDIT_NANOS);
    if (isKswapds && lead() > WAKEUP_NANOS) {
      give(false);
    }
  }

  /** {@code check_preempt_tick}: whether kswapd, which could run, shall do so now. */
  boolean isKswapds() {
    long now = time.nanos();
    if (now / TICK_NANOS != tick) {
      tick = now / TICK_NANOS;
      long behind = isKswapds ? lead() : -lead();
      long ran = now - since;
      if (behind < 0 ? false : ran > SLICE_NANOS || (ran > LEAST_NANOS && behind > SLICE_NANOS)) {
        give(!isKswapds);
      }
    }
    return isKswapds;
  }

  /** The moment at which {@link #isKswapds} may change its mind. */
  long nextTick() {
    return (time.nanos() / TICK_NANOS + 1) * TICK_NANOS;
  }
}
