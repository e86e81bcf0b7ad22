package org.memarium.mm.reclaim;

import org.memarium.mm.frame.Lruvec;

/**
 * {@code struct scan_control}: one reclaim, from the first look at the lists to the last: who wants
 * how much, what is allowed, and how hard it tries by now (Linux 6.1 {@code mm/vmscan.c}).
 */
final class ScanControl {
  /** {@code DEF_PRIORITY}: the first attempt looks at a list's size / 4096 pages. */
  static final int DEF_PRIORITY = 12;

  /** {@code SWAP_CLUSTER_MAX}: pages that are isolated at once. */
  static final int SWAP_CLUSTER_MAX = 32;

  /** {@code current_is_kswapd}. */
  final boolean isKswapd;

  /** The group that shall shrink, with those below it; the root's where the machine is short. */
  final Lruvec target;

  /** {@code cgroup_reclaim}: a limit was hit, and the machine need not be short. */
  final boolean isGroupReclaim;

  /** Of the allocation: what may be done to satisfy it. */
  final int gfpFlags;

  /** Index of the highest zone whose pages would help. */
  int highestZone;

  /** Of the allocation. */
  int order;

  /** A list's size >> priority is looked at; 12 to 0, more and more. */
  int priority = DEF_PRIORITY;

  /** How many pages are wanted. */
  long nrToReclaim = SWAP_CLUSTER_MAX;

  /** How many were freed so far. */
  long nrReclaimed;

  /** How many inactive pages were looked at. */
  long nrScanned;

  // ---- What is allowed ----
  boolean mayWritepage = true;
  boolean mayUnmap = true;
  boolean maySwap = true;
  boolean mayDeactivateAnon;
  boolean mayDeactivateFile;

  /** Second attempt: active pages go whatever the balance of the lists says. */
  boolean forceDeactivate;

  /** A list of active pages was left alone, for its balance. */
  boolean skippedDeactivate;

  /** {@code memory.reclaim}: nobody is short. */
  boolean proactive;

  /** Third attempt: {@code memory.low} protects no more. */
  boolean groupLowReclaim;

  /** A group was spared for its {@code memory.low}. */
  boolean groupLowSkipped;

  /** A zone has enough free pages for compaction to do the rest. */
  boolean compactionReady;

  // ---- The balance of anonymous pages and files, see ScanCount ----
  long anonCost;
  long fileCost;
  boolean cacheTrimMode;
  boolean fileIsTiny;

  // ---- What one pass over a node met ----
  int dirty;
  int unqueuedDirty;
  int congested;
  int writeback;
  int immediate;
  int fileTaken;
  int taken;

  ScanControl(
      boolean isKswapd,
      Lruvec target,
      boolean isGroupReclaim,
      int gfpFlags,
      int order,
      int highestZone) {
    this.isKswapd = isKswapd;
    this.target = target;
    this.isGroupReclaim = isGroupReclaim;
    this.gfpFlags = gfpFlags;
    this.order = order;
    this.highestZone = highestZone;
  }

  boolean has(int gfpFlag) {
    return (gfpFlags & gfpFlag) != 0;
  }

  /** A new pass begins. */
  void clearPass() {
    dirty = 0;
    unqueuedDirty = 0;
    congested = 0;
    writeback = 0;
    immediate = 0;
    fileTaken = 0;
    taken = 0;
  }
}
