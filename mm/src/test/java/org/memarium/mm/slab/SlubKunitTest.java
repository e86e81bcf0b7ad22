package org.memarium.mm.slab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.TraceListener;

/**
 * The twelve situations of the kernel's own test of SLUB ({@code lib/slub_kunit.c} of current
 * kernels), with the numbers of errors that it expects.
 */
final class SlubKunitTest {
  private final TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32);
  private final SlabMemory memory = slabs.allocator.slabMemory();
  private final Kmalloc kmalloc = slabs.allocator.kmalloc();

  @AfterEach
  void close() {
    slabs.close();
  }

  private KmemCache create(String name, int size, int flags) {
    return Objects.requireNonNull(
        slabs.allocator.kmemCacheCreate(name, size, 0, flags | SlabFlags.NO_USER_FLAGS, null));
  }

  private void put(long address, int value) {
    memory.fill(address, 1, value);
  }

  private int errorsOfValidation(KmemCache cache) {
    cache.clearErrors();
    cache.validate();
    return cache.errors();
  }

  private void assertLogged(String... lines) {
    List<String> log = slabs.log.lines().stream().map(KernelLog.Line::text).toList();
    for (String line : lines) {
      assertTrue(
          log.stream().anyMatch(text -> text.contains(line)),
          () -> "no '%s' in:%n%s".formatted(line, String.join("\n", log)));
    }
  }

  @Test
  void clobberZone() {
    KmemCache cache = create("TestSlub_RZ_alloc", 64, SlabFlags.RED_ZONE);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    put(object + 64, 0x12);
    assertEquals(2, errorsOfValidation(cache));
    assertLogged(
        "BUG TestSlub_RZ_alloc (Not tainted): Right Redzone overwritten",
        "First byte 0x12 instead of 0xcc",
        "FIX TestSlub_RZ_alloc: Restoring Right Redzone 0x%08x-0x%08x=0xcc"
            .formatted(object + 64, object + 64));
    cache.free(object);
    assertTrue(cache.destroy());
    slabs.audit();
  }

  @Test
  void nextPointer() {
    KmemCache cache = create("TestSlub_next_ptr_free", 64, SlabFlags.POISON);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    cache.free(object);
    long at = object + cache.freePointerOffset();
    final long pointer = memory.getPointer(at);
    put(at, ~memory.getByte(at));
    assertEquals(3, errorsOfValidation(cache));
    assertLogged("Freechain corrupt", "Wrong object count. Counter is 0 but counted were");
    memory.setPointer(at, pointer);
    assertEquals(2, errorsOfValidation(cache));
    assertEquals(0, errorsOfValidation(cache));
    assertTrue(cache.destroy());
    slabs.audit();
  }

  @Test
  void firstWord() {
    KmemCache cache = create("TestSlub_1th_word_free", 64, SlabFlags.POISON);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    cache.free(object);
    put(object, 0x78);
    assertEquals(2, errorsOfValidation(cache));
    assertLogged("Poison overwritten", "First byte 0x78 instead of 0x6b");
    assertTrue(cache.destroy());
    slabs.audit();
  }

  @Test
  void clobber50thByte() {
    KmemCache cache = create("TestSlub_50th_word_free", 64, SlabFlags.POISON);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    cache.free(object);
    put(object + 50, 0x9a);
    assertEquals(2, errorsOfValidation(cache));
    assertLogged("Poison overwritten", "First byte 0x9a instead of 0x6b");
    assertTrue(cache.destroy());
    slabs.audit();
  }

  @Test
  void clobberRedzoneFree() {
    KmemCache cache = create("TestSlub_RZ_free", 64, SlabFlags.RED_ZONE);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    cache.free(object);
    put(object + 64, 0xab);
    assertEquals(2, errorsOfValidation(cache));
    assertLogged("Right Redzone overwritten", "First byte 0xab instead of 0xbb");
    assertTrue(cache.destroy());
    slabs.audit();
  }

  @Test
  void kmallocRedzoneAccess() {
    KmemCache cache =
        create(
            "TestSlub_RZ_kmalloc",
            32,
            SlabFlags.KMALLOC | SlabFlags.STORE_USER | SlabFlags.RED_ZONE);
    long object = cache.allocSized(Gfp.GFP_KERNEL, 18);
    put(object + 18, 0xab);
    put(object + 19, 0xab);
    assertEquals(2, errorsOfValidation(cache));
    assertLogged("kmalloc Redzone overwritten", "Allocated in SlubKunitTest.kmallocRedzoneAccess:");
    cache.free(object);
    assertTrue(cache.destroy());
    slabs.audit();
  }

  @Test
  void kfreeRcu() {
    KmemCache cache = create("TestSlub_kfree_rcu", 8, SlabFlags.NO_MERGE);
    slabs.allocator.rcu().kfreeRcu(cache.alloc(Gfp.GFP_KERNEL));
    assertTrue(cache.destroy());
    assertEquals(0, cache.errors());
    slabs.audit();
  }

  @Test
  void kfreeRcuWqDestroy() {
    for (int i = 0; i < 10; i++) {
      KmemCache cache = create("TestSlub_kfree_rcu_wq_destroy", 8, SlabFlags.NO_MERGE);
      slabs.allocator.rcu().kfreeRcu(cache.alloc(Gfp.GFP_KERNEL));
      if (i % 2 == 0) {
        // The grace period may end before the cache is destroyed.
        slabs.allocator.rcu().synchronizeRcu();
      }
      assertTrue(cache.destroy());
      assertEquals(0, cache.errors());
    }
    slabs.audit();
  }

  @Test
  void leakDestroy() {
    KmemCache cache = create("TestSlub_leak_destroy", 64, SlabFlags.NO_MERGE);
    long object = cache.alloc(Gfp.GFP_KERNEL);
    assertFalse(cache.destroy());
    assertEquals(2, cache.errors());
    assertLogged(
        "Objects remaining in TestSlub_leak_destroy on __kmem_cache_shutdown()",
        "Object 0x%08x @offset=0".formatted(object),
        "kmem_cache_destroy TestSlub_leak_destroy: Slab cache still has objects when called from"
            + " SlubKunitTest.leakDestroy:");
    slabs.audit();
  }

  @Test
  void kreallocRedzoneZeroing() {
    KmemCache cache =
        create(
            "TestSlub_krealloc", 64, SlabFlags.KMALLOC | SlabFlags.STORE_USER | SlabFlags.RED_ZONE);
    long object = cache.allocSized(Gfp.GFP_KERNEL, 48);
    memory.fill(object, 48, 0xff);
    object = kmalloc.krealloc(object, 40, Gfp.GFP_KERNEL | Gfp.ZERO);
    assertBytes(object, 40, 64, ObjectCheck.RED_ACTIVE);
    object = kmalloc.krealloc(object, 56, Gfp.GFP_KERNEL | Gfp.ZERO);
    assertBytes(object, 40, 56, 0);
    assertBytes(object, 56, 64, ObjectCheck.RED_ACTIVE);
    assertEquals(0, errorsOfValidation(cache));
    memory.fill(object, 56, 0xff);
    object = kmalloc.krealloc(object, 112, Gfp.GFP_KERNEL | Gfp.ZERO);
    assertBytes(object, 0, 56, 0xff);
    assertBytes(object, 56, 112, 0);
    kmalloc.kfree(object);
    assertTrue(cache.destroy());
    slabs.audit();
  }

  private void assertBytes(long object, int from, int to, int value) {
    for (int i = from; i < to; i++) {
      assertEquals(value, memory.getByte(object + i), "byte " + i);
    }
  }

  /** In Linux an interrupt of the performance counters comes in between; here a tracepoint does. */
  @Test
  void kmallocNolockAndFriendsPerf() {
    assertNolockWorksInTheMiddleOf(TraceEvent.MmPageAlloc.class);
  }

  /** In Linux a probe sits in the allocator where it holds a lock; here on pages that come back. */
  @Test
  void kmallocNolockAndFriendsKprobe() {
    assertNolockWorksInTheMiddleOf(TraceEvent.MmPageFree.class);
  }

  private void assertNolockWorksInTheMiddleOf(Class<? extends TraceEvent> kind) {
    int[] callbacks = {0};
    boolean[] inside = {false};
    TraceListener listener =
        (sequence, nanos, event) -> {
          if (!kind.isInstance(event) || inside[0]) {
            return;
          }
          inside[0] = true;
          long object = kmalloc.kmallocNolock(8, (callbacks[0] & 1) != 0 ? 0 : Gfp.ACCOUNT);
          if ((callbacks[0] & 2) != 0 && object != 0) {
            slabs.allocator.rcu().kfreeRcu(object);
          } else {
            kmalloc.kfree(object);
          }
          callbacks[0]++;
          inside[0] = false;
        };
    slabs.memory.trace.listen(listener);
    long[] objects = new long[1000];
    for (int i = 0; i < 100; i++) {
      for (int j = 0; j < objects.length; j++) {
        objects[j] = kmalloc.kmalloc(8, (i & 1) != 0 ? Gfp.GFP_KERNEL : Gfp.GFP_KERNEL_ACCOUNT);
        assertTrue(objects[j] != 0);
      }
      for (long object : objects) {
        if ((i & 2) != 0) {
          slabs.allocator.rcu().kfreeRcu(object);
        } else {
          kmalloc.kfree(object);
        }
      }
      slabs.allocator.rcu().synchronizeRcu();
      for (KmemCache cache : slabs.allocator.caches()) {
        cache.shrink();
      }
    }
    slabs.memory.trace.stopListening(listener);
    assertTrue(callbacks[0] > 10, "callbacks: " + callbacks[0]);
    for (KmemCache cache : slabs.allocator.caches()) {
      assertEquals(0, cache.errors(), cache.name());
    }
    slabs.audit();
  }
}
