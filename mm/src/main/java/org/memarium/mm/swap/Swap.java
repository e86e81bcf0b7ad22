package org.memarium.mm.swap;

import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;

/**
 * Swap: anonymous pages and shared memory go to a device when RAM is short, and come back when they
 * are used (Linux 6.1 {@code mm/swapfile.c}, {@code mm/swap_state.c}, {@code mm/page_io.c}). One a
 * machine.
 *
 * <p>Entries are given as page-table entries ({@link org.memarium.mm.pagetable.SwapEntry}); the
 * bits beside type and offset are ignored.
 */
public final class Swap {
  private final MemMap memMap;
  private final PageTableFormat format;

  /** No device is on. */
  public Swap(PageAllocator allocator, PageTableFormat format) {
    this.memMap = allocator.memMap();
    this.format = format;
  }

  /** The format of the entries. */
  public PageTableFormat format() {
    return format;
  }

  /** Whether there is a device that pages can go to. */
  public boolean isOn() {
    return totalPages() > 0;
  }

  /** {@code total_swap_pages}. */
  public long totalPages() {
    return 0;
  }

  /** {@code get_nr_swap_pages}: how many slots are free. */
  public long freePages() {
    return 0;
  }

  /**
   * {@code add_to_swap}: gives a page a slot. It is in the swap cache and dirty from then on, and
   * the cache holds a reference.
   *
   * @param pfn a page with {@link PageFlags#SWAP_BACKED}, up to date, and not in the swap cache
   * @return false if there is no slot, or no memory for the cache; nothing has changed then
   */
  public boolean addToSwap(int pfn) {
    return false;
  }

  /** {@code PageSwapCache}. */
  public boolean isCached(int pfn) {
    return memMap.testFlags(pfn, PageFlags.SWAP_CACHE);
  }

  /** {@code page_swap_entry}: the slot of a page in the swap cache. */
  public long entryOf(int pfn) {
    throw missing(pfn);
  }

  /**
   * {@code swap_duplicate}: one more page-table entry has the slot.
   *
   * @return 0; -ENOMEM if there is no memory to count so far
   */
  public int duplicate(long entry) {
    throw missing(entry);
  }

  /** {@code swap_free}: one page-table entry less has the slot. */
  public void free(long entry) {
    throw missing(entry);
  }

  /** {@code swp_swapcount}: how many page-table entries have the slot. */
  public int count(long entry) {
    throw missing(entry);
  }

  /**
   * {@code swap_writepage}: begins to write a page of the swap cache, which nothing maps, to its
   * slot: {@link PageFlags#WRITEBACK} until that has ended, and clean.
   *
   * @return 0; -EIO if the device failed: the page is dirty again, and stays
   */
  public int writePage(int pfn) {
    throw missing(pfn);
  }

  /**
   * {@code __delete_from_swap_cache} of {@code __remove_mapping}: the page leaves the cache, which
   * gives its reference up; its slot stays as long as entries have it.
   *
   * @param pfn clean, not under writeback, with a reference of the caller
   * @param shadow what {@code workingset_eviction} answered; 0 for none
   */
  public void deleteFromCache(int pfn, int shadow) {
    throw missing(pfn);
  }

  /**
   * {@code folio_free_swap}: takes a page whose slot nobody has any more out of the cache; it is
   * dirty then.
   *
   * @param pfn with a reference of the caller
   * @return whether it is not in the cache any more
   */
  public boolean tryToFree(int pfn) {
    return !isCached(pfn);
  }

  private IllegalStateException missing(long what) {
    return new IllegalStateException("there is no swap device, yet 0x%x".formatted(what));
  }
}
