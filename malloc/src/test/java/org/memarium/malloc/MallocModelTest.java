package org.memarium.malloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** On memory that is an array; {@link ProgramMemoryTest} does more of the same in a process. */
class MallocModelTest {
  private static final int OPERATIONS = 200_000;

  /** The list of a first-fit heap is walked at each call: it has fewer blocks. */
  static int slots(MallocDesign design) {
    return design == MallocDesign.FIRST_FIT ? 300 : 1000;
  }

  @ParameterizedTest
  @EnumSource
  void manyOperationsAgreeWithThePlainModel(MallocDesign design) {
    long seed = design.word().length();
    PlainMemory memory = new PlainMemory(128 << 20);
    Malloc malloc = design.create(memory);
    MallocModel model = new MallocModel(malloc, memory, seed, design.alignment(), slots(design));
    model.run(OPERATIONS, 20_000);
    assertEquals(0, model.refused);
    finish(malloc, model);
  }

  @ParameterizedTest
  @EnumSource
  void theHeapIsWholeAfterEachOfAFewOperations(MallocDesign design) {
    PlainMemory memory = new PlainMemory(32 << 20);
    Malloc malloc = design.create(memory);
    MallocModel model = new MallocModel(malloc, memory, 7, design.alignment(), 60);
    model.run(2_000, 1);
    finish(malloc, model);
  }

  @ParameterizedTest
  @EnumSource
  void whereMemoryIsShortRequestsAreRefusedAndTheHeapStaysWhole(MallocDesign design) {
    PlainMemory memory = new PlainMemory(64 << 20);
    memory.pageLimit = 550;
    Malloc malloc = design.create(memory);
    MallocModel model = new MallocModel(malloc, memory, 11, design.alignment(), 1000);
    model.run(20_000, 1_000);
    assertEquals(model.refused, malloc.statistics().failures());
    assertTrue(model.refused > 10, () -> "only " + model.refused + " were refused");
    finish(malloc, model);
  }

  @ParameterizedTest
  @EnumSource
  void smallBlocksOnlyReachTheFastPaths(MallocDesign design) {
    PlainMemory memory = new PlainMemory(32 << 20);
    Malloc malloc = design.create(memory);
    MallocModel model = new MallocModel(malloc, memory, 13, design.alignment(), 400);
    model.largest = 200;
    model.run(100_000, 10_000);
    finish(malloc, model);
  }

  private static void finish(Malloc malloc, MallocModel model) {
    model.freeAll();
    assertEquals(0, malloc.statistics().inUseBytes());
    malloc.mallocTrim(0);
    malloc.check();
  }
}
