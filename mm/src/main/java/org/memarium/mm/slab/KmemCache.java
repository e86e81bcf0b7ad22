package org.memarium.mm.slab;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.StructSlab;

/**
 * {@code struct kmem_cache}: objects of one size (Linux 6.1 {@code mm/slub.c}).
 *
 * <p>Made by {@link SlabAllocator#kmemCacheCreate}. Objects are linear addresses in the direct map.
 * An allocation that fails returns 0 and leaves no trace. Misuse (an address that is no object of
 * this cache, the object that was freed last) throws {@link IllegalStateException} or {@link
 * IllegalArgumentException} with one line; a cache that is debugged reports it to the kernel log
 * instead, as Linux does, and goes on.
 */
public final class KmemCache {
  private static final int EMPTY_FREELIST = 0;

  // A slab has less than 2^22 bytes, so distance * reciprocal fits into 63 bits with the first
  // shift
  // for sizes from 8 bytes up, and the quotient is exact as long as size is less than 2^17; with
  // the
  // second shift both hold for larger sizes.
  private static final int SHORT_RECIPROCAL_SHIFT = 40;
  private static final int LONG_RECIPROCAL_SHIFT = 44;
  private static final int SHORT_RECIPROCAL_MAX_SIZE = 1 << 17;

  private final SlabAllocator allocator;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final String name;
  private final int number;
  private final SlabLayout layout;
  private final @Nullable Constructor constructor;
  private final int minPartial;
  private final int cpuPartial;
  private final int cpuPartialSlabs;
  private final KmemCacheNode node;
  private final KmemCacheCpu cpu;
  private final @Nullable SlabDebug debug;
  private final @Nullable ObjectCharges charges;

  // Copies of what the fast paths need.
  private final int offset;
  private final int size;

  /** {@code 1 / size}, times a power of two: {@code reciprocal_value} of Linux. */
  private final long reciprocal;

  private final int reciprocalShift;

  /** The GFP flags of which any sends an allocation the slower way. */
  private int unusualGfp;

  /** The same, as long as nothing fails on purpose. */
  private final int usuallyUnusualGfp;

  private int objectSize;
  private int refcount = 1;
  private boolean userPart;
  private int errors;

  /** Slots of this cache's own structures; 0 before there are caches for them. */
  long structureSlot;

  long nodeSlot;

  KmemCache(
      SlabAllocator allocator,
      int number,
      String name,
      SlabLayout layout,
      @Nullable Constructor constructor) {
    this.allocator = allocator;
    this.memory = allocator.slabMemory();
    this.slabs = memory.slabs;
    this.name = name;
    this.number = number;
    this.layout = layout;
    this.constructor = constructor;
    this.objectSize = layout.objectSize();
    this.offset = layout.offset();
    this.size = layout.size();
    this.minPartial = SlabTuning.minPartial(layout.size());
    boolean debugged = (layout.flags() & SlabFlags.DEBUG_FLAGS) != 0;
    this.cpuPartial =
        debugged || !allocator.config().cpuPartial() ? 0 : SlabTuning.cpuPartial(layout.size());
    this.cpuPartialSlabs = SlabTuning.cpuPartialSlabs(cpuPartial, layout.objects());
    this.charges = memory.charges;
    boolean charged = charges != null && (layout.flags() & SlabFlags.ACCOUNT) != 0;
    this.usuallyUnusualGfp = debugged || charged ? -1 : Gfp.ZERO | Gfp.HIGHMEM | Gfp.ACCOUNT;
    this.unusualGfp = allocator.failSlab().attr().isOn() ? -1 : usuallyUnusualGfp;
    this.reciprocalShift =
        layout.size() < SHORT_RECIPROCAL_MAX_SIZE ? SHORT_RECIPROCAL_SHIFT : LONG_RECIPROCAL_SHIFT;
    this.reciprocal = ((1L << reciprocalShift) + layout.size() - 1) / layout.size();
    this.debug = debugged ? new SlabDebug(this) : null;
    this.node = new KmemCacheNode(this, memory);
    this.cpu = new KmemCacheCpu(this, node, memory);
  }

  // ---- Allocation ----

  /** Whether {@link FailSlab} is asked; then nothing takes the fast path. */
  void setMayFailOnPurpose(boolean may) {
    unusualGfp = may ? -1 : usuallyUnusualGfp;
  }

  /**
   * {@code kmem_cache_alloc}.
   *
   * @param gfpFlags as in {@link Gfp}; {@link Gfp#ZERO} clears the object
   * @return linear address of the object, 0 if there is no memory
   * @throws IllegalArgumentException if the flags ask for high memory, or for zeroes where there is
   *     a constructor
   */
  public long alloc(int gfpFlags) {
    return alloc(gfpFlags, objectSize);
  }

  /** For kmalloc, which was asked for so many bytes. */
  long alloc(int gfpFlags, int bytes) {
    if ((gfpFlags & unusualGfp) != 0) {
      return allocSized(gfpFlags, bytes);
    }
    KmemCacheCpu c = cpu;
    long object = c.freelist;
    if (object == EMPTY_FREELIST) {
      return allocSlow(gfpFlags);
    }
    c.freelist = c.next(object);
    return object;
  }

  /** {@code kmem_cache_zalloc}. */
  public long zalloc(int gfpFlags) {
    return alloc(gfpFlags | Gfp.ZERO);
  }

  private long allocSlow(int gfpFlags) {
    return debug == null ? cpu.allocSlow(gfpFlags) : debug.alloc(gfpFlags, objectSize);
  }

  /**
   * For kmalloc: remembers the size that was asked for, where the cache tracks it, and clears so
   * many bytes if asked to.
   */
  long allocSized(int gfpFlags, int bytes) {
    boolean zero = (gfpFlags & Gfp.ZERO) != 0;
    if (zero && constructor != null) {
      throw new IllegalArgumentException(
          "%s: objects have a constructor, they cannot be zeroed".formatted(name));
    }
    if ((gfpFlags & Gfp.HIGHMEM) != 0) {
      throw new IllegalArgumentException("%s: slabs are never in HighMem".formatted(name));
    }
    if (allocator.failSlab().shouldFail(layout.flags(), gfpFlags, bytes)) {
      return 0;
    }
    int payer = 0;
    if (charges != null && isCharged(gfpFlags)) {
      payer = charges.charge(this, gfpFlags);
      if (payer < 0) {
        return 0;
      }
    }
    long object;
    if (debug != null) {
      object = debug.alloc(gfpFlags, bytes);
    } else {
      object = cpu.freelist;
      if (object == EMPTY_FREELIST) {
        object = cpu.allocSlow(gfpFlags);
      } else {
        cpu.freelist = cpu.next(object);
      }
    }
    if (charges != null && payer > 0) {
      charges.charged(this, object, payer);
    }
    if (zero && object != 0) {
      memory.fill(object, SlabLayout.storesSizeAsked(layout.flags()) ? bytes : objectSize, 0);
    }
    return object;
  }

  private boolean isCharged(int gfpFlags) {
    return (layout.flags() & SlabFlags.ACCOUNT) != 0 || (gfpFlags & Gfp.ACCOUNT) != 0;
  }

  /** Whether somebody must be asked who pays for an object before it is freed. */
  boolean hasCharges() {
    return charges != null;
  }

  /**
   * {@code kmem_cache_alloc_bulk}: many objects, or none.
   *
   * @param objects filled from index 0
   * @return {@code count}; 0 if there was not enough memory, and then none is allocated
   */
  public int allocBulk(int gfpFlags, int count, long[] objects) {
    for (int i = 0; i < count; i++) {
      objects[i] = alloc(gfpFlags);
      if (objects[i] == 0) {
        freeBulk(i, objects);
        return 0;
      }
    }
    return count;
  }

  // ---- Freeing ----

  /**
   * {@code kmem_cache_free}.
   *
   * @param object what {@link #alloc} returned
   * @throws IllegalArgumentException if the address is not in the direct map
   * @throws IllegalStateException if it is no object of this cache, or seen to be free already
   */
  public void free(long object) {
    if (!freeFast(object)) {
      freeElsewhere(object);
    }
  }

  /**
   * Frees an object of the processor's slab.
   *
   * @return false if it is in another slab, or in none
   */
  boolean freeFast(long object) {
    KmemCacheCpu c = cpu;
    long distance = object - c.start;
    if (distance < 0 || distance >= c.fastBytes) {
      return false;
    }
    return freeToProcessor(object, distance);
  }

  private boolean freeToProcessor(long object, long distance) {
    KmemCacheCpu c = cpu;
    long first = c.freelist;
    if (object == first || !isPlace(distance)) {
      throw wrongObject(object, object == first);
    }
    memory.setPointer(object + offset, first);
    c.freelist = object;
    return true;
  }

  private void freeElsewhere(long object) {
    int pfn = memory.pfn(object);
    if (pfn < 0) {
      throw new IllegalArgumentException(
          "kmem_cache_free(%s): address 0x%x is not in the direct map".formatted(name, object));
    }
    freeSlow(object, slabs.head(pfn));
  }

  /** Whether so many bytes from the start of a slab a place begins. */
  private boolean isPlace(long distance) {
    return ((distance * reciprocal) >>> reciprocalShift) * size == distance;
  }

  /**
   * Frees an object that is not in the processor's slab.
   *
   * @param head what {@link StructSlab#head} says of its frame
   */
  void freeSlow(long object, int head) {
    if (head == StructSlab.NONE || slabs.slabCache(head) != number) {
      throw wrongSlab(object, head);
    }
    freeInto(object, head, slabs.ints(head), StructSlab.at(head));
  }

  /**
   * The same, where it is known that the slab is one of this cache.
   *
   * @param page the ints that hold those of {@code head}
   * @param at where in them its own begin
   */
  void freeInto(long object, int head, int[] page, int at) {
    if (charges != null) {
      charges.free(this, object, head);
    }
    if (debug != null) {
      debug.free(object, head);
      return;
    }
    long ofProcessors = object - cpu.start;
    if (charges != null && ofProcessors >= 0 && ofProcessors < cpu.bytes) {
      freeToProcessor(object, ofProcessors);
      return;
    }
    long distance = object - memory.address(head);
    boolean isFree =
        distance == page[at + StructSlab.FREELIST]
            || StructSlab.inuseOf(page[at + StructSlab.COUNTERS]) == 0;
    if (isFree || !isPlace(distance)) {
      throw wrongObject(object, isFree);
    }
    cpu.freeSlow(object, (int) distance, head, page, at);
  }

  private IllegalStateException wrongObject(long object, boolean isFree) {
    return new IllegalStateException(
        "%s: 0x%x is %s".formatted(name, object, isFree ? "free already" : "inside an object"));
  }

  /** {@code cache_from_obj}. */
  IllegalStateException wrongSlab(long object, int head) {
    return new IllegalStateException(
        "kmem_cache_free(%s, 0x%x): Wrong slab cache. Object is from %s"
            .formatted(name, object, allocator.ownerName(head)));
  }

  /**
   * {@code kmem_cache_free_bulk}.
   *
   * @param objects of which the first {@code count} are freed
   */
  public void freeBulk(int count, long[] objects) {
    for (int i = 0; i < count; i++) {
      free(objects[i]);
    }
  }

  // ---- The cache itself ----

  /**
   * {@code kmem_cache_shrink}: gives back the pages of all slabs without objects in use.
   *
   * @return whether slabs are left
   */
  public boolean shrink() {
    cpu.flush();
    return node.shrink();
  }

  /**
   * {@code kmem_cache_destroy}: gives up one reference; the last one ends the cache. If objects are
   * still in use, they are listed in the kernel log and the cache stays, as in Linux.
   *
   * @return whether the cache, or this name of it, is gone
   */
  public boolean destroy() {
    return allocator.destroy(this);
  }

  // ---- What it is ----

  /** The name, as in {@code /proc/slabinfo}. */
  public String name() {
    return name;
  }

  /** {@code object_size}: bytes that a user may use. */
  public int objectSize() {
    return objectSize;
  }

  /** {@code size}: bytes from one object to the next, which {@code /proc/slabinfo} shows. */
  public int size() {
    return layout.size();
  }

  /** {@code align}. */
  public int align() {
    return layout.align();
  }

  /** {@code offset}: where in a free object the pointer to the next one lies. */
  public int freePointerOffset() {
    return layout.offset();
  }

  /** The flags: see {@link SlabFlags}. */
  public int flags() {
    return layout.flags();
  }

  /** Order of a slab, unless memory is short. */
  public int order() {
    return layout.order();
  }

  /** {@code oo_objects}: objects in such a slab. */
  public int objectsPerSlab() {
    return layout.objects();
  }

  /** {@code min_partial}: how many partial slabs the node keeps even if they are empty. */
  public int minPartial() {
    return minPartial;
  }

  /** {@code cpu_partial}: about how many free objects the processor's partial list may hold. */
  public int cpuPartial() {
    return cpuPartial;
  }

  /** {@code cpu_partial_slabs}: the same in slabs; 0: there is no such list. */
  public int cpuPartialSlabs() {
    return cpuPartialSlabs;
  }

  /** {@code refcount}: how many names the cache has, -1 if it is never merged. */
  public int refcount() {
    return refcount;
  }

  /** {@code ksize} of its objects: how many bytes of one may be used. */
  public int usableBytes() {
    if ((layout.flags() & (SlabFlags.RED_ZONE | SlabFlags.POISON)) != 0) {
      return objectSize;
    }
    return (layout.flags() & (SlabFlags.TYPESAFE_BY_RCU | SlabFlags.STORE_USER)) != 0
        ? layout.inuse()
        : layout.size();
  }

  /** {@code get_slabinfo}: the figures of {@code /proc/slabinfo}. */
  public SlabInfo slabinfo() {
    long total = node.totalObjects();
    return new SlabInfo(
        name,
        total - node.freeObjectsOfPartial(),
        total,
        layout.size(),
        layout.objects(),
        1 << layout.order(),
        node.nrSlabs(),
        node.nrSlabs());
  }

  /**
   * {@code validate_slab_cache}: checks all slabs of the node, if the cache is debugged with
   * consistency checks, red zones or poison.
   *
   * @return how many slabs were checked, -1 if the cache is not debugged
   */
  public int validate() {
    return debug == null ? -1 : debug.validate();
  }

  /** How many errors were found in this cache: reports, repairs, and objects that were left. */
  public int errors() {
    return errors;
  }

  /** Sets {@link #errors} back to 0. */
  public void clearErrors() {
    errors = 0;
  }

  // ---- For this package ----

  SlabAllocator allocator() {
    return allocator;
  }

  int number() {
    return number;
  }

  SlabLayout layout() {
    return layout;
  }

  @Nullable Constructor constructor() {
    return constructor;
  }

  KmemCacheNode node() {
    return node;
  }

  KmemCacheCpu cpu() {
    return cpu;
  }

  @Nullable SlabDebug debug() {
    return debug;
  }

  void countError() {
    errors++;
  }

  /** One more name for it. */
  void alias(int otherObjectSize) {
    refcount++;
    objectSize = Math.max(objectSize, otherObjectSize);
  }

  /** Whether part of an object may be copied to and from user space ({@code usersize}). */
  boolean hasUserPart() {
    return userPart;
  }

  void setUserPart(boolean hasUserPart) {
    userPart = hasUserPart;
  }

  void setRefcount(int count) {
    refcount = count;
  }

  @Override
  public String toString() {
    return name;
  }
}
