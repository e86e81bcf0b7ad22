package org.memarium.mm.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.VmStatItem;

final class PageTreeTest {
  private final TestSpace space = TestSpace.i386();
  private final PageTree tree =
      new PageTree(space.pageCache.treeNodes(), space.pageCache.shadowNodes());

  /** What the tree should hold: a page as frame + 1, a value as ~value; and its tags. */
  private final TreeMap<Long, Integer> entries = new TreeMap<>();

  private final TreeMap<Long, Integer> tags = new TreeMap<>();

  @AfterEach
  void close() {
    for (long index = tree.nextEntry(0); index >= 0; index = tree.nextEntry(index + 1)) {
      tree.remove(index);
      tree.removeValue(index);
    }
    assertEquals(0, tree.auditNodes());
    assertEquals(0, space.pageCache.shadowNodes().count());
    space.close();
  }

  @Test
  void aValueIsNoPage() {
    assertTrue(tree.putValue(3, Integer.MAX_VALUE, Gfp.GFP_KERNEL));
    assertEquals(PageTree.NONE, tree.get(3));
    assertEquals(Integer.MAX_VALUE, tree.value(3));
    assertEquals(PageTree.NONE, tree.next(0));
    assertEquals(3, tree.nextEntry(0));
    assertEquals(0, tree.size());
    assertTrue(tree.put(3, 77, Gfp.GFP_KERNEL));
    assertEquals(77, tree.get(3));
    assertEquals(PageTree.NONE, tree.value(3));
    assertEquals(0, tree.values());
    assertThrows(IllegalStateException.class, () -> tree.putValue(3, 1, Gfp.GFP_KERNEL));
    tree.replaceByValue(3, 0);
    assertEquals(0, tree.value(3));
    assertEquals(1, tree.auditNodes());
  }

  @Test
  void theOldestNodeOfShadowsGoesFirstAndTakesTheOnesAboveWithIt() {
    long[] firsts = {64, 64 * 64, 64 * 64 * 64};
    for (long first : firsts) {
      tree.put(first, 5, Gfp.GFP_KERNEL);
    }
    assertEquals(0, space.pageCache.shadowNodes().count());
    for (long first : firsts) {
      tree.replaceByValue(first, 9);
    }
    assertEquals(3, space.pageCache.shadowNodes().count());
    long before = tree.auditNodes();
    assertTrue(space.pageCache.shadowNodes().reclaimOldest());
    assertEquals(PageTree.NONE, tree.value(64));
    assertEquals(9, tree.value(64 * 64));
    assertTrue(tree.auditNodes() < before);
    assertTrue(space.pageCache.shadowNodes().reclaimOldest());
    assertTrue(space.pageCache.shadowNodes().reclaimOldest());
    assertFalse(space.pageCache.shadowNodes().reclaimOldest());
    assertEquals(0, tree.values());
    assertEquals(3, space.pageCache.vmStat.get(VmStatItem.WORKINGSET_NODERECLAIM));
  }

  @Test
  void isWhatAMapWouldBe() {
    for (long seed = 1; seed <= 8; seed++) {
      Random random = new Random(seed);
      long reach = 1L << (seed * 4);
      for (int step = 0; step < 2500; step++) {
        long near = random.nextInt(4) == 0 ? 0 : random.nextLong(reach);
        change(random, near);
        if (step % 100 == 0) {
          compare("seed " + seed + ", step " + step, random.nextLong(reach));
        }
      }
    }
  }

  private void change(Random random, long index) {
    int entry = entries.getOrDefault(index, 0);
    int number = random.nextInt(1 << 20);
    switch (random.nextInt(8)) {
      case 0, 1 -> {
        if (entry <= 0) {
          assertTrue(tree.put(index, number, Gfp.GFP_KERNEL));
          entries.put(index, number + 1);
        } else {
          tree.replace(index, number);
          entries.put(index, number + 1);
        }
      }
      case 2 -> {
        if (entry <= 0) {
          assertTrue(tree.putValue(index, number, Gfp.GFP_KERNEL));
        } else {
          tree.replaceByValue(index, number);
          tags.remove(index);
        }
        entries.put(index, ~number);
      }
      case 3 -> {
        assertEquals(entry > 0 ? entry - 1 : PageTree.NONE, tree.remove(index));
        removed(index, entry > 0);
      }
      case 4 -> {
        assertEquals(entry < 0 ? ~entry : PageTree.NONE, tree.removeValue(index));
        removed(index, entry < 0);
      }
      default -> changeTag(random, entry > 0 ? index : nextPage(index));
    }
  }

  private long nextPage(long from) {
    return entries.tailMap(from).entrySet().stream()
        .filter(entry -> entry.getValue() > 0)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(-1L);
  }

  private void removed(long index, boolean there) {
    if (there) {
      entries.remove(index);
      tags.remove(index);
    }
  }

  private void changeTag(Random random, long page) {
    int tag = random.nextInt(PageTree.TAGS);
    if (page < 0) {
      return;
    }
    if (random.nextBoolean()) {
      tree.setTag(page, tag);
      tags.merge(page, 1 << tag, (a, b) -> a | b);
    } else {
      tree.clearTag(page, tag);
      tags.merge(page, 0, (a, b) -> a & ~(1 << tag));
    }
  }

  private void compare(String where, long from) {
    tree.auditNodes();
    assertEquals(entries.values().stream().filter(entry -> entry > 0).count(), tree.size(), where);
    Long entry = entries.ceilingKey(from);
    assertEquals(entry == null ? -1 : entry, tree.nextEntry(from), where);
    assertEquals(nextPage(from), tree.next(from), where);
    for (int tag = 0; tag < PageTree.TAGS; tag++) {
      int bit = 1 << tag;
      long tagged =
          tags.tailMap(from).entrySet().stream()
              .filter(one -> (one.getValue() & bit) != 0)
              .map(Map.Entry::getKey)
              .findFirst()
              .orElse(-1L);
      assertEquals(tagged, tree.nextTagged(from, tag), where);
      boolean any = tags.values().stream().anyMatch(bits -> (bits & bit) != 0);
      assertEquals(any, tree.isTagged(tag), where);
    }
  }
}
