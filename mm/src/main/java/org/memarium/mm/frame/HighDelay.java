package org.memarium.mm.frame;

/**
 * How long a task waits that charged beyond {@code memory.high} or {@code memory.swap.high} (Linux
 * 6.1 {@code mm/memcontrol.c}, {@code calculate_high_delay}): the square of how far the group is
 * beyond, so that a little costs little.
 */
final class HighDelay {
  /** {@code SWAP_CLUSTER_MAX}. */
  static final int SWAP_CLUSTER_MAX = 32;

  /** {@code CONFIG_HZ} of Debian's kernels. */
  private static final int HZ = 250;

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** {@code MEMCG_MAX_HIGH_DELAY_JIFFIES}: two seconds. */
  static final long MAX_JIFFIES = 2 * HZ;

  /** {@code MEMCG_DELAY_PRECISION_SHIFT}. */
  private static final int PRECISION_SHIFT = 20;

  /** {@code MEMCG_DELAY_SCALING_SHIFT}. */
  private static final int SCALING_SHIFT = 14;

  /** {@code MEMCG_CHARGE_BATCH}: the delay is meant for so many pages. */
  private static final int CHARGE_BATCH = 64;

  private HighDelay() {}

  /**
   * The delay, however long; {@link #MAX_JIFFIES} is the most that anybody waits.
   *
   * @param usage of the group, in pages
   * @param high its limit, in pages
   * @param pages that the task has charged
   */
  static long jiffies(long usage, long high, long pages) {
    if (usage <= high) {
      return 0;
    }
    long overage = ((usage - high) << PRECISION_SHIFT) / Math.max(high, 1);
    long jiffies = (overage * overage * HZ) >>> (PRECISION_SHIFT + SCALING_SHIFT);
    return jiffies * pages / CHARGE_BATCH;
  }

  /** Whether the task waits at all: ten milliseconds are forgiven. */
  static boolean isWorthIt(long jiffies) {
    return jiffies > HZ / 100;
  }

  static long nanos(long jiffies) {
    return jiffies * (NANOS_PER_SECOND / HZ);
  }
}
