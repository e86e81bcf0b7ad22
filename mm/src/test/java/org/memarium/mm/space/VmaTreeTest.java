package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
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
  void aGapEndsAtTheAreaItselfEvenIfThatGrowsDown() {
    insert(1000, 1001, VmFlags.GROWSDOWN);
    assertEquals(999 * PAGE, tree.highestGap(0, 1001 * PAGE, PAGE));
    insert(900, 901, 0);
    assertEquals(901 * PAGE, tree.lowestGap(900 * PAGE, 2000 * PAGE, PAGE));
    tree.audit();
  }

  // ---- Against brute force ----

  private static boolean isFree(List<Vma> areas, long start, long end) {
    for (Vma area : areas) {
      if (start < area.end() && end > area.start()) {
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

  // ---- Against a sorted list ----

  /**
   * Insertions, removals and moves of bounds, in phases that grow and shrink the tree by several
   * levels; every answer is that of a sorted map.
   */
  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void theTreeIsASortedList(long seed) {
    Random random = new Random(seed);
    NavigableMap<Long, Vma> model = new TreeMap<>();
    long slots = 6000;
    for (int step = 0; step < 40_000; step++) {
      boolean growing = step / 8000 % 2 == 0;
      // Each area keeps to its own eight pages; runs of neighbours come and go together.
      long slot = seed % 2 == 0 ? slots - 1 - step % slots : random.nextLong(slots);
      long base = slot * 8 * PAGE;
      Vma there = model.get(slot);
      if (there == null && random.nextInt(10) < (growing ? 8 : 1)) {
        Vma made = area(slot * 8 + random.nextInt(3), slot * 8 + 4 + random.nextInt(5), 0);
        tree.insert(made);
        model.put(slot, made);
      } else if (there != null && random.nextInt(10) < (growing ? 1 : 8)) {
        tree.remove(there);
        model.remove(slot);
        assertNull(there.leaf);
      } else if (there != null) {
        there.start = base + random.nextInt(3) * PAGE;
        there.end = base + (4 + random.nextInt(5)) * PAGE;
        tree.boundsChanged(there);
      }
      compare(model, random.nextLong(slots * 8) * PAGE + random.nextInt(2), seed, step);
      if (step % 500 == 0) {
        tree.audit();
      }
    }
    tree.audit();
    for (Vma area : model.values()) {
      tree.remove(area);
    }
    tree.audit();
    assertNull(tree.first());
    assertEquals(1, tree.levels());
  }

  private void compare(NavigableMap<Long, Vma> model, long address, long seed, int step) {
    String where = "seed %d, step %d, address %x".formatted(seed, step, address);
    long slot = address / (8 * PAGE);
    Map.Entry<Long, Vma> here = model.ceilingEntry(slot);
    if (here != null && here.getValue().end <= address) {
      here = model.higherEntry(slot);
    }
    assertSame(here == null ? null : here.getValue(), tree.find(address), where);
    Map.Entry<Long, Vma> below = model.floorEntry(slot);
    if (below != null && below.getValue().start >= address) {
      below = model.lowerEntry(slot);
    }
    assertSame(below == null ? null : below.getValue(), tree.findBelow(address), where);
    assertEquals(model.size(), tree.size(), where);
    assertSame(model.isEmpty() ? null : model.firstEntry().getValue(), tree.first(), where);
    assertSame(model.isEmpty() ? null : model.lastEntry().getValue(), tree.last(), where);
  }

  /** All orders in which six areas can come, and all in which they can go. */
  @Test
  void everyOrderOfAFewAreasIsRight() {
    permute(
        new int[] {0, 1, 2, 3, 4, 5},
        0,
        order -> {
          VmaTree some = new VmaTree();
          Vma[] areas = new Vma[order.length];
          for (int i : order) {
            areas[i] = area(2L * i + 1, 2L * i + 2, 0);
            some.insert(areas[i]);
            some.audit();
          }
          for (int i : order) {
            some.remove(areas[areas.length - 1 - i]);
            some.audit();
          }
          assertEquals(0, some.size());
        });
  }

  private static void permute(int[] order, int from, Consumer<int[]> each) {
    if (from == order.length) {
      each.accept(order);
      return;
    }
    for (int i = from; i < order.length; i++) {
      swap(order, from, i);
      permute(order, from + 1, each);
      swap(order, from, i);
    }
  }

  private static void swap(int[] order, int one, int other) {
    int kept = order[one];
    order[one] = order[other];
    order[other] = kept;
  }

  @Test
  void theAuditSeesWhatIsNotSo() {
    Vma low = insert(1, 2, 0);
    insert(4, 6, 0);
    low.end += PAGE;
    assertThrows(IllegalStateException.class, tree::audit);
    tree.boundsChanged(low);
    tree.audit();
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
    assertTrue(tree.levels() <= 6, () -> tree.levels() + " levels");
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
      assertTrue(steps <= 6L * tree.levels(), () -> "steps " + steps);
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

  // ---- Beside an area that grows down ----

  /** As Linux 6.18 answers: the free page right above the lower area is passed over. */
  @Test
  void whereASearchMeetsAGuardGapItGoesOnBelowAllOfIt() {
    long base = space.mm.unmappedArea().mmapBase();
    long stack = base - 4 * PAGE;
    assertEquals(stack, space.mapAnon(stack, 4 * PAGE, 3, TestSpace.FIXED | 0x100));
    long low = stack - 10 * PAGE;
    assertEquals(low, space.mapAnon(low, 4 * PAGE, 1, TestSpace.FIXED));
    assertEquals(stack - 257 * PAGE, space.mapAnon(0, PAGE, 1, 0));
    // A hint is looked at by itself.
    assertEquals(low - PAGE, space.mapAnon(low - PAGE, PAGE, 5, 0x10_0000));
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
