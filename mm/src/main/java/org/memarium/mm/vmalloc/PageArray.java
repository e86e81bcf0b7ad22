package org.memarium.mm.vmalloc;

import org.memarium.hardware.Ram;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.KernelMapper;

/**
 * {@code vm_struct.pages}: the array of an area's frames, in the kernel's own memory. It has a
 * pointer's bytes for each frame, as on Linux; what it holds is the frame's number.
 *
 * <p>Frames are worked through in chunks of one page of the array, in a Java array that is always
 * the same: nothing is allocated on the Java heap, however large the area.
 */
final class PageArray {
  private final KernelMapper mapper;
  private final PageAllocator allocator;
  private final Ram ram;
  private final KernelLayout layout;
  private final long pageOffset;
  private final int entryBytes;
  private final int entriesPerPage;
  private final int[] chunk;

  PageArray(KernelMapper mapper) {
    this.mapper = mapper;
    this.allocator = mapper.allocator();
    this.ram = allocator.ram();
    this.layout = mapper.layout();
    this.pageOffset = allocator.architecture().pageOffset();
    this.entryBytes = allocator.architecture().pageTableFormat().linearBits() == 32 ? 4 : 8;
    this.entriesPerPage = Ram.PAGE_SIZE / entryBytes;
    this.chunk = new int[entriesPerPage];
  }

  /** What an array for so many frames takes. */
  long bytes(int pages) {
    return (long) pages * entryBytes;
  }

  /** Where a chunk of the array at a linear address begins in RAM. */
  private long physicalAddress(long array, int from) {
    long at = array + (long) from * entryBytes;
    return layout.isVmallocAddress(at) ? mapper.physicalAddress(at) : at - pageOffset;
  }

  private int chunkEnd(int from, int pages) {
    return Math.min(pages, from + entriesPerPage);
  }

  /** The frames from {@code from}, up to the end of a page of the array, into {@link #chunk}. */
  private int[] load(long array, int from, int to) {
    long at = physicalAddress(array, from);
    for (int i = 0; i < to - from; i++) {
      chunk[i] = ram.getInt(at + (long) i * entryBytes);
    }
    return chunk;
  }

  /**
   * {@code vm_area_alloc_pages}: allocates frames one by one and notes them.
   *
   * @return how many there were
   */
  int allocate(long array, int pages, int gfpFlags) {
    int gfp = gfpFlags | Gfp.NOWARN;
    for (int from = 0; from < pages; from += entriesPerPage) {
      long at = physicalAddress(array, from);
      int end = chunkEnd(from, pages);
      for (int i = from; i < end; i++) {
        int pfn = allocator.allocPages(gfp, 0);
        if (pfn < 0) {
          return i;
        }
        ram.putInt(at + (long) (i - from) * entryBytes, pfn);
      }
    }
    return pages;
  }

  /** Maps the frames from an address on. */
  void map(long array, int pages, long address, long protection) {
    for (int from = 0; from < pages; from += entriesPerPage) {
      int end = chunkEnd(from, pages);
      long at = address + ((long) from << Ram.PAGE_SHIFT);
      mapper.map(at, load(array, from, end), 0, end - from, protection);
    }
  }

  /** Frees the frames. */
  void free(long array, int pages) {
    for (int from = 0; from < pages; from += entriesPerPage) {
      int end = chunkEnd(from, pages);
      int[] pfns = load(array, from, end);
      for (int i = 0; i < end - from; i++) {
        allocator.freePages(pfns[i], 0);
      }
    }
  }

  /** One frame's number. */
  int pfn(long array, int index) {
    return ram.getInt(physicalAddress(array, index));
  }
}
