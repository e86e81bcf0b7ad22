package org.memarium.mm.slab;

import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.StructSlab;
import org.memarium.mm.trace.VmStatItem;

/**
 * kmalloc and its kin (Linux 6.1 {@code mm/slab_common.c}): memory of any size that is contiguous
 * in physical memory.
 *
 * <p>Small sizes come from the smallest cache that holds them, larger ones straight from the page
 * allocator. Addresses are linear, in the direct map.
 */
public final class Kmalloc {
  /** {@code ZERO_SIZE_PTR}: what kmalloc of 0 bytes returns; it may be freed and not be read. */
  public static final long ZERO_SIZE_PTR = 16;

  private static final int NORMAL = 0;
  private static final int CGROUP = 1;
  private static final int RECLAIM = 2;
  private static final int DMA = 3;

  /** Sizes up to this are looked up in steps of 8. */
  private static final int TABLE_BYTES = 1024;

  private static final int STEP_SHIFT = 3;

  private final SlabAllocator allocator;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final int maxCacheBytes;
  private final long maxBytes;

  /** {@code kmalloc_caches[type]}, by {@code (bytes + 7) / 8} up to {@link #TABLE_BYTES}. */
  private final KmemCache[][] byStep;

  /** {@code kmalloc_caches[type]}, by the logarithm of the size, rounded up. */
  private final KmemCache[][] byPower;

  /** Only a guess where the next object is from. */
  private KmemCache lastFreedTo;

  Kmalloc(SlabAllocator allocator) {
    this.allocator = allocator;
    this.memory = allocator.slabMemory();
    this.slabs = memory.slabs;
    this.maxCacheBytes = allocator.config().kmallocMaxCacheBytes();
    this.maxBytes = allocator.config().kmallocMaxBytes();
    KmallocCaches caches = new KmallocCaches(allocator);
    byPower = caches.byPower();
    byStep = caches.byStep(TABLE_BYTES);
    lastFreedTo = byStep[NORMAL][1];
  }

  /** The most bytes that kmalloc gives. */
  public long maxBytes() {
    return maxBytes;
  }

  // ---- Allocation ----

  /**
   * {@code kmalloc}.
   *
   * @param bytes how many, at least
   * @return linear address; {@link #ZERO_SIZE_PTR} for 0 bytes; 0 if there is no memory, or never
   *     so much in one piece
   * @throws IllegalArgumentException if the size is negative
   */
  public long kmalloc(long bytes, int gfpFlags) {
    if (bytes > maxCacheBytes || bytes <= 0) {
      return kmallocUnusual(bytes, gfpFlags);
    }
    return cacheFor((int) bytes, gfpFlags).alloc(gfpFlags, (int) bytes);
  }

  /**
   * {@code kmalloc_nolock} of current kernels: for callers that may have interrupted the allocator
   * itself, such as tracepoints. Never waits, and never reclaims.
   *
   * @param gfpFlags only {@link Gfp#ACCOUNT} and {@link Gfp#ZERO}
   * @return 0 too if the size has no cache
   */
  public long kmallocNolock(long bytes, int gfpFlags) {
    if ((gfpFlags & ~(Gfp.ACCOUNT | Gfp.ZERO)) != 0) {
      throw new IllegalArgumentException(
          "kmalloc_nolock with GFP flags 0x%x: only ACCOUNT and ZERO".formatted(gfpFlags));
    }
    return bytes > maxCacheBytes ? 0 : kmalloc(bytes, gfpFlags | Gfp.NOWARN | Gfp.NOMEMALLOC);
  }

  /** {@code kmalloc_slab}: for 1 to {@link #maxCacheBytes} bytes. */
  private KmemCache cacheFor(int bytes, int gfpFlags) {
    int type = type(gfpFlags);
    return bytes <= TABLE_BYTES
        ? byStep[type][(bytes + 7) >>> STEP_SHIFT]
        : byPower[type][Integer.SIZE - Integer.numberOfLeadingZeros(bytes - 1)];
  }

  /** {@code kmalloc_type}: DMA before reclaimable before accounted. */
  private static int type(int gfpFlags) {
    if ((gfpFlags & (Gfp.DMA | Gfp.RECLAIMABLE | Gfp.ACCOUNT)) == 0) {
      return NORMAL;
    }
    if ((gfpFlags & Gfp.DMA) != 0) {
      return DMA;
    }
    return (gfpFlags & Gfp.RECLAIMABLE) != 0 ? RECLAIM : CGROUP;
  }

  private long kmallocUnusual(long bytes, int gfpFlags) {
    if (bytes < 0) {
      throw new IllegalArgumentException("kmalloc of %,d bytes".formatted(bytes));
    }
    if (bytes == 0) {
      return ZERO_SIZE_PTR;
    }
    return bytes > maxBytes ? 0 : kmallocLarge(bytes, gfpFlags);
  }

  /** {@code kmalloc_large}: a block of pages. */
  private long kmallocLarge(long bytes, int gfpFlags) {
    if ((gfpFlags & Gfp.HIGHMEM) != 0) {
      throw new IllegalArgumentException("kmalloc returns an address: not from HighMem");
    }
    int order = SlabGeometry.getOrder(bytes);
    int pfn = memory.pages.allocPages(gfpFlags | Gfp.COMP, order);
    if (pfn < 0) {
      return 0;
    }
    slabs.become(pfn, 1 << order, StructSlab.LARGE_KMALLOC);
    memory.pages.vmStat().add(VmStatItem.NR_SLAB_UNRECLAIMABLE, 1L << order);
    return memory.address(pfn);
  }

  /** {@code kzalloc}: cleared. */
  public long kzalloc(long bytes, int gfpFlags) {
    return kmalloc(bytes, gfpFlags | Gfp.ZERO);
  }

  /** {@code kmalloc_array}: {@code count * bytes} bytes; 0 if that overflows. */
  public long kmallocArray(long count, long bytes, int gfpFlags) {
    checkNotNegative(count, bytes);
    // size_t has as many bits as a pointer.
    long most = allocator.geometry().wordBytes() == Integer.BYTES ? 0xffff_ffffL : Long.MAX_VALUE;
    if (bytes != 0 && count > most / bytes) {
      return 0;
    }
    return kmalloc(count * bytes, gfpFlags);
  }

  /** {@code kcalloc}: cleared; 0 if {@code count * bytes} overflows. */
  public long kcalloc(long count, long bytes, int gfpFlags) {
    return kmallocArray(count, bytes, gfpFlags | Gfp.ZERO);
  }

  private static void checkNotNegative(long count, long bytes) {
    if (count < 0 || bytes < 0) {
      throw new IllegalArgumentException(
          "kmalloc_array of %,d times %,d bytes".formatted(count, bytes));
    }
  }

  /**
   * {@code krealloc}: the same bytes in a place for {@code bytes} bytes, which may be the same
   * place.
   *
   * @param object what kmalloc returned, or 0; the caller's no more, unless the result is 0
   * @param bytes 0 frees the object
   * @return as {@link #kmalloc}; 0 leaves the object as it was
   */
  public long krealloc(long object, long bytes, int gfpFlags) {
    if (bytes == 0) {
      kfree(object);
      return ZERO_SIZE_PTR;
    }
    if (object == 0 || object == ZERO_SIZE_PTR) {
      return kmalloc(bytes, gfpFlags);
    }
    int head = headOf(object, "krealloc");
    KmemCache cache = slabs.isSlab(head) ? allocator.cacheOf(slabs.slabCache(head)) : null;
    long usable = usableBytes(head);
    SlabDebug debug = cache == null ? null : cache.debug();
    long used = debug == null ? usable : debug.sizeAsked(object);
    if (bytes <= usable) {
      if ((gfpFlags & Gfp.ZERO) != 0 && bytes > used) {
        memory.fill(object + used, bytes - used, 0);
      }
      if (debug != null) {
        debug.setSizeAsked(object, (int) bytes);
      }
      return object;
    }
    long other = kmalloc(bytes, gfpFlags);
    if (other != 0) {
      memory.copy(object, other, used);
      kfree(object);
    }
    return other;
  }

  // ---- Freeing ----

  /**
   * {@code kfree}: of kmalloc, or of any cache.
   *
   * @param object what was allocated; 0 and {@link #ZERO_SIZE_PTR} are nothing
   * @throws IllegalArgumentException if the address is not in the direct map
   * @throws IllegalStateException if nothing was allocated there
   */
  public void kfree(long object) {
    // Objects are often freed soon after others of their cache: then nothing waits for mem_map.
    KmemCache last = lastFreedTo;
    if (last.freeFast(object)) {
      return;
    }
    int pfn = memory.pfn(object);
    if (pfn > 0) {
      int[] page = slabs.ints(pfn);
      int at = StructSlab.at(pfn);
      KmemCache cache = allocator.cacheOrNull(page[at + StructSlab.SLAB_CACHE]);
      if (cache != null) {
        if (cache != last) {
          lastFreedTo = cache;
          // Whatever the frame is: an object in the slab of a cache's processor is that cache's.
          if (cache.freeFast(object)) {
            return;
          }
        }
        if (StructSlab.isSlab(page, at)) {
          cache.freeInto(object, pfn, page, at);
          return;
        }
      }
    }
    kfreeUnusual(object);
  }

  private void kfreeUnusual(long object) {
    if (object == 0 || object == ZERO_SIZE_PTR) {
      return;
    }
    int head = headOf(object, "kfree");
    int number = slabs.slabCache(head);
    if (number == StructSlab.LARGE_KMALLOC) {
      freeLarge(object, head);
    } else {
      allocator.cacheOf(number).freeSlow(object, head);
    }
  }

  private int headOf(long object, String who) {
    int pfn = memory.pfn(object);
    if (pfn < 0) {
      throw new IllegalArgumentException(
          "%s: address 0x%x is not in the direct map".formatted(who, object));
    }
    int head = slabs.head(pfn);
    if (head == StructSlab.NONE) {
      throw new IllegalStateException(
          "%s: nothing was allocated at 0x%x: %s"
              .formatted(who, object, memory.pages.memMap().describe(pfn)));
    }
    return head;
  }

  /** {@code free_large_kmalloc}. */
  private void freeLarge(long object, int head) {
    if (object != memory.address(head)) {
      throw new IllegalStateException("kfree: 0x%x is inside a large kmalloc".formatted(object));
    }
    int order = slabs.order(head);
    slabs.cease(head, 1 << order);
    memory.pages.vmStat().add(VmStatItem.NR_SLAB_UNRECLAIMABLE, -(1L << order));
    memory.pages.freePages(head, order);
  }

  /**
   * {@code ksize}: how many bytes of an object may be used, at least as many as were asked for.
   *
   * @return 0 for 0 and {@link #ZERO_SIZE_PTR}
   */
  public long ksize(long object) {
    return object == 0 || object == ZERO_SIZE_PTR ? 0 : usableBytes(headOf(object, "ksize"));
  }

  private long usableBytes(int head) {
    return slabs.isSlab(head)
        ? allocator.cacheOf(slabs.slabCache(head)).usableBytes()
        : (long) Ram.PAGE_SIZE << slabs.order(head);
  }
}
