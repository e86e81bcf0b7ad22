package org.memarium.mm.reclaim;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageAccessListener;
import org.memarium.mm.frame.LruObserver;
import org.memarium.mm.frame.Lruvec;

/**
 * Which pages go when memory is short. Linux's two lists ({@link TwoLists}) are one; chosen by name
 * when a machine boots. A policy decides nothing but the victims and their order: what is done to a
 * victim (unmap, write, free, or keep it after all), who asks and when, the counters and the
 * locking are the same for all.
 *
 * <pre>
 *   {@link Vmscan} per pass          prepare(sc)     once for the node: how hard, where
 *     per group                      shrinkLruvec    choose victims until sc.nrToReclaim are freed,
 *                                                    or this priority's share was looked at
 *     the same in parts            shrinkSome      for kswapd, which shares the processor
 *   kswapd, before each pass         age             let pages grow old in peace
 *   the life of a page               observer()      {@link LruObserver}: added, accessed, removed,
 *                                                    evicted (its shadow), refaulted
 * </pre>
 *
 * <p>Whatever the policy, pages stand on the lists of their {@link Lruvec}, because flags, counters
 * of /proc and mlock live there. A policy with an order of its own keeps it beside the lists, by
 * frame, told by its observer; one that uses the lists needs none.
 *
 * <p>To evict, a policy takes pages off their lists ({@link Eviction#isolate}) and hands them to
 * {@link Eviction#evict}, in the order in which they shall go. What could not be freed is back on
 * the lists when that returns, and has been told to nobody.
 *
 * <p>All state of a policy belongs to one machine; no clock, no unseeded random numbers.
 */
interface ReclaimPolicy {
  /** Its name, as {@code --reclaim} takes it. */
  String name();

  /** Who wants to know of every page; null if the lists are enough, which costs nothing. */
  default @Nullable LruObserver observer() {
    return null;
  }

  /**
   * Who wants to know of every access of the processor, in order; null if the accessed bits are
   * enough. It slows the machine down by an order of magnitude.
   */
  default @Nullable PageAccessListener accessListener() {
    return null;
  }

  /** {@code prepare_scan_count}: a pass over the node begins, at {@code sc.priority}. */
  default void prepare(ScanControl sc) {}

  /** {@code kswapd_age_node}: kswapd is about to reclaim, and gives pages a chance before. */
  default void age(Lruvec lruvec, ScanControl sc) {}

  /**
   * {@code shrink_lruvec}: chooses victims among the pages of one group, evicts them, and adds to
   * {@code sc.nrReclaimed} how many were freed.
   *
   * <p>It may stop when {@code sc.nrToReclaim} are freed; it must stop when it has looked at its
   * share, and {@code sc.priority} 0 is all pages: the caller asks again with a higher priority.
   */
  void shrinkLruvec(Lruvec lruvec, ScanControl sc);

  /**
   * A part of {@link #shrinkLruvec}, after which others may have their turn ({@code cond_resched}).
   * Between two parts no page is off its list.
   *
   * @param scan how far it has come; its own between the first part and the last
   * @return whether there is more to do
   */
  default boolean shrinkSome(Lruvec lruvec, ScanControl sc, LruvecScan scan) {
    shrinkLruvec(lruvec, sc);
    return false;
  }
}
