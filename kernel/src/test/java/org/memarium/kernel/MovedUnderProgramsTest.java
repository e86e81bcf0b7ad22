package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.compaction.MigrateMode;
import org.memarium.mm.compaction.Migration;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/** Real programs whose pages move while they run: code, stack, data, files. */
class MovedUnderProgramsTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private record Outcome(int status, String out, long instructions, long minorFaults) {}

  private static Outcome outcome(Machine machine, int status, ByteArrayOutputStream out) {
    RunReport report = machine.report();
    return new Outcome(
        status,
        out.toString(StandardCharsets.ISO_8859_1),
        report.instructions(),
        report.minorFaults());
  }

  private static Machine start(
      MachineExtension machines, ByteArrayOutputStream out, String... command) {
    Machine machine = machines.boot(config -> config.standardOutput(Channels.newChannel(out)));
    machine.exec(command[0], List.of(command), List.of());
    return machine;
  }

  private Outcome undisturbed(String... command) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Machine machine = start(machines, out, command);
    int status = machine.run();
    return outcome(machine, status, out);
  }

  /** Moves every page that can be moved to another frame. */
  private static void moveEverything(Machine machine) {
    MemMap memMap = machine.memory().memMap();
    Migration migration = machine.reclaim().migration();
    PageList pages = new PageList();
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      if (memMap.testFlags(pfn, PageFlags.LRU)) {
        assertTrue(migration.isolate(pfn, MigrateMode.SYNC));
        pages.add(pfn);
      }
    }
    Migration.Target target =
        new Migration.Target() {
          @Override
          public int allocate(int fromPfn) {
            return machine.memory().allocator().allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
          }

          @Override
          public void free(int pfn) {
            machine.memory().allocator().freePages(pfn, 0);
          }
        };
    assertEquals(0, migration.migratePages(pages, target, MigrateMode.SYNC, "test"));
  }

  private static long moved(Machine machine) {
    return machine.memory().vmStat().get(VmStatItem.PGMIGRATE_SUCCESS);
  }

  private void everyPageMovesBetweenInstructions(long instructions, String... command) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Machine machine = start(machines, out, command);
    int steps = 0;
    while (!machine.run(instructions)) {
      moveEverything(machine);
      if (steps++ % 10 == 0) {
        machine.audit();
      }
    }
    int status = machine.exitStatus();
    assertEquals(undisturbed(command), outcome(machine, status, out));
    assertTrue(steps > 5 && moved(machine) > 100, steps + " steps");
  }

  @Test
  void aProgramDoesNotNoticeThatItsPagesMoveBetweenItsInstructions() {
    String program = HostPrograms.compile(folder, "moved.c", "-static").toString();
    everyPageMovesBetweenInstructions(2003, program);
  }

  @Test
  void pagesMoveInTheMiddleOfAnAccessToo() {
    String program = HostPrograms.compile(folder, "moved.c", "-static").toString();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Machine machine = start(machines, out, program);
    machine
        .trace()
        .listen((sequence, nanos, event) -> {
          if (event instanceof TraceEvent.PageFault) {
            moveEverything(machine);
          }
        });
    int status = machine.run();
    assertEquals(undisturbed(program), outcome(machine, status, out));
    assertTrue(moved(machine) > 1000, "moved " + moved(machine));
  }

  @Test
  void compactionInTheMiddleOfAProgramGivesLargeBlocksAndTheProgramGoesOn() {
    String program = HostPrograms.compile(folder, "moved.c", "-static").toString();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Machine machine = start(machines, out, program);
    int steps = 0;
    while (!machine.run(20_000)) {
      machine.reclaim().compaction().compactNodes();
      machine.audit();
      steps++;
    }
    int status = machine.exitStatus();
    assertEquals(undisturbed(program), outcome(machine, status, out));
    assertTrue(steps > 2, steps + " steps");
  }
}
