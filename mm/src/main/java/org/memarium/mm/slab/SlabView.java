package org.memarium.mm.slab;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.StructSlab;

/**
 * A slab as it stands, for somebody who looks: its frames, and which of its objects are free.
 *
 * @param pfn its first frame
 * @param pages how many
 * @param firstObject linear address of the first object
 * @param objects how many there are
 * @param inuse {@code slab->inuse}: what the slab itself counts, which takes the processor's free
 *     objects to be in use
 * @param free the free ones, by index
 * @param freeOnCpu those of them that are on the processor's list, not on the slab's
 * @param place whose it is
 */
public record SlabView(
    int pfn,
    int pages,
    long firstObject,
    int objects,
    int inuse,
    BitSet free,
    BitSet freeOnCpu,
    Place place) {
  /** Where a slab is kept. */
  public enum Place {
    /** The processor allocates from it. */
    CPU("the processor's slab"),
    /** On the processor's partial list. */
    CPU_PARTIAL("on the processor's partial list"),
    /** On the node's partial list. */
    PARTIAL("on the node's partial list"),
    /** On no list of free objects: there are none. */
    FULL("full"),
    /** Its pages are freed after a grace period. */
    RCU("waits for a grace period");

    private final String words;

    Place(String words) {
      this.words = words;
    }

    /** In words. */
    public String words() {
      return words;
    }
  }

  /**
   * All slabs of a cache, by address. Slabs without free objects are on no list, so mem_map is
   * searched.
   */
  public static List<SlabView> of(KmemCache cache) {
    SlabMemory memory = cache.allocator().slabMemory();
    StructSlab slabs = memory.slabs;
    MemMap memMap = memory.pages.memMap();
    FreeObjects freeObjects = new FreeObjects(cache);
    List<Integer> cpuPartial = new ArrayList<>();
    int next = cache.cpu().partial();
    while (next != StructSlab.NONE) {
      cpuPartial.add(next);
      next = slabs.next(next);
    }
    List<Integer> waiting = new ArrayList<>();
    for (int slab : cache.allocator().rcu().slabsOf(cache)) {
      waiting.add(slab);
    }
    List<SlabView> views = new ArrayList<>();
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      if (slabs.head(pfn) != pfn || !slabs.isSlab(pfn) || slabs.slabCache(pfn) != cache.number()) {
        continue;
      }
      BitSet free = freeObjects.of(pfn);
      BitSet freeOnCpu = new BitSet();
      Place place;
      if (pfn == cache.cpu().slab()) {
        freeOnCpu = freeObjects.from(pfn, cache.cpu().freelist);
        free.or(freeOnCpu);
        place = Place.CPU;
      } else if (cpuPartial.contains(pfn)) {
        place = Place.CPU_PARTIAL;
      } else if (waiting.contains(pfn)) {
        place = Place.RCU;
      } else {
        place = free.isEmpty() ? Place.FULL : Place.PARTIAL;
      }
      views.add(
          new SlabView(
              pfn,
              1 << slabs.order(pfn),
              memory.address(pfn) + cache.layout().redLeftPad(),
              slabs.objects(pfn),
              slabs.inuse(pfn),
              free,
              freeOnCpu,
              place));
    }
    return views;
  }
}
