package org.memarium.mm.slab;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.memarium.mm.frame.StructSlab;

/**
 * A slab as it stands, object by object, to be drawn.
 *
 * @param pfn its first frame
 * @param address linear address of its first byte
 * @param order of its block of pages
 * @param inuse {@code slab->inuse}: what the slab itself counts
 * @param place on whose list it is
 * @param objects the state of each, in the order of their addresses
 * @param addresses linear address of each
 */
public record SlabView(
    int pfn,
    long address,
    int order,
    int inuse,
    Place place,
    List<ObjectState> objects,
    List<Long> addresses) {
  /** Where a slab is. */
  public enum Place {
    /** The processor allocates from it. */
    CPU,
    /** On the processor's list of partial slabs. */
    CPU_PARTIAL,
    /** On the node's list of partial slabs. */
    NODE_PARTIAL,
    /** Without free objects, on no list, or on the list of full ones where users are tracked. */
    FULL,
    /** Empty, waiting for the end of a grace period. */
    RCU
  }

  /** What an object is. */
  public enum ObjectState {
    /** Handed out. */
    ALLOCATED,
    /** On the processor's free list. */
    FREE_ON_CPU,
    /** On the slab's own free list. */
    FREE
  }

  /** Copies the lists. */
  public SlabView {
    objects = List.copyOf(objects);
    addresses = List.copyOf(addresses);
  }

  /** How many objects are handed out. */
  public int allocated() {
    int count = 0;
    for (ObjectState state : objects) {
      if (state == ObjectState.ALLOCATED) {
        count++;
      }
    }
    return count;
  }

  /**
   * All slabs of a cache: the processor's, its partial ones and the node's in the order of their
   * lists, then the full ones in the order of their addresses. Full slabs are found by looking at
   * every frame.
   */
  public static List<SlabView> of(KmemCache cache) {
    SlabMemory memory = cache.allocator().slabMemory();
    StructSlab slabs = memory.slabs;
    List<SlabView> views = new ArrayList<>();
    BitSet seen = new BitSet();
    if (cache.cpu().slab() != StructSlab.NONE) {
      add(views, seen, cache, cache.cpu().slab(), Place.CPU);
    }
    for (int slab = cache.cpu().partial(); slab != StructSlab.NONE; slab = slabs.next(slab)) {
      add(views, seen, cache, slab, Place.CPU_PARTIAL);
    }
    for (int slab = cache.node().partial().first();
        slab != StructSlab.NONE;
        slab = slabs.next(slab)) {
      add(views, seen, cache, slab, Place.NODE_PARTIAL);
    }
    for (int slab : cache.allocator().rcu().slabsOf(cache)) {
      add(views, seen, cache, slab, Place.RCU);
    }
    for (int pfn = 0; pfn < memory.pages.memMap().frames(); pfn++) {
      if (slabs.isSlab(pfn) && slabs.slabCache(pfn) == cache.number() && !seen.get(pfn)) {
        add(views, seen, cache, pfn, Place.FULL);
      }
    }
    return views;
  }

  private static void add(
      List<SlabView> views, BitSet seen, KmemCache cache, int slab, Place place) {
    seen.set(slab);
    SlabMemory memory = cache.allocator().slabMemory();
    FreeObjects freeObjects = new FreeObjects(cache);
    BitSet free = freeObjects.of(slab);
    BitSet onCpu = place == Place.CPU ? freeObjects.from(slab, cache.cpu().freelist) : new BitSet();
    List<ObjectState> states = new ArrayList<>();
    List<Long> addresses = new ArrayList<>();
    for (int i = 0; i < memory.slabs.objects(slab); i++) {
      states.add(
          onCpu.get(i)
              ? ObjectState.FREE_ON_CPU
              : free.get(i) ? ObjectState.FREE : ObjectState.ALLOCATED);
      addresses.add(memory.address(slab) + (long) i * cache.size() + cache.layout().redLeftPad());
    }
    views.add(
        new SlabView(
            slab,
            memory.address(slab),
            memory.slabs.order(slab),
            memory.slabs.inuse(slab),
            place,
            states,
            addresses));
  }
}
