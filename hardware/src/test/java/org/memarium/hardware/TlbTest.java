package org.memarium.hardware;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The translation lookaside buffer alone. */
class TlbTest {
  private static final long GLOBAL = PageTableEntry.GLOBAL;

  @Test
  void aPageBelongsToTheSetOfItsLowBits() {
    Tlb tlb = new Tlb(8, 2);
    assertEquals(-1, tlb.insert(0, 0x1000, 0));
    assertEquals(-1, tlb.insert(1, 0x2000, 0));
    assertEquals(-1, tlb.insert(4, 0x3000, 0));
    assertEquals(0, tlb.insert(8, 0x4000, 0), "the third page of set 0 throws out the first");
    assertEquals(-1, tlb.find(0));
    assertEquals(0x2000, tlb.data(tlb.find(1)));
    assertEquals(0x3000, tlb.data(tlb.find(4)));
    assertEquals(0x4000, tlb.data(tlb.find(8)));
    assertEquals(3, tlb.size());
  }

  @Test
  void replacementIsRoundRobinWhateverWasUsedLast() {
    Tlb tlb = new Tlb(4, 4);
    for (long page = 0; page < 4; page++) {
      assertEquals(-1, tlb.insert(page, page << 12, 0));
    }
    for (long page = 4; page < 20; page++) {
      assertTrue(tlb.find(page - 4) >= 0, "used just before");
      assertEquals(page - 4, tlb.insert(page, page << 12, 0));
    }
  }

  @Test
  void aPageIsHeldOnce() {
    Tlb tlb = new Tlb(4, 4);
    tlb.insert(7, 0x1000, 0);
    assertEquals(-1, tlb.insert(7, 0x2000, 0));
    assertEquals(1, tlb.size());
    assertEquals(0x2000, tlb.data(tlb.find(7)));
  }

  @Test
  void globalPagesOutliveAFlushThatKeepsThem() {
    Tlb tlb = new Tlb(8, 2);
    tlb.insert(1, 0x1000 | GLOBAL, 0);
    tlb.insert(2, 0x2000, 0);
    tlb.flush(true);
    assertTrue(tlb.find(1) >= 0);
    assertEquals(-1, tlb.find(2));
    assertTrue(tlb.remove(1));
    assertFalse(tlb.remove(1));
    tlb.insert(1, 0x1000 | GLOBAL, 0);
    tlb.flush(false);
    assertEquals(0, tlb.size());
  }

  @Test
  void droppingOnePieceOfALargePageDropsThemAll() {
    Tlb tlb = new Tlb(16, 2);
    tlb.insert(0x400, 0x1000, 9);
    tlb.insert(0x5ff, 0x2000, 9);
    tlb.insert(0x600, 0x3000, 9);
    tlb.insert(0x3ff, 0x4000, 0);
    assertTrue(tlb.mayHoldLarge());
    assertTrue(tlb.remove(0x4aa), "never entered itself");
    assertEquals(-1, tlb.find(0x400));
    assertEquals(-1, tlb.find(0x5ff));
    assertTrue(tlb.find(0x600) >= 0);
    assertTrue(tlb.find(0x3ff) >= 0);
    tlb.flush(false);
    assertFalse(tlb.mayHoldLarge());
  }

  @Test
  void badGeometryIsRefused() {
    for (int[] bad : new int[][] {{0, 1}, {3, 1}, {8, 3}, {8, 16}, {8, 0}, {-8, 1}}) {
      assertThrows(IllegalArgumentException.class, () -> new Tlb(bad[0], bad[1]));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "64,4", "64,64", "16,1", "128,2"})
  void agreesWithThePlainTlbOnRandomWork(int entries, int ways) {
    for (long seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      Tlb tlb = new Tlb(entries, ways);
      PlainTlb<Long> plain = new PlainTlb<>(entries, ways);
      long span = entries * (1L + random.nextInt(4));
      for (int i = 0; i < 2000; i++) {
        String where = "seed %d, step %d".formatted(seed, i);
        long page = random.nextLong(span) + (random.nextInt(8) == 0 ? 0xf_ffff_0000_0000L : 0);
        int what = random.nextInt(1000);
        if (what < 400) {
          long data = (random.nextLong() & ~0xfffL) | (random.nextInt(4) == 0 ? GLOBAL : 0);
          int sizeShift = random.nextInt(50) == 0 ? 9 : 0;
          assertEquals(
              plain.insert(new PlainTlb.Entry<>(page, data, 1L << sizeShift, (data & GLOBAL) != 0)),
              tlb.insert(page, data, sizeShift),
              where);
        } else if (what < 500) {
          assertEquals(plain.remove(page), tlb.remove(page), where);
        } else if (what < 505) {
          plain.flush(false);
          tlb.flush(false);
        } else if (what < 515) {
          plain.flush(true);
          tlb.flush(true);
        } else {
          int slot = tlb.find(page);
          Long expected = plain.find(page);
          assertEquals(expected != null, slot >= 0, where);
          if (expected != null) {
            assertEquals(expected, tlb.data(slot), where);
          }
        }
        assertEquals(plain.size(), tlb.size(), where);
      }
    }
  }
}
