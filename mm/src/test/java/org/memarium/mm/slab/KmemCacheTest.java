package org.memarium.mm.slab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;

/** Objects of one cache: where they come from, where they go. */
final class KmemCacheTest {
  private static KmemCache create(TestSlabs slabs, String name, int size, int flags) {
    return Objects.requireNonNull(slabs.allocator.kmemCacheCreate(name, size, 0, flags, null));
  }

  @Test
  void objectsAreHandedOutInTheOrderOfTheirAddressesAndTheLastFreedComesFirst() {
    try (TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32)) {
      KmemCache cache = create(slabs, "test", 100, 0);
      long first = cache.alloc(Gfp.GFP_KERNEL);
      long second = cache.alloc(Gfp.GFP_KERNEL);
      assertEquals(cache.size(), second - first);
      cache.free(first);
      assertEquals(first, cache.alloc(Gfp.GFP_KERNEL));
      slabs.audit();
    }
  }

  @Test
  void everythingComesBack() {
    try (TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32)) {
      final long free = slabs.memory.allocator.freeFrames();
      KmemCache cache = create(slabs, "test", 100, 0);
      List<Long> objects = new ArrayList<>();
      for (int i = 0; i < 10_000; i++) {
        objects.add(cache.alloc(Gfp.GFP_KERNEL));
      }
      slabs.audit();
      for (long object : objects) {
        cache.free(object);
      }
      slabs.audit();
      assertTrue(cache.destroy());
      slabs.audit();
      assertEquals(free, slabs.memory.allocator.freeFrames());
    }
  }

  @Test
  void misuseIsNamed() {
    try (TestSlabs slabs =
        TestSlabs.boot(Architecture.I386, 32, SlabConfig.LINUX_6_1.withMerge(false))) {
      KmemCache cache = create(slabs, "test", 100, 0);
      final KmemCache other = create(slabs, "other", 100, 0);
      long object = cache.alloc(Gfp.GFP_KERNEL);
      assertNotNull(other.toString());
      assertThrows(IllegalStateException.class, () -> cache.free(object + 4));
      assertThrows(IllegalStateException.class, () -> other.free(object));
      assertThrows(IllegalArgumentException.class, () -> cache.free(0x1000));
      cache.free(object);
      assertThrows(IllegalStateException.class, () -> cache.free(object));
      slabs.audit();
    }
  }

  @Test
  void kmallocChoosesTheSmallestCache() {
    try (TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32)) {
      Kmalloc kmalloc = slabs.allocator.kmalloc();
      int[] sizes = {1, 8, 9, 64, 65, 96, 97, 128, 129, 192, 193, 1024, 1025, 8192, 8193, 4 << 20};
      long[] usable = {
        8, 8, 16, 64, 96, 96, 128, 128, 192, 192, 256, 1024, 2048, 8192, 16384, 4 << 20
      };
      for (int i = 0; i < sizes.length; i++) {
        long object = kmalloc.kmalloc(sizes[i], Gfp.GFP_KERNEL);
        assertEquals(usable[i], kmalloc.ksize(object), "kmalloc of " + sizes[i]);
        kmalloc.kfree(object);
      }
      assertEquals(0, kmalloc.kmalloc((4 << 20) + 1, Gfp.GFP_KERNEL));
      assertEquals(Kmalloc.ZERO_SIZE_PTR, kmalloc.kmalloc(0, Gfp.GFP_KERNEL));
      slabs.audit();
    }
  }
}
