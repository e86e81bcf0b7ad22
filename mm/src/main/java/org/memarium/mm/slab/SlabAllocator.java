package org.memarium.mm.slab;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.StructSlab;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.VmStatItem;

/**
 * SLUB (Linux 6.1 {@code mm/slub.c}, {@code mm/slab_common.c}): all caches of one machine.
 *
 * <pre>{@code
 * SlabAllocator slab = machine.slab();
 * KmemCache cache = slab.kmemCacheCreate("my_struct", 120, 0, SlabFlags.HWCACHE_ALIGN, null);
 * long object = cache.alloc(Gfp.GFP_KERNEL);
 * cache.free(object);
 * cache.destroy();
 * }</pre>
 */
public final class SlabAllocator {
  private static final int SMALL_CACHE_LINE = 32;
  private static final int LARGE_CACHE_LINE = 64;
  private static final int FIRST_CAPACITY = 256;

  private final PageAllocator pages;
  private final SlabConfig config;
  private final KernelLog log;
  private final SlabMemory memory;
  private final SlabGeometry geometry;
  private final RcuQueue rcu = new RcuQueue(this);
  private final FailSlab failSlab = new FailSlab(this::failSlabChanged);
  private final SlabContext context;

  /** {@code slab_caches}: the newest first, as {@code /proc/slabinfo} lists them. */
  private final List<KmemCache> caches = new ArrayList<>();

  /** By number; 0 is no cache. */
  private @Nullable KmemCache[] byNumber = new KmemCache[FIRST_CAPACITY];

  private final KmemCache kmemCache;
  private final KmemCache kmemCacheNode;
  private final Kmalloc kmalloc;
  private final KernelCaches kernelCaches;

  /**
   * {@code kmem_cache_init}: the first two caches, which the others' structures come from, and
   * kmalloc's.
   *
   * @param log where reports of errors go
   * @throws IllegalStateException if there is no memory for them
   */
  public SlabAllocator(PageAllocator pages, SlabConfig config, KernelLog log) {
    this.pages = pages;
    this.config = config;
    this.log = log;
    boolean wide = pages.architecture().pageOffset() >>> Integer.SIZE != 0;
    int wordBytes = wide ? Long.BYTES : Integer.BYTES;
    memory = new SlabMemory(pages, wordBytes);
    geometry =
        new SlabGeometry(wordBytes, wide ? LARGE_CACHE_LINE : SMALL_CACHE_LINE, pages.maxOrder());
    context = new SlabContext(log);
    kmemCacheNode = createBootCache("kmem_cache_node", wide ? 64 : 28);
    kmemCache = createBootCache("kmem_cache", wide ? 232 : 140);
    takeSlots(kmemCache);
    takeSlots(kmemCacheNode);
    // As in Linux, whose bootstrap lists kmem_cache first.
    caches.addFirst(kmemCacheNode);
    caches.addLast(kmemCache);
    kmalloc = new Kmalloc(this);
    kernelCaches = new KernelCaches(this);
  }

  private KmemCache createBootCache(String name, int size) {
    KmemCache cache = newCache(name, size, 0, SlabFlags.HWCACHE_ALIGN, null);
    cache.setRefcount(-1);
    return cache;
  }

  // ---- Caches come and go ----

  /**
   * {@code kmem_cache_create}.
   *
   * @param name for {@code /proc/slabinfo}
   * @param size bytes of an object, up to the largest kmalloc
   * @param align the least alignment, a power of two; 0 for the usual one
   * @param flags as in {@link SlabFlags}
   * @param constructor run once for each object when its slab is made, or null
   * @return a new cache, or one like it if like caches are merged; null if there is no memory
   *     ({@code -ENOMEM})
   * @throws IllegalArgumentException where Linux answers {@code -EINVAL}
   * @throws IllegalStateException where {@link SlabFlags#PANIC} makes a failure fatal
   */
  public @Nullable KmemCache kmemCacheCreate(
      String name, int size, int align, int flags, @Nullable Constructor constructor) {
    return kmemCacheCreateUsercopy(name, size, align, flags, 0, 0, constructor);
  }

  /**
   * {@code kmem_cache_create_usercopy}: as {@link #kmemCacheCreate}, of objects with a part that
   * may be copied to and from user space. Such a cache is never merged.
   *
   * @param userOffset where in an object that part begins
   * @param userBytes how long it is; 0: there is none
   */
  public @Nullable KmemCache kmemCacheCreateUsercopy(
      String name,
      int size,
      int align,
      int flags,
      int userOffset,
      int userBytes,
      @Nullable Constructor constructor) {
    try {
      check(name, size, align, flags);
      checkUserPart(name, size, userOffset, userBytes);
    } catch (IllegalArgumentException e) {
      failed(name, flags, Errno.EINVAL);
      throw e;
    }
    int allFlags = config.debug().apply(name, size, flags, geometry);
    KmemCache like = userBytes > 0 ? null : findMergeable(size, align, allFlags, constructor);
    if (like != null) {
      like.alias(size);
      return like;
    }
    KmemCache cache = newCache(name, size, align, allFlags, constructor);
    cache.setUserPart(userBytes > 0);
    if (!takeSlots(cache)) {
      byNumber[cache.number()] = null;
      failed(name, flags, Errno.ENOMEM);
      return null;
    }
    caches.addFirst(cache);
    return cache;
  }

  private void failed(String name, int flags, int errno) {
    if ((flags & SlabFlags.PANIC) != 0) {
      throw new IllegalStateException(
          "kmem_cache_create_usercopy: Failed to create slab '%s'. Error -%d"
              .formatted(name, errno));
    }
    log.warn("kmem_cache_create_usercopy(%s) failed with error -%d".formatted(name, errno));
  }

  private void check(String name, int size, int align, int flags) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("kmem_cache_create: a cache needs a name");
    }
    if (size < 1 || size > config.kmallocMaxBytes()) {
      throw new IllegalArgumentException(
          "kmem_cache_create(%s): objects may have 1 to %,d bytes, not %,d"
              .formatted(name, config.kmallocMaxBytes(), size));
    }
    if (align < 0 || (align & (align - 1)) != 0) {
      throw new IllegalArgumentException(
          "kmem_cache_create(%s): alignment %d is no power of two".formatted(name, align));
    }
    if ((flags & ~SlabFlags.PERMITTED) != 0) {
      throw new IllegalArgumentException(
          "kmem_cache_create(%s): flags 0x%x are not allowed"
              .formatted(name, flags & ~SlabFlags.PERMITTED));
    }
  }

  private static void checkUserPart(String name, int size, int offset, int bytes) {
    if (offset < 0 || bytes < 0 || bytes > size - offset || (bytes == 0 && offset > 0)) {
      throw new IllegalArgumentException(
          "kmem_cache_create_usercopy(%s): %,d bytes at %,d are not within objects of %,d"
              .formatted(name, bytes, offset, size));
    }
  }

  private KmemCache newCache(
      String name, int size, int align, int flags, @Nullable Constructor constructor) {
    SlabLayout layout = layout(size, align, flags, constructor != null);
    if (layout.order() < 0) {
      throw new IllegalArgumentException(
          "kmem_cache_create(%s): no block of pages is large enough for %,d bytes"
              .formatted(name, layout.size()));
    }
    int number = freeNumber();
    KmemCache cache = new KmemCache(this, number, name, layout, constructor);
    byNumber[number] = cache;
    return cache;
  }

  /** {@code calculate_alignment} and {@code calculate_sizes}. */
  SlabLayout layout(int size, int align, int flags, boolean hasConstructor) {
    return SlabLayout.of(
        geometry,
        SlabTrack.bytes(geometry.wordBytes()),
        size,
        geometry.calculateAlignment(flags, align, size),
        flags,
        hasConstructor);
  }

  private int freeNumber() {
    int number = 1;
    while (number < byNumber.length && byNumber[number] != null) {
      number++;
    }
    if (number == byNumber.length) {
      byNumber = Arrays.copyOf(byNumber, 2 * number);
    }
    return number;
  }

  /** The structures of a cache are objects, too. */
  private boolean takeSlots(KmemCache cache) {
    cache.structureSlot = kmemCache.zalloc(Gfp.GFP_KERNEL);
    if (cache.structureSlot == 0) {
      return false;
    }
    cache.nodeSlot = kmemCacheNode.zalloc(Gfp.GFP_KERNEL);
    if (cache.nodeSlot == 0) {
      kmemCache.free(cache.structureSlot);
      return false;
    }
    return true;
  }

  /** {@code find_mergeable}. */
  private @Nullable KmemCache findMergeable(
      int objectSize, int align, int flags, @Nullable Constructor constructor) {
    if (!config.merge() || constructor != null || (flags & SlabFlags.NEVER_MERGE) != 0) {
      return null;
    }
    int word = geometry.wordBytes();
    int wordAligned = SlabGeometry.align(objectSize, word);
    int alignment = geometry.calculateAlignment(flags, align, wordAligned);
    int size = SlabGeometry.align(wordAligned, alignment);
    for (KmemCache cache : caches.reversed()) {
      if (isMergeable(cache)
          && size <= cache.size()
          && (flags & SlabFlags.MERGE_SAME) == (cache.flags() & SlabFlags.MERGE_SAME)
          && (cache.size() & (alignment - 1)) == 0
          && cache.size() - size < word) {
        return cache;
      }
    }
    return null;
  }

  private static boolean isMergeable(KmemCache cache) {
    return (cache.flags() & SlabFlags.NEVER_MERGE) == 0
        && cache.constructor() == null
        && !cache.hasUserPart()
        && cache.refcount() >= 0;
  }

  /** {@code kmem_cache_destroy}. */
  boolean destroy(KmemCache cache) {
    if (cache.structureSlot == 0) {
      throw new IllegalStateException("kmem_cache_destroy(%s): it is gone".formatted(cache.name()));
    }
    if (cache.refcount() < 0) {
      throw new IllegalStateException(
          "kmem_cache_destroy(%s): the kernel cannot do without it".formatted(cache.name()));
    }
    if (cache.refcount() > 1) {
      cache.setRefcount(cache.refcount() - 1);
      return true;
    }
    // Objects that wait for a grace period are not in use.
    rcu.synchronizeRcu();
    cache.cpu().flush();
    if (cache.node().shutdown()) {
      SlabLeak.report(cache, log);
      return false;
    }
    rcu.synchronizeRcu();
    caches.remove(cache);
    byNumber[cache.number()] = null;
    kmemCacheNode.free(cache.nodeSlot);
    kmemCache.free(cache.structureSlot);
    cache.structureSlot = 0;
    return true;
  }

  // ---- What there is ----

  /** {@code slab_caches}: the newest first, as {@code /proc/slabinfo} lists them. */
  public List<KmemCache> caches() {
    return List.copyOf(caches);
  }

  /** The cache with this name, the newest if there are several; null if there is none. */
  public @Nullable KmemCache cache(String name) {
    for (KmemCache cache : caches) {
      if (cache.name().equals(name)) {
        return cache;
      }
    }
    return null;
  }

  /** kmalloc and its kin. */
  public Kmalloc kmalloc() {
    return kmalloc;
  }

  /** The caches of the kernel's own structures. */
  public KernelCaches kernelCaches() {
    return kernelCaches;
  }

  /** What is freed only after a grace period. */
  public RcuQueue rcu() {
    return rcu;
  }

  /** Faults that are made on purpose: {@code /sys/kernel/debug/failslab}. */
  public FailSlab failSlab() {
    return failSlab;
  }

  /** Who is running and when, for what is tracked. */
  public SlabContext context() {
    return context;
  }

  /** Where reports go. */
  public KernelLog log() {
    return log;
  }

  /** The boot options. */
  public SlabConfig config() {
    return config;
  }

  /** Where slabs come from. */
  public PageAllocator pages() {
    return pages;
  }

  /**
   * The cache that an address is in.
   *
   * @return null if it is in no slab
   */
  public @Nullable KmemCache virtToCache(long address) {
    int pfn = memory.pfn(address);
    int head = pfn < 0 ? StructSlab.NONE : memory.slabs.head(pfn);
    if (head == StructSlab.NONE || !memory.slabs.isSlab(head)) {
      return null;
    }
    return byNumber[memory.slabs.slabCache(head)];
  }

  // ---- For this package ----

  SlabMemory slabMemory() {
    return memory;
  }

  SlabGeometry geometry() {
    return geometry;
  }

  private void failSlabChanged() {
    for (KmemCache cache : byNumber) {
      if (cache != null) {
        cache.setMayFailOnPurpose(failSlab.attr().isOn());
      }
    }
  }

  /** The cache of a slab, by the number in mem_map. */
  KmemCache cacheOf(int number) {
    KmemCache cache = byNumber[number];
    if (cache == null) {
      throw new IllegalStateException("no slab cache has number " + number);
    }
    return cache;
  }

  /** The cache with a number; null if there is none, whatever the number. */
  @Nullable KmemCache cacheOrNull(int number) {
    return number > 0 && number < byNumber.length ? byNumber[number] : null;
  }

  /** One more than the highest number of a cache may be. */
  int cacheNumbers() {
    return byNumber.length;
  }

  String ownerName(int head) {
    if (head == StructSlab.NONE) {
      return "no slab";
    }
    return memory.slabs.isSlab(head)
        ? cacheOf(memory.slabs.slabCache(head)).name()
        : "a large kmalloc";
  }

  /** {@code account_slab}, {@code unaccount_slab}. */
  void account(int flags, int deltaPages) {
    pages
        .vmStat()
        .add(
            (flags & SlabFlags.RECLAIM_ACCOUNT) != 0
                ? VmStatItem.NR_SLAB_RECLAIMABLE
                : VmStatItem.NR_SLAB_UNRECLAIMABLE,
            deltaPages);
  }

  // ---- Audit ----

  /** Recounts all slabs of all caches, and the large blocks of kmalloc; claims their frames. */
  public void audit(Audit audit) {
    new SlabAudit(this, audit).run(caches);
    if (memory.charges != null) {
      memory.charges.audit(audit, this);
    }
  }
}
