package org.memarium.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class IntervalTreeTest {
  private static final class Range extends IntervalTree.Node<Range> {
    final int number;

    Range(int number) {
      this.number = number;
    }
  }

  private static List<Integer> overlaps(IntervalTree<Range> tree, long first, long last) {
    List<Integer> found = new ArrayList<>();
    for (Range at = tree.firstOverlap(first, last);
        at != null;
        at = tree.nextOverlap(at, first, last)) {
      found.add(at.number);
    }
    return found;
  }

  @Test
  void rangesThatBeginTogetherStandInTheOrderOfInsertion() {
    IntervalTree<Range> tree = new IntervalTree<>();
    for (int i = 0; i < 5; i++) {
      tree.insert(new Range(i), 7, 7 + i);
    }
    assertEquals(List.of(0, 1, 2, 3, 4), overlaps(tree, 0, 100));
    assertEquals(List.of(3, 4), overlaps(tree, 10, 10));
    assertEquals(List.of(), overlaps(tree, 12, 100));
  }

  @Test
  void aNodeIsInOneTreeOnce() {
    IntervalTree<Range> tree = new IntervalTree<>();
    Range range = new Range(1);
    tree.insert(range, 1, 1);
    assertThrows(IllegalStateException.class, () -> tree.insert(range, 2, 2));
    tree.remove(range);
    assertThrows(IllegalStateException.class, () -> tree.remove(range));
    assertThrows(IllegalStateException.class, () -> tree.insert(range, 2, 1));
  }

  @Test
  void itFindsWhatALookAtEveryRangeFinds() {
    long seed = 4711;
    SplittableRandom random = new SplittableRandom(seed);
    IntervalTree<Range> tree = new IntervalTree<>();
    List<Range> all = new ArrayList<>();
    for (int step = 0; step < 20_000; step++) {
      if (random.nextInt(100) < (all.size() < 300 ? 60 : 40) || all.isEmpty()) {
        Range range = new Range(step);
        long first = random.nextInt(500);
        tree.insert(range, first, first + random.nextInt(random.nextInt(1, 200)));
        all.add(range);
      } else {
        int at = random.nextInt(all.size());
        tree.remove(all.get(at));
        all.set(at, all.getLast());
        all.removeLast();
      }
      if (step % 50 == 0) {
        compare(tree, all, random.nextInt(600), random.nextInt(100), seed);
      }
    }
    Audit audit = new Audit(1);
    tree.audit(audit, "the test");
    audit.finish();
  }

  private static void compare(
      IntervalTree<Range> tree, List<Range> all, long first, long more, long seed) {
    List<Integer> expected =
        all.stream()
            .filter(range -> range.first() <= first + more && range.last() >= first)
            .sorted(Comparator.comparingLong(Range::first).thenComparingInt(range -> range.number))
            .map(range -> range.number)
            .toList();
    assertEquals(expected, overlaps(tree, first, first + more), "seed " + seed);
    assertEquals(all.size(), tree.size());
    Audit audit = new Audit(1);
    tree.audit(audit, "the test");
    audit.finish();
  }
}
