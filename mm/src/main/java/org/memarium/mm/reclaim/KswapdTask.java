package org.memarium.mm.reclaim;

import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Kswapd;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VirtualTime;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code kswapd}: the task that frees pages in the background, from the moment that a zone falls
 * below its low watermark until one is above its high watermark (Linux 6.1 {@code mm/vmscan.c},
 * {@code kswapd}, {@code balance_pgdat}).
 *
 * <pre>
 *            wakeup              balanced             100 ms without a wakeup,
 *   asleep --------> [runs] ----------------> naps -------------------------> asleep
 *                     |  ^                      |      and still balanced
 *          throttled  |  +----------------------+
 *                     v      woken: kswapd_low_wmark_hit_quickly; not balanced: ..._high_...
 *                   waits until 32 pages are written, for 100 ms at most
 * </pre>
 *
 * <p>It has no stack of its own, but takes steps, between which it remembers where it was: a batch
 * of 32 pages of a list is one. Its work takes virtual time, and {@link FairShare} says when
 * programs have their turn. They go on while it waits, and it works while they wait.
 */
public final class KswapdTask implements Kswapd {
  /** {@code HZ / 10}: how long it naps before it goes to sleep. */
  private static final long NAP_NANOS = 100_000_000;

  /** {@code HZ / 10}: how long it waits for pages that are being written. */
  private static final long WRITEBACK_NANOS = 100_000_000;

  /** {@code HZ}: how long somebody waits for it who may hold locks of a file system. */
  private static final long NO_FS_NANOS = 1_000_000_000;

  /** {@code MAX_NR_ZONES}: nobody has asked for a zone. */
  private static final int NO_ZONE = -1;

  private final PageAllocator allocator;
  private final PendingIo pendingIo;
  private final VirtualTime time;
  private final FairShare share;
  private final NodeState node;
  private final NodeBalance balance;
  private final ReclaimReserve reserve;
  private final VmStat vmStat;

  /** {@code kswapd_order}: of the largest block that somebody was short of. */
  private int order;

  /** {@code kswapd_highest_zoneidx}: the highest zone that somebody wanted. */
  private int highestZone = NO_ZONE;

  private int previousHighestZone;

  /** A wakeup that has not been answered. */
  private boolean woken;

  /** Until when it naps; -1 while it sleeps. */
  private long napEnd = -1;

  private int napOrder;

  /** In the middle of a balance, between two steps of which others may run. */
  private boolean busy;

  /** Within a step, where what it waits for passes for everybody. */
  private boolean stepping;

  /** Until when it waits for pages that are being written; -1: it does not. */
  private long throttleEnd = -1;

  private long writtenBefore;
  private boolean shares;
  private Runnable onWakeup = () -> {};

  KswapdTask(PageAllocator allocator, NodeState node, Vmscan vmscan, ScanCount scanCount) {
    this.allocator = allocator;
    this.pendingIo = allocator.pendingIo();
    this.time = allocator.trace().time();
    this.share = new FairShare(time);
    this.node = node;
    this.balance = new NodeBalance(allocator, node, vmscan);
    this.reserve = new ReclaimReserve(allocator, node, scanCount);
    this.vmStat = allocator.vmStat();
    this.previousHighestZone = allocator.zones().size() - 1;
  }

  // ---- Wakeups ----

  /** {@code wakeup_kswapd}. */
  @Override
  public void wakeup(Zone zone, int gfpFlags, int wantedOrder, int wantedZone) {
    if (!zone.isPopulated()) {
      return;
    }
    highestZone = Math.max(highestZone, wantedZone);
    order = Math.max(order, wantedOrder);
    if (woken) {
      return;
    }
    if (node.isHopeless()
        || (balance.isBalanced(wantedOrder, wantedZone) && balance.boost(wantedZone) == 0)) {
      return;
    }
    woken = true;
    if (!busy) {
      share.kswapdWakes();
      onWakeup.run();
    }
  }

  // ---- Turns ----

  /**
   * From now on it shares the processor with programs: {@link #runTurn} is called between their
   * instructions, and while they wait for devices it works or they wait on. Before, {@link #run}
   * does all there is, and what it waits for passes for everybody.
   *
   * @param listener told of each wakeup that makes it the first in line
   */
  public void shareProcessor(Runnable listener) {
    onWakeup = listener;
    shares = true;
    time.setMeanwhile(this::runUntil);
  }

  /** Whether it has something to do now. */
  public boolean isRunnable() {
    if (throttleEnd >= 0) {
      return isThrottleOver();
    }
    return busy || woken || (napEnd >= 0 && time.nanos() >= napEnd);
  }

  /** Runs until it goes to sleep, or naps, whatever time that takes. */
  public void run() {
    while (true) {
      if (isRunnable()) {
        step();
      } else if (throttleEnd >= 0) {
        time.pass(throttleWake(Long.MAX_VALUE), IoWait.SWAP_WRITE);
        pendingIo.complete();
      } else {
        return;
      }
    }
  }

  /** Runs while it has something to do and comes first. */
  public void runTurn() {
    checkThrottle();
    while (isRunnable() && share.isKswapds()) {
      step();
      pendingIo.complete();
    }
  }

  /** No program can run: it takes a step, if it has something to do. */
  public boolean runAlone() {
    if (!isRunnable()) {
      return false;
    }
    share.programSleeps();
    step();
    return true;
  }

  /** A task is woken that has waited for a device. */
  public void programWakes() {
    share.programWakes();
  }

  /** Whether it waits for pages that are being written. */
  public boolean isThrottled() {
    return throttleEnd >= 0;
  }

  /** When it wants the processor again, as far as that is a matter of time; the most: unknown. */
  public long wakeNanos() {
    if (throttleEnd >= 0) {
      return isThrottleOver() ? time.nanos() : throttleWake(Long.MAX_VALUE);
    }
    return busy || woken ? share.nextTick() : Long.MAX_VALUE;
  }

  /** A program waits for a device until a moment. */
  private void runUntil(long nanos, IoWait what) {
    if (stepping) {
      time.pass(nanos, what);
      return;
    }
    while (time.nanos() < nanos) {
      pendingIo.complete();
      checkThrottle();
      if (isRunnable()) {
        share.programSleeps();
        step();
      } else {
        time.pass(throttleEnd >= 0 ? throttleWake(nanos) : nanos, what);
      }
    }
    share.programWakes();
    runTurn();
  }

  // ---- Waiting ----

  /** {@code reclaim_throttle}: until enough is written, or for a while. */
  private void throttle() {
    node.waitsForWriteback = false;
    throttleEnd = time.nanos() + WRITEBACK_NANOS;
    writtenBefore = vmStat.get(VmStatItem.NR_WRITTEN);
  }

  private boolean isThrottleOver() {
    return time.nanos() >= throttleEnd || throttledWritten() > ScanControl.SWAP_CLUSTER_MAX;
  }

  private long throttledWritten() {
    return vmStat.get(VmStatItem.NR_WRITTEN) - writtenBefore;
  }

  /** When it is worth looking whether enough is written. */
  private long throttleWake(long latest) {
    long end = Math.min(throttleEnd, latest);
    return pendingIo.isEmpty() ? end : Math.min(end, Math.max(pendingIo.nextEnd(), time.nanos()));
  }

  /** Wakes up where that is over. */
  private void checkThrottle() {
    if (throttleEnd >= 0 && isThrottleOver()) {
      vmStat.add(VmStatItem.NR_THROTTLED_WRITTEN, throttledWritten());
      throttleEnd = -1;
      share.kswapdWakes();
    }
  }

  /**
   * {@code throttle_direct_reclaim}: somebody who allocates waits while half of what is set aside
   * for reclaim is gone.
   */
  void throttleDirectReclaim(int gfpFlags) {
    if (!shares || stepping || reserve.mayReclaim()) {
      return;
    }
    vmStat.increment(VmStatItem.PGSCAN_DIRECT_THROTTLE);
    woken |= !busy && throttleEnd < 0;
    long latest = (gfpFlags & Gfp.FS) != 0 ? Long.MAX_VALUE : time.nanos() + NO_FS_NANOS;
    while (!reserve.mayReclaim() && time.nanos() < latest) {
      pendingIo.complete();
      if (isRunnable()) {
        share.programSleeps();
        step();
      } else if (throttleEnd >= 0) {
        time.pass(throttleWake(latest), IoWait.SWAP_WRITE);
      } else {
        break;
      }
    }
    share.programWakes();
  }

  // ---- Work ----

  private void step() {
    boolean before = allocator.slowPath().memallocNoreclaimSave();
    long worked = time.workedNanos();
    stepping = true;
    try {
      oneStep();
    } finally {
      stepping = false;
      allocator.slowPath().memallocNoreclaimRestore(before);
      share.ran(time.workedNanos() - worked);
    }
    if (!busy || throttleEnd >= 0) {
      share.kswapdSleeps();
    }
  }

  private void oneStep() {
    checkThrottle();
    if (!busy) {
      if (napEnd >= 0 ? !endNap() : !woken) {
        return;
      }
      begin();
    }
    busy = balance.step();
    if (node.waitsForWriteback) {
      throttle();
    }
    if (!busy) {
      napOrder = balance.order();
      if (!tryToSleep()) {
        begin();
      }
    }
  }

  private void begin() {
    woken = false;
    int wantedOrder = order;
    int wantedZone = highestZone == NO_ZONE ? previousHighestZone : highestZone;
    previousHighestZone = wantedZone;
    order = 0;
    highestZone = NO_ZONE;
    balance.begin(wantedOrder, wantedZone);
    busy = true;
  }

  /**
   * {@code kswapd_try_to_sleep}, its first half.
   *
   * @return false if there is more to do at once
   */
  private boolean tryToSleep() {
    if (prepareSleep()) {
      napEnd = time.nanos() + NAP_NANOS;
      return true;
    }
    vmStat.increment(VmStatItem.KSWAPD_HIGH_WMARK_HIT_QUICKLY);
    return false;
  }

  /** Its second half; returns whether kswapd goes on. */
  private boolean endNap() {
    boolean early = woken && time.nanos() < napEnd;
    napEnd = -1;
    if (early) {
      vmStat.increment(VmStatItem.KSWAPD_LOW_WMARK_HIT_QUICKLY);
      return true;
    }
    if (prepareSleep()) {
      return woken;
    }
    vmStat.increment(VmStatItem.KSWAPD_HIGH_WMARK_HIT_QUICKLY);
    return true;
  }

  /** {@code prepare_kswapd_sleep}. */
  private boolean prepareSleep() {
    if (node.isHopeless()) {
      return true;
    }
    if (!balance.isBalanced(napOrder, previousHighestZone)) {
      return false;
    }
    // clear_pgdat_congested
    allocator.lru().root().setCongested(false);
    node.dirty = false;
    node.writeback = false;
    return true;
  }
}
