package org.memarium.mm.slab;

import org.memarium.mm.frame.Gfp;

/**
 * Where in its place an object and what is kept with it lie (Linux 6.1 {@code mm/slub.c}, {@code
 * calculate_sizes}).
 *
 * <pre>
 *   start of the place
 *   | redLeftPad |  object   | red zone |        |           |      |
 *   | (Z)        | objectSize| or pad   | free   | two tracks| size | padding
 *   |            |           | to inuse | pointer| (U)       | asked| (P: 0x5a)
 *   +------------+-----------+----------+--------+-----------+------+---------+
 *                ^ object    ^          ^                                     ^ redLeftPad before
 *                0           objectSize inuse                                   the next place
 * </pre>
 *
 * <p>The free pointer lies in the middle of the object, where neither an overrun of the object
 * before nor one of the object behind reaches it first; it lies behind the object if the object's
 * bytes must stay as they are while it is free: with a constructor, poison or typesafe-by-RCU.
 *
 * @param objectSize bytes that the user asked for
 * @param size bytes from one place to the next
 * @param align what {@code calculate_alignment} gave
 * @param inuse where what is kept with the object begins
 * @param offset of the free pointer in the object
 * @param redLeftPad bytes of red zone in front of the object
 * @param order of a slab, {@code -1} if no block is large enough
 * @param minOrder of a slab when there is no block of {@code order}
 * @param flags of the cache, with {@link SlabFlags#OBJECT_POISON}
 * @param gfp {@code allocflags}: added to the flags of every allocation of a slab
 */
record SlabLayout(
    int objectSize,
    int size,
    int align,
    int inuse,
    int offset,
    int redLeftPad,
    int order,
    int minOrder,
    int flags,
    int gfp) {
  /**
   * {@code calculate_sizes}.
   *
   * @param trackBytes {@code sizeof(struct track)}
   * @param objectSize what was asked for, at least 1
   * @param align the least alignment, already calculated
   */
  static SlabLayout of(
      SlabGeometry geometry,
      int trackBytes,
      int objectSize,
      int align,
      int cacheFlags,
      boolean hasConstructor) {
    final int word = geometry.wordBytes();
    int flags = cacheFlags & ~SlabFlags.OBJECT_POISON;
    if (has(flags, SlabFlags.POISON) && !has(flags, SlabFlags.TYPESAFE_BY_RCU) && !hasConstructor) {
      flags |= SlabFlags.OBJECT_POISON;
    }
    int size = SlabGeometry.align(objectSize, word);
    if (has(flags, SlabFlags.RED_ZONE) && size == objectSize) {
      size += word;
    }
    final int inuse = size;
    final int offset;
    if (has(flags, SlabFlags.TYPESAFE_BY_RCU | SlabFlags.POISON)
        || storesSizeAsked(flags)
        || (has(flags, SlabFlags.RED_ZONE) && objectSize < word)
        || hasConstructor) {
      offset = size;
      size += word;
    } else {
      offset = (objectSize / 2) & -word;
    }
    if (has(flags, SlabFlags.STORE_USER)) {
      size += 2 * trackBytes;
      if (has(flags, SlabFlags.KMALLOC)) {
        size += Integer.BYTES;
      }
    }
    int redLeftPad = 0;
    if (has(flags, SlabFlags.RED_ZONE)) {
      redLeftPad = SlabGeometry.align(word, align);
      size += word + redLeftPad;
    }
    size = SlabGeometry.align(size, align);
    int order = geometry.calculateOrder(size);
    return new SlabLayout(
        objectSize,
        size,
        align,
        inuse,
        offset,
        redLeftPad,
        order,
        SlabGeometry.getOrder(size),
        flags,
        allocflags(flags, order));
  }

  private static int allocflags(int flags, int order) {
    return (order > 0 ? Gfp.COMP : 0)
        | (has(flags, SlabFlags.CACHE_DMA) ? Gfp.DMA : 0)
        | (has(flags, SlabFlags.CACHE_DMA32) ? Gfp.DMA32 : 0)
        | (has(flags, SlabFlags.RECLAIM_ACCOUNT) ? Gfp.RECLAIMABLE : 0);
  }

  /** {@code slub_debug_orig_size}: whether the size that kmalloc was asked for is kept. */
  static boolean storesSizeAsked(int flags) {
    return has(flags, SlabFlags.STORE_USER) && has(flags, SlabFlags.KMALLOC);
  }

  private static boolean has(int flags, int mask) {
    return (flags & mask) != 0;
  }

  /** {@code oo_objects}: objects in a slab of the usual order. */
  int objects() {
    return SlabGeometry.orderObjects(order, size);
  }

  /** {@code get_info_end}: where the free pointer ends, or what is kept begins. */
  int infoEnd(int wordBytes) {
    return offset >= inuse ? inuse + wordBytes : inuse;
  }
}
