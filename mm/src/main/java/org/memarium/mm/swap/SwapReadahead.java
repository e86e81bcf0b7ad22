package org.memarium.mm.swap;

import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * Reading pages from swap before anybody asks for them (Linux 6.1 {@code mm/swap_state.c}).
 *
 * <pre>
 *   a device turns   the slots around the one that is needed (cluster readahead)
 *   none does        the pages around the address that faulted (VMA readahead, by the fault handler)
 * </pre>
 *
 * <p>The window is as long as hits by earlier pages say, to {@code 2^page_cluster} pages.
 */
public final class SwapReadahead {
  /** Hits to begin with, so that the first window is a small one. */
  private static final int FIRST_HITS = 4;

  private static final int FIRST_WINDOW = 4;

  private final SwapReader reader;
  private final SwapAreas areas;
  private final MemMap memMap;
  private final VmStat vmStat;
  private int pageCluster;
  private boolean vmaEnabled = true;

  /** {@code swapin_readahead_hits}. */
  private int hits = FIRST_HITS;

  /** {@code prev_offset}. */
  private long previousOffset;

  /** {@code last_readahead_pages}. */
  private int lastPages;

  SwapReadahead(SwapReader reader, SwapAreas areas, MemMap memMap, VmStat vmStat, long ramPages) {
    this.reader = reader;
    this.areas = areas;
    this.memMap = memMap;
    this.vmStat = vmStat;
    // swap_setup: less than 16 MiB read 4 pages, others 8.
    this.pageCluster = ramPages >>> 8 < 16 ? 2 : 3;
  }

  /** {@code vm.page-cluster}: the logarithm of the longest window. */
  public int pageCluster() {
    return pageCluster;
  }

  /** Sets {@code vm.page-cluster}; 0 turns readahead off. */
  public void setPageCluster(int logarithm) {
    pageCluster = logarithm;
  }

  /** {@code /sys/kernel/mm/swap/vma_ra_enabled}. */
  public boolean isVmaEnabled() {
    return vmaEnabled;
  }

  /** Sets {@code /sys/kernel/mm/swap/vma_ra_enabled}. */
  public void setVmaEnabled(boolean enabled) {
    vmaEnabled = enabled;
  }

  /** {@code swap_use_vma_readahead}. */
  public boolean usesVma() {
    return vmaEnabled && !areas.hasRotational();
  }

  /**
   * {@code lookup_swap_cache}: somebody needs a page of the cache. One that is being written in
   * order to be freed has the same flag, and counts as a hit on Linux, too: so a program that needs
   * what has just gone gets longer windows.
   *
   * @return whether it was read ahead, and is needed for the first time
   */
  boolean wasHit(int pfn) {
    boolean readahead = memMap.testFlags(pfn, PageFlags.READAHEAD);
    if (readahead) {
      memMap.clearFlags(pfn, PageFlags.READAHEAD);
      vmStat.increment(VmStatItem.SWAP_RA_HIT);
    }
    return readahead;
  }

  /** One more hit where the window is not that of an area of addresses. */
  void countHit() {
    hits++;
  }

  /** A page that nobody has asked for was read. */
  void mark(int pfn) {
    memMap.setFlags(pfn, PageFlags.READAHEAD);
    vmStat.increment(VmStatItem.SWAP_RA);
  }

  /**
   * {@code __swapin_nr_pages}: how long a window is.
   *
   * @param previous where the last one was for, in the same unit as {@code at}
   * @param hits how many pages read ahead were needed since
   * @param most pages
   * @param lastWindow how long the last one was
   */
  public static int window(long previous, long at, int hits, int most, int lastWindow) {
    int pages = hits + 2;
    if (pages == 2) {
      // No hits to go by: only neighbours are worth it.
      if (at != previous + 1 && at != previous - 1) {
        pages = 1;
      }
    } else {
      int power = FIRST_WINDOW;
      while (power < pages) {
        power <<= 1;
      }
      pages = power;
    }
    return Math.max(Math.min(pages, most), lastWindow / 2);
  }

  /** {@code swapin_nr_pages}. */
  private int clusterWindow(int offset) {
    int most = 1 << pageCluster;
    if (most <= 1) {
      return 1;
    }
    int hitsNow = hits;
    hits = 0;
    int pages = window(previousOffset, offset, hitsNow, most, lastPages);
    if (hitsNow == 0) {
      previousOffset = offset;
    }
    lastPages = pages;
    return pages;
  }

  /**
   * {@code swap_cluster_readahead}: reads a slot, and those around it that are used.
   *
   * @return the frame, with a reference for the caller; -ENOMEM, or -ENOENT if nobody has the slot
   */
  int readCluster(int slot) {
    int offset = SwapAreas.offset(slot);
    int mask = clusterWindow(offset) - 1;
    if (mask != 0) {
      int first = Math.max(offset & ~mask, 1);
      int last = Math.min(offset | mask, areas.infoOf(slot).max - 1);
      for (int at = first; at <= last; at++) {
        reader.readAhead(SwapAreas.slot(SwapAreas.type(slot), at), at != offset);
      }
    }
    return reader.read(slot);
  }
}
