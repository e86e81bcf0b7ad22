package org.memarium.malloc;

/**
 * Where things are in the memory of a {@link SizeClasses} heap.
 *
 * <pre>
 *   state, 5 pages
 *       0  map[4096]        a word for each MiB of the address space:
 *                             31            2   1   0
 *                            +----------------+-------+
 *                            |     pages      | kind  |  0 not ours   1 region
 *                            +----------------+-------+  2 huge       3 more of the huge one before
 *   16384  spans[256]       free spans by their pages, doubly linked through descriptors
 *   17408  spanBits[8]      a bit for each of these lists: holds something
 *   17440  runs[35]         runs of each class that have free slots
 *   17600  regions          list of all regions
 *   17604  caches           list of the threads' caches
 *
 *   region, 1 MiB, at a multiple of 1 MiB
 *       0  next, prev, pages in use
 *      64  descriptors[256] 32 bytes for each page, see below
 *    8256  live[256][8]     a bit for each 16 bytes: a block begins here that the program has
 *   20480  pages 5 to 255
 *
 *   descriptor of the first page of a span
 *       0  pages &lt;&lt; 8 | kind  0 not the first page: the first one's number &lt;&lt; 8
 *                            1 free   2 run   3 large block   4 a thread's cache
 *       4  next, prev        in the list of free spans, or of runs
 *      12  class             run: of which size
 *      16  freeSlot          run: the first free slot; each links to the next
 *      20  used              run: slots with the program, or in magazines
 *      24  cut               run: slots that have ever been used
 *      28  dirty             free: 0 if all of it reads as zero
 * </pre>
 */
final class RegionLayout {
  static final int MAP_SHIFT = 20;
  static final int MAP_ENTRIES = 4096;
  static final int KIND_MASK = 3;
  static final int NOT_OURS = 0;
  static final int REGION = 1;
  static final int HUGE = 2;
  static final int HUGE_MORE = 3;

  static final int SPANS = 16384;
  static final int SPAN_BITS = 17408;
  static final int RUNS = 17440;
  static final int REGIONS = 17600;
  static final int CACHES = 17604;
  static final int STATE_BYTES = 5 * ProcessMemory.PAGE_BYTES;

  static final long REGION_BYTES = 1 << MAP_SHIFT;
  static final int PAGES = 256;
  static final int FIRST_PAGE = 5;

  /** The most pages that a span can have. */
  static final int MOST_PAGES = PAGES - FIRST_PAGE;

  static final int NEXT_REGION = 0;
  static final int PREV_REGION = 4;
  static final int PAGES_IN_USE = 8;
  static final int DESCRIPTORS = 64;
  static final int DESCRIPTOR_SHIFT = 5;
  static final int LIVE = 8256;

  static final int KIND = 0;
  static final int NEXT = 4;
  static final int PREV = 8;
  static final int CLASS = 12;
  static final int FREE_SLOT = 16;
  static final int USED = 20;
  static final int CUT = 24;
  static final int DIRTY = 28;

  static final int CONTINUED = 0;
  static final int FREE = 1;
  static final int RUN = 2;
  static final int LARGE = 3;
  static final int CACHE = 4;

  private RegionLayout() {}

  /** The region that an address of one lies in. */
  static long region(long address) {
    return address & -REGION_BYTES;
  }

  /** The number of an address's page in its region. */
  static int page(long address) {
    return (int) (address >> 12) & 255;
  }

  /** The descriptor of a page of a region. */
  static long descriptor(long region, int page) {
    return region + DESCRIPTORS + ((long) page << DESCRIPTOR_SHIFT);
  }

  /** The number of the page that a descriptor is for. */
  static int pageOf(long descriptor) {
    return (int) (descriptor - region(descriptor) - DESCRIPTORS) >> DESCRIPTOR_SHIFT;
  }

  /** The address of the page that a descriptor is for. */
  static long addressOf(long descriptor) {
    return region(descriptor) + (long) pageOf(descriptor) * ProcessMemory.PAGE_BYTES;
  }
}
