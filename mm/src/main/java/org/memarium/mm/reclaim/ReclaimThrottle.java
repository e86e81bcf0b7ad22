package org.memarium.mm.reclaim;

import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VirtualTime;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * Lets virtual time pass where reclaim runs ahead of the devices (Linux 6.1 {@code mm/vmscan.c},
 * {@code reclaim_throttle}; the end of {@code shrink_node}).
 *
 * <pre>
 *   WRITEBACK    kswapd met pages that it had marked before and that are still being written
 *                  100 ms, or until more than 32 are written; programs go on
 *   CONGESTED    all dirty pages are being written and marked        one tick
 *   NOPROGRESS   an allocation freed nothing at priority 1           one tick
 * </pre>
 */
final class ReclaimThrottle {
  /** One tick of Debian's 250 in a second. */
  private static final long TICK_NANOS = 4_000_000;

  private final PageAllocator allocator;
  private final PendingIo pendingIo;
  private final VirtualTime time;
  private final NodeState node;
  private final ScanCount scanCount;
  private final VmStat vmStat;

  ReclaimThrottle(PageAllocator allocator, NodeState node, ScanCount scanCount) {
    this.allocator = allocator;
    this.pendingIo = allocator.pendingIo();
    this.time = allocator.trace().time();
    this.node = node;
    this.scanCount = scanCount;
    this.vmStat = allocator.vmStat();
  }

  /** What a pass over the node met says how devices and reclaim go together. */
  void afterPass(ScanControl sc) {
    if (sc.isKswapd) {
      node.writeback |= sc.writeback != 0 && sc.writeback == sc.taken;
      node.dirty |= sc.unqueuedDirty == sc.fileTaken;
      if (sc.immediate != 0) {
        node.waitsForWriteback = true;
      }
    }
    if ((sc.isKswapd || sc.isGroupReclaim) && sc.dirty != 0 && sc.dirty == sc.congested) {
      sc.target.setCongested(true);
    }
    if (!sc.isKswapd && sc.target.isCongested()) {
      waitTick();
    }
  }

  /** {@code consider_reclaim_throttle}. */
  void considerNoProgress(ScanControl sc) {
    if (!sc.isKswapd && !sc.isGroupReclaim && sc.priority == 1 && sc.nrReclaimed == 0) {
      waitTick();
    }
  }

  /** Nothing was freed, and pages are being written: the first of them is worth waiting for. */
  void waitForWriter(ScanControl sc) {
    if (!pendingIo.isEmpty() && (sc.writeback != 0 || vmStat.get(VmStatItem.NR_WRITEBACK) != 0)) {
      pendingIo.waitForNext(Long.MAX_VALUE, IoWait.SWAP_WRITE);
    }
  }

  /** {@code VMSCAN_THROTTLE_CONGESTED}, {@code VMSCAN_THROTTLE_NOPROGRESS}. */
  private void waitTick() {
    if (!skipsNoProgress()) {
      time.waitUntil(time.nanos() + TICK_NANOS, IoWait.SWAP_WRITE);
      pendingIo.complete();
    }
  }

  /** {@code skip_throttle_noprogress}: it is not the devices that reclaim waits for. */
  private boolean skipsNoProgress() {
    if (node.isHopeless()) {
      return true;
    }
    long reclaimable = 0;
    for (LruList list : LruList.EVICTABLE) {
      if (list.isFile() || scanCount.canReclaimAnon(allocator.lru().root())) {
        reclaimable += vmStat.get(list.zoneItem());
      }
    }
    long writePending = 0;
    for (Zone zone : allocator.zones()) {
      writePending += zone.stat().get(VmStatItem.NR_ZONE_WRITE_PENDING);
    }
    return 2 * writePending <= reclaimable;
  }
}
