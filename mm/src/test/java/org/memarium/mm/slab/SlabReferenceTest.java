package org.memarium.mm.slab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.PageAllocator;

/** Against /proc/slabinfo of Debian's 32-bit 6.1, with 128 and with 1200 MiB of RAM. */
final class SlabReferenceTest {
  private static final SlabGeometry I386 = new SlabGeometry(4, 32, PageAllocator.DEFAULT_MAX_ORDER);

  private record Line(String name, int size, int objectsPerSlab, int pagesPerSlab) {}

  private static List<Line> reference(String ram) throws IOException {
    List<Line> lines = new ArrayList<>();
    try (InputStream stream =
        Objects.requireNonNull(
            SlabReferenceTest.class.getResourceAsStream("slabinfo-" + ram + ".txt"))) {
      String text = new String(stream.readAllBytes(), StandardCharsets.US_ASCII);
      for (String line : text.lines().skip(2).toList()) {
        String[] words = line.trim().split(" +", -1);
        lines.add(
            new Line(
                words[0],
                Integer.parseInt(words[3]),
                Integer.parseInt(words[4]),
                Integer.parseInt(words[5])));
      }
    }
    assertTrue(lines.size() > 100, "too few lines: " + lines.size());
    return lines;
  }

  @ParameterizedTest
  @ValueSource(strings = {"128M", "1200M"})
  void slabsHaveAsManyPagesAndObjectsAsLinuxMakes(String ram) throws IOException {
    for (Line line : reference(ram)) {
      int order = I386.calculateOrder(line.size());
      assertEquals(line.pagesPerSlab(), 1 << order, "pagesperslab of " + line.name());
      assertEquals(
          line.objectsPerSlab(),
          SlabGeometry.orderObjects(order, line.size()),
          "objperslab of " + line.name());
    }
  }

  /** bio-96 belongs to a file system on a disk that the smaller machine did not have. */
  @ParameterizedTest
  @ValueSource(strings = {"128M", "1200M"})
  void theKernelHasLinuxsCachesOfLinuxsSizesInLinuxsOrder(String ram) throws IOException {
    List<Line> expected =
        reference(ram).stream().filter(line -> !line.name().equals("bio-96")).toList();
    try (TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32)) {
      List<Line> mine =
          slabs.allocator.caches().stream()
              .map(KmemCache::slabinfo)
              .map(i -> new Line(i.name(), i.objectSize(), i.objectsPerSlab(), i.pagesPerSlab()))
              .toList();
      for (int i = 0; i < Math.min(expected.size(), mine.size()); i++) {
        assertEquals(expected.get(i), mine.get(i), "line " + i);
      }
      assertEquals(expected.size(), mine.size());
    }
  }

  @Test
  void likeCachesAreMergedAsOnTheReferenceMachine() {
    try (TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32)) {
      KernelCaches kernel = slabs.allocator.kernelCaches();
      assertEquals(kernel.pid(), kernel.fsCache());
      // With fs_cache, and eventpoll_epi.
      assertEquals(3, kernel.pid().refcount());
    }
    SlabConfig noMerge = SlabConfig.LINUX_6_1.withMerge(false);
    try (TestSlabs slabs = TestSlabs.boot(Architecture.I386, 32, noMerge)) {
      assertEquals("fs_cache", slabs.allocator.kernelCaches().fsCache().name());
    }
  }
}
