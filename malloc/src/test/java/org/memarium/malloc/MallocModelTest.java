package org.memarium.malloc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.Function;
import org.junit.jupiter.api.Test;

class MallocModelTest {
  private static final int OPERATIONS = 1_000_000;

  @Test
  void firstFitSurvivesAMillionOperations() {
    survive(FirstFit::new, 8, 300, 1);
  }

  @Test
  void boundaryTagsSurviveAMillionOperations() {
    survive(BoundaryTags::new, 16, 1000, 2);
  }

  private static void survive(
      Function<ProcessMemory, Malloc> design, int alignment, int slots, long seed) {
    PlainMemory memory = new PlainMemory(512 << 20);
    Malloc malloc = design.apply(memory);
    MallocModel model = new MallocModel(malloc, memory, seed, alignment, slots);
    model.run(OPERATIONS, 50_000);
    assertEquals(0, model.refused);
    System.out.printf("seed %d: %s%n", seed, malloc.statistics());
    model.freeAll();
    assertEquals(0, malloc.statistics().inUseBytes());
  }
}
