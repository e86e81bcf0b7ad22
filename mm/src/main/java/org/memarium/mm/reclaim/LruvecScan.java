package org.memarium.mm.reclaim;

import org.memarium.mm.frame.LruList;

/**
 * How far {@code shrink_lruvec} has come with the lists of one group: how many pages of each are
 * still to be looked at, of how many that were meant ({@code nr}, {@code targets}).
 */
@SuppressWarnings("EnumOrdinal") // a place in the arrays here, never stored
final class LruvecScan {
  private static final int LISTS = LruList.EVICTABLE.size();
  private static final int INACTIVE_ANON = LruList.INACTIVE_ANON.ordinal();
  private static final int INACTIVE_FILE = LruList.INACTIVE_FILE.ordinal();

  private final long[] nr = new long[LISTS];
  private final long[] targets = new long[LISTS];
  private boolean begun;

  /** How many pages were freed so far. */
  long reclaimed;

  /** Whether the shares are known. */
  boolean begun() {
    return begun;
  }

  /** By list: how many pages are to be looked at; to be filled before {@link #begin}. */
  long[] nr() {
    return nr;
  }

  void begin() {
    begun = true;
    reclaimed = 0;
    System.arraycopy(nr, 0, targets, 0, LISTS);
  }

  void end() {
    begun = false;
  }

  /** Whether nothing is left to look at; active anonymous pages alone are none. */
  boolean isDone() {
    return nr[INACTIVE_ANON] == 0 && nr[INACTIVE_FILE] == 0 && nr[INACTIVE_FILE + 1] == 0;
  }

  /** The next pages of a list: a batch at most. */
  long take(LruList list) {
    long pages = Math.min(nr[list.ordinal()], ScanControl.SWAP_CLUSTER_MAX);
    nr[list.ordinal()] -= pages;
    return pages;
  }

  /**
   * Enough was freed, but both kinds shall be looked at in the proportion that was meant: the kind
   * that has less left ends here, and the other one when it has done as large a part of its share.
   *
   * @return whether anything is left to do
   */
  boolean goOnInProportion() {
    long file = nr[INACTIVE_FILE] + nr[INACTIVE_FILE + 1];
    long anon = nr[INACTIVE_ANON] + nr[INACTIVE_ANON + 1];
    if (file == 0 || anon == 0) {
      return false;
    }
    int ending = file > anon ? INACTIVE_ANON : INACTIVE_FILE;
    int other = file > anon ? INACTIVE_FILE : INACTIVE_ANON;
    long left = Math.min(file, anon) * 100 / (targets[ending] + targets[ending + 1] + 1);
    nr[ending] = 0;
    nr[ending + 1] = 0;
    adjust(other, left);
    adjust(other + 1, left);
    return true;
  }

  private void adjust(int list, long percentLeft) {
    long done = targets[list] - nr[list];
    long wanted = targets[list] * (100 - percentLeft) / 100;
    nr[list] = wanted - Math.min(wanted, done);
  }
}
