package org.memarium.mm.slab;

import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.StructSlab;

/**
 * {@code struct kmem_cache_node}: the slabs of a cache that no processor has, and where slabs come
 * from (Linux 6.1 {@code mm/slub.c}).
 *
 * <p>A slab with free objects is on the partial list. One without is on no list, and found again
 * when one of its objects is freed; of caches that track users it is on the full list.
 */
final class KmemCacheNode {
  /** {@code SHRINK_PROMOTE_MAX}: slabs with so few free objects are sorted. */
  private static final int SHRINK_PROMOTE_MAX = 32;

  private final KmemCache cache;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final SlabLayout layout;
  private final SlabList partial;
  private final SlabList full;
  private int nrSlabs;
  private long totalObjects;

  KmemCacheNode(KmemCache cache, SlabMemory memory) {
    this.cache = cache;
    this.memory = memory;
    this.slabs = memory.slabs;
    this.layout = cache.layout();
    partial = new SlabList(slabs);
    full = new SlabList(slabs);
  }

  // ---- Figures ----

  /** {@code nr_slabs}. */
  int nrSlabs() {
    return nrSlabs;
  }

  /** {@code total_objects}. */
  long totalObjects() {
    return totalObjects;
  }

  /** The partial list. */
  SlabList partial() {
    return partial;
  }

  /** The full list. */
  SlabList full() {
    return full;
  }

  /** {@code count_partial(n, count_free)}: free objects in the slabs on the partial list. */
  long freeObjectsOfPartial() {
    long free = 0;
    for (int slab = partial.first(); slab != StructSlab.NONE; slab = slabs.next(slab)) {
      free += slabs.objects(slab) - slabs.inuse(slab);
    }
    return free;
  }

  /** Whether there are as many partial slabs as are worth keeping: an empty one may go. */
  boolean hasEnoughPartial() {
    return partial.size() >= cache.minPartial();
  }

  // ---- Slabs come ----

  /**
   * {@code new_slab}: a slab of the usual order, or the least that holds an object.
   *
   * @return its first frame; none of its objects is in use, and it is on no list and not counted
   *     yet. {@link StructSlab#NONE} if there are no pages
   */
  int newSlab(int gfpFlags) {
    // The group of whoever asks pays for the object, and not for the slab.
    int wanted = (gfpFlags & ~(Gfp.ZERO | Gfp.ACCOUNT)) | layout.gfp();
    int order = layout.order();
    int pfn = memory.pages.allocPages(firstAttempt(wanted), order);
    if (pfn < 0) {
      order = layout.minOrder();
      pfn = memory.pages.allocPages(wanted, order);
      if (pfn < 0) {
        return StructSlab.NONE;
      }
    }
    slabs.become(pfn, 1 << order, cache.number());
    cache.allocator().account(layout.flags(), 1 << order);
    int objects = SlabGeometry.orderObjects(order, layout.size());
    slabs.setCounters(pfn, StructSlab.counters(objects, 0, false));
    SlabDebug debug = cache.debug();
    if (debug != null) {
      debug.setupSlab(pfn);
    }
    buildFreelist(pfn, objects);
    return pfn;
  }

  /** The usual order is worth no reclaim and no warning if a lower one does as well. */
  private int firstAttempt(int gfpFlags) {
    int flags = (gfpFlags | Gfp.NOWARN | Gfp.NORETRY) & ~Gfp.NOFAIL;
    if ((flags & Gfp.DIRECT_RECLAIM) != 0 && layout.order() > layout.minOrder()) {
      flags = (flags | Gfp.NOMEMALLOC) & ~(Gfp.DIRECT_RECLAIM | Gfp.KSWAPD_RECLAIM);
    }
    return flags;
  }

  /** Chains all objects in the order of their addresses. */
  private void buildFreelist(int slab, int objects) {
    int size = layout.size();
    long object = memory.address(slab) + layout.redLeftPad();
    SlabDebug debug = cache.debug();
    Constructor constructor = cache.constructor();
    slabs.setFreelist(slab, layout.redLeftPad());
    for (int i = 0; i < objects; i++, object += size) {
      if (debug != null) {
        debug.setupObject(object);
      }
      if (constructor != null) {
        constructor.construct(object);
      }
      memory.setPointer(object + layout.offset(), i < objects - 1 ? object + size : 0);
    }
  }

  /** {@code inc_slabs_node}. */
  void count(int slab) {
    nrSlabs++;
    totalObjects += slabs.objects(slab);
  }

  // ---- Slabs go ----

  /**
   * {@code discard_slab}: gives the pages of a slab without objects in use back; now, or after a
   * grace period if the cache is typesafe by RCU.
   */
  void discard(int slab) {
    nrSlabs--;
    totalObjects -= slabs.objects(slab);
    SlabDebug debug = cache.debug();
    if (debug != null) {
      debug.checkBeforeFree(slab);
    }
    if ((layout.flags() & SlabFlags.TYPESAFE_BY_RCU) != 0) {
      cache.allocator().rcu().callFreeSlab(cache, slab);
    } else {
      freeSlab(slab);
    }
  }

  /** {@code __free_slab}. */
  void freeSlab(int slab) {
    int order = slabs.order(slab);
    slabs.cease(slab, 1 << order);
    cache.allocator().account(layout.flags(), -(1 << order));
    memory.pages.freePages(slab, order);
  }

  /** Bytes of a slab. */
  int slabBytes(int slab) {
    return Ram.PAGE_SIZE << slabs.order(slab);
  }

  /**
   * {@code free_partial}: frees the empty slabs of the partial list.
   *
   * @return whether any slab is left, here or elsewhere: objects are still in use
   */
  boolean shutdown() {
    int next;
    for (int slab = partial.first(); slab != StructSlab.NONE; slab = next) {
      next = slabs.next(slab);
      if (slabs.inuse(slab) == 0) {
        partial.remove(slab);
        discard(slab);
      }
    }
    return partial.size() > 0 || nrSlabs > 0;
  }

  /**
   * {@code __kmem_cache_do_shrink}: frees the empty slabs, and sorts the others so that those with
   * the fewest free objects are used first, and the emptiest may become empty.
   *
   * @return whether slabs are left
   */
  boolean shrink() {
    SlabList[] promote = new SlabList[SHRINK_PROMOTE_MAX];
    for (int i = 0; i < SHRINK_PROMOTE_MAX; i++) {
      promote[i] = new SlabList(slabs);
    }
    int next;
    for (int slab = partial.first(); slab != StructSlab.NONE; slab = next) {
      next = slabs.next(slab);
      int free = slabs.objects(slab) - slabs.inuse(slab);
      if (free == slabs.objects(slab)) {
        partial.remove(slab);
        discard(slab);
      } else if (free > 0 && free <= SHRINK_PROMOTE_MAX) {
        partial.remove(slab);
        promote[free - 1].addHead(slab);
      }
    }
    for (int i = SHRINK_PROMOTE_MAX - 1; i >= 0; i--) {
      spliceAtHead(promote[i]);
    }
    return nrSlabs > 0;
  }

  private void spliceAtHead(SlabList list) {
    int prev;
    for (int slab = list.last(); slab != StructSlab.NONE; slab = prev) {
      prev = slabs.prev(slab);
      list.remove(slab);
      partial.addHead(slab);
    }
  }
}
