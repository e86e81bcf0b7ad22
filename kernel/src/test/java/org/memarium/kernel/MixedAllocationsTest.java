package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.space.Layout;

/**
 * All allocators at once, at random, until memory runs out and beyond. The audit recounts every
 * frame and every counter at many moments, and compares {@code /proc/meminfo} with the recount.
 *
 * <p>{@code -Dmemarium.mixed.operations=10000000} makes each run ten million operations long, and
 * {@code -Dmemarium.mixed.seed} chooses another one. The machine with high memory does a quarter of
 * them.
 */
final class MixedAllocationsTest {
  private static final long OPERATIONS = Long.getLong("memarium.mixed.operations", 30_000);
  private static final long SEED = Long.getLong("memarium.mixed.seed", 20_221_211);

  /** How many audits a run has at regular moments. */
  private static final int AUDITS = 100;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  private void run(Machine machine, long operations, int leave) {
    MixedAllocations mixed = new MixedAllocations(machine, SEED);
    if (leave > 0) {
      mixed.leave(leave);
    }
    try {
      mixed.run(operations, (int) Math.max(1, operations / AUDITS));
      mixed.freeAll();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError(
          "seed %d, %,d operations: %s".formatted(SEED, operations, e.getMessage()), e);
    }
    assertTrue(mixed.turns() > 0, "memory was never full");
    assertTrue(mixed.audits() > AUDITS, mixed.audits() + " audits");
  }

  @Test
  void aSmallMachine() {
    run(machines.boot(config -> {}), OPERATIONS, 0);
  }

  @Test
  void aSmallMachineWithThreeLevels() {
    run(machines.boot(config -> config.pageTableFormat(PageTableFormat.PAE)), OPERATIONS, 0);
  }

  @Test
  void aSmallMachineWithFourLevels() {
    run(machines.boot(config -> config.layout(Layout.COMPAT)), OPERATIONS, 0);
  }

  /** High memory begins at 876 MiB; most of it all is taken beforehand. */
  @Test
  void aMachineWithHighMemory() {
    run(machines.boot(MixedAllocationsTest::large), OPERATIONS / 4, 4096);
  }

  private static void large(MachineConfigBuilder config) {
    config.ramBytes(960L << 20);
  }
}
