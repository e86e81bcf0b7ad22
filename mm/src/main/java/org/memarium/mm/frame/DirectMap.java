package org.memarium.mm.frame;

import org.memarium.hardware.Ram;

/**
 * Pages of low memory by their linear addresses: all of it is mapped at a fixed distance, the
 * direct map, so a kernel may ask for memory by address (Linux {@code mm/page_alloc.c}).
 */
public final class DirectMap {
  private final PageAllocator allocator;

  DirectMap(PageAllocator allocator) {
    this.allocator = allocator;
  }

  /**
   * {@code page_address}: where the direct map has a frame.
   *
   * @throws IllegalArgumentException if it is in high memory
   */
  public long pageAddress(int pfn) {
    if (pfn < 0 || pfn >= allocator.memblock().maxLowPfn()) {
      throw new IllegalArgumentException("frame 0x%x is not in the direct map".formatted(pfn));
    }
    return allocator.architecture().pageOffset() + ((long) pfn << Ram.PAGE_SHIFT);
  }

  /**
   * {@code virt_to_page}: the frame behind a linear address of the direct map.
   *
   * @throws IllegalArgumentException if the address is not in the direct map
   */
  public int virtToPfn(long linearAddress) {
    long pfn = (linearAddress - allocator.architecture().pageOffset()) >> Ram.PAGE_SHIFT;
    if (pfn < 0 || pfn >= allocator.memblock().maxLowPfn()) {
      throw new IllegalArgumentException(
          "address 0x%x is not in the direct map".formatted(linearAddress));
    }
    return (int) pfn;
  }

  /**
   * {@code __get_free_pages}: a block in low memory.
   *
   * @param gfpFlags without {@link Gfp#HIGHMEM}
   * @return its linear address in the direct map, or 0 if there is none
   */
  public long getFreePages(int gfpFlags, int order) {
    if ((gfpFlags & Gfp.HIGHMEM) != 0) {
      throw new IllegalArgumentException("get_free_pages returns an address: not from HighMem");
    }
    int pfn = allocator.allocPages(gfpFlags, order);
    return pfn < 0 ? 0 : pageAddress(pfn);
  }

  /** {@code get_zeroed_page}: one page of zeroes; its linear address, or 0. */
  public long getZeroedPage(int gfpFlags) {
    return getFreePages(gfpFlags | Gfp.ZERO, 0);
  }

  /** {@code free_pages}: gives back what {@link #getFreePages} returned; 0 is nothing. */
  public void freePagesAt(long linearAddress, int order) {
    if (linearAddress != 0) {
      allocator.freePages(virtToPfn(linearAddress), order);
    }
  }

  /**
   * {@code alloc_pages_exact}: so many pages in one piece, each to be freed by itself or all with
   * {@link #freePagesExact}.
   *
   * @param bytes rounded up to whole pages
   * @param gfpFlags without {@link Gfp#HIGHMEM} and {@link Gfp#COMP}
   * @return linear address in the direct map, or 0
   */
  public long allocPagesExact(long bytes, int gfpFlags) {
    if (bytes <= 0 || (gfpFlags & Gfp.COMP) != 0) {
      throw new IllegalArgumentException(
          "alloc_pages_exact of %d bytes with %s".formatted(bytes, Gfp.describe(gfpFlags)));
    }
    long pages = (bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    int order = Long.SIZE - Long.numberOfLeadingZeros(pages - 1);
    if (order > allocator.maxOrder()) {
      return 0;
    }
    long address = getFreePages(gfpFlags, order);
    if (address != 0) {
      int pfn = virtToPfn(address);
      allocator.splits().splitPage(pfn, order);
      for (int extra = pfn + (int) pages; extra < pfn + (1 << order); extra++) {
        allocator.freePages(extra, 0);
      }
    }
    return address;
  }

  /** {@code free_pages_exact}: gives back what {@link #allocPagesExact} returned; 0 is nothing. */
  public void freePagesExact(long linearAddress, long bytes) {
    if (linearAddress != 0) {
      int first = virtToPfn(linearAddress);
      int pages = (int) ((bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
      for (int pfn = first; pfn < first + pages; pfn++) {
        allocator.freePages(pfn, 0);
      }
    }
  }
}
