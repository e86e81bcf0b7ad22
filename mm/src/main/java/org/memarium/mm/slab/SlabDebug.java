package org.memarium.mm.slab;

import java.util.BitSet;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.StructSlab;

/**
 * The slow path of caches that are debugged: each allocation and each free is checked (Linux 6.1
 * {@code mm/slub.c}, {@code CONFIG_SLUB_DEBUG}).
 *
 * <p>Such a cache has no slab of the processor and no list of free objects outside the slabs: every
 * object comes from a slab on the node's partial list.
 */
final class SlabDebug {
  private final KmemCache cache;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final SlabLayout layout;
  private final SlabTrack track;
  private final SlabReport report;
  private final ObjectCheck check;
  private final boolean consistencyChecks;
  private final boolean storeUser;
  private final boolean trace;

  SlabDebug(KmemCache cache) {
    this.cache = cache;
    this.memory = cache.allocator().slabMemory();
    this.slabs = memory.slabs;
    this.layout = cache.layout();
    this.track = new SlabTrack(cache);
    this.report = new SlabReport(cache);
    this.check = new ObjectCheck(cache, track, report);
    int flags = layout.flags();
    consistencyChecks = (flags & SlabFlags.CONSISTENCY_CHECKS) != 0;
    storeUser = (flags & SlabFlags.STORE_USER) != 0;
    trace = (flags & SlabFlags.TRACE) != 0;
  }

  // ---- New slabs, old slabs ----

  /** {@code setup_slab_debug}. */
  void setupSlab(int slab) {
    if ((layout.flags() & SlabFlags.POISON) != 0) {
      memory.fill(memory.address(slab), cache.node().slabBytes(slab), ObjectCheck.POISON_INUSE);
    }
  }

  /** {@code setup_object_debug}. */
  void setupObject(long object) {
    check.initObject(object, ObjectCheck.RED_INACTIVE);
    track.clear(object);
  }

  /** {@code __free_slab}: a last look at a slab whose objects are all free. */
  void checkBeforeFree(int slab) {
    if (consistencyChecks) {
      check.checkSlabPadding(slab);
      for (int i = 0; i < slabs.objects(slab); i++) {
        check.checkObject(slab, object(slab, i), ObjectCheck.RED_INACTIVE);
      }
    }
  }

  private long object(int slab, int index) {
    return memory.address(slab) + (long) index * layout.size() + layout.redLeftPad();
  }

  // ---- Allocation ----

  /**
   * An object.
   *
   * @param bytes that kmalloc was asked for
   * @return 0 if there is no memory
   */
  long alloc(int gfpFlags, int bytes) {
    KmemCacheNode node = cache.node();
    long object = 0;
    int next;
    for (int slab = node.partial().first(); slab != StructSlab.NONE && object == 0; slab = next) {
      next = slabs.next(slab);
      object = allocFromPartial(slab, bytes);
    }
    while (object == 0) {
      int slab = node.newSlab(gfpFlags);
      if (slab == StructSlab.NONE) {
        return 0;
      }
      node.count(slab);
      node.partial().addHead(slab);
      object = allocFromPartial(slab, bytes);
    }
    track.set(object, SlabTrack.ALLOC);
    return object;
  }

  /**
   * {@code alloc_single_from_partial}.
   *
   * @return 0 if the slab is broken: it is given up
   */
  private long allocFromPartial(int slab, int bytes) {
    KmemCacheNode node = cache.node();
    long object = memory.address(slab) + slabs.freelist(slab);
    setInuse(slab, slabs.inuse(slab) + 1);
    boolean good = allocDebugProcessing(slab, object, bytes);
    if (good) {
      setFreelist(slab, memory.getPointer(object + layout.offset()));
    }
    if (slabs.inuse(slab) == slabs.objects(slab)) {
      node.partial().remove(slab);
      if (storeUser) {
        node.full().addHead(slab);
      }
    }
    return good ? object : 0;
  }

  private void setInuse(int slab, int inuse) {
    slabs.setCounters(slab, StructSlab.counters(slabs.objects(slab), inuse, false));
  }

  private void setFreelist(int slab, long object) {
    if (object == 0) {
      slabs.setFreelist(slab, StructSlab.NONE);
    } else if (check.isValidPointer(slab, object)) {
      slabs.setFreelist(slab, (int) (object - memory.address(slab)));
    } else {
      // Linux would follow it and crash.
      throw new IllegalStateException(
          "%s: the free list of slab 0x%x goes to 0x%x, and consistency checks are off"
              .formatted(cache.name(), slab, object));
    }
  }

  /** {@code alloc_debug_processing}. */
  private boolean allocDebugProcessing(int slab, long object, int bytes) {
    if (consistencyChecks && !allocConsistencyChecks(slab, object)) {
      report.fix("Marking all objects used");
      slabs.setFreelist(slab, StructSlab.NONE);
      setInuse(slab, slabs.objects(slab));
      return false;
    }
    if (trace) {
      report.trace(slab, object, true);
    }
    track.setSizeAsked(object, bytes);
    // The free pointer stays: with poison it lies behind the object.
    check.initObject(object, ObjectCheck.RED_ACTIVE);
    return true;
  }

  private boolean allocConsistencyChecks(int slab, long object) {
    if (!checkSlab(slab)) {
      return false;
    }
    if (!check.isValidPointer(slab, object)) {
      report.objectError(slab, object, "Freelist Pointer check fails");
      return false;
    }
    return check.checkObject(slab, object, ObjectCheck.RED_INACTIVE);
  }

  // ---- Freeing ----

  /**
   * {@code free_to_partial_list}: an object that is wrong is reported and not freed.
   *
   * @param slab of this cache
   */
  void free(long object, int slab) {
    if (!freeDebugProcessing(slab, object)) {
      report.fix("Object at %s not freed".formatted(report.pointer(object)));
      return;
    }
    KmemCacheNode node = cache.node();
    int prior = slabs.freelist(slab);
    boolean wasFull = prior == StructSlab.NONE;
    memory.setPointer(object + layout.offset(), wasFull ? 0 : memory.address(slab) + prior);
    slabs.setFreelist(slab, (int) (object - memory.address(slab)));
    int inuse = slabs.inuse(slab) - 1;
    setInuse(slab, inuse);
    boolean discard = inuse == 0 && node.hasEnoughPartial();
    if (wasFull) {
      if (storeUser) {
        node.full().remove(slab);
      }
      if (!discard) {
        node.partial().addTail(slab);
      }
    } else if (discard) {
      node.partial().remove(slab);
    }
    if (discard) {
      node.discard(slab);
    }
  }

  /** {@code free_debug_processing}. */
  private boolean freeDebugProcessing(int slab, long object) {
    if (consistencyChecks && !checkSlab(slab)) {
      return false;
    }
    if (slabs.inuse(slab) < 1) {
      report.slabError(slab, "Slab has 0 allocated objects but 1 are to be freed");
      return false;
    }
    if (consistencyChecks) {
      if (!freeConsistencyChecks(slab, object)) {
        return false;
      }
    } else if (!check.isValidPointer(slab, object)) {
      throw new IllegalStateException(
          "%s: 0x%x is inside an object".formatted(cache.name(), object));
    }
    track.set(object, SlabTrack.FREE);
    if (trace) {
      report.trace(slab, object, false);
    }
    check.initObject(object, ObjectCheck.RED_INACTIVE);
    return true;
  }

  private boolean freeConsistencyChecks(int slab, long object) {
    if (!check.isValidPointer(slab, object)) {
      report.slabError(slab, "Invalid object pointer " + report.pointer(object));
      return false;
    }
    if (onFreelist(slab, object)) {
      report.objectError(slab, object, "Object already free");
      return false;
    }
    return check.checkObject(slab, object, ObjectCheck.RED_ACTIVE);
  }

  // ---- Checking a slab ----

  /** {@code check_slab}. */
  private boolean checkSlab(int slab) {
    int most = SlabGeometry.orderObjects(slabs.order(slab), layout.size());
    int objects = slabs.objects(slab);
    if (objects > most) {
      report.slabError(slab, "objects %d > max %d".formatted(objects, most));
      return false;
    }
    if (slabs.inuse(slab) > objects) {
      report.slabError(slab, "inuse %d > max %d".formatted(slabs.inuse(slab), objects));
      return false;
    }
    check.checkSlabPadding(slab);
    return true;
  }

  /**
   * {@code on_freelist}: whether an object is on the free list of its slab; on the way, the list
   * and the counters are checked and repaired.
   *
   * @param search 0 to check only
   */
  private boolean onFreelist(int slab, long search) {
    long base = memory.address(slab);
    int first = slabs.freelist(slab);
    long next = first == StructSlab.NONE ? 0 : base + first;
    long object = 0;
    int free = 0;
    while (next != 0 && free <= slabs.objects(slab)) {
      if (next == search) {
        return true;
      }
      if (!check.isValidPointer(slab, next)) {
        if (object == 0) {
          report.slabError(slab, "Freepointer corrupt");
          slabs.setFreelist(slab, StructSlab.NONE);
          setInuse(slab, slabs.objects(slab));
          report.fix("Freelist cleared");
          return false;
        }
        report.objectError(slab, object, "Freechain corrupt");
        memory.setPointer(object + layout.offset(), 0);
        break;
      }
      object = next;
      next = memory.getPointer(object + layout.offset());
      free++;
    }
    int objects = slabs.objects(slab);
    int inuse = slabs.inuse(slab);
    if (inuse != objects - free) {
      report.slabError(
          slab,
          "Wrong object count. Counter is %d but counted were %d".formatted(inuse, objects - free));
      setInuse(slab, Math.max(0, objects - free));
      report.fix("Object count adjusted");
    }
    return search == 0;
  }

  /**
   * {@code validate_slab_cache}: all slabs with free objects, and the full ones if they are listed.
   *
   * @return how many slabs
   */
  int validate() {
    KmemCacheNode node = cache.node();
    int count = validate(node.partial());
    if (storeUser) {
      count += validate(node.full());
    }
    return count;
  }

  private int validate(SlabList list) {
    int count = 0;
    for (int slab = list.first(); slab != StructSlab.NONE; slab = slabs.next(slab)) {
      validateSlab(slab);
      count++;
    }
    return count;
  }

  /** {@code validate_slab}: ends at the first object that is wrong. */
  private void validateSlab(int slab) {
    if (!checkSlab(slab) || !onFreelist(slab, 0)) {
      return;
    }
    BitSet free = new FreeObjects(cache).of(slab);
    boolean good = true;
    for (int i = 0; i < slabs.objects(slab) && good; i++) {
      good = check.checkObject(slab, object(slab, i), red(free.get(i)));
    }
  }

  private static int red(boolean free) {
    return free ? ObjectCheck.RED_INACTIVE : ObjectCheck.RED_ACTIVE;
  }

  // ---- What kmalloc was asked for ----

  int sizeAsked(long object) {
    return track.sizeAsked(object);
  }

  void setSizeAsked(long object, int bytes) {
    if (SlabLayout.storesSizeAsked(layout.flags())) {
      track.setSizeAsked(object, bytes);
      check.moveRedZone(object, bytes);
    }
  }

  // ---- Audit ----

  /** Tells the audit of every byte that is not as it must be; changes nothing. */
  void audit(int slab, Audit audit, String who) {
    String padding = check.slabDamage(slab);
    if (!padding.isEmpty()) {
      audit.difference("%s: %s".formatted(who, padding));
    }
    BitSet free = new FreeObjects(cache).of(slab);
    for (int i = 0; i < slabs.objects(slab); i++) {
      String damage = check.damage(slab, object(slab, i), red(free.get(i)));
      if (!damage.isEmpty()) {
        audit.difference("%s, object %d: %s".formatted(who, i, damage));
      }
    }
  }
}
