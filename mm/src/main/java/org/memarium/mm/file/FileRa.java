package org.memarium.mm.file;

import org.memarium.hardware.Ram;

/**
 * {@code struct file_ra_state}: what one opening of a file knows of how it is read, for {@link
 * Readahead}.
 *
 * <pre>
 *                      |&lt;----- asyncSize -----|
 *    |------------------- size --------------|
 *    start             ^ marked PG_readahead: who reads it starts the next window
 * </pre>
 */
public final class FileRa {
  /** {@code ra_pages} of the device. */
  private final int devicePages;

  /** First page of the latest window. */
  long start;

  /** Pages of the latest window. */
  int size;

  /** How many pages before its end the next one starts. */
  int asyncSize;

  /** {@code ra_pages}: the largest window; 0: none at all. */
  int mostPages;

  /** {@code order}: of the folios that the window would have, in Linux 6.18. */
  int order;

  /** {@code mmap_miss}: how many more faults missed the cache than hit it. */
  int mmapMiss;

  /** {@code prev_pos}: where the latest read ended, or -1. */
  private long previousEnd = -1;

  /** {@code FMODE_RANDOM}: what is asked for, and nothing more. */
  boolean random;

  /** {@code file_ra_state_init}: a file on such a device that has just been opened. */
  public FileRa(BackingDev device) {
    this.devicePages = device.readaheadPages();
    this.mostPages = devicePages;
  }

  /** {@code POSIX_FADV_NORMAL}. */
  public void adviseNormal() {
    mostPages = devicePages;
    random = false;
  }

  /** {@code POSIX_FADV_SEQUENTIAL}: windows are twice as large. */
  public void adviseSequential() {
    mostPages = 2 * devicePages;
    random = false;
  }

  /** {@code POSIX_FADV_RANDOM}. */
  public void adviseRandom() {
    random = true;
  }

  /** So many pages were there when a mapping wanted them. */
  public void hit(int pages) {
    mmapMiss = Math.max(0, mmapMiss - pages);
  }

  /** Something was read up to this position. */
  void readUpTo(long position) {
    previousEnd = position;
  }

  /** {@code pos_same_folio}: whether what was read last lies in this page. */
  boolean wasLast(long index) {
    return previousEnd > 0 && (previousEnd - 1) >>> Ram.PAGE_SHIFT == index;
  }

  /** Whether a read of this page goes on where the latest ended, or but for a page. */
  boolean isSequential(long index) {
    long since = index - (previousEnd >>> Ram.PAGE_SHIFT);
    return since == 0 || since == 1;
  }

  /** {@code get_init_ra_size}: the first window, for so many pages wanted. */
  static int firstSize(long wanted, int most) {
    long power = Long.highestOneBit(Math.max(1, 2 * wanted - 1));
    if (power <= most / 32) {
      return (int) (power * 4);
    }
    return power <= most / 4 ? (int) (power * 2) : most;
  }

  /** {@code get_next_ra_size}: the window after this one. */
  int nextSize(int most) {
    if (size < most / 16) {
      return 4 * size;
    }
    return size <= most / 2 ? 2 * size : most;
  }
}
