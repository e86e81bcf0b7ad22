package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;

/** Long random sequences, against a model that is nothing but sets of free blocks. */
final class BuddyModelTest {
  private static final int STEPS = 60_000;
  private static final int STEPS_BETWEEN_AUDITS = 6_000;
  private static final int MAX_ORDER = 10;

  /** The free blocks of one zone, by order. */
  private static final class Model {
    final List<TreeSet<Integer>> free = new ArrayList<>();

    Model(Zone zone) {
      FreeArea area = zone.freeArea();
      for (int order = 0; order <= MAX_ORDER; order++) {
        TreeSet<Integer> blocks = new TreeSet<>();
        for (int pfn = area.first(order); pfn >= 0; pfn = area.next(order, pfn)) {
          blocks.add(pfn);
        }
        free.add(blocks);
      }
    }

    boolean canAllocate(int order) {
      return free.subList(order, MAX_ORDER + 1).stream().anyMatch(blocks -> !blocks.isEmpty());
    }

    /** The allocator chose a block: it must be the lower end of one of the smallest that fit. */
    void allocate(int pfn, int order) {
      int from = order;
      while (free.get(from).isEmpty()) {
        from++;
      }
      assertTrue(free.get(from).remove(pfn), "not the start of a smallest block that fits");
      for (int half = from - 1; half >= order; half--) {
        free.get(half).add(pfn + (1 << half));
      }
    }

    void free(int pfn, int order) {
      if (order < MAX_ORDER && free.get(order).remove(pfn ^ 1 << order)) {
        free(pfn & ~(1 << order), order + 1);
      } else {
        free.get(order).add(pfn);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void freeBlocksAreThoseOfTheModel(long seed) {
    Random random = new Random(seed);
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 960, MAX_ORDER)) {
      PageAllocator allocator = memory.allocator;
      List<Model> models = allocator.zones().stream().map(Model::new).toList();
      List<int[]> held = new ArrayList<>();
      int[] modifiers = {0, Gfp.HIGHMEM, Gfp.DMA, Gfp.HIGHMEM | Gfp.MOVABLE};
      int[] highestZone = {1, 2, 0, 2};
      for (int step = 1; step <= STEPS; step++) {
        // Two thirds of a wave allocate, then two thirds free: memory fills up and empties.
        boolean filling = step / 8_000 % 2 == 0;
        if (held.isEmpty() || random.nextInt(3) < (filling ? 2 : 1)) {
          int which = random.nextInt(4);
          int order = Math.min(random.nextInt(11), random.nextInt(11));
          int pfn = allocator.allocPages(Gfp.GFP_KERNEL | modifiers[which], order);
          int zone = highestZone[which];
          while (zone >= 0 && !models.get(zone).canAllocate(order)) {
            zone--;
          }
          assertEquals(zone, pfn < 0 ? -1 : allocator.memMap().zoneIndex(pfn), "seed " + seed);
          if (pfn >= 0) {
            models.get(zone).allocate(pfn, order);
            held.add(new int[] {pfn, order});
          }
        } else {
          int at = random.nextInt(held.size());
          int[] block = held.set(at, held.getLast());
          held.removeLast();
          models.get(allocator.memMap().zoneIndex(block[0])).free(block[0], block[1]);
          allocator.freePages(block[0], block[1]);
        }
        if (step % STEPS_BETWEEN_AUDITS == 0) {
          compare(memory, models, held, "seed " + seed + ", step " + step);
        }
      }
      while (!held.isEmpty()) {
        int[] block = held.removeLast();
        allocator.freePages(block[0], block[1]);
      }
      assertEquals(allocator.totalRamPages(), allocator.freePages());
      memory.finish(memory.beginAudit());
    }
  }

  private static void compare(
      BootedMemory memory, List<Model> models, List<int[]> held, String where) {
    for (int zone = 0; zone < models.size(); zone++) {
      Model real = new Model(memory.allocator.zones().get(zone));
      assertEquals(models.get(zone).free, real.free, where + ", zone " + zone);
    }
    Audit audit = memory.beginAudit();
    for (int[] block : held) {
      audit.claim(block[0], 1 << block[1], "the test");
      audit.expectReference(block[0]);
    }
    memory.finish(audit);
  }
}
