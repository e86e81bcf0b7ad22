package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The page allocator of one zone, as plain as can be: a map of free blocks for each order, from
 * first frame to migrate type, and a map of pageblock types.
 *
 * <p>Which of several equal blocks is taken is a matter of the order of the real lists: the model
 * looks at the head of the list, and checks that it is one of those that it would choose from.
 */
final class BuddyModel {
  private static final int MAX_ORDER = 10;
  private static final int BLOCK = 1 << MAX_ORDER;
  private static final List<List<Integer>> FALLBACKS =
      List.of(List.of(2, 1), List.of(2, 0), List.of(0, 1));

  private final Zone zone;
  private final List<Map<Integer, Integer>> free;
  private final Map<Integer, Integer> pageblocks = new TreeMap<>();

  BuddyModel(Zone zone) {
    this.zone = zone;
    free = lists(zone);
    for (int pfn = zone.startPfn(); pfn < zone.endPfn(); pfn++) {
      pageblocks.put(pfn / BLOCK, zone.pageblocks().type(pfn));
    }
  }

  private static List<Map<Integer, Integer>> lists(Zone zone) {
    List<Map<Integer, Integer>> lists = new ArrayList<>();
    for (int order = 0; order <= MAX_ORDER; order++) {
      Map<Integer, Integer> blocks = new TreeMap<>();
      for (int type = 0; type < MigrateType.TYPES; type++) {
        int pfn = zone.freeArea().first(order, type);
        for (; pfn >= 0; pfn = zone.freeArea().next(order, pfn)) {
          blocks.put(pfn, type);
        }
      }
      lists.add(blocks);
    }
    return lists;
  }

  private int typeOf(int pfn) {
    return pageblocks.getOrDefault(pfn / BLOCK, -1);
  }

  private int freePages() {
    int pages = 0;
    for (int order = 0; order <= MAX_ORDER; order++) {
      pages += free.get(order).size() << order;
    }
    return pages;
  }

  /** Which zone a request of GFP_KERNEL goes to: first down to low, then down to min. */
  static @Nullable BuddyModel choose(BuddyModel dma, BuddyModel normal, int order, int highest) {
    for (boolean low : new boolean[] {true, false}) {
      for (BuddyModel model : highest == 0 ? List.of(dma) : List.of(normal, dma)) {
        ZoneWatermarks marks = model.zone.watermarks();
        int mark = (low ? marks.low() : marks.min()) + marks.lowmemReserve(highest);
        if (model.freePages() - (1 << order) + 1 > mark && model.smallest(order, -1) >= 0) {
          return model;
        }
      }
    }
    return null;
  }

  /** The smallest order, from one up, with a block of a type (-1: of any); -1 if none. */
  private int smallest(int order, int type) {
    for (int at = order; at <= MAX_ORDER; at++) {
      if (type < 0 ? !free.get(at).isEmpty() : free.get(at).containsValue(type)) {
        return at;
      }
    }
    return -1;
  }

  /** Takes a block, and says which. */
  int allocate(int order, int type) {
    int from = smallest(order, type);
    int pfn;
    if (from >= 0) {
      pfn = zone.freeArea().first(from, type);
    } else {
      int stolen = steal(order, type);
      from = smallest(order, type);
      int pick = from;
      // What was stolen is in one pageblock: its blocks went to the list in order of address.
      pfn =
          free.get(from).entrySet().stream()
              .filter(block -> block.getValue() == type)
              .mapToInt(Map.Entry::getKey)
              .min()
              .orElseThrow(() -> new AssertionError("nothing at " + stolen + ", order " + pick));
    }
    assertEquals(type, free.get(from).remove(pfn));
    for (int half = from - 1; half >= order; half--) {
      free.get(half).put(pfn + (1 << half), type);
    }
    return pfn;
  }

  private static boolean mayTakePageblock(int order, int type) {
    return order >= MAX_ORDER / 2 || type != MigrateType.MOVABLE;
  }

  /** The type that gives way at an order; -1 if none has a block. */
  private int victim(int order, int type) {
    return FALLBACKS.get(type).stream()
        .filter(other -> free.get(order).containsValue(other))
        .findFirst()
        .orElse(-1);
  }

  private int steal(int order, int type) {
    int from = MAX_ORDER;
    while (victim(from, type) < 0) {
      from--;
    }
    if (!mayTakePageblock(from, type)) {
      from = order;
      while (victim(from, type) < 0) {
        from++;
      }
    }
    int pfn = zone.freeArea().first(from, victim(from, type));
    assertTrue(free.get(from).containsKey(pfn));
    int pageblock = pfn / BLOCK;
    if (from == MAX_ORDER) {
      pageblocks.put(pageblock, type);
      free.get(from).put(pfn, type);
    } else if (!mayTakePageblock(from, type) || (pageblock + 1) * BLOCK > zone.endPfn()) {
      free.get(from).put(pfn, type);
    } else {
      takePageblock(pfn, type);
    }
    return pfn;
  }

  private void takePageblock(int pfn, int type) {
    int pageblock = pfn / BLOCK;
    int start = pageblock * BLOCK < zone.startPfn() ? pfn : pageblock * BLOCK;
    IntPredicate inside = at -> at >= start && at / BLOCK == pageblock;
    int pages = 0;
    for (int order = 0; order < MAX_ORDER; order++) {
      for (Map.Entry<Integer, Integer> block : free.get(order).entrySet()) {
        if (inside.test(block.getKey())) {
          block.setValue(type);
          pages += 1 << order;
        }
      }
    }
    // Nothing here is on an LRU list, so what is not free counts as unmovable.
    int old = typeOf(pfn);
    boolean alike = type != MigrateType.MOVABLE && old == MigrateType.MOVABLE;
    if (pages + (alike ? BLOCK - pages : 0) >= BLOCK / 2) {
      pageblocks.put(pageblock, type);
    }
  }

  /** Gives a block back. */
  void free(int pfn, int order) {
    int type = typeOf(pfn);
    int block = pfn;
    int at = order;
    while (at < MAX_ORDER && free.get(at).remove(block ^ 1 << at) != null) {
      block &= -1 << (at + 1);
      at++;
    }
    free.get(at).put(block, type);
  }

  /** Compares with the real zone. */
  void compare(String where) {
    assertEquals(free, lists(zone), where + ", zone " + zone.name());
    pageblocks.forEach((block, type) ->
        assertEquals(
            type,
            zone.pageblocks().type(Math.max(zone.startPfn(), block * BLOCK)),
            where + ", pageblock " + block));
  }
}
