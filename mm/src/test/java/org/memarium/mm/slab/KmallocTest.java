package org.memarium.mm.slab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.VmStatItem;

/** kmalloc and its kin. */
final class KmallocTest {
  private final TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32);
  private final SlabMemory memory = slabs.allocator.slabMemory();
  private final Kmalloc kmalloc = slabs.allocator.kmalloc();

  @AfterEach
  void auditAndClose() {
    slabs.audit();
    slabs.close();
  }

  private String cacheOf(long object) {
    return Objects.requireNonNull(slabs.allocator.virtToCache(object)).name();
  }

  @Test
  void theSmallestCacheIsChosenAndTheBuddyAllocatorBeyond() {
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
  }

  @Test
  void theFlagsChooseTheType() {
    assertEquals("kmalloc-64", cacheOf(kmalloc.kmalloc(64, Gfp.GFP_KERNEL)));
    assertEquals("kmalloc-cg-96", cacheOf(kmalloc.kmalloc(90, Gfp.GFP_KERNEL_ACCOUNT)));
    assertEquals(
        "kmalloc-rcl-2k", cacheOf(kmalloc.kmalloc(2000, Gfp.GFP_KERNEL | Gfp.RECLAIMABLE)));
    assertEquals("dma-kmalloc-8", cacheOf(kmalloc.kmalloc(3, Gfp.GFP_KERNEL | Gfp.DMA)));
    assertEquals(
        "kmalloc-rcl-8", cacheOf(kmalloc.kmalloc(3, Gfp.GFP_KERNEL_ACCOUNT | Gfp.RECLAIMABLE)));
  }

  @Test
  void powersOfTwoAreAlignedToTheirSize() {
    for (int bytes = 8; bytes <= 4 << 20; bytes *= 2) {
      long object = kmalloc.kmalloc(bytes, Gfp.GFP_KERNEL);
      assertEquals(0, object % bytes, "kmalloc of " + bytes);
      kmalloc.kfree(object);
    }
  }

  @Test
  void nothingIsAPlaceThatMayBeFreed() {
    assertEquals(Kmalloc.ZERO_SIZE_PTR, kmalloc.kmalloc(0, Gfp.GFP_KERNEL));
    kmalloc.kfree(Kmalloc.ZERO_SIZE_PTR);
    kmalloc.kfree(0);
    assertEquals(0, kmalloc.ksize(Kmalloc.ZERO_SIZE_PTR));
    assertEquals(0, kmalloc.ksize(0));
    assertThrows(IllegalArgumentException.class, () -> kmalloc.kmalloc(-1, Gfp.GFP_KERNEL));
  }

  @Test
  void productsThatOverflowFail() {
    assertNotEquals(0, kmalloc.kmallocArray(3, 100, Gfp.GFP_KERNEL));
    assertEquals(0, kmalloc.kcalloc(0x1_0001, 0x1_0001, Gfp.GFP_KERNEL));
    assertEquals(Kmalloc.ZERO_SIZE_PTR, kmalloc.kcalloc(0, 8, Gfp.GFP_KERNEL));
    assertThrows(IllegalArgumentException.class, () -> kmalloc.kmallocArray(-1, 8, Gfp.GFP_KERNEL));
  }

  @Test
  void kzallocClearsWhatWasUsedBefore() {
    for (int bytes : new int[] {8, 100, 8192, 20_000}) {
      long object = kmalloc.kmalloc(bytes, Gfp.GFP_KERNEL);
      memory.fill(object, bytes, 0xff);
      kmalloc.kfree(object);
      long again = kmalloc.kzalloc(bytes, Gfp.GFP_KERNEL);
      assertEquals(object, again);
      for (int i = 0; i < bytes; i++) {
        assertEquals(0, memory.getByte(again + i));
      }
    }
  }

  @Test
  void kreallocKeepsThePlaceWhileItFitsAndTheBytesAlways() {
    long object = kmalloc.kmalloc(40, Gfp.GFP_KERNEL);
    memory.fill(object, 40, 0x11);
    assertEquals(object, kmalloc.krealloc(object, 64, Gfp.GFP_KERNEL));
    long moved = kmalloc.krealloc(object, 20_000, Gfp.GFP_KERNEL);
    assertEquals(0x11, memory.getByte(moved + 39));
    assertEquals(32_768, kmalloc.ksize(moved));
    assertEquals(moved, kmalloc.krealloc(moved, 32_768, Gfp.GFP_KERNEL));
    assertEquals(0, kmalloc.krealloc(moved, 1L << 40, Gfp.GFP_KERNEL));
    assertEquals(0x11, memory.getByte(moved + 39));
    assertEquals(Kmalloc.ZERO_SIZE_PTR, kmalloc.krealloc(moved, 0, Gfp.GFP_KERNEL));
    assertNotEquals(0, kmalloc.krealloc(0, 8, Gfp.GFP_KERNEL));
  }

  @Test
  void largeBlocksCountAsUnreclaimableSlabs() {
    long before = slabs.memory.vmStat.get(VmStatItem.NR_SLAB_UNRECLAIMABLE);
    long object = kmalloc.kmalloc(100_000, Gfp.GFP_KERNEL);
    assertEquals(before + 32, slabs.memory.vmStat.get(VmStatItem.NR_SLAB_UNRECLAIMABLE));
    slabs.audit();
    assertThrows(IllegalStateException.class, () -> kmalloc.kfree(object + 4096));
    kmalloc.kfree(object);
    assertThrows(IllegalStateException.class, () -> kmalloc.kfree(object));
    assertEquals(before, slabs.memory.vmStat.get(VmStatItem.NR_SLAB_UNRECLAIMABLE));
  }

  @Test
  void whatKmallocNeverGaveIsNotFreed() {
    int pfn = slabs.memory.allocator.allocPages(Gfp.GFP_KERNEL, 0);
    long page = memory.address(pfn);
    assertThrows(IllegalStateException.class, () -> kmalloc.kfree(page));
    assertThrows(IllegalArgumentException.class, () -> kmalloc.kfree(0x1000));
    long object = kmalloc.kmalloc(64, Gfp.GFP_KERNEL);
    assertThrows(IllegalStateException.class, () -> kmalloc.kfree(object + 1));
    slabs.memory.allocator.freePages(pfn, 0);
  }

  @Test
  void theGuidesKmallocHas32To131072BytesFromCachesOfPowersOfTwo() {
    try (TestSlabs guide = TestSlabs.boot(Architecture.I386, 32, SlabConfig.GUIDE)) {
      Kmalloc old = guide.allocator.kmalloc();
      for (int[] pair :
          new int[][] {{1, 32}, {33, 64}, {65, 128}, {4097, 8192}, {131_072, 131_072}}) {
        long object = old.kmalloc(pair[0], Gfp.GFP_KERNEL);
        assertEquals(pair[1], old.ksize(object));
        assertEquals(
            "size-" + pair[1], Objects.requireNonNull(guide.allocator.virtToCache(object)).name());
        old.kfree(object);
      }
      assertEquals(0, old.kmalloc(131_073, Gfp.GFP_KERNEL));
      assertEquals(131_072, old.maxBytes());
      long dma = old.kmalloc(64, Gfp.GFP_KERNEL | Gfp.DMA);
      assertTrue(dma < Architecture.I386.pageOffset() + (16 << 20));
      assertNull(guide.allocator.cache("kmalloc-64"));
      guide.audit();
    }
  }
}
