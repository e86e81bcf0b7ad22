package org.memarium.kernel;

import java.util.Map;
import java.util.TreeMap;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;

/**
 * The page allocator as whoever holds the {@link Machine} calls it, in the place of a driver: every
 * block that it gets is noted here, so that the audit knows its owner.
 *
 * <p>Errors are those of {@link PageAllocator}: no memory is -1 or 0, misuse is an {@link
 * IllegalStateException} with the state of the frame. A block that belongs to somebody else, a
 * program or another part of the kernel, cannot be freed here.
 */
public final class KernelPages {
  private final PageAllocator allocator;
  private final Map<Integer, Integer> orders = new TreeMap<>();

  KernelPages(PageAllocator allocator) {
    this.allocator = allocator;
  }

  /**
   * {@code alloc_pages}.
   *
   * @param gfpFlags as in {@link Gfp}
   * @param order a block of {@code 2^order} frames
   * @return the first frame, or -1 if there is none
   */
  public int allocPages(int gfpFlags, int order) {
    int pfn = allocator.allocPages(gfpFlags, order);
    if (pfn >= 0) {
      orders.put(pfn, order);
    }
    return pfn;
  }

  /**
   * {@code __free_pages}.
   *
   * @param pfn the first frame of a block of {@link #allocPages}
   * @param order the one that it was allocated with
   * @throws IllegalStateException if there is no such block here
   */
  public void freePages(int pfn, int order) {
    if (!orders.containsKey(pfn) && isAllocated(pfn)) {
      throw new IllegalStateException(
          "free of what was not allocated here: " + allocator.memMap().describe(pfn));
    }
    allocator.freePages(pfn, order);
    orders.remove(pfn);
  }

  private boolean isAllocated(int pfn) {
    return pfn >= 0 && pfn < allocator.memMap().frames() && allocator.memMap().isAllocated(pfn);
  }

  /**
   * {@code __get_free_pages}: a block in low memory.
   *
   * @param gfpFlags without {@link Gfp#HIGHMEM}
   * @return its linear address in the direct map, or 0 if there is none
   */
  public long getFreePages(int gfpFlags, int order) {
    long linearAddress = allocator.directMap().getFreePages(gfpFlags, order);
    if (linearAddress != 0) {
      orders.put(allocator.directMap().virtToPfn(linearAddress), order);
    }
    return linearAddress;
  }

  /** {@code __get_free_page}: one page; its linear address, or 0. */
  public long getFreePage(int gfpFlags) {
    return getFreePages(gfpFlags, 0);
  }

  /** {@code get_zeroed_page}: one page of zeroes; its linear address, or 0. */
  public long getZeroedPage(int gfpFlags) {
    return getFreePages(gfpFlags | Gfp.ZERO, 0);
  }

  /** {@code free_pages}: gives back what {@link #getFreePages} returned; 0 is nothing. */
  public void freePagesAt(long linearAddress, int order) {
    if (linearAddress != 0) {
      freePages(allocator.directMap().virtToPfn(linearAddress), order);
    }
  }

  /**
   * {@code alloc_pages_exact}: so many pages in one piece, each a block of its own.
   *
   * @param bytes rounded up to whole pages
   * @return linear address in the direct map, or 0
   */
  public long allocPagesExact(long bytes, int gfpFlags) {
    long linearAddress = allocator.directMap().allocPagesExact(bytes, gfpFlags);
    if (linearAddress != 0) {
      int first = allocator.directMap().virtToPfn(linearAddress);
      for (int pfn = first; pfn < first + pagesOf(bytes); pfn++) {
        orders.put(pfn, 0);
      }
    }
    return linearAddress;
  }

  /** {@code free_pages_exact}: gives back what {@link #allocPagesExact} returned; 0 is nothing. */
  public void freePagesExact(long linearAddress, long bytes) {
    if (linearAddress != 0) {
      int first = allocator.directMap().virtToPfn(linearAddress);
      for (int pfn = first; pfn < first + pagesOf(bytes); pfn++) {
        freePages(pfn, 0);
      }
    }
  }

  private static int pagesOf(long bytes) {
    return (int) ((bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
  }

  /** {@code page_address}: where the direct map has a frame of low memory. */
  public long pageAddress(int pfn) {
    return allocator.directMap().pageAddress(pfn);
  }

  /** {@code virt_to_page}: the frame behind a linear address of the direct map. */
  public int virtToPfn(long linearAddress) {
    return allocator.directMap().virtToPfn(linearAddress);
  }

  /** The blocks that are held: first frame, and order. */
  public Map<Integer, Integer> held() {
    return Map.copyOf(orders);
  }

  /** Claims what is held. */
  void audit(Audit audit) {
    orders.forEach((pfn, order) -> {
      audit.claim(pfn, 1 << order, "alloc_pages of the machine's owner");
      audit.expectReference(pfn);
    });
  }
}
