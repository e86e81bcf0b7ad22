package org.memarium.mm.reclaim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.PageFlags;

/** How much of each list one attempt looks at. */
class ScanCountTest {
  private static final int ANON = PageFlags.ANON | PageFlags.SWAP_BACKED;

  private final TestSpace space = TestSpace.i386();
  private final Lruvec root = space.memory.allocator.lru().root();
  private final Swappiness swappiness = new Swappiness();
  private final ScanCount scanCount =
      new ScanCount(space.memory.allocator, space.manager.swap(), new RootGroup(root, swappiness));
  private final long[] nr = new long[4];

  @AfterEach
  void close() {
    space.memory.close();
  }

  private void pages(int count, int flags) {
    for (int i = 0; i < count; i++) {
      int pfn = space.memory.allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
      space.memory.allocator.memMap().setFlags(pfn, flags);
      space.memory.allocator.lru().add(pfn);
    }
  }

  private ScanControl control(int priority) {
    int highest = space.memory.allocator.zones().size() - 1;
    ScanControl sc = new ScanControl(true, root, false, Gfp.GFP_KERNEL, 0, highest);
    sc.priority = priority;
    return sc;
  }

  private void withSwap() {
    space.memory.allocator.lru().workingset().setSwapSpace(group -> 1000);
  }

  private long[] count(ScanControl sc) {
    scanCount.prepare(sc);
    scanCount.count(root, sc, nr);
    return nr;
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, true",
    "100, 100, false",
    "100, 101, true",
    // One gigabyte: three to one.
    "70000, 200000, false",
    "60000, 202144, true"
  })
  void theInactiveListIsLowBesideAnActiveOne(long inactive, long active, boolean low) {
    assertEquals(low, ScanCount.inactiveIsLow(inactive, active));
  }

  @Test
  void withoutSwapOnlyFilesAreLookedAt() {
    pages(512, ANON);
    pages(1024, 0);
    assertArrayEquals(new long[] {0, 0, 64, 0}, count(control(4)));
  }

  @Test
  void plentyOfInactiveFilesSparesAnonymousPages() {
    withSwap();
    pages(512, ANON);
    pages(1024, 0);
    assertArrayEquals(new long[] {0, 0, 64, 0}, count(control(4)));
  }

  @Test
  void swappinessSplitsThePressureWhenFilesAreInUse() {
    withSwap();
    pages(1600, ANON);
    pages(800, 0);
    pages(1600, PageFlags.ACTIVE);
    // 60 to 140 while nothing has cost anything.
    assertArrayEquals(new long[] {30, 0, 35, 70}, count(control(4)));
    swappiness.set(100);
    assertArrayEquals(new long[] {50, 0, 25, 50}, count(control(4)));
    swappiness.set(0);
    assertArrayEquals(new long[] {0, 0, 50, 100}, count(control(4)));
  }

  @Test
  void whatWasExpensiveLatelyIsLookedAtLess() {
    withSwap();
    pages(1600, ANON);
    pages(800, 0);
    pages(1600, PageFlags.ACTIVE);
    swappiness.set(100);
    root.noteCost(true, 300);
    // Files have all the cost: two thirds of the pressure is on anonymous pages.
    assertArrayEquals(new long[] {66, 0, 16, 33}, count(control(4)));
  }

  @Test
  void inTheLastAttemptEverythingIsLookedAt() {
    withSwap();
    pages(100, ANON);
    pages(50, 0);
    assertArrayEquals(new long[] {100, 0, 50, 0}, count(control(0)));
  }
}
