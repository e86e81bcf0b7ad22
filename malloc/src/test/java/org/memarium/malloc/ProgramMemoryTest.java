package org.memarium.malloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memarium.kernel.JavaProgram;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;

/** The designs in a process of a machine, whose frames and tables are recounted at the end. */
class ProgramMemoryTest {
  private static final int RLIMIT_AS = 9;
  private static final int RLIMIT_DATA = 2;

  private static void inAProcess(Consumer<JavaProgram> work) {
    try (Machine machine = Machine.boot(MachineConfig.builder().ramBytes(128L << 20).build())) {
      JavaProgram program = JavaProgram.start(machine);
      work.accept(program);
      machine.audit();
      program.exit(0);
      machine.audit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMillionOperationsAgreeWithThePlainModel(MallocDesign design) {
    long seed = design.word().length();
    inAProcess(program -> {
      ProcessMemory memory = new ProgramMemory(program);
      Malloc malloc = design.create(memory);
      int slots = MallocModelTest.slots(design);
      MallocModel model = new MallocModel(malloc, memory, seed, design.alignment(), slots);
      model.run(1_000_000, 100_000);
      System.out.printf("%s, seed %d: %s%n", design.word(), seed, malloc.statistics());
      assertEquals(0, model.refused);
      model.freeAll();
      assertEquals(0, malloc.statistics().inUseBytes());
    });
  }

  @ParameterizedTest
  @EnumSource
  void limitsOfTheProcessRefuseRequests(MallocDesign design) {
    for (int limit : new int[] {RLIMIT_AS, RLIMIT_DATA}) {
      inAProcess(program -> {
        ProcessMemory memory = new ProgramMemory(program);
        Malloc malloc = design.create(memory);
        int at = program.words(JavaProgram.DATA, 3 << 20, 3 << 20);
        assertEquals(0, program.call("setrlimit", limit, at));
        MallocModel model = new MallocModel(malloc, memory, 19, design.alignment(), 500);
        model.largest = 4 << 20;
        model.run(8_000, 2_000);
        assertNotEquals(0, model.refused);
        model.freeAll();
      });
    }
  }

  @ParameterizedTest
  @EnumSource
  void trimGivesFramesBackToTheMachine(MallocDesign design) {
    inAProcess(program -> {
      Malloc malloc = design.create(new ProgramMemory(program));
      long[] blocks = new long[4000];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = malloc.malloc(1000);
        program.writeByte(blocks[i], 1);
      }
      long full = residentPages(program);
      // The last one stays: what is free lies before it, and no break can move.
      for (int i = 0; i < blocks.length - 1; i++) {
        malloc.free(blocks[i]);
      }
      malloc.mallocTrim(0);
      assertTrue(full - residentPages(program) > 900, () -> full + " pages before");
      assertEquals(1, program.readByte(blocks[blocks.length - 1]));
      malloc.check();
    });
  }

  @ParameterizedTest
  @EnumSource(names = {"FIRST_FIT", "BOUNDARY_TAGS"})
  void theBreakFallsWhenTheEndOfTheHeapIsFree(MallocDesign design) {
    inAProcess(program -> {
      Malloc malloc = design.create(new ProgramMemory(program));
      long first = malloc.malloc(1000);
      long low = program.call("brk", 0);
      long[] blocks = new long[1000];
      for (int i = 0; i < blocks.length; i++) {
        blocks[i] = malloc.malloc(1000);
      }
      assertTrue(program.call("brk", 0) >= low + 800_000);
      for (long block : blocks) {
        malloc.free(block);
      }
      malloc.mallocTrim(0);
      assertTrue(program.call("brk", 0) <= low);
      malloc.free(first);
    });
  }

  /** A forked child has the heap, headers, lists and all, and what it does there stays there. */
  @ParameterizedTest
  @EnumSource
  void aChildsWritesDoNotReachTheParentsHeap(MallocDesign design) {
    inAProcess(program -> {
      ProcessMemory memory = new ProgramMemory(program);
      Malloc malloc = design.create(memory);
      MallocModel model = new MallocModel(malloc, memory, 23, design.alignment(), 100);
      model.run(2_000, 2_000);
      JavaProgram child = program.fork();
      malloc.forEachBlock(block -> {
        if (block.isInUse()) {
          child.writeInt(block.start(), 0);
          child.writeInt(block.address(), 0);
        }
      });
      model.run(2_000, 500);
      model.freeAll();
      child.exit(0);
    });
  }

  private static long residentPages(JavaProgram program) {
    String statm = program.machine().proc(program.task().pid() + "/statm");
    return Long.parseLong(statm.split(" ", -1)[1]);
  }
}
