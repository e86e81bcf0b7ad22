package org.memarium.mm.file;

/**
 * {@code struct backing_dev_info}: how much of a file is asked for at once from the device that it
 * is on.
 *
 * @param readaheadPages {@code ra_pages}: the largest window of who reads without a wish of its
 *     own, {@code read_ahead_kb} of the device
 * @param requestPages {@code io_pages}: the largest request, {@code max_sectors_kb} of the device
 */
public record BackingDev(int readaheadPages, int requestPages) {
  /** {@code VM_READAHEAD_PAGES}, 128 KiB, and 1280 KiB. */
  public static final BackingDev DEFAULT = new BackingDev(32, 320);

  /** Checks that there are some. */
  public BackingDev {
    if (readaheadPages < 0 || requestPages < 1) {
      throw new IllegalArgumentException(
          "no device: windows of %d pages, requests of %d".formatted(readaheadPages, requestPages));
    }
  }

  /** {@code ractl_max_pages}: the largest window where so many pages are wanted. */
  int mostPages(FileRa ra, long wanted) {
    return wanted > ra.mostPages && requestPages > ra.mostPages
        ? (int) Math.min(wanted, requestPages)
        : ra.mostPages;
  }
}
