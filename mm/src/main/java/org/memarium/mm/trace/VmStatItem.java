package org.memarium.mm.trace;

import java.util.Locale;

/**
 * The counters of {@code /proc/vmstat} that are kept, in its order and by its names in lower case.
 *
 * <p>Those that begin with {@code NR_} are levels: they go up and down. The others only count up.
 * The number of free pages is not here: the zones know it.
 */
public enum VmStatItem {
  /** Pages locked in memory by {@code mlock}. */
  NR_MLOCK,
  /** Anonymous pages that are mapped. */
  NR_ANON_PAGES,
  /** Pages of files that are mapped. */
  NR_MAPPED,
  /** Pages in the page cache. */
  NR_FILE_PAGES,
  /** Pages of files that were written to and not yet back. */
  NR_DIRTY,
  /** Pages of shared memory. */
  NR_SHMEM,
  /** Pages of page tables: those that hold PTEs and those that hold PMDs. */
  NR_PAGE_TABLE_PAGES,
  /** Pages handed out by zone DMA. */
  PGALLOC_DMA,
  /** Pages handed out by zone DMA32. */
  PGALLOC_DMA32,
  /** Pages handed out by zone Normal. */
  PGALLOC_NORMAL,
  /** Pages handed out by zone HighMem. */
  PGALLOC_HIGH,
  /** Allocations from zone DMA upwards that had to reclaim. */
  ALLOCSTALL_DMA,
  /** Allocations from zone DMA32 upwards that had to reclaim. */
  ALLOCSTALL_DMA32,
  /** Allocations from zone Normal upwards that had to reclaim. */
  ALLOCSTALL_NORMAL,
  /** Allocations from zone HighMem that had to reclaim. */
  ALLOCSTALL_HIGH,
  /** Pages given back. */
  PGFREE,
  /** Page faults. */
  PGFAULT,
  /** Page faults that had to read from a file or from swap. */
  PGMAJFAULT,
  /** Write faults that found themselves the page's only user and took it over. */
  PGREUSE;

  /** The name in {@code /proc/vmstat}. */
  public String vmstatName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
