package org.memarium.mm.reclaim;

import java.util.List;
import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.frame.CompactResult;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code shrink_node}, in steps: one pass or more over the lists of all groups (Linux 6.1 {@code
 * mm/vmscan.c}). Whoever allocates takes all steps at once, kswapd shares the processor between
 * them.
 *
 * <pre>
 *   begin -> pass: prepare; each group: its lists, in parts (the policy), then the slab shrinkers
 *         -> throttled?  -> another pass, while compaction needs more
 * </pre>
 *
 * <p>Between two steps no page is off its list, so programs may do what they like.
 */
final class NodeScan {
  private static final int COSTLY_ORDER = 3;

  private final PageAllocator allocator;
  private final VmStat vmStat;
  private final PendingIo pendingIo;
  private final NodeState node;
  private final MemoryGroups groups;
  private final ReclaimPolicy policy;
  private final ScanCount scanCount;
  private final Shrinkers shrinkers;
  private final Compaction compaction;
  private final ReclaimThrottle throttle;
  private final LruvecScan lruvecScan = new LruvecScan();

  private List<Lruvec> lruvecs = List.of();

  /** The group at hand; -1: a pass is to begin. */
  private int at;

  private boolean inLruvec;
  private long reclaimedBefore;
  private boolean reclaimable;

  NodeScan(ReclaimParts parts, ReclaimThrottle throttle) {
    this.allocator = parts.allocator();
    this.vmStat = allocator.vmStat();
    this.pendingIo = allocator.pendingIo();
    this.node = parts.node();
    this.groups = parts.groups();
    this.policy = parts.policy();
    this.scanCount = parts.scanCount();
    this.shrinkers = parts.shrinkers();
    this.compaction = parts.compaction();
    this.throttle = throttle;
  }

  /** Forgets where it was. */
  void begin() {
    at = -1;
    inLruvec = false;
    reclaimable = false;
    lruvecScan.end();
  }

  /**
   * The next step, for {@code sc}, which is the same until the last one.
   *
   * @return whether there are more
   */
  boolean step(ScanControl sc) {
    if (at < 0) {
      beginPass(sc);
    }
    while (at < lruvecs.size()) {
      Lruvec lruvec = lruvecs.get(at);
      if (!inLruvec && isSpared(lruvec, sc)) {
        at++;
        continue;
      }
      inLruvec = policy.shrinkSome(lruvec, sc, lruvecScan);
      if (inLruvec) {
        return true;
      }
      at++;
      if (lruvec.group() == 0 || sc.isGroupReclaim) {
        // The objects of a group are among all others; those that are not used go.
        shrinkSlab(sc);
      }
    }
    return endPass(sc);
  }

  private void beginPass(ScanControl sc) {
    pendingIo.complete();
    sc.clearPass();
    reclaimedBefore = sc.nrReclaimed;
    policy.prepare(sc);
    lruvecs = groups.subtree(sc.target);
    at = 0;
  }

  private boolean endPass(ScanControl sc) {
    long reclaimed = sc.nrReclaimed - reclaimedBefore;
    reclaimable |= reclaimed > 0;
    throttle.afterPass(sc);
    at = -1;
    if (shouldContinue(sc, reclaimed)) {
      return true;
    }
    if (reclaimable) {
      node.kswapdFailures = 0;
    }
    return false;
  }

  /** {@code mem_cgroup_below_min}, {@code mem_cgroup_below_low} in {@code shrink_node_memcgs}. */
  private boolean isSpared(Lruvec lruvec, ScanControl sc) {
    int target = sc.target.group();
    int group = lruvec.group();
    groups.calculateProtection(target, group);
    if (groups.isBelowMin(target, group)) {
      return true;
    }
    if (groups.isBelowLow(target, group)) {
      if (!sc.groupLowReclaim) {
        sc.groupLowSkipped = true;
        return true;
      }
      groups.lowEvent(group);
    }
    return false;
  }

  /** {@code shrink_slab}; what it freed counts in pages ({@code reclaimed_slab}). */
  private void shrinkSlab(ScanControl sc) {
    long before = slabPages();
    shrinkers.shrink(sc.priority);
    sc.nrReclaimed += Math.max(0, before - slabPages());
  }

  private long slabPages() {
    return vmStat.get(VmStatItem.NR_SLAB_RECLAIMABLE)
        + vmStat.get(VmStatItem.NR_SLAB_UNRECLAIMABLE);
  }

  /** {@code should_continue_reclaim}: compaction needs more free pages for a large block. */
  private boolean shouldContinue(ScanControl sc, long reclaimed) {
    boolean forCompaction =
        sc.order > 0
            && (sc.order > COSTLY_ORDER || sc.priority < ScanControl.DEF_PRIORITY - 2)
            && sc.has(Gfp.IO);
    if (!forCompaction || reclaimed == 0) {
      return false;
    }
    for (int i = 0; i <= sc.highestZone; i++) {
      Zone zone = allocator.zones().get(i);
      if (zone.isPopulated()) {
        CompactResult suitable = compaction.suitable(zone, sc.order, 0, sc.highestZone);
        if (suitable == CompactResult.SUCCESS || suitable == CompactResult.CONTINUE) {
          return false;
        }
      }
    }
    long inactive = vmStat.get(LruList.INACTIVE_FILE.nodeItem());
    if (scanCount.canReclaimAnon(allocator.lru().root())) {
      inactive += vmStat.get(LruList.INACTIVE_ANON.nodeItem());
    }
    return inactive > Compaction.gap(sc.order);
  }
}
