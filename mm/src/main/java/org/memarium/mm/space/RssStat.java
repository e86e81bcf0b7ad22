package org.memarium.mm.space;

import org.memarium.mm.frame.PageFlags;

/**
 * {@code struct mm_rss_stat}: how many pages of each kind an address space maps, how many entries
 * stand for pages that were swapped out, and how many pages it had at the most.
 */
public final class RssStat {
  static final int FILE = 0;
  static final int ANON = 1;
  static final int SHMEM = 2;
  static final int SWAP_ENTRIES = 3;

  private final long[] counts = new long[4];

  /** {@code hiwater_rss}: the most that {@link #notePeak} has seen. */
  private long hiwater;

  RssStat() {}

  /** {@code mm_counter}: the kind of a page with such flags. */
  static int kind(int pageFlags) {
    if ((pageFlags & PageFlags.ANON) != 0) {
      return ANON;
    }
    return (pageFlags & PageFlags.SWAP_BACKED) != 0 ? SHMEM : FILE;
  }

  /** {@code inc_mm_counter}. */
  void increment(int kind) {
    counts[kind]++;
  }

  /** {@code dec_mm_counter}. */
  void decrement(int kind) {
    counts[kind]--;
  }

  /** {@code update_hiwater_rss}, before pages go. */
  void notePeak() {
    hiwater = peak();
  }

  /** {@code reset_mm_hiwater_rss}: the peak is the present number. */
  void resetPeak() {
    hiwater = total();
  }

  /** {@code MM_FILEPAGES}. */
  public long file() {
    return counts[FILE];
  }

  /** {@code MM_ANONPAGES}. */
  public long anon() {
    return counts[ANON];
  }

  /** {@code MM_SHMEMPAGES}. */
  public long shmem() {
    return counts[SHMEM];
  }

  /** {@code MM_SWAPENTS}: {@code VmSwap}, in pages. */
  public long swapEntries() {
    return counts[SWAP_ENTRIES];
  }

  /** Resident pages: the sum of the three kinds. */
  public long total() {
    return counts[FILE] + counts[ANON] + counts[SHMEM];
  }

  /** {@code hiwater_rss}, or the present number if that is more. */
  public long peak() {
    return Math.max(hiwater, total());
  }
}
