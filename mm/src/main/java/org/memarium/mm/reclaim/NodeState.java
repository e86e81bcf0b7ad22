package org.memarium.mm.reclaim;

/** What reclaim remembers of the node ({@code pgdat->flags}, {@code kswapd_failures}). */
final class NodeState {
  /** {@code MAX_RECLAIM_RETRIES}. */
  static final int MAX_RECLAIM_RETRIES = 16;

  /** {@code PGDAT_DIRTY}: the lists end in dirty pages that nobody writes, so kswapd writes. */
  boolean dirty;

  /** {@code PGDAT_WRITEBACK}: pages come to the end of the lists while they are being written. */
  boolean writeback;

  /** {@code VMSCAN_THROTTLE_WRITEBACK}: kswapd met what is being written, and is to wait for it. */
  boolean waitsForWriteback;

  /** How often kswapd got nothing in a row. */
  int kswapdFailures;

  /** kswapd has given up; whoever allocates reclaims for itself. */
  boolean isHopeless() {
    return kswapdFailures >= MAX_RECLAIM_RETRIES;
  }
}
