package org.memarium.kernel.oom;

import org.memarium.mm.trace.KernelLog;

/** {@code ___ratelimit}: at most ten reports in five seconds (Linux {@code lib/ratelimit.c}). */
final class RateLimit {
  /** {@code DEFAULT_RATELIMIT_BURST}. */
  private static final int BURST = 10;

  /** {@code DEFAULT_RATELIMIT_INTERVAL}. */
  private static final long INTERVAL_NANOS = 5_000_000_000L;

  private final KernelLog log;
  private final String function;
  private long begin = Long.MIN_VALUE;
  private int printed;
  private int missed;

  /**
   * For the reports of a function.
   *
   * @param function whose name the log gets with the number of those that were left out
   */
  RateLimit(KernelLog log, String function) {
    this.log = log;
    this.function = function;
  }

  /** Whether one more may be printed. */
  boolean allows() {
    long now = log.clock().getAsLong();
    if (begin == Long.MIN_VALUE || now - begin > INTERVAL_NANOS) {
      if (missed > 0) {
        log.warn("%s: %d callbacks suppressed".formatted(function, missed));
      }
      begin = now;
      printed = 0;
      missed = 0;
    }
    if (printed < BURST) {
      printed++;
      return true;
    }
    missed++;
    return false;
  }
}
