package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.Architecture;
import org.memarium.mm.BootedMemory;

/** Long random sequences of allocations and frees, against {@link BuddyModel} and the audit. */
final class BuddyModelTest {
  private static final int STEPS = 24_000;
  private static final int STEPS_BETWEEN_AUDITS = 6_000;
  private static final int[] TYPES = {0, Gfp.MOVABLE, Gfp.MOVABLE, Gfp.RECLAIMABLE};

  /** Two thirds of a wave allocate, then two thirds free: memory fills up and empties. */
  private static boolean allocates(Random random, Held held, int step) {
    boolean filling = step / 8_000 % 2 == 0;
    return held.isEmpty() || random.nextInt(3) < (filling ? 2 : 1);
  }

  private static int order(Random random) {
    return Math.min(random.nextInt(11), Math.min(random.nextInt(11), random.nextInt(11)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void blocksAreChosenAsTheModelChooses(long seed) {
    Random random = new Random(seed);
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 96)) {
      PageAllocator allocator = memory.allocator;
      allocator.setPerCpuLists(false);
      BuddyModel dma = new BuddyModel(allocator.zones().get(0));
      BuddyModel normal = new BuddyModel(allocator.zones().get(1));
      Held held = new Held(memory);
      int failures = 0;
      for (int step = 1; step <= STEPS; step++) {
        String where = "seed %d, step %d".formatted(seed, step);
        if (allocates(random, held, step)) {
          int order = order(random);
          int gfp = TYPES[random.nextInt(4)] | (random.nextInt(8) == 0 ? Gfp.DMA : 0);
          int highest = (gfp & Gfp.DMA) != 0 ? 0 : 1;
          BuddyModel from = BuddyModel.choose(dma, normal, order, highest);
          int expected = from == null ? -1 : from.allocate(order, MigrateType.ofGfp(gfp));
          assertEquals(expected, held.take(Gfp.GFP_KERNEL | gfp, order), where);
          failures += expected < 0 ? 1 : 0;
        } else {
          int[] block = held.get(random.nextInt(held.size()));
          (allocator.memMap().zoneIndex(block[0]) == 0 ? dma : normal).free(block[0], block[1]);
          held.give(block[0]);
        }
        if (step % STEPS_BETWEEN_AUDITS == 0) {
          dma.compare(where);
          normal.compare(where);
          held.audit();
        }
      }
      assertTrue(failures > 100, "memory was never short: " + failures);
      held.giveAll();
      assertEquals(allocator.node().totalRamPages(), allocator.node().freePages());
      held.audit();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "i386, 128, 10",
    "i386, 960, 10",
    "i386, 64, 9",
    "i386-pae, 96, 10",
    "x86_64, 96, 10"
  })
  void withPerCpuListsEverythingAddsUp(String architecture, int mib, int maxOrder) {
    long seed = 7;
    Random random = new Random(seed);
    Architecture machine =
        switch (architecture) {
          case "i386" -> Architecture.I386;
          case "i386-pae" -> Architecture.I386_PAE;
          default -> Architecture.X86_64;
        };
    try (BootedMemory memory = BootedMemory.boot(machine, mib, maxOrder)) {
      PageAllocator allocator = memory.allocator;
      allocator.enableHistory();
      Held held = new Held(memory);
      long total = allocator.node().totalRamPages();
      long pages = 0;
      for (int step = 1; step <= STEPS; step++) {
        if (allocates(random, held, step)) {
          int order = order(random);
          int gfp = TYPES[random.nextInt(4)];
          gfp |= random.nextInt(4) == 0 ? Gfp.GFP_ATOMIC : Gfp.GFP_KERNEL;
          gfp |= random.nextInt(4) == 0 ? Gfp.COMP : 0;
          gfp |= random.nextInt(3) == 0 ? Gfp.HIGHMEM : 0;
          pages += held.take(gfp, order) >= 0 ? 1 << order : 0;
        } else {
          int[] block = held.get(random.nextInt(held.size()));
          pages -= 1 << block[1];
          held.give(block[0]);
        }
        assertEquals(total - pages, allocator.node().freeFrames());
        if (step % STEPS_BETWEEN_AUDITS == 0) {
          held.audit();
        }
      }
      held.giveAll();
      allocator.node().drainAllPages();
      assertEquals(total, allocator.node().freePages());
      held.audit();
    }
  }
}
