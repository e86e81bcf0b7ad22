package org.memarium.mm.slab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.KernelLog;

/** The boot option slub_debug, and what it finds. */
final class SlubDebugTest {
  private static final int FZPU = SlubDebugOptions.DEFAULT_FLAGS;

  private static TestSlabs boot(String option) {
    return TestSlabs.boot(
        Architecture.I386,
        32,
        SlabConfig.LINUX_6_1.withDebug(SlubDebugOptions.parse(option)).withMerge(false));
  }

  private static int flags(String option, String cache, int size) {
    SlabGeometry geometry = new SlabGeometry(4, 32, 10);
    return SlubDebugOptions.parse(option).apply(cache, size, 0, geometry);
  }

  private static List<String> log(TestSlabs slabs) {
    return slabs.log.lines().stream().map(KernelLog.Line::text).toList();
  }

  // ---- The option ----

  @Test
  void lettersNamesAndBlocksMeanWhatTheyMeanToLinux() {
    assertEquals(FZPU, flags("", "dentry", 128));
    assertEquals(0, flags("-", "dentry", 128));
    assertEquals(SlabFlags.CONSISTENCY_CHECKS | SlabFlags.RED_ZONE, flags("fz", "dentry", 128));
    assertEquals(FZPU, flags(",dentry", "dentry", 128));
    assertEquals(0, flags(",dentry", "filp", 128));
    assertEquals(SlabFlags.POISON, flags("P,kmalloc-*,dentry", "kmalloc-64", 64));
    assertEquals(0, flags("P,kmalloc-*", "dma-kmalloc-64", 64));
    assertEquals(SlabFlags.RED_ZONE, flags("FZ;Z,kmalloc-*", "kmalloc-64", 64));
    assertEquals(
        SlabFlags.CONSISTENCY_CHECKS | SlabFlags.RED_ZONE, flags("FZ;Z,kmalloc-*", "pid", 64));
    assertEquals(SlabFlags.FAILSLAB | SlabFlags.TRACE, flags("TA", "pid", 64));
  }

  @Test
  void oSparesCachesWhoseSlabsWouldGrow() {
    assertEquals(SlabFlags.CONSISTENCY_CHECKS, flags("FZPUO", "names_cache", 4096));
    assertEquals(FZPU, flags("FZPUO", "pid", 64));
  }

  @Test
  void anUnknownLetterIsNamed() {
    assertEquals(
        "slub_debug option 'X' unknown in 'FX': F, Z, P, U, T, A, O or -",
        assertThrows(IllegalArgumentException.class, () -> SlubDebugOptions.parse("FX"))
            .getMessage());
  }

  @Test
  void cachesWithTheirOwnMindAreLeftAlone() {
    try (TestSlabs slabs = boot("")) {
      KmemCache cache =
          slabs.allocator.kmemCacheCreate("test", 64, 0, SlabFlags.NO_USER_FLAGS, null);
      assertEquals(0, Objects.requireNonNull(cache).flags() & SlabFlags.DEBUG_FLAGS);
    }
  }

  // ---- What it finds ----

  @Test
  void freeingTwiceIsReportedWithWhoDidItAndNothingIsFreed() {
    try (TestSlabs slabs = boot("FZPU")) {
      Kmalloc kmalloc = slabs.allocator.kmalloc();
      slabs.allocator.context().setCurrent(() -> 42, () -> "culprit");
      long[] nanos = {1_000_000_000};
      slabs.log.setClock(() -> nanos[0]);
      long object = kmalloc.kmalloc(64, Gfp.GFP_KERNEL);
      kmalloc.kmalloc(64, Gfp.GFP_KERNEL);
      nanos[0] += 400_000_000;
      kmalloc.kfree(object);
      nanos[0] += 40_000_000;
      kmalloc.kfree(object);
      List<String> log = log(slabs);
      assertEquals("BUG kmalloc-64 (Not tainted): Object already free", log.get(1));
      assertTrue(
          log.get(4).matches("Allocated in SlubDebugTest\\.freeing\\w+:\\d+ age=110 cpu=0 pid=42"),
          log.get(4));
      assertTrue(
          log.get(5).matches("Freed in SlubDebugTest\\.freeing\\w+:\\d+ age=10 cpu=0 pid=42"),
          log.get(5));
      assertEquals("FIX kmalloc-64: Object at 0x%08x not freed".formatted(object), log.getLast());
      assertTrue(log.stream().anyMatch(line -> line.contains("PID: 42 Comm: culprit")));
      slabs.audit();
    }
  }

  @Test
  void theBytesAroundTheDamageArePrintedAsLinuxPrintsThem() {
    try (TestSlabs slabs = boot("FZP,test")) {
      KmemCache cache =
          Objects.requireNonNull(slabs.allocator.kmemCacheCreate("test", 20, 0, 0, null));
      long object = cache.alloc(Gfp.GFP_KERNEL);
      SlabMemory memory = slabs.allocator.slabMemory();
      memory.fill(object, 20, 'A');
      memory.fill(object + 21, 1, 0);
      cache.free(object);
      List<String> log = log(slabs);
      assertEquals("BUG test (Not tainted): Right Redzone overwritten", log.get(1));
      String at = "%08x".formatted(object);
      assertTrue(
          log.contains(
              "Object   "
                  + at
                  + ": 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41  AAAAAAAAAAAAAAAA"),
          String.join("\n", log));
      assertTrue(
          log.contains(
              "Object   %08x: 41 41 41 41".formatted(object + 16) + " ".repeat(38) + "AAAA"));
      assertTrue(
          log.contains(
              "Redzone  %08x: cc 00 cc cc".formatted(object + 20) + " ".repeat(38) + "...."));
      // The free did not happen; the next one, of the repaired object, does.
      assertEquals(1, cache.node().nrSlabs());
      cache.free(object);
      slabs.audit();
      assertTrue(cache.destroy());
    }
  }

  @Test
  void useAfterFreeIsFoundByTheNextAllocationAndTheSlabIsGivenUp() {
    try (TestSlabs slabs = boot("FP")) {
      KmemCache cache =
          Objects.requireNonNull(slabs.allocator.kmemCacheCreate("test", 64, 0, 0, null));
      long object = cache.alloc(Gfp.GFP_KERNEL);
      cache.free(object);
      slabs.allocator.slabMemory().fill(object + 63, 1, 0);
      assertNotEquals(object, cache.alloc(Gfp.GFP_KERNEL));
      List<String> log = log(slabs);
      assertTrue(log.stream().anyMatch(line -> line.endsWith("End Poison overwritten")));
      assertEquals("FIX test: Marking all objects used", log.getLast());
    }
  }

  @Test
  void afterAReportTheKernelIsTainted() {
    try (TestSlabs slabs = boot("F")) {
      Kmalloc kmalloc = slabs.allocator.kmalloc();
      long object = kmalloc.kmalloc(64, Gfp.GFP_KERNEL);
      kmalloc.kmalloc(64, Gfp.GFP_KERNEL);
      kmalloc.kfree(object);
      kmalloc.kfree(object);
      kmalloc.kfree(object);
      assertTrue(
          log(slabs).contains("BUG kmalloc-64 (Tainted: G    B             ): Object already free"),
          String.join("\n", log(slabs)));
    }
  }

  @Test
  void tracedCachesLogEachAllocationAndEachFree() {
    try (TestSlabs slabs = boot("T,test")) {
      KmemCache cache =
          Objects.requireNonNull(slabs.allocator.kmemCacheCreate("test", 64, 0, 0, null));
      long object = cache.alloc(Gfp.GFP_KERNEL);
      cache.free(object);
      List<String> log = log(slabs);
      assertTrue(log.getFirst().startsWith("TRACE test alloc 0x%08x inuse=1".formatted(object)));
      assertTrue(log.stream().anyMatch(line -> line.startsWith("TRACE test free ")));
    }
  }

  @Test
  void theAuditFindsDamageAndRepairsNothing() {
    try (TestSlabs slabs = boot("FZPU")) {
      long object = slabs.allocator.kmalloc().kmalloc(60, Gfp.GFP_KERNEL);
      slabs.allocator.slabMemory().fill(object + 61, 1, 0);
      for (int i = 0; i < 2; i++) {
        String message =
            String.valueOf(assertThrows(IllegalStateException.class, slabs::audit).getMessage());
        assertTrue(message.contains("kmalloc-64, object 0: kmalloc Redzone overwritten"), message);
      }
      assertTrue(slabs.log.lines().isEmpty());
    }
  }

  @Test
  void debuggedObjectsHaveTheSizesThatLinuxGivesThem() {
    try (TestSlabs slabs = boot("FZPU")) {
      // 64 + red zone 4 + free pointer 4 + two tracks of 20 + the size asked for 4 + 4, and a red
      // zone of the alignment, 64, on the left.
      assertEquals(192, Objects.requireNonNull(slabs.allocator.cache("kmalloc-64")).size());
      assertFalse(slabs.allocator.kernelCaches().pid().validate() < 0);
    }
  }
}
