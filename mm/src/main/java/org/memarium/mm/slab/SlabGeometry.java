package org.memarium.mm.slab;

import org.memarium.hardware.Ram;

/**
 * How many objects of a size go into how many pages (Linux 6.1 {@code mm/slub.c}, {@code
 * calculate_order}; {@code mm/slab_common.c}, {@code calculate_alignment}).
 *
 * @param wordBytes {@code sizeof(void *)}: 4 or 8
 * @param cacheLineBytes {@code cache_line_size()}
 * @param maxOrder the highest order of the page allocator
 */
record SlabGeometry(int wordBytes, int cacheLineBytes, int maxOrder) {
  /** {@code slub_max_order}: {@code PAGE_ALLOC_COSTLY_ORDER}. */
  static final int SLUB_MAX_ORDER = 3;

  /** {@code MAX_OBJS_PER_PAGE}: what fits into the field of a slab. */
  static final int MAX_OBJECTS_PER_SLAB = 32_767;

  /** {@code ARCH_SLAB_MINALIGN}: an {@code unsigned long long} is aligned, on i386 too. */
  private static final int MIN_ALIGN = 8;

  /** {@code 4 * (fls(nr_cpus) + 1)} for one processor. */
  private static final int SLUB_MIN_OBJECTS = 8;

  /** The most of a slab that may be left over, as a fraction of it: first a sixteenth. */
  private static final int FIRST_FRACTION = 16;

  private static final int LAST_FRACTION = 4;

  /** {@code ALIGN}: rounds up to a power of two. */
  static int align(int value, int powerOfTwo) {
    return (value + powerOfTwo - 1) & -powerOfTwo;
  }

  /** {@code get_order}: the order of the smallest block that holds so many bytes, at least one. */
  static int getOrder(long bytes) {
    return bytes <= Ram.PAGE_SIZE
        ? 0
        : Long.SIZE - Long.numberOfLeadingZeros((bytes - 1) >>> Ram.PAGE_SHIFT);
  }

  /** {@code order_objects}. */
  static int orderObjects(int order, int size) {
    return (int) (((long) Ram.PAGE_SIZE << order) / size);
  }

  /** {@code calculate_alignment}. */
  int calculateAlignment(int flags, int align, int size) {
    int result = align;
    if ((flags & SlabFlags.HWCACHE_ALIGN) != 0) {
      int line = cacheLineBytes;
      while (size <= line / 2) {
        line /= 2;
      }
      result = Math.max(result, line);
    }
    return align(Math.max(result, MIN_ALIGN), wordBytes);
  }

  /**
   * {@code calculate_order}.
   *
   * @return -1 if no block is large enough
   */
  int calculateOrder(int size) {
    int minObjects = Math.min(SLUB_MIN_OBJECTS, orderObjects(SLUB_MAX_ORDER, size));
    for (; minObjects > 1; minObjects--) {
      for (int fraction = FIRST_FRACTION; fraction >= LAST_FRACTION; fraction /= 2) {
        int order = slabOrder(size, minObjects, SLUB_MAX_ORDER, fraction);
        if (order <= SLUB_MAX_ORDER) {
          return order;
        }
      }
    }
    int order = slabOrder(size, 1, SLUB_MAX_ORDER, 1);
    if (order > SLUB_MAX_ORDER) {
      order = slabOrder(size, 1, maxOrder, 1);
    }
    return order <= maxOrder ? order : -1;
  }

  /** {@code calc_slab_order}: above {@code highest} if none wastes little enough. */
  private static int slabOrder(int size, int minObjects, int highest, int fraction) {
    if (orderObjects(0, size) > MAX_OBJECTS_PER_SLAB) {
      return getOrder((long) size * MAX_OBJECTS_PER_SLAB) - 1;
    }
    int order = getOrder((long) minObjects * size);
    for (; order <= highest; order++) {
      long slabBytes = (long) Ram.PAGE_SIZE << order;
      if (slabBytes % size <= slabBytes / fraction) {
        break;
      }
    }
    return order;
  }
}
