package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.process.Signal;

/** How programs die: status and line. */
final class DeathTest {
  /**
   * A death.
   *
   * @param how the program's argument
   * @param line what the line must begin with, after the program's name
   */
  private record Death(String how, int signal, String line) {}

  private static final List<Death> DEATHS =
      List.of(
          new Death("null", Signal.SIGSEGV, "SIGSEGV: write to 0x00000000, no area there (eip 0x"),
          new Death("readonly", Signal.SIGSEGV, "SIGSEGV: write to 0x080"),
          new Death(
              "kernel", Signal.SIGSEGV, "SIGSEGV: read from 0xc0000000, an address of the kernel"),
          new Death(
              "jump", Signal.SIGSEGV, "SIGSEGV: execution at 0x00001234, no area there (eip 0x"),
          new Death("recursion", Signal.SIGSEGV, "SIGSEGV: write to 0xbf"),
          new Death("divide", Signal.SIGFPE, "SIGFPE: integer division (eip 0x"),
          new Death("opcode", Signal.SIGILL, "SIGILL: no such instruction (eip 0x"),
          new Death("privileged", Signal.SIGSEGV, "SIGSEGV: general protection (eip 0x"),
          new Death("breakpoint", Signal.SIGTRAP, "SIGTRAP: int3 (eip 0x"),
          new Death("abort", Signal.SIGABRT, "SIGABRT: sent by the program itself"),
          new Death("kill", Signal.SIGKILL, "SIGKILL: sent by the program itself"),
          new Death("bus", Signal.SIGBUS, "SIGBUS: read from 0x"),
          new Death("ignored", Signal.SIGSEGV, "SIGSEGV: write to 0x00000000"),
          new Death("deadlock", Signal.SIGKILL, "deadlock: nothing can run any more"));

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  @Test
  void everySignalEndsTheProgramWithItsStatusAndOneLine() {
    String program = HostPrograms.compile(folder, "deaths.c", "-static").toString();
    List<String> wrong = new ArrayList<>();
    for (Death death : DEATHS) {
      MachineExtension.Run run = machines.run(config -> {}, program, death.how);
      String line = run.deathLine();
      String expected = "deaths-static: " + death.line;
      boolean fits = line != null && line.startsWith(expected) && !line.contains("\n");
      if (run.status() != 128 + death.signal || !fits) {
        wrong.add(death + " gave " + run.status() + " " + line);
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void aBrokenPipeEndsTheProgramWithoutAWord() {
    String program = HostPrograms.compile(folder, "deaths.c", "-static").toString();
    MachineExtension.Run run = machines.run(config -> {}, program, "pipe");
    assertEquals(128 + Signal.SIGPIPE, run.status());
    assertNull(run.deathLine());
  }

  @Test
  void aStackThatGrowsBeyondItsLimitSaysSo() {
    String program = HostPrograms.compile(folder, "deaths.c", "-static").toString();
    MachineExtension.Run run = machines.run(config -> {}, program, "recursion");
    String line = run.deathLine();
    assertNotNull(line);
    assertTrue(line.contains("below the stack, which may have 8388608 bytes"), line);
  }

  @Test
  void aSignalFromOutsideEndsAProgramThatNeverEnds() {
    String program = HostPrograms.compile(folder, "deaths.c", "-static").toString();
    Machine machine = machines.boot(config -> {});
    machine.exec(program, List.of(program, "exit"), List.of());
    machine.interrupt(Signal.SIGINT);
    assertEquals(128 + Signal.SIGINT, machine.run());
    assertNull(machine.deathLine());
  }
}
