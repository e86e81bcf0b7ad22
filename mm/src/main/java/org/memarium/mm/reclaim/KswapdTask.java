package org.memarium.mm.reclaim;

import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Kswapd;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
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
 *                      ^                        |      and still balanced
 *                      +------------------------+
 *          woken: kswapd_low_wmark_hit_quickly; not balanced any more: ..._high_...
 * </pre>
 *
 * <p>It has no stack of its own: a wakeup only makes it runnable, and {@link #run} is called where
 * the kernel would switch to it, at the return to the program.
 */
public final class KswapdTask implements Kswapd {
  /** {@code HZ / 10}: how long it naps before it goes to sleep. */
  private static final long NAP_NANOS = 100_000_000;

  /** {@code MAX_NR_ZONES}: nobody has asked for a zone. */
  private static final int NO_ZONE = -1;

  private final PageAllocator allocator;
  private final VirtualTime time;
  private final NodeState node;
  private final Vmscan vmscan;
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
  private Runnable onWakeup = () -> {};

  KswapdTask(PageAllocator allocator, NodeState node, Vmscan vmscan) {
    this.allocator = allocator;
    this.time = allocator.trace().time();
    this.node = node;
    this.vmscan = vmscan;
    this.vmStat = allocator.vmStat();
    this.previousHighestZone = allocator.zones().size() - 1;
  }

  /**
   * Names who shall see to it that {@link #run} is called soon; told with every wakeup that makes
   * it runnable.
   */
  public void setOnWakeup(Runnable listener) {
    onWakeup = listener;
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
    if (node.isHopeless() || (isBalanced(wantedOrder, wantedZone) && !isBoosted(wantedZone))) {
      return;
    }
    woken = true;
    onWakeup.run();
  }

  /** Whether {@link #run} has something to do. */
  public boolean isRunnable() {
    return woken || (napEnd >= 0 && time.nanos() >= napEnd);
  }

  /** Runs until it goes to sleep, or naps. Not to be called while anybody allocates. */
  public void run() {
    if (napEnd >= 0) {
      if (!endNap()) {
        return;
      }
    } else if (!woken) {
      return;
    }
    do {
      woken = false;
      int wantedOrder = order;
      int wantedZone = highestZone == NO_ZONE ? previousHighestZone : highestZone;
      previousHighestZone = wantedZone;
      order = 0;
      highestZone = NO_ZONE;
      napOrder = balance(wantedOrder, wantedZone);
    } while (!tryToSleep());
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
    if (!isBalanced(napOrder, previousHighestZone)) {
      return false;
    }
    // clear_pgdat_congested
    allocator.lru().root().setCongested(false);
    node.dirty = false;
    node.writeback = false;
    return true;
  }

  // ---- Balance ----

  /** {@code pgdat_balanced}: some zone that would do is above its high watermark. */
  private boolean isBalanced(int forOrder, int upToZone) {
    boolean any = false;
    for (int i = 0; i <= upToZone; i++) {
      Zone zone = allocator.zones().get(i);
      if (zone.isPopulated()) {
        any = true;
        int mark = zone.watermarks().pages(AllocFlags.WMARK_HIGH);
        if (zone.watermarks().isOk(forOrder, mark, upToZone, 0)) {
          return true;
        }
      }
    }
    return !any;
  }

  /** {@code pgdat_watermark_boosted}. */
  private boolean isBoosted(int upToZone) {
    return boost(upToZone) > 0;
  }

  private long boost(int upToZone) {
    long pages = 0;
    for (int i = 0; i <= upToZone; i++) {
      pages += allocator.zones().get(i).watermarks().boost();
    }
    return pages;
  }

  /**
   * {@code balance_pgdat}.
   *
   * @return the order that it reclaimed for in the end
   */
  private int balance(int wantedOrder, int upToZone) {
    boolean before = allocator.memallocNoreclaimSave();
    try {
      Lruvec root = allocator.lru().root();
      ScanControl sc = new ScanControl(true, root, false, Gfp.GFP_KERNEL, wantedOrder, upToZone);
      vmStat.increment(VmStatItem.PAGEOUTRUN);
      long[] boosts = new long[upToZone + 1];
      for (int i = 0; i <= upToZone; i++) {
        boosts[i] = allocator.zones().get(i).watermarks().boost();
      }
      balance(sc, upToZone);
      for (int i = 0; i <= upToZone; i++) {
        allocator.zones().get(i).watermarks().reduceBoost((int) boosts[i]);
      }
      root.snapshotRefaults();
      vmscan.tellAfterReclaim(sc);
      return sc.order;
    } finally {
      allocator.memallocNoreclaimRestore(before);
    }
  }

  private void balance(ScanControl sc, int upToZone) {
    long boostLeft = boost(upToZone);
    for (sc.priority = ScanControl.DEF_PRIORITY; sc.priority >= 1; ) {
      boolean balanced = isBalanced(sc.order, upToZone);
      if (!balanced && boostLeft > 0) {
        boostLeft = 0;
        sc.priority = ScanControl.DEF_PRIORITY;
        continue;
      }
      if (balanced && boostLeft == 0) {
        return;
      }
      boolean raise = boostLeft == 0 || sc.priority != ScanControl.DEF_PRIORITY - 2;
      sc.mayWritepage = boostLeft == 0 || sc.priority < ScanControl.DEF_PRIORITY - 2;
      sc.maySwap = boostLeft == 0;
      vmscan.age(sc);
      sc.nrScanned = 0;
      long before = sc.nrReclaimed;
      raise &= !shrinkNode(sc, upToZone);
      long reclaimed = sc.nrReclaimed - before;
      boostLeft -= Math.min(boostLeft, reclaimed);
      if (boostLeft > 0 && reclaimed == 0) {
        break;
      }
      if (reclaimed == 0) {
        vmscan.throttle().waitForWriter(sc);
      }
      if (raise || reclaimed == 0) {
        sc.priority--;
      }
    }
    if (sc.nrReclaimed == 0) {
      node.kswapdFailures++;
    }
  }

  /**
   * {@code kswapd_shrink_node}.
   *
   * @return whether so many pages were looked at that the priority need not rise
   */
  private boolean shrinkNode(ScanControl sc, int upToZone) {
    sc.nrToReclaim = 0;
    for (int i = 0; i <= upToZone; i++) {
      Zone zone = allocator.zones().get(i);
      if (zone.isPopulated()) {
        int mark = zone.watermarks().pages(AllocFlags.WMARK_HIGH);
        sc.nrToReclaim += Math.max(mark, ScanControl.SWAP_CLUSTER_MAX);
      }
    }
    long before = sc.nrReclaimed;
    vmscan.shrinkNode(sc);
    if (sc.order > 0 && sc.nrReclaimed >= Compaction.gap(sc.order)) {
      sc.order = 0;
    }
    return Math.max(sc.nrScanned, sc.nrReclaimed - before) >= sc.nrToReclaim;
  }
}
