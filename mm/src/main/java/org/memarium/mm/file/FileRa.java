package org.memarium.mm.file;

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
  /** {@code VM_READAHEAD_PAGES}: 128 KiB. */
  public static final int DEFAULT_PAGES = 32;

  /** First page of the latest window. */
  long start;

  /** Pages of the latest window. */
  int size;

  /** How many pages before its end the next one starts. */
  int asyncSize;

  /** {@code ra_pages}: the largest window; 0: none at all. */
  int mostPages = DEFAULT_PAGES;

  /** {@code mmap_miss}: how many more faults missed the cache than hit it. */
  int mmapMiss;

  /** {@code prev_pos}: the page that was read last, or -1. */
  long previousPage = -1;

  /** {@code FMODE_RANDOM}: what is asked for, and nothing more. */
  boolean random;

  /** A file that has just been opened. */
  public FileRa() {}

  /** {@code POSIX_FADV_NORMAL}. */
  public void adviseNormal() {
    mostPages = DEFAULT_PAGES;
    random = false;
  }

  /** {@code POSIX_FADV_SEQUENTIAL}: windows are twice as large. */
  public void adviseSequential() {
    mostPages = 2 * DEFAULT_PAGES;
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
