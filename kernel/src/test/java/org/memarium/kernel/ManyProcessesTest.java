package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.RLimits;

/** Thousands of processes, at once and one after the other, leave nothing behind. */
class ManyProcessesTest {
  @TempDir private static Path folder;

  private static String program = "";

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @BeforeAll
  static void compile() throws IOException {
    // Another user runs the program, too.
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    program = HostPrograms.compile(folder, "many.c", "-static").toString();
  }

  private Machine boot(long ramMib, Consumer<MachineConfigBuilder> change) {
    return machines.boot(config -> {
      config.ramBytes(ramMib << 20).standardOutput(Channels.newChannel(out));
      change.accept(config);
    });
  }

  private static void start(Machine machine, String what, int count) {
    machine.exec(program, List.of(program, what, Integer.toString(count)), List.of());
  }

  private int run(Machine machine, String what, int count) {
    out.reset();
    start(machine, what, count);
    return machine.run();
  }

  private String out() {
    return out.toString(StandardCharsets.ISO_8859_1);
  }

  @Test
  void tenThousandForksInARowLeaveNothingBehind() {
    Machine machine = boot(32, config -> {});
    assertEquals(0, run(machine, "row", 100));
    long free = machine.memory().allocator().node().freeFrames();
    assertEquals(0, run(machine, "row", 10_000));
    machine.audit();
    assertEquals(free, machine.memory().allocator().node().freeFrames());
    assertEquals(List.of(), machine.memory().addressSpaces());
  }

  @Test
  void programsThatStartProgramsLeaveNothingBehind() {
    Machine machine = boot(32, config -> {});
    assertEquals(0, run(machine, "programs", 100));
    long free = machine.memory().allocator().node().freeFrames();
    assertEquals(0, run(machine, "programs", 1000));
    assertEquals(free, machine.memory().allocator().node().freeFrames());
  }

  @Test
  void aThousandProcessesOfOneProgramShareWhatTheyDoNotWrite() {
    Machine machine = boot(128, config -> {});
    int getppid = SystemCallNames.number("getppid");
    start(machine, "once", 1000);
    machine.stopBeforeCalls(number -> number == getppid);
    assertFalse(machine.run(Long.MAX_VALUE));
    machine.audit();
    assertEquals(1001, machine.memory().addressSpaces().size());
    // Of its own each has tables, a kernel stack, and the pages that it has written to.
    long rss = machine.task().requireMm().rss().total();
    assertTrue(rss > 30, "the program's pages: " + rss);
    long used =
        machine.memory().allocator().node().totalRamPages()
            - machine.memory().allocator().node().freePages();
    assertTrue(used < 1001 * 20L, "frames in use: " + used);
    machine.stopBeforeCalls(null);
    machine.run();
    assertEquals("made 1000\nended 1000, as they should 1000\n", out());
  }

  @Test
  void aForkBombEndsAtTheLimitOfProcesses() {
    Machine machine = boot(64, config -> config.user(1000, 1000).limit(RLimits.NPROC, 60, 60));
    assertEquals(0, run(machine, "bomb", 0));
    assertEquals("more than 20: 1, EAGAIN: 1, other: 0\n", out());
  }

  @Test
  void rootsForkBombEndsAtTheLimitOfThreads() {
    Machine machine = boot(32, config -> {});
    assertEquals(0, run(machine, "once", 1000));
    int most = (32 << 20) / (8 * 8192);
    String made = out().substring("made ".length(), out().indexOf(':'));
    assertTrue(Integer.parseInt(made) < most && Integer.parseInt(made) > most * 3 / 4, out());
    assertTrue(out().startsWith("made " + made + ": EAGAIN\n"), out());
  }

  @Test
  void aForkWhoseNthObjectFailsIsOutOfMemoryAndLeavesNothing() {
    Machine machine = boot(32, config -> {});
    machine.slab().failSlab().setIgnoreGfpReclaim(false);
    int fork = SystemCallNames.number("fork");
    int getppid = SystemCallNames.number("getppid");
    start(machine, "fail", 0);
    machine.stopBeforeCalls(number -> number == fork || number == getppid);
    int attempts = 0;
    while (!machine.run(Long.MAX_VALUE)) {
      attempts++;
      machine.slab().failSlab().attr().set(attempts, 1);
      boolean over = machine.run(Long.MAX_VALUE);
      machine.slab().failSlab().attr().set(0, 0);
      machine.audit();
      if (over || machine.memory().addressSpaces().size() > 1) {
        break;
      }
    }
    machine.stopBeforeCalls(null);
    machine.run();
    assertEquals("wrong 0, failed 1\n", out());
  }

  @Test
  void aForkThatWouldPromiseTooMuchMemoryIsRefused() {
    Machine machine = boot(64, config -> {});
    machine.memory().committedMemory().setMode(MemoryManager.Overcommit.NEVER);
    assertEquals(0, run(machine, "promised", 18));
    assertEquals("mmap works\nfork ENOMEM\n", out());
  }
}
