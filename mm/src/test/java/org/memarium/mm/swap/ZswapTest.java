package org.memarium.mm.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.fault.TryToUnuse;
import org.memarium.mm.swap.Zswap.Counter;
import org.memarium.mm.trace.VmStatItem;

/** Compressed RAM in front of swap keeps what it takes, and takes no more than it may. */
class ZswapTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final long SEED = 20_260;

  private static TestSwap machine(int ramMib, int slots, ZswapParameters parameters) {
    TestSwap t = new TestSwap(Architecture.I386, ramMib);
    t.swap.useZswap(parameters, t.space.slab);
    t.on(slots, 0, false);
    return t;
  }

  private static Zswap zswap(TestSwap t) {
    return Objects.requireNonNull(t.swap.zswap());
  }

  /** A page of text, as it were, which gets smaller. */
  private static void fill(TestSwap t, long address, int seed) {
    for (int at = 0; at < PAGE; at += 4) {
      t.write(address + at, (at & 0xf) + seed);
    }
  }

  private static void fillAtRandom(TestSwap t, long address, int seed) {
    SplittableRandom random = new SplittableRandom(SEED + seed);
    for (int at = 0; at < PAGE; at += 4) {
      t.write(address + at, random.nextInt());
    }
  }

  @Test
  void aPageIsStoredSmallAndComesBackWithoutTheDevice() {
    try (TestSwap t = machine(64, 1000, ZswapParameters.DEFAULT)) {
      t.swap.readahead().setPageCluster(0);
      long at = t.space.mapAnon(0, 2 * PAGE, TestSpace.RW, 0);
      fill(t, at, 7);
      fill(t, at + PAGE, 8);
      t.swapOut(at);
      t.swapOut(at + PAGE);
      t.audit();
      assertEquals(2, zswap(t).storedPages());
      assertEquals(1, zswap(t).poolPages(), "two share a page");
      assertEquals(2, t.stat(VmStatItem.ZSWPOUT));
      assertEquals(0, t.stat(VmStatItem.PSWPOUT));
      assertEquals(7 + 12, t.read(at + 12));
      assertEquals(1, t.stat(VmStatItem.ZSWPIN));
      assertEquals(0, t.stat(VmStatItem.PSWPIN));
      assertEquals(1, t.stat(VmStatItem.PGMAJFAULT));
      assertEquals(2, zswap(t).storedPages(), "what is stored stays while the slot does");
      t.write(at, 1);
      assertEquals(0, t.mm.munmap(at, 2 * PAGE));
      t.swap.areas().slots().disable();
      assertEquals(0, zswap(t).storedPages());
      assertEquals(0, zswap(t).poolPages());
      t.audit();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPageOfOneWordTakesNoMemory(boolean compat) {
    try (TestSwap t = compat ? TestSwap.compat() : TestSwap.i386()) {
      t.swap.useZswap(ZswapParameters.DEFAULT, t.space.slab);
      t.on(1000);
      long at = t.space.mapAnon(0, PAGE, TestSpace.RW, 0);
      for (int i = 0; i < PAGE; i += 4) {
        t.write(at + i, 0x1234);
      }
      t.swapOut(at);
      assertEquals(1, zswap(t).sameFilledPages());
      assertEquals(0, zswap(t).poolPages());
      t.audit();
      assertEquals(0x1234, t.read(at + 4092));
    }
  }

  @Test
  void whatDoesNotGetSmallerGoesToTheDevice() {
    try (TestSwap t = machine(64, 1000, ZswapParameters.DEFAULT)) {
      long at = t.space.mapAnon(0, PAGE, TestSpace.RW, 0);
      fillAtRandom(t, at, 1);
      int first = t.read(at);
      t.swapOut(at);
      assertEquals(1, zswap(t).count(Counter.REJECT_COMPRESS_POOR));
      assertEquals(1, t.stat(VmStatItem.PSWPOUT));
      assertEquals(first, t.read(at));
      t.audit();
    }
  }

  @Test
  void aFullPoolWritesItsOldestPagesToTheDevice() {
    ZswapParameters small = ZswapParameters.DEFAULT.with("max_pool_percent", "1");
    try (TestSwap t = machine(16, 2000, small)) {
      int pages = 400;
      long at = t.space.mapAnon(0, pages * PAGE, TestSpace.RW, 0);
      for (int i = 0; i < pages; i++) {
        fill(t, at + i * PAGE, i);
        t.swapOut(at + i * PAGE);
        t.swap.atSafePoint();
        t.space.memory.allocator.pendingIo().complete();
      }
      t.audit();
      assertTrue(zswap(t).count(Counter.POOL_LIMIT_HIT) > 0);
      assertTrue(zswap(t).count(Counter.WRITTEN_BACK_PAGES) > 0);
      long most = t.space.memory.allocator.node().totalRamPages() / 100 + 1;
      assertTrue(zswap(t).poolPages() <= most, () -> "pages: " + zswap(t).poolPages());
      assertTrue(t.stat(VmStatItem.PSWPOUT) > 0);
      for (int i = 0; i < pages; i++) {
        assertEquals(i + 8, t.read(at + i * PAGE + 8), "page " + i);
      }
      t.audit();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void moreMemoryThanRamIsThereAfterwards(int seed) {
    SplittableRandom random = new SplittableRandom(SEED + seed);
    int pages = 6000;
    int[] expected = new int[pages];
    try (TestSwap t = machine(16, 4 * pages, ZswapParameters.DEFAULT)) {
      long at = t.space.mapAnon(0, pages * PAGE, TestSpace.RW, 0);
      for (int step = 0; step < 3 * pages; step++) {
        int page = random.nextInt(pages);
        assertEquals(expected[page], t.read(at + page * PAGE + 64), "seed " + seed);
        if (random.nextInt(3) > 0) {
          expected[page] = random.nextInt();
          t.write(at + page * PAGE + 64, expected[page]);
        }
        t.swap.atSafePoint();
      }
      t.audit();
      assertTrue(t.stat(VmStatItem.ZSWPOUT) > 1000);
      assertTrue(t.stat(VmStatItem.ZSWPIN) > 1000);
    }
  }

  @Test
  void swapoffEmptiesThePool() {
    try (TestSwap t = machine(64, 1000, ZswapParameters.DEFAULT)) {
      long at = t.space.mapAnon(0, 20 * PAGE, TestSpace.RW, 0);
      for (int i = 0; i < 20; i++) {
        fill(t, at + i * PAGE, i);
        t.swapOut(at + i * PAGE);
      }
      assertEquals(0, t.swap.areas().swapOff(0, new TryToUnuse(t.space.manager)));
      assertEquals(0, zswap(t).storedPages());
      assertEquals(0, zswap(t).poolPages());
      t.audit();
      for (int i = 0; i < 20; i++) {
        assertEquals(i, t.read(at + i * PAGE));
      }
    }
  }

  @Test
  void parametersAreCheckedByName() {
    ZswapParameters all = ZswapParameters.DEFAULT;
    assertEquals(30, all.with("max_pool_percent", "30").maxPoolPercent());
    assertThrows(IllegalArgumentException.class, () -> all.with("max_pool_percent", "101"));
    assertThrows(IllegalArgumentException.class, () -> all.with("compressor", "lzo"));
    assertThrows(IllegalArgumentException.class, () -> all.with("max_pool", "1"));
  }
}
