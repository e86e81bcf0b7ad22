package org.memarium.mm.slab;

import java.util.List;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.StructSlab;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * Recounts slabs from mem_map and the free lists in RAM: frames, objects, lists, counters.
 *
 * <p>Slabs without free objects are on no list, so every frame is looked at.
 */
final class SlabAudit {
  private static final int ON_NO_LIST = 0;
  private static final int CPU_SLAB = 1;
  private static final int CPU_PARTIAL = 2;
  private static final int NODE_PARTIAL = 3;
  private static final int NODE_FULL = 4;
  private static final int WAITS_FOR_RCU = 5;

  private final SlabAllocator allocator;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final MemMap memMap;
  private final Audit audit;

  /** On which list a slab was met. */
  private final byte[] lists;

  /** By the cache's number: objects that are on no list of free ones. */
  private long[] inUse = {};

  private long reclaimable;
  private long unreclaimable;

  SlabAudit(SlabAllocator allocator, Audit audit) {
    this.allocator = allocator;
    this.memory = allocator.slabMemory();
    this.slabs = memory.slabs;
    this.memMap = memory.pages.memMap();
    this.audit = audit;
    this.lists = new byte[memMap.frames()];
  }

  void run(List<KmemCache> caches) {
    for (KmemCache cache : caches) {
      walkLists(cache);
    }
    int[] slabsOf = new int[allocator.cacheNumbers()];
    long[] objectsOf = new long[slabsOf.length];
    inUse = new long[slabsOf.length];
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      if (slabs.head(pfn) != pfn) {
        continue;
      }
      int number = slabs.slabCache(pfn);
      int pages = 1 << slabs.order(pfn);
      audit.expectReference(pfn);
      if (number == StructSlab.LARGE_KMALLOC) {
        unreclaimable += pages;
        audit.claim(pfn, pages, "large kmalloc", Audit.Use.SLAB_UNRECLAIMABLE);
        continue;
      }
      KmemCache cache = allocator.cacheOf(number);
      claim(cache, pfn, pages);
      auditSlab(cache, pfn);
      if (lists[pfn] != WAITS_FOR_RCU) {
        slabsOf[number]++;
        objectsOf[number] += slabs.objects(pfn);
      }
    }
    for (KmemCache cache : caches) {
      String who = "slab cache " + cache.name();
      audit.expectEqual("nr_slabs of " + who, cache.node().nrSlabs(), slabsOf[cache.number()]);
      audit.expectEqual(
          "total_objects of " + who, cache.node().totalObjects(), objectsOf[cache.number()]);
      long told = audit.expectedObjects(cache);
      if (told >= 0) {
        audit.expectEqual("objects in use of " + who, inUse[cache.number()], told);
      }
    }
    VmStat vmStat = memory.pages.vmStat();
    audit.expectEqual(
        "nr_slab_reclaimable", vmStat.get(VmStatItem.NR_SLAB_RECLAIMABLE), reclaimable);
    audit.expectEqual(
        "nr_slab_unreclaimable", vmStat.get(VmStatItem.NR_SLAB_UNRECLAIMABLE), unreclaimable);
  }

  private void claim(KmemCache cache, int slab, int pages) {
    boolean canShrink = (cache.flags() & SlabFlags.RECLAIM_ACCOUNT) != 0;
    Audit.Use use = canShrink ? Audit.Use.SLAB_RECLAIMABLE : Audit.Use.SLAB_UNRECLAIMABLE;
    audit.claim(slab, pages, "slab " + cache.name(), use);
    if (canShrink) {
      reclaimable += pages;
    } else {
      unreclaimable += pages;
    }
  }

  // ---- Lists ----

  private void walkLists(KmemCache cache) {
    walk(cache, cache.node().partial(), NODE_PARTIAL, "partial list");
    walk(cache, cache.node().full(), NODE_FULL, "full list");
    if (cache.cpu().slab() != StructSlab.NONE) {
      meet(cache, cache.cpu().slab(), CPU_SLAB);
    }
    int partial = cache.cpu().partial();
    int left = partial == StructSlab.NONE ? 0 : slabs.slabs(partial);
    for (int slab = partial; slab != StructSlab.NONE && left >= 0; slab = slabs.next(slab)) {
      audit.expectEqual("slabs of " + describe(cache, slab), slabs.slabs(slab), left);
      meet(cache, slab, CPU_PARTIAL);
      left--;
    }
    audit.expectEqual("end of the CPU's partial list of " + cache.name(), left, 0);
    for (int slab : allocator.rcu().slabsOf(cache)) {
      meet(cache, slab, WAITS_FOR_RCU);
    }
  }

  private void walk(KmemCache cache, SlabList list, int number, String name) {
    int count = 0;
    int before = StructSlab.NONE;
    int slab = list.first();
    for (; slab != StructSlab.NONE && count < list.size(); slab = slabs.next(slab)) {
      if (!meet(cache, slab, number)) {
        return;
      }
      audit.expectEqual("prev link of " + describe(cache, slab), slabs.prev(slab), before);
      before = slab;
      count++;
    }
    audit.expectEqual("%s of %s".formatted(name, cache.name()), list.size(), count);
    audit.expectEqual("tail of the %s of %s".formatted(name, cache.name()), list.last(), before);
    audit.expectEqual("end of the %s of %s".formatted(name, cache.name()), slab, StructSlab.NONE);
  }

  private boolean meet(KmemCache cache, int slab, int list) {
    boolean mine =
        slab >= 0
            && slab < lists.length
            && slabs.isSlab(slab)
            && slabs.slabCache(slab) == cache.number();
    if (!mine || lists[slab] != ON_NO_LIST) {
      audit.difference(
          "%s: a list holds %s%s"
              .formatted(
                  cache.name(), memMap.describe(slab), mine ? ", which is on another too" : ""));
      return false;
    }
    lists[slab] = (byte) list;
    return true;
  }

  // ---- A slab ----

  private void auditSlab(KmemCache cache, int slab) {
    String who = describe(cache, slab);
    int objects = slabs.objects(slab);
    audit.expectEqual(
        "objects of " + who, objects, SlabGeometry.orderObjects(slabs.order(slab), cache.size()));
    int free = walkFreelist(cache, slab, who, slabs.freelist(slab));
    audit.expectEqual("inuse of " + who, slabs.inuse(slab), objects - free);
    inUse[cache.number()] += objects - free;
    int list = lists[slab];
    boolean frozen = list == CPU_SLAB || list == CPU_PARTIAL;
    if (frozen != slabs.isFrozen(slab)) {
      audit.difference(who + (frozen ? " is not frozen" : " is frozen and no processor's"));
    }
    if (list == ON_NO_LIST && free > 0) {
      audit.difference(who + " has free objects and is on no list");
    }
    if (list == NODE_FULL && free > 0) {
      audit.difference(who + " is on the full list and has free objects");
    }
    if (list == CPU_SLAB) {
      long first = cache.cpu().freelist;
      inUse[cache.number()] -=
          walkFreelist(
              cache,
              slab,
              who + ", list of the processor,",
              first == 0 ? StructSlab.NONE : (int) (first - memory.address(slab)));
    }
    SlabDebug debug = cache.debug();
    if (debug != null) {
      debug.audit(slab, audit, who);
    }
  }

  /** How many objects are on a list, which stays within the slab and has no cycle. */
  private int walkFreelist(KmemCache cache, int slab, String who, int firstOffset) {
    long base = memory.address(slab);
    SlabLayout layout = cache.layout();
    int objects = slabs.objects(slab);
    long object = firstOffset == StructSlab.NONE ? 0 : base + firstOffset;
    int count = 0;
    while (object != 0) {
      long distance = object - base - layout.redLeftPad();
      if (distance < 0
          || distance % layout.size() != 0
          || distance / layout.size() >= objects
          || count == objects) {
        audit.difference("%s: the free list goes to 0x%x".formatted(who, object));
        break;
      }
      count++;
      object = memory.getPointer(object + layout.offset());
    }
    return count;
  }

  private static String describe(KmemCache cache, int slab) {
    return "slab 0x%x of %s".formatted(slab, cache.name());
  }
}
