package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LayoutTest {
  /** The host's values are what {@code ulimit -s N; setarch -R PROGRAM} shows on Linux 6.18. */
  @ParameterizedTest
  @CsvSource({
    "COMPAT, 8192, f7ffe000",
    "COMPAT, 1024, f7ffe000",
    "COMPAT, 65536, f7ffe000",
    "COMPAT, 131072, f7efe000",
    "COMPAT, 500000, e16b6000",
    "COMPAT, -1, 2aaab000",
    "I386, 8192, b8000000",
    "I386, 131072, b7f00000",
    "I386, 4194303, 20000000",
    "I386, -1, 20000000"
  })
  void theMmapBaseLeavesRoomForTheStack(Layout layout, long kib, String base) {
    long limit = kib < 0 ? RLimits.INFINITY : kib * 1024;
    assertEquals(base, Long.toHexString(layout.placement(false).mmapBase(limit, null)));
  }

  @Test
  void withoutRandomisationTheStackEndsWhereTheTaskEnds() {
    assertEquals(0xc000_0000L, Layout.I386.placement(false).stackTop(null));
    assertEquals(0xffff_e000L, Layout.COMPAT.placement(false).stackTop(null));
    assertEquals(0x5555_5000L, Layout.COMPAT.placement(false).unmappedBase());
    assertEquals(0x4000_0000L, Layout.I386.placement(false).unmappedBase());
    assertEquals(0xbfff_fff0L, Layout.I386.alignStack(0xbfff_fff7L, null));
  }

  @Test
  void randomisationIsTheSeedsAndStaysInBounds() {
    for (Layout layout : Layout.values()) {
      for (int seed = 0; seed < 200; seed++) {
        long top = layout.placement(false).stackTop(new Random(seed));
        assertEquals(top, layout.placement(false).stackTop(new Random(seed)));
        assertTrue(top <= layout.taskSize() && top > layout.taskSize() - (8 << 20));
        long base = layout.placement(false).mmapBase(8 << 20, new Random(seed));
        long highest = layout.placement(false).mmapBase(8 << 20, null);
        assertTrue(base <= highest && base > highest - (1 << 20), Long.toHexString(base));
        assertTrue(base % 4096 == 0 && top % 4096 == 0);
        long brk = layout.randomBrk(0x0824_4000, new Random(seed));
        assertTrue(brk >= 0x0824_4000 && brk < 0x0a24_4000 && brk % 4096 == 0);
      }
      assertNotEquals(
          layout.placement(false).stackTop(new Random(1)),
          layout.placement(false).stackTop(new Random(2)),
          layout.toString());
    }
  }
}
