package org.memarium.mm.slab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.VmStatItem;

/** Objects of one cache: where they come from, where they go. */
final class KmemCacheTest {
  private final TestSlabs slabs =
      TestSlabs.boot(Architecture.I386, 32, SlabConfig.LINUX_6_1.withMerge(false));
  private final SlabMemory memory = slabs.allocator.slabMemory();

  @AfterEach
  void auditAndClose() {
    slabs.audit();
    slabs.close();
  }

  private KmemCache create(String name, int size, int flags) {
    return create(name, size, flags, null);
  }

  private KmemCache create(String name, int size, int flags, @Nullable Constructor constructor) {
    return Objects.requireNonNull(
        slabs.allocator.kmemCacheCreate(name, size, 0, flags, constructor));
  }

  private static String message(Class<? extends Exception> type, Executable executable) {
    return String.valueOf(assertThrows(type, executable).getMessage());
  }

  private static List<Long> alloc(KmemCache cache, int count) {
    List<Long> objects = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      objects.add(cache.alloc(Gfp.GFP_KERNEL));
    }
    return objects;
  }

  // ---- Objects ----

  @Test
  void objectsAreHandedOutInTheOrderOfTheirAddressesAndTheLastFreedComesFirst() {
    KmemCache cache = create("test", 100, 0);
    long first = cache.alloc(Gfp.GFP_KERNEL);
    long second = cache.alloc(Gfp.GFP_KERNEL);
    assertEquals(cache.size(), second - first);
    cache.free(first);
    assertEquals(first, cache.alloc(Gfp.GFP_KERNEL));
  }

  @Test
  void theFreePointerLiesInTheMiddleOfAFreeObjectAndIsItsSuccessorsAddress() {
    KmemCache cache = create("test", 64, 0);
    assertEquals(32, cache.freePointerOffset());
    long first = cache.alloc(Gfp.GFP_KERNEL);
    long second = cache.alloc(Gfp.GFP_KERNEL);
    cache.free(second);
    cache.free(first);
    assertEquals(second, memory.getPointer(first + 32));
  }

  @Test
  void whatFreeObjectsMustKeepIsNotOverwrittenByTheFreePointer() {
    assertEquals(64, create("ctor", 64, 0, object -> {}).freePointerOffset());
    assertEquals(64, create("rcu", 64, SlabFlags.TYPESAFE_BY_RCU).freePointerOffset());
    assertEquals(72, create("rcu2", 64, SlabFlags.TYPESAFE_BY_RCU).size());
  }

  @Test
  void everythingComesBack() {
    KmemCache cache = create("test", 100, 0);
    cache.destroy();
    final long free = slabs.freePages();
    KmemCache again = create("test", 100, 0);
    List<Long> objects = alloc(again, 10_000);
    slabs.audit();
    objects.forEach(again::free);
    slabs.audit();
    assertTrue(again.destroy());
    assertEquals(free, slabs.freePages());
  }

  @Test
  void misuseIsNamed() {
    KmemCache cache = create("test", 100, 0);
    KmemCache other = create("other", 100, 0);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    assertEquals(
        "test: 0x%x is inside an object".formatted(object + 4),
        message(IllegalStateException.class, () -> cache.free(object + 4)));
    assertEquals(
        "kmem_cache_free(other, 0x%x): Wrong slab cache. Object is from test".formatted(object),
        message(IllegalStateException.class, () -> other.free(object)));
    assertEquals(
        "kmem_cache_free(test): address 0x1000 is not in the direct map",
        message(IllegalArgumentException.class, () -> cache.free(0x1000)));
    cache.free(object);
    assertEquals(
        "test: 0x%x is free already".formatted(object),
        message(IllegalStateException.class, () -> cache.free(object)));
    assertThrows(IllegalArgumentException.class, () -> cache.alloc(Gfp.HIGHMEM));
  }

  @Test
  void aWriteToAFreeObjectThatLeadsTheListAstrayIsNamed() {
    KmemCache cache = create("test", 64, 0);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    cache.free(object);
    long pointer = memory.getPointer(object + 32);
    memory.setPointer(object + 32, 0x6b6b_6b6b);
    assertEquals(
        "test: the free object 0x%x was written to: its free pointer is 0x6b6b6b6b"
            .formatted(object),
        message(IllegalStateException.class, () -> cache.alloc(Gfp.GFP_KERNEL)));
    memory.setPointer(object + 32, pointer);
    assertEquals(object, cache.alloc(Gfp.GFP_KERNEL));
  }

  @Test
  void constructorsRunOncePerObjectAndItsStateIsKept() {
    int[] runs = {0};
    KmemCache cache =
        create(
            "test",
            40,
            0,
            object -> {
              runs[0]++;
              memory.fill(object, 40, 7);
            });
    for (int i = 0; i < 1000; i++) {
      long object = cache.alloc(Gfp.GFP_KERNEL);
      assertEquals(7, memory.getByte(object + 20));
      cache.free(object);
    }
    assertEquals(cache.objectsPerSlab(), runs[0]);
    assertThrows(IllegalArgumentException.class, () -> cache.zalloc(Gfp.GFP_KERNEL));
  }

  @Test
  void bulkIsAllOrNothing() {
    KmemCache cache = create("test", 4096, 0);
    long[] objects = new long[100_000];
    assertEquals(0, cache.allocBulk(Gfp.GFP_KERNEL, objects.length, objects));
    assertEquals(0, used(cache));
    assertEquals(500, cache.allocBulk(Gfp.GFP_KERNEL, 500, objects));
    assertEquals(500, used(cache));
    cache.freeBulk(500, objects);
    assertEquals(0, used(cache));
  }

  private static int used(KmemCache cache) {
    int used = 0;
    for (SlabView view : SlabView.of(cache)) {
      used += view.objects() - view.free().cardinality();
    }
    return used;
  }

  @Test
  void aHighOrderThatFailsIsReplacedByTheLeastThatHoldsAnObject() {
    KmemCache cache = create("test", 1024, 0);
    assertEquals(1, cache.order());
    // Single pages are left when blocks of two are not.
    int page = slabs.memory.allocator.allocPages(Gfp.GFP_KERNEL, 0);
    List<Long> objects = new ArrayList<>();
    for (long object = cache.alloc(Gfp.GFP_KERNEL);
        object != 0;
        object = cache.alloc(Gfp.GFP_KERNEL)) {
      objects.add(object);
    }
    SlabInfo info = cache.slabinfo();
    assertTrue(info.objects() < info.slabs() * cache.objectsPerSlab(), info.toString());
    slabs.audit(page);
    objects.forEach(cache::free);
    slabs.memory.allocator.freePages(page, 0);
  }

  // ---- Slabs ----

  @Test
  void slabsWanderFromTheProcessorToItsPartialListAndToTheNode() {
    KmemCache cache = create("test", 512, 0);
    final int perSlab = cache.objectsPerSlab();
    // cpu_partial 52 objects, taken to be in half-full slabs of 8.
    assertEquals(13, cache.cpuPartialSlabs());
    List<Long> objects = alloc(cache, 20 * perSlab);
    assertEquals(19, places(cache, SlabView.Place.FULL));
    assertEquals(1, places(cache, SlabView.Place.CPU));
    for (int slab = 0; slab < 13; slab++) {
      cache.free(objects.get(slab * perSlab));
    }
    assertEquals(13, places(cache, SlabView.Place.CPU_PARTIAL));
    cache.free(objects.get(13 * perSlab));
    assertEquals(1, places(cache, SlabView.Place.CPU_PARTIAL));
    assertEquals(13, places(cache, SlabView.Place.PARTIAL));
    // SLUB knows of free objects on the node's list only.
    assertEquals(20 * perSlab - 13, cache.slabinfo().activeObjects());
    assertEquals(20, cache.slabinfo().activeSlabs());
  }

  private static long places(KmemCache cache, SlabView.Place place) {
    return SlabView.of(cache).stream().filter(view -> view.place() == place).count();
  }

  @Test
  void emptySlabsAreKeptUpToMinPartialAndShrinkGivesThemBack() {
    KmemCache cache = create("test", 512, 0);
    assertEquals(5, cache.minPartial());
    List<Long> objects = alloc(cache, 200 * cache.objectsPerSlab());
    objects.forEach(cache::free);
    assertTrue(cache.slabinfo().slabs() <= 5 + cache.cpuPartialSlabs() + 1);
    assertTrue(cache.slabinfo().slabs() > 0);
    assertFalse(cache.shrink());
    assertEquals(0, cache.slabinfo().slabs());
  }

  @Test
  void shrinkSortsPartialSlabsFullestFirst() {
    KmemCache cache = create("test", 512, 0);
    int perSlab = cache.objectsPerSlab();
    List<Long> objects = alloc(cache, 8 * perSlab);
    int[] freed = {3, 1, 5, 2, 7, 4, 6, 1};
    for (int slab = 0; slab < freed.length; slab++) {
      for (int i = 0; i < freed[slab]; i++) {
        cache.free(objects.get(slab * perSlab + i));
      }
    }
    assertTrue(cache.shrink());
    int before = 0;
    for (int slab = cache.node().partial().first(); slab >= 0; slab = memory.slabs.next(slab)) {
      int free = memory.slabs.objects(slab) - memory.slabs.inuse(slab);
      assertTrue(free >= before, "free objects %d behind %d".formatted(free, before));
      before = free;
    }
    assertEquals(7, before);
  }

  @Test
  void slabsOfTypesafeCachesWaitForAGracePeriod() {
    KmemCache cache = create("test", 512, SlabFlags.TYPESAFE_BY_RCU);
    List<Long> objects = alloc(cache, 100 * cache.objectsPerSlab());
    slabs.allocator.rcu().synchronizeRcu();
    objects.forEach(cache::free);
    int waiting = slabs.allocator.rcu().size();
    assertTrue(waiting > 50, "waiting: " + waiting);
    slabs.audit();
    assertEquals(waiting, places(cache, SlabView.Place.RCU));
    final long free = slabs.freePages();
    assertEquals(waiting, slabs.allocator.rcu().synchronizeRcu());
    assertEquals(free + ((long) waiting << cache.order()), slabs.freePages());
  }

  @Test
  void pagesCountAsReclaimableOrNot() {
    long before = slabs.memory.vmStat.get(VmStatItem.NR_SLAB_RECLAIMABLE);
    KmemCache cache = create("test", 2048, SlabFlags.RECLAIM_ACCOUNT);
    cache.alloc(Gfp.GFP_KERNEL);
    assertEquals(before + 4, slabs.memory.vmStat.get(VmStatItem.NR_SLAB_RECLAIMABLE));
  }

  @Test
  void slabsOfDmaCachesAreInZoneDma() {
    KmemCache cache = create("test", 100, SlabFlags.CACHE_DMA);
    assertTrue(cache.alloc(Gfp.GFP_KERNEL) < Architecture.I386.pageOffset() + (16 << 20));
  }

  // ---- Caches ----

  @Test
  void whatCannotBeACacheIsRefused() {
    SlabAllocator allocator = slabs.allocator;
    assertEquals(
        "kmem_cache_create(big): objects may have 1 to 4,194,304 bytes, not 4,194,305",
        message(
            IllegalArgumentException.class,
            () -> allocator.kmemCacheCreate("big", (4 << 20) + 1, 0, 0, null)));
    assertThrows(
        IllegalArgumentException.class, () -> allocator.kmemCacheCreate("", 8, 0, 0, null));
    assertThrows(
        IllegalArgumentException.class, () -> allocator.kmemCacheCreate("a", 8, 24, 0, null));
    assertThrows(
        IllegalArgumentException.class, () -> allocator.kmemCacheCreate("a", 8, 0, 1, null));
    assertThrows(
        IllegalArgumentException.class,
        () -> allocator.kmemCacheCreateUsercopy("a", 8, 0, 0, 4, 8, null));
    assertThrows(
        IllegalStateException.class,
        () -> allocator.kmemCacheCreate("a", 0, 0, SlabFlags.PANIC, null));
    assertNull(allocator.cache("a"));
    assertTrue(
        slabs.log.lines().getLast().text().contains("(a) failed with error -22"),
        slabs.log.lines().getLast().text());
  }

  @Test
  void aCacheThatIsGoneIsNotDestroyedAgainNorAreKmallocs() {
    KmemCache cache = create("test", 100, 0);
    assertTrue(cache.destroy());
    assertThrows(IllegalStateException.class, cache::destroy);
    KmemCache kmalloc = Objects.requireNonNull(slabs.allocator.cache("kmalloc-64"));
    assertThrows(IllegalStateException.class, kmalloc::destroy);
  }

  @Test
  void aCacheWithObjectsStaysUntilTheyAreFreed() {
    KmemCache cache = create("test", 100, 0);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    assertFalse(cache.destroy());
    cache.free(object);
    assertTrue(cache.destroy());
  }

  @Test
  void likeCachesAreMergedAndEachNameMustBeDestroyed() {
    try (TestSlabs merged = TestSlabs.boot(Architecture.I386, 32)) {
      SlabAllocator allocator = merged.allocator;
      KmemCache first =
          Objects.requireNonNull(allocator.kmemCacheCreate("first", 1000, 0, 0, null));
      assertEquals(first, allocator.kmemCacheCreate("second", 997, 0, 0, null));
      assertEquals(2, first.refcount());
      assertNotEquals(first, allocator.kmemCacheCreate("third", 990, 0, 0, null));
      assertNotEquals(
          first, allocator.kmemCacheCreate("fourth", 1000, 0, SlabFlags.RECLAIM_ACCOUNT, null));
      assertNotEquals(first, allocator.kmemCacheCreate("fifth", 1000, 0, SlabFlags.NO_MERGE, null));
      assertNotEquals(first, allocator.kmemCacheCreate("sixth", 1000, 0, 0, object -> {}));
      assertTrue(first.destroy());
      assertNotNull(allocator.cache("first"));
      assertTrue(first.destroy());
      assertNull(allocator.cache("first"));
      merged.audit();
    }
  }

  @Test
  void failslabFailsWhatItIsToldTo() {
    KmemCache cache = create("test", 100, SlabFlags.FAILSLAB);
    final KmemCache other = create("other", 100, 0);
    slabs.allocator.failSlab().setCacheFilter(true);
    slabs.allocator.failSlab().setIgnoreGfpReclaim(false);
    slabs.allocator.failSlab().attr().set(3, 2);
    int failed = 0;
    for (int i = 0; i < 30; i++) {
      failed += cache.alloc(Gfp.GFP_KERNEL) == 0 ? 1 : 0;
      assertNotEquals(0, other.alloc(Gfp.GFP_KERNEL));
    }
    assertEquals(2, failed);
  }
}
