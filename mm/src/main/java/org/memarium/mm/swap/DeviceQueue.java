package org.memarium.mm.swap;

import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.CostModel;
import org.memarium.mm.trace.VirtualTime;

/**
 * When a swap device will have moved a page: one request after another, in the order in which they
 * come.
 *
 * <pre>
 *   a page that follows the last one, while the device is at it   the time to move a page
 *   any other                                                     latency, and the time to move it
 * </pre>
 */
final class DeviceQueue {
  private static final long NOWHERE = Long.MIN_VALUE;

  private final VirtualTime time;
  private long busyUntil;
  private long next = NOWHERE;
  private boolean writing;

  DeviceQueue(VirtualTime time) {
    this.time = time;
  }

  /**
   * A request for a page.
   *
   * @return when it will be done, in nanoseconds; nothing waits for it here
   */
  long submit(long page, boolean write) {
    CostModel costs = time.costs();
    long now = time.nanos();
    boolean merged = page == next && write == writing && busyUntil > now;
    long start = Math.max(now, busyUntil);
    long latency = merged ? 0 : costs.nanos(Cost.SWAP_LATENCY);
    busyUntil = start + latency + costs.nanos(write ? Cost.SWAP_WRITE : Cost.SWAP_READ);
    next = page + 1;
    writing = write;
    return busyUntil;
  }
}
