package org.memarium.mm.frame;

import org.memarium.hardware.Ram;

/**
 * {@code fail_page_alloc}: makes allocations of pages fail on purpose (Linux 6.1 {@code
 * mm/page_alloc.c}).
 *
 * <p>At first Linux's settings hold, with which only atomic allocations of two pages or more, of
 * low memory, can fail.
 */
public final class FailPageAlloc {
  private final FaultAttr attr;
  private boolean ignoreGfpHighmem = true;
  private boolean ignoreGfpReclaim = true;
  private int minOrder = 1;

  FailPageAlloc(Runnable changed) {
    attr = new FaultAttr("fail_page_alloc", changed);
  }

  /** Which of them. */
  public FaultAttr attr() {
    return attr;
  }

  /**
   * {@code ignore-gfp-highmem}, {@code ignore-gfp-wait}, {@code min-order}: what never fails.
   *
   * @param highmem whether allocations from high memory never do
   * @param reclaim whether those that may wait for reclaim never do
   * @param least the least order of those that may fail
   */
  public void ignore(boolean highmem, boolean reclaim, int least) {
    ignoreGfpHighmem = highmem;
    ignoreGfpReclaim = reclaim;
    minOrder = least;
  }

  /** {@code should_fail_alloc_page}. */
  boolean shouldFail(int gfpFlags, int order) {
    int never =
        Gfp.NOFAIL
            | (ignoreGfpHighmem ? Gfp.HIGHMEM : 0)
            | (ignoreGfpReclaim ? Gfp.DIRECT_RECLAIM : 0);
    return order >= minOrder
        && (gfpFlags & never) == 0
        && attr.shouldFail((long) Ram.PAGE_SIZE << order);
  }
}
