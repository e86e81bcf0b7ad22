package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.fault.TestSpace;

final class VmaTreeTest {
  private static final long PAGE = 4096;
  private static final long MIB = 1 << 20;

  private final TestSpace space = TestSpace.i386();
  private final VmaTree tree = new VmaTree();

  @AfterEach
  void close() {
    space.close();
  }

  private Vma area(long startPage, long endPage, int flags) {
    return new Vma(space.mm, startPage * PAGE, endPage * PAGE, flags, startPage);
  }

  private Vma insert(long startPage, long endPage, int flags) {
    Vma made = area(startPage, endPage, flags);
    tree.insert(made);
    return made;
  }

  @Test
  void aLookupFindsTheLowestAreaThatEndsAboveTheAddress() {
    Vma low = insert(1, 2, 0);
    Vma high = insert(4, 6, 0);
    assertSame(low, tree.find(0));
    assertSame(low, tree.find(2 * PAGE - 1));
    assertSame(high, tree.find(2 * PAGE));
    assertSame(high, tree.find(5 * PAGE));
    assertNull(tree.find(6 * PAGE));
    assertNull(tree.findIntersection(2 * PAGE, 4 * PAGE));
    assertSame(high, tree.findIntersection(2 * PAGE, 4 * PAGE + 1));
    assertSame(low, tree.findBelow(4 * PAGE));
    assertNull(tree.findBelow(PAGE));
  }

  @Test
  void areasThatOverlapAreRefused() {
    insert(4, 6, 0);
    assertThrows(IllegalStateException.class, () -> insert(5, 7, 0));
    assertThrows(IllegalStateException.class, () -> insert(3, 5, 0));
    tree.audit();
  }

  @Test
  void belowAnAreaThatGrowsDownTheGuardGapIsNoGap() {
    insert(1000, 1001, VmFlags.GROWSDOWN);
    assertEquals((1000 - 256) * PAGE - PAGE, tree.highestGap(0, 1001 * PAGE, PAGE));
    insert(900, 901, 0);
    // Nearer than the guard gap: what is free between them is no gap at all.
    assertEquals(899 * PAGE, tree.highestGap(0, 1001 * PAGE, PAGE));
    assertEquals(1001 * PAGE, tree.lowestGap(900 * PAGE, 2000 * PAGE, PAGE));
    tree.audit();
  }

  // ---- Against brute force ----

  private static boolean isFree(List<Vma> areas, long start, long end) {
    for (Vma area : areas) {
      Vma below = area.previous();
      long guarded = Math.max(area.startGap(), below == null ? 0 : below.end());
      if (start < area.end() && end > Math.min(guarded, area.start())) {
        return false;
      }
    }
    return true;
  }

  private static long brute(List<Vma> areas, long low, long high, long bytes, boolean highest) {
    long found = -1;
    for (long at = low; at + bytes <= high; at += PAGE) {
      if (isFree(areas, at, at + bytes)) {
        if (!highest) {
          return at;
        }
        found = at;
      }
    }
    return found;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void gapsAreThoseThatBruteForceFinds(long seed) {
    Random random = new Random(seed);
    List<Vma> areas = new ArrayList<>();
    int pages = 600;
    for (int step = 0; step < 1500; step++) {
      Vma candidate =
          area(random.nextInt(pages), 0, random.nextInt(8) == 0 ? VmFlags.GROWSDOWN : 0);
      candidate.end = candidate.start + (1 + random.nextInt(8)) * PAGE;
      if (random.nextInt(5) < 3) {
        if (tree.findIntersection(candidate.start, candidate.end) == null) {
          tree.insert(candidate);
          areas.add(candidate);
        }
      } else if (!areas.isEmpty()) {
        Vma gone = areas.remove(random.nextInt(areas.size()));
        tree.remove(gone);
      }
      tree.audit();
      long low = random.nextInt(pages) * PAGE;
      long high = low + random.nextInt(pages) * PAGE;
      long bytes = (1 + random.nextInt(20)) * PAGE;
      String where = "seed %d, step %d: %x to %x, %x".formatted(seed, step, low, high, bytes);
      assertEquals(brute(areas, low, high, bytes, true), tree.highestGap(low, high, bytes), where);
      assertEquals(brute(areas, low, high, bytes, false), tree.lowestGap(low, high, bytes), where);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6})
  void boundsThatMoveKeepTheGapsRight(long seed) {
    Random random = new Random(seed);
    List<Vma> areas = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      areas.add(insert(10L * i + 4, 10L * i + 6, 0));
    }
    for (int step = 0; step < 2000; step++) {
      Vma area = areas.get(random.nextInt(100));
      long base = area.start / (10 * PAGE) * 10;
      long start = base + random.nextInt(5);
      area.start = start * PAGE;
      area.end = (start + 1 + random.nextInt(5)) * PAGE;
      tree.boundsChanged(area);
      tree.audit();
    }
  }

  // ---- Many areas ----

  @Test
  void with65530AreasNoSearchTakesMoreThanAFewSteps() {
    Random random = new Random(7);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < MmStruct.MAX_MAP_COUNT; i++) {
      order.add(i);
    }
    java.util.Collections.shuffle(order, random);
    for (int i : order) {
      // Gaps of one page, and here and there one of two.
      insert(3L * i + (i % 1000 == 0 ? 2 : 1), 3L * i + 3, 0);
    }
    Vma root = tree.root();
    assertNotNull(root);
    assertTrue(root.height <= 23, () -> "height " + root.height);
    tree.audit();
    long end = 3L * MmStruct.MAX_MAP_COUNT * PAGE;
    for (int i = 0; i < 1000; i++) {
      long low = random.nextInt(100_000) * PAGE;
      long high = low + (1 + random.nextInt(90_000)) * PAGE;
      long bytes = (1 + random.nextInt(3)) * PAGE;
      long before = tree.gapSteps;
      tree.highestGap(low, Math.min(high, end), bytes);
      tree.lowestGap(low, Math.min(high, end), bytes);
      long steps = tree.gapSteps - before;
      assertTrue(steps <= 4L * root.height, () -> "steps " + steps);
    }
    assertNull(firstOfEmpty(order));
  }

  private @Nullable Vma firstOfEmpty(List<Integer> order) {
    for (int i : order) {
      Vma area = tree.find(3L * i * PAGE + 2 * PAGE);
      assertNotNull(area);
      tree.remove(area);
      if (tree.size() % 8192 == 0) {
        tree.audit();
      }
    }
    return tree.first();
  }

  @Test
  void theLimitOfAreasIsTheOneOfLinux() {
    long at = 0x1000_0000L;
    for (int i = 0; i <= MmStruct.MAX_MAP_COUNT; i++) {
      int prot = 1 + i % 2 * 2;
      assertEquals(at + i * PAGE, space.mapAnon(at + i * PAGE, PAGE, prot, TestSpace.FIXED));
    }
    // mmap looks before it leaps, so there is one more than the limit.
    assertEquals(MmStruct.MAX_MAP_COUNT + 1, space.mm.areas());
    assertEquals(-12, space.mapAnon(0, PAGE, 1, 0));
    assertEquals(0, space.mm.munmap(at + PAGE, PAGE));
    assertEquals(0, space.mm.munmap(at + 3 * PAGE, PAGE));
    long large = at + 5 * PAGE;
    assertEquals(large, space.mapAnon(large, MIB, 3, TestSpace.FIXED));
    assertTrue(space.mm.areas() < MmStruct.MAX_MAP_COUNT);
  }
}
