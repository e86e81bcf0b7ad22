package org.memarium.mm.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.trace.VmStatItem;

/** More memory than RAM: reclaim and swap together, without a processor. */
class ReclaimWithSwapTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final int RAM_MIB = 16;
  private static final int PAGES = 6000;
  private static final long SEED = 611;

  private static TestSwap machine() {
    TestSwap t = new TestSwap(Architecture.I386, RAM_MIB);
    t.on(4 * PAGES, 0, false);
    return t;
  }

  private static int content(int page, int round) {
    return page * 0x9e37_79b9 + round;
  }

  @Test
  void whatIsWrittenInOrderIsThereAfterwards() {
    try (TestSwap t = machine()) {
      long at = t.space.mapAnon(0, PAGES * PAGE, TestSpace.RW, 0);
      for (int round = 0; round < 3; round++) {
        for (int page = 0; page < PAGES; page++) {
          if (round > 0) {
            assertEquals(content(page, round - 1), t.read(at + page * PAGE), "page " + page);
          }
          t.write(at + page * PAGE, content(page, round));
        }
        t.audit();
      }
      assertTrue(t.stat(VmStatItem.PSWPOUT) > 3 * (PAGES - RAM_MIB * 256));
      assertTrue(t.stat(VmStatItem.PGSTEAL_KSWAPD) > 0);
      assertTrue(t.stat(VmStatItem.WORKINGSET_REFAULT_ANON) > 0);
      assertEquals(
          t.stat(VmStatItem.PGSCAN_KSWAPD) + t.stat(VmStatItem.PGSCAN_DIRECT),
          t.stat(VmStatItem.PGSCAN_ANON) + t.stat(VmStatItem.PGSCAN_FILE));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void pagesAtRandomSurviveWithAForkBetween(int seed) {
    SplittableRandom random = new SplittableRandom(SEED + seed);
    int[] expected = new int[PAGES];
    try (TestSwap t = machine()) {
      long at = t.space.mapAnon(0, PAGES * PAGE, TestSpace.RW, 0);
      for (int step = 0; step < 3 * PAGES; step++) {
        int page = random.nextInt(PAGES);
        assertEquals(expected[page], t.read(at + page * PAGE), "seed " + seed);
        if (random.nextInt(3) > 0) {
          expected[page] = random.nextInt();
          t.write(at + page * PAGE, expected[page]);
        }
      }
      t.audit();
      MmStruct child = t.mm.fork(t.space.limits);
      assertNotNull(child);
      for (int step = 0; step < PAGES; step++) {
        int page = random.nextInt(PAGES);
        t.write(at + page * PAGE, 0);
      }
      t.audit();
      for (int page = 0; page < PAGES; page++) {
        int pfn = t.space.faults.gup().getUserPage(child, at + page * PAGE, false);
        assertTrue(pfn >= 0, "seed " + seed);
        assertEquals(expected[page], t.space.memory.ram.getInt((long) pfn << Ram.PAGE_SHIFT));
      }
      t.audit();
      child.exit();
    }
  }

  @Test
  void aHotPageStaysWhileAStreamGoesBy() {
    try (TestSwap t = machine()) {
      long at = t.space.mapAnon(0, PAGES * PAGE, TestSpace.RW, 0);
      int hot = 200;
      long before = 0;
      for (int page = hot; page < PAGES; page++) {
        if (page == PAGES / 2) {
          before = t.stat(VmStatItem.PSWPIN);
        }
        t.write(at + page * PAGE, page);
        for (int use = 0; use < 4; use++) {
          t.write(at + ((4 * page + use) % hot) * PAGE, page);
        }
      }
      // Hardly any of the 200 was ever out, among 12,000 uses.
      long comeBack = t.stat(VmStatItem.PSWPIN) - before;
      assertTrue(comeBack < hot, "came back: " + comeBack);
    }
  }

  @Test
  void lockedPagesNeverGo() {
    try (TestSwap t = machine()) {
      long at = t.space.mapAnon(0, PAGES * PAGE, TestSpace.RW, 0);
      t.write(at, 1);
      assertEquals(0, t.mm.mlock().mlock2(at, 100 * PAGE, 0));
      for (int page = 100; page < PAGES; page++) {
        t.write(at + page * PAGE, page);
      }
      long faults = t.stat(VmStatItem.PGMAJFAULT);
      for (int page = 0; page < 100; page++) {
        assertEquals(page == 0 ? 1 : 0, t.read(at + page * PAGE));
      }
      assertEquals(faults, t.stat(VmStatItem.PGMAJFAULT));
      t.audit();
    }
  }
}
