package org.memarium.mm.reclaim;

import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code balance_pgdat}, in steps: one run of kswapd, from low watermarks to a zone above its high
 * one (Linux 6.1 {@code mm/vmscan.c}).
 *
 * <pre>
 *   priority 12 ... 1   balanced? the end : age active pages; a NodeScan, in steps
 *                       hardly anything looked at, or nothing freed: the next priority
 * </pre>
 */
final class NodeBalance {
  private final PageAllocator allocator;
  private final NodeState node;
  private final Vmscan vmscan;
  private final NodeScan scan;

  private ScanControl sc;
  private int upToZone;
  private long[] boosts = {};
  private long boostLeft;
  private boolean inPass;
  private boolean raise;
  private long reclaimedBefore;

  NodeBalance(PageAllocator allocator, NodeState node, Vmscan vmscan) {
    this.allocator = allocator;
    this.node = node;
    this.vmscan = vmscan;
    this.scan = vmscan.newScan();
    this.sc = control(0, 0);
  }

  private ScanControl control(int order, int highestZone) {
    Lruvec root = allocator.lru().root();
    return new ScanControl(true, root, false, Gfp.GFP_KERNEL, order, highestZone);
  }

  /** A run begins. */
  void begin(int order, int highestZone) {
    sc = control(order, highestZone);
    upToZone = highestZone;
    allocator.vmStat().increment(VmStatItem.PAGEOUTRUN);
    boosts = new long[upToZone + 1];
    for (int i = 0; i <= upToZone; i++) {
      boosts[i] = allocator.zones().get(i).watermarks().boost();
    }
    boostLeft = boost(upToZone);
    inPass = false;
  }

  /** The order that it reclaimed for in the end. */
  int order() {
    return sc.order;
  }

  /**
   * The next step.
   *
   * @return whether there are more
   */
  boolean step() {
    if (!inPass) {
      return beginPass();
    }
    inPass = scan.step(sc);
    return inPass || endPass();
  }

  // ---- Passes ----

  private boolean beginPass() {
    boolean balanced = isBalanced(sc.order, upToZone);
    if (!balanced && boostLeft > 0) {
      boostLeft = 0;
      sc.priority = ScanControl.DEF_PRIORITY;
    }
    if (balanced && boostLeft == 0) {
      return end();
    }
    raise = boostLeft == 0 || sc.priority != ScanControl.DEF_PRIORITY - 2;
    sc.mayWritepage = boostLeft == 0 || sc.priority < ScanControl.DEF_PRIORITY - 2;
    sc.maySwap = boostLeft == 0;
    vmscan.age(sc);
    sc.nrScanned = 0;
    reclaimedBefore = sc.nrReclaimed;
    beginNode();
    inPass = true;
    return true;
  }

  /** {@code kswapd_shrink_node}: how much is wanted. */
  private void beginNode() {
    sc.nrToReclaim = 0;
    for (int i = 0; i <= upToZone; i++) {
      Zone zone = allocator.zones().get(i);
      if (zone.isPopulated()) {
        int mark = zone.watermarks().pages(AllocFlags.WMARK_HIGH);
        sc.nrToReclaim += Math.max(mark, ScanControl.SWAP_CLUSTER_MAX);
      }
    }
    scan.begin();
  }

  private boolean endPass() {
    if (sc.order > 0 && sc.nrReclaimed >= Compaction.gap(sc.order)) {
      sc.order = 0;
    }
    long reclaimed = sc.nrReclaimed - reclaimedBefore;
    if (Math.max(sc.nrScanned, reclaimed) >= sc.nrToReclaim) {
      raise = false;
    }
    boostLeft -= Math.min(boostLeft, reclaimed);
    boolean boostFailed = boostLeft > 0 && reclaimed == 0;
    if (raise || reclaimed == 0) {
      sc.priority--;
    }
    if (!boostFailed && sc.priority >= 1) {
      return true;
    }
    if (sc.nrReclaimed == 0) {
      node.kswapdFailures++;
    }
    return end();
  }

  private boolean end() {
    for (int i = 0; i <= upToZone; i++) {
      allocator.zones().get(i).watermarks().reduceBoost((int) boosts[i]);
    }
    allocator.lru().root().snapshotRefaults();
    vmscan.tellAfterReclaim(sc);
    return false;
  }

  // ---- Watermarks ----

  /** {@code pgdat_balanced}: some zone that would do is above its high watermark. */
  boolean isBalanced(int forOrder, int highestZone) {
    boolean any = false;
    for (int i = 0; i <= highestZone; i++) {
      Zone zone = allocator.zones().get(i);
      if (zone.isPopulated()) {
        any = true;
        int mark = zone.watermarks().pages(AllocFlags.WMARK_HIGH);
        if (zone.watermarks().isOk(forOrder, mark, highestZone, 0)) {
          return true;
        }
      }
    }
    return !any;
  }

  /** {@code pgdat_watermark_boosted}: by how many pages. */
  long boost(int highestZone) {
    long pages = 0;
    for (int i = 0; i <= highestZone; i++) {
      pages += allocator.zones().get(i).watermarks().boost();
    }
    return pages;
  }
}
