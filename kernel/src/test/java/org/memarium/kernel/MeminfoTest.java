package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.VmStatItem;

/** Every line of meminfo follows from the audit's recount of all frames. */
class MeminfoTest {

  private static final long MIB = 1 << 20;

  private static Machine boot(int mebibytes) {
    return Machine.boot(MachineConfig.builder().ramBytes(mebibytes * MIB).build());
  }

  /** A figure of meminfo in KiB. */
  private static long kibibytes(Machine machine, String name) {
    for (String line : machine.proc("meminfo").lines().toList()) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new AssertionError("no line " + name);
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 128, 1200})
  void afterBootTheCountersAreTheRecount(int mebibytes) {
    try (Machine machine = boot(mebibytes)) {
      machine.audit();
    }
  }

  @Test
  void aFalseCounterIsNoticed() {
    try (Machine machine = boot(128)) {
      machine.memory().vmStat().increment(VmStatItem.NR_ANON_PAGES);
      IllegalStateException found = assertThrows(IllegalStateException.class, machine::audit);
      String message = String.valueOf(found.getMessage());
      assertTrue(message.contains("meminfo says 'AnonPages:             4 kB'"), message);
      machine.memory().vmStat().decrement(VmStatItem.NR_ANON_PAGES);
    }
  }

  @Test
  void eachAllocatorShowsInItsOwnLine() {
    try (Machine machine = boot(128)) {
      long before = kibibytes(machine, "VmallocUsed");
      long area = machine.vmalloc().vmalloc(MIB);
      assertEquals(before + 1024, kibibytes(machine, "VmallocUsed"));
      machine.vmalloc().vfree(area);
      assertEquals(before, kibibytes(machine, "VmallocUsed"));
      before = kibibytes(machine, "SUnreclaim");
      long large = machine.slab().kmalloc().kmalloc(64 << 10, Gfp.GFP_KERNEL);
      assertEquals(before + 64, kibibytes(machine, "SUnreclaim"));
      machine.slab().kmalloc().kfree(large);
      assertEquals(before, kibibytes(machine, "SUnreclaim"));
      machine.audit();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void itHoldsAtAnyMomentOfARandomRun(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Machine machine = boot(64)) {
      List<Runnable> held = new ArrayList<>();
      for (int step = 0; step < 600; step++) {
        if (held.size() > 200 || (!held.isEmpty() && random.nextInt(3) == 0)) {
          held.remove(random.nextInt(held.size())).run();
        } else {
          allocate(machine, random, held);
        }
        if (step % 50 == 0) {
          machine.audit();
        }
      }
      held.forEach(Runnable::run);
      machine.audit();
    }
  }

  private static void allocate(Machine machine, SplittableRandom random, List<Runnable> held) {
    int bytes = 1 << random.nextInt(3, 18);
    switch (random.nextInt(3)) {
      case 0 -> {
        long address = machine.slab().kmalloc().kmalloc(bytes, Gfp.GFP_KERNEL | Gfp.NOWARN);
        held.add(() -> machine.slab().kmalloc().kfree(address));
      }
      case 1 -> {
        long address = machine.vmalloc().vmalloc(bytes, Gfp.GFP_KERNEL | Gfp.NOWARN);
        held.add(() -> machine.vmalloc().vfree(address));
      }
      default -> {
        int order = random.nextInt(5);
        int pfn = machine.pages().allocPages(Gfp.GFP_HIGHUSER_MOVABLE | Gfp.NOWARN, order);
        if (pfn >= 0) {
          held.add(() -> machine.pages().freePages(pfn, order));
        }
      }
    }
  }
}
