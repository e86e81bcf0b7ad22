package org.memarium.mm.slab;

import org.memarium.mm.frame.StructSlab;

/**
 * {@code struct kmem_cache_cpu}: what the processor has of a cache, and how it gets more (Linux 6.1
 * {@code mm/slub.c}: {@code ___slab_alloc}, {@code __slab_free}).
 *
 * <p>The processor's slab is frozen: all of its free objects are on {@link #freelist} and count as
 * in use in the slab itself. Objects that other paths free into a frozen slab are on the slab's own
 * list, and are taken over when {@link #freelist} is empty. (Here that happens to slabs on the
 * partial list only.) There is one processor, and nothing interrupts it, so there are no locks and
 * no transaction numbers.
 */
final class KmemCacheCpu {
  private final KmemCache cache;
  private final KmemCacheNode node;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final int offset;
  private final int cpuPartialSlabs;

  /** The next object to hand out; 0: ask the slow path. */
  long freelist;

  /** Where {@link #slab} begins; with {@link #bytes} 0 if there is none. */
  long start;

  /** Bytes of {@link #slab}; 0 if there is none. */
  int bytes;

  /** The same for frees that need no further look; 0 where memory groups pay for objects. */
  int fastBytes;

  private int slab = StructSlab.NONE;
  private int partial = StructSlab.NONE;

  KmemCacheCpu(KmemCache cache, KmemCacheNode node, SlabMemory memory) {
    this.cache = cache;
    this.node = node;
    this.memory = memory;
    this.slabs = memory.slabs;
    this.offset = cache.layout().offset();
    this.cpuPartialSlabs = cache.cpuPartialSlabs();
  }

  /** The processor's slab; {@link StructSlab#NONE} if it has none. */
  int slab() {
    return slab;
  }

  /** The first slab of the processor's partial list. */
  int partial() {
    return partial;
  }

  // ---- Allocation ----

  /**
   * {@code ___slab_alloc}: an object from the first of: the slab's own free list, the processor's
   * partial list, the node's, a new slab.
   *
   * @return 0 if there are no pages for one
   */
  long allocSlow(int gfpFlags) {
    while (true) {
      if (slab != StructSlab.NONE) {
        long first = takeFreelist(slab);
        if (first != 0) {
          return load(first);
        }
        setSlab(StructSlab.NONE);
      }
      if (partial == StructSlab.NONE) {
        break;
      }
      setSlab(partial);
      partial = slabs.next(partial);
    }
    int found = fromNode();
    if (found == StructSlab.NONE) {
      found = node.newSlab(gfpFlags);
      if (found == StructSlab.NONE) {
        return 0;
      }
      node.count(found);
    }
    // Whoever reclaimed pages for the new slab may have used this very cache.
    if (slab != StructSlab.NONE) {
      deactivate();
    }
    setSlab(found);
    return load(takeFreelist(found));
  }

  private void setSlab(int newSlab) {
    slab = newSlab;
    if (newSlab == StructSlab.NONE) {
      start = 0;
      bytes = 0;
      fastBytes = 0;
    } else {
      start = memory.address(newSlab);
      bytes = node.slabBytes(newSlab);
      fastBytes = cache.hasCharges() ? 0 : bytes;
    }
  }

  private long load(long object) {
    freelist = next(object);
    return object;
  }

  /**
   * The free object behind one of the processor's slab; 0 at the end.
   *
   * @throws IllegalStateException if it is not in that slab: somebody wrote to a free object
   */
  long next(long object) {
    long next = memory.getPointer(object + offset);
    if (next != 0 && (next < start || next >= start + bytes)) {
      throw corrupt(object, next);
    }
    return next;
  }

  private IllegalStateException corrupt(long object, long next) {
    return new IllegalStateException(
        "%s: the free object 0x%x was written to: its free pointer is 0x%x"
            .formatted(cache.name(), object, next));
  }

  /** {@code get_freelist}: all free objects of a slab become the processor's; 0 if it has none. */
  private long takeFreelist(int from) {
    int first = slabs.freelist(from);
    if (first == StructSlab.NONE) {
      slabs.setCounters(from, slabs.counters(from) & ~StructSlab.FROZEN);
      return 0;
    }
    int objects = slabs.objects(from);
    slabs.setCounters(from, StructSlab.counters(objects, objects, true));
    slabs.setFreelist(from, StructSlab.NONE);
    return memory.address(from) + first;
  }

  /**
   * {@code get_partial_node}: takes the first slab of the node's partial list, and some more for
   * the processor's.
   */
  private int fromNode() {
    SlabList list = node.partial();
    int first = list.first();
    if (first == StructSlab.NONE) {
      return first;
    }
    list.remove(first);
    int more = cpuPartialSlabs == 0 ? 0 : cpuPartialSlabs / 2 + 1;
    for (; more > 0 && list.first() != StructSlab.NONE; more--) {
      int another = list.first();
      list.remove(another);
      slabs.setCounters(another, slabs.counters(another) | StructSlab.FROZEN);
      putPartial(another, false);
    }
    return first;
  }

  // ---- Freeing ----

  /**
   * {@code __slab_free}: into a slab that is not the processor's.
   *
   * @param distance bytes from the start of the slab
   * @param head the object's slab, of this cache; the object is one of its places
   * @param page the ints that hold those of {@code head}
   * @param at where in them its own begin
   */
  void freeSlow(long object, int distance, int head, int[] page, int at) {
    int counters = page[at + StructSlab.COUNTERS];
    int prior = page[at + StructSlab.FREELIST];
    memory.setPointer(object + offset, prior == StructSlab.NONE ? 0 : object - distance + prior);
    page[at + StructSlab.FREELIST] = distance;
    page[at + StructSlab.COUNTERS] = counters - 1;
    int inuse = StructSlab.inuseOf(counters) - 1;
    boolean wasFull = prior == StructSlab.NONE;
    if (counters >= 0 && (inuse == 0 || wasFull)) {
      freeSlower(head, inuse, wasFull);
    }
  }

  /** The slab was full, or is empty, and belongs to no processor. */
  private void freeSlower(int head, int inuse, boolean wasFull) {
    if (wasFull && cpuPartialSlabs > 0) {
      slabs.setCounters(head, slabs.counters(head) | StructSlab.FROZEN);
      putPartial(head, true);
    } else {
      leaveOrList(head, inuse, wasFull);
    }
  }

  private void leaveOrList(int head, int inuse, boolean wasFull) {
    if (inuse == 0 && node.hasEnoughPartial()) {
      if (!wasFull) {
        node.partial().remove(head);
      }
      node.discard(head);
    } else if (wasFull) {
      node.partial().addTail(head);
    }
  }

  /**
   * {@code put_cpu_partial}.
   *
   * @param drain whether a list that is long enough goes to the node first
   */
  private void putPartial(int frozen, boolean drain) {
    int old = partial;
    int count = old == StructSlab.NONE ? 0 : slabs.slabs(old);
    if (drain && count >= cpuPartialSlabs) {
      partial = StructSlab.NONE;
      unfreeze(old);
      old = StructSlab.NONE;
      count = 0;
    }
    slabs.setNext(frozen, old);
    slabs.setSlabs(frozen, count + 1);
    partial = frozen;
  }

  /** {@code __unfreeze_partials}: moves a chain of frozen slabs to the node; empty ones may go. */
  private void unfreeze(int chain) {
    int next;
    for (int frozen = chain; frozen != StructSlab.NONE; frozen = next) {
      next = slabs.next(frozen);
      slabs.setCounters(frozen, slabs.counters(frozen) & ~StructSlab.FROZEN);
      if (slabs.inuse(frozen) == 0 && node.hasEnoughPartial()) {
        node.discard(frozen);
      } else {
        node.partial().addTail(frozen);
      }
    }
  }

  // ---- Giving up ----

  /** {@code flush_cpu_slab}: everything goes back to the node. */
  void flush() {
    if (slab != StructSlab.NONE) {
      deactivate();
    }
    int chain = partial;
    partial = StructSlab.NONE;
    unfreeze(chain);
  }

  /** {@code deactivate_slab}: the free objects go back to the slab, and the slab to the node. */
  private void deactivate() {
    int old = slab;
    final long first = freelist;
    final long base = start;
    int remote = slabs.freelist(old);
    int free = 0;
    long last = 0;
    for (long object = first; object != 0; object = next(object)) {
      last = object;
      free++;
    }
    setSlab(StructSlab.NONE);
    freelist = 0;
    if (last != 0) {
      memory.setPointer(last + offset, remote == StructSlab.NONE ? 0 : base + remote);
      slabs.setFreelist(old, (int) (first - base));
    }
    int inuse = slabs.inuse(old) - free;
    slabs.setCounters(old, StructSlab.counters(slabs.objects(old), inuse, false));
    if (inuse == 0 && node.hasEnoughPartial()) {
      node.discard(old);
    } else if (slabs.freelist(old) != StructSlab.NONE) {
      if (remote == StructSlab.NONE) {
        node.partial().addHead(old);
      } else {
        node.partial().addTail(old);
      }
    }
  }

  /** The cache that this is of. */
  KmemCache cache() {
    return cache;
  }
}
