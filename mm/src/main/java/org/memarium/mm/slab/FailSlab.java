package org.memarium.mm.slab;

import org.memarium.mm.frame.Gfp;

/**
 * {@code failslab}: makes allocations fail on purpose (Linux 6.1 {@code mm/failslab.c}), of caches
 * with {@link SlabFlags#FAILSLAB}.
 */
public final class FailSlab {
  private int interval;
  private long times;
  private long seen;

  FailSlab() {}

  /**
   * Every so many allocations one fails.
   *
   * @param every 0: none does; 1: each does
   * @param most how many in all, -1 for no limit
   */
  public void set(int every, long most) {
    interval = every;
    times = most;
    seen = 0;
  }

  boolean shouldFail(int gfpFlags) {
    if (interval <= 0 || times == 0 || (gfpFlags & Gfp.NOFAIL) != 0) {
      return false;
    }
    if (++seen % interval != 0) {
      return false;
    }
    if (times > 0) {
      times--;
    }
    return true;
  }
}
