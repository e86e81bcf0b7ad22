package org.memarium.mm.slab;

import org.memarium.mm.frame.FaultAttr;
import org.memarium.mm.frame.Gfp;

/**
 * {@code failslab}: makes allocations of objects fail on purpose (Linux 6.1 {@code mm/failslab.c}).
 *
 * <p>At first Linux's settings hold, with which only allocations that may not wait for reclaim can
 * fail, of any cache.
 */
public final class FailSlab {
  private final FaultAttr attr;
  private boolean ignoreGfpReclaim = true;
  private boolean cacheFilter;

  FailSlab(Runnable changed) {
    attr = new FaultAttr("failslab", changed);
  }

  /** Which of them. */
  public FaultAttr attr() {
    return attr;
  }

  /** {@code ignore-gfp-wait}: whether allocations that may wait for reclaim never fail. */
  public void setIgnoreGfpReclaim(boolean ignored) {
    ignoreGfpReclaim = ignored;
  }

  /** {@code cache-filter}: whether only caches with {@link SlabFlags#FAILSLAB} fail. */
  public void setCacheFilter(boolean on) {
    cacheFilter = on;
  }

  /**
   * {@code should_failslab}.
   *
   * @param flags of the cache
   */
  boolean shouldFail(int flags, int gfpFlags, int bytes) {
    int never = Gfp.NOFAIL | (ignoreGfpReclaim ? Gfp.DIRECT_RECLAIM : 0);
    return (gfpFlags & never) == 0
        && (!cacheFilter || (flags & SlabFlags.FAILSLAB) != 0)
        && attr.shouldFail(bytes);
  }
}
