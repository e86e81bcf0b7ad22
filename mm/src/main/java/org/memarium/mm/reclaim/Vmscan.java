package org.memarium.mm.reclaim;

import java.util.function.IntConsumer;
import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.CompactResult;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.VmStat;

/**
 * Reclaims memory for whoever allocates, or for a group at its limit, with growing effort (Linux
 * 6.1 {@code mm/vmscan.c}, {@code do_try_to_free_pages}, {@code shrink_node}).
 *
 * <pre>
 *   priority 12, 11 ... 0    one pass each, until 32 pages are freed
 *     shrink_node            see {@link NodeScan}
 *   nothing freed?           again, without regard to the balance of active and inactive lists;
 *                            again, without regard to memory.low
 * </pre>
 *
 * <p>A direct reclaim whose pass freed nothing while pages are being written waits for the first of
 * them: the next pass would only write more.
 */
final class Vmscan {
  private static final int COSTLY_ORDER = 3;

  private final ReclaimParts parts;
  private final PageAllocator allocator;
  private final VmStat vmStat;
  private final Eviction eviction;
  private final ReclaimThrottle throttle;

  /** For whoever allocates; only one does at a time. */
  private final NodeScan scan;

  /** Told after every reclaim, with how many pages were freed; for tests. */
  private IntConsumer afterReclaim = pages -> {};

  Vmscan(ReclaimParts parts, Eviction eviction) {
    this.parts = parts;
    this.allocator = parts.allocator();
    this.vmStat = allocator.vmStat();
    this.eviction = eviction;
    this.throttle = new ReclaimThrottle(allocator, parts.node(), parts.scanCount());
    this.scan = newScan();
  }

  ReclaimPolicy policy() {
    return parts.policy();
  }

  void setAfterReclaim(IntConsumer listener) {
    afterReclaim = listener;
  }

  // ---- Entrances ----

  /**
   * {@code try_to_free_pages}: an allocation found nothing.
   *
   * @return how many pages were freed; 0 if it is hopeless
   */
  int tryToFreePages(int gfpFlags, int order) {
    int highestZone = allocator.highestZone(gfpFlags);
    Lruvec root = allocator.lru().root();
    ScanControl sc = new ScanControl(false, root, false, gfpFlags, order, highestZone);
    return tryToFree(sc);
  }

  /**
   * {@code try_to_free_mem_cgroup_pages}: a group is at its limit, or was asked to shrink.
   *
   * @param pages how many are wanted, at least 32
   * @param maySwap whether anonymous pages may go too
   * @param proactive whether {@code memory.reclaim} asks
   * @return how many were freed
   */
  int tryToFreeMemCgroupPages(
      Lruvec target, long pages, int gfpFlags, boolean maySwap, boolean proactive) {
    int flags =
        (gfpFlags & (Gfp.IO | Gfp.FS | Gfp.DIRECT_RECLAIM | Gfp.KSWAPD_RECLAIM))
            | (Gfp.GFP_HIGHUSER_MOVABLE & (Gfp.HIGHMEM | Gfp.MOVABLE));
    int highestZone = allocator.zones().size() - 1;
    ScanControl sc = new ScanControl(false, target, true, flags, 0, highestZone);
    sc.nrToReclaim = Math.max(pages, ScanControl.SWAP_CLUSTER_MAX);
    sc.maySwap = maySwap;
    sc.proactive = proactive;
    boolean before = allocator.slowPath().memallocNoreclaimSave();
    try {
      return tryToFree(sc);
    } finally {
      allocator.slowPath().memallocNoreclaimRestore(before);
    }
  }

  /** {@code reclaim_pages}: the program does not need these isolated pages. */
  void reclaimPages(PageList isolated, boolean ignoreReferences) {
    boolean before = allocator.slowPath().memallocNoreclaimSave();
    try {
      Lruvec root = allocator.lru().root();
      int highestZone = allocator.zones().size() - 1;
      ScanControl sc = new ScanControl(false, root, false, Gfp.GFP_KERNEL, 0, highestZone);
      eviction.reclaimPages(isolated, sc, ignoreReferences);
    } finally {
      allocator.slowPath().memallocNoreclaimRestore(before);
    }
  }

  // ---- Direct reclaim ----

  /** {@code do_try_to_free_pages}. */
  private int tryToFree(ScanControl sc) {
    int result;
    do {
      result = tryAllPriorities(sc);
    } while (result == 0 && changeRules(sc));
    tellAfterReclaim(sc);
    return result;
  }

  void tellAfterReclaim(ScanControl sc) {
    afterReclaim.accept((int) Math.min(sc.nrReclaimed, Integer.MAX_VALUE));
  }

  private int tryAllPriorities(ScanControl sc) {
    if (!sc.isGroupReclaim) {
      vmStat.increment(allocator.zones().get(sc.highestZone).type().allocstall());
    }
    for (sc.priority = ScanControl.DEF_PRIORITY; sc.priority >= 0; sc.priority--) {
      sc.nrScanned = 0;
      long before = sc.nrReclaimed;
      shrinkZones(sc);
      if (sc.nrReclaimed >= sc.nrToReclaim || sc.compactionReady) {
        break;
      }
      if (sc.nrReclaimed == before) {
        throttle.waitForWriter(sc);
      }
    }
    sc.target.snapshotRefaults();
    if (sc.isGroupReclaim) {
      sc.target.setCongested(false);
    }
    if (sc.nrReclaimed == 0 && sc.compactionReady) {
      return 1;
    }
    return (int) Math.min(sc.nrReclaimed, Integer.MAX_VALUE);
  }

  /** Nothing was freed: whether another attempt is due, with fewer scruples. */
  private static boolean changeRules(ScanControl sc) {
    if (sc.skippedDeactivate) {
      sc.forceDeactivate = true;
      sc.skippedDeactivate = false;
      return true;
    }
    if (sc.groupLowSkipped) {
      sc.forceDeactivate = false;
      sc.groupLowReclaim = true;
      sc.groupLowSkipped = false;
      return true;
    }
    return false;
  }

  /** {@code shrink_zones}: there is one node. */
  private void shrinkZones(ScanControl sc) {
    if (!sc.isGroupReclaim && sc.order > COSTLY_ORDER && isCompactionReady(sc)) {
      sc.compactionReady = true;
      return;
    }
    shrinkNode(sc);
    throttle.considerNoProgress(sc);
  }

  /** {@code compaction_ready} of every zone that would help. */
  private boolean isCompactionReady(ScanControl sc) {
    for (int i = 0; i <= sc.highestZone; i++) {
      Zone zone = allocator.zones().get(i);
      if (zone.isPopulated() && !isCompactionReady(zone, sc)) {
        return false;
      }
    }
    return true;
  }

  private boolean isCompactionReady(Zone zone, ScanControl sc) {
    CompactResult suitable = parts.compaction().suitable(zone, sc.order, 0, sc.highestZone);
    if (suitable == CompactResult.SUCCESS || suitable == CompactResult.SKIPPED) {
      return suitable == CompactResult.SUCCESS;
    }
    int mark = zone.watermarks().pages(AllocFlags.WMARK_HIGH) + Compaction.gap(sc.order);
    return zone.watermarks().isOk(0, mark, sc.highestZone, 0);
  }

  // ---- One pass ----

  /** {@code shrink_node}, all steps at once. */
  private void shrinkNode(ScanControl sc) {
    scan.begin();
    while (scan.step(sc)) {
      // Nobody else has a turn.
    }
  }

  /** A {@code shrink_node} for somebody who has turns between its steps. */
  NodeScan newScan() {
    return new NodeScan(parts, throttle);
  }

  /** {@code kswapd_age_node}. */
  void age(ScanControl sc) {
    for (Lruvec lruvec : parts.groups().subtree(sc.target)) {
      parts.policy().age(lruvec, sc);
    }
  }
}
