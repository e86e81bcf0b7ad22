package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** C programs do in a machine with the compat layout what they do on the host's kernel. */
class ProgramsAgreeWithHostTest {
  private static final Path NOTHING = Path.of("/dev/null");

  /** How a test program is linked. */
  enum Linked {
    STATIC,
    STATIC_PIE,
    DYNAMIC,
    MUSL;

    Path program(String name) throws IOException {
      return switch (this) {
        case STATIC -> Oracles.staticProgram(name);
        case STATIC_PIE -> Oracles.staticPie(name);
        case DYNAMIC -> Oracles.dynamicProgram(name);
        case MUSL -> Oracles.muslProgram(name);
      };
    }
  }

  private static void agree(List<String> command) throws IOException {
    Ended host = HostRun.of(command);
    Ended machine = MachineRun.compat(NOTHING, command);
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.status(), machine.status(), "exit status");
  }

  @ParameterizedTest
  @EnumSource
  void everythingHasTheSameAddress(Linked linked) throws IOException {
    agree(List.of(linked.program("addresses").toString(), "one", "", "three words here"));
  }

  @ParameterizedTest
  @EnumSource
  void floatsAreTheSameToTheLastDigit(Linked linked) throws IOException {
    agree(List.of(linked.program("floats").toString()));
    agree(List.of(linked.program("floats").toString(), "more"));
  }

  @ParameterizedTest
  @EnumSource
  void threadsAgree(Linked linked) throws IOException {
    String program = linked.program("threads").toString();
    Ended host = HostRun.of(List.of(program, "and processes"));
    // Without --check: it makes some ten thousand calls.
    Ended machine = MachineRun.command("run", "--layout", "compat", program, "and processes");
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.status(), machine.status(), "exit status");
  }

  /** The host's own limits are whatever its administrator chose: the machine is given the same. */
  @ParameterizedTest
  @EnumSource
  void limitsReachTheProgram(Linked linked) throws IOException {
    String program = linked.program("limits").toString();
    String host = HostRun.of(List.of(program)).out();
    List<String> arguments = new ArrayList<>(List.of("run", "--layout", "compat"));
    host.lines()
        .map(line -> line.split(" "))
        .forEach(f ->
            arguments.addAll(
                List.of(
                    "--limit",
                    "%s=%s:%s"
                        .formatted(
                            org.memarium.mm.space.RLimits.nameOf(Integer.parseInt(f[0])),
                            limit(f[1]),
                            limit(f[2])))));
    arguments.add(program);
    Ended machine = MachineRun.command(arguments.toArray(String[]::new));
    assertEquals(host, machine.out(), machine.err());
  }

  private static String limit(String printed) {
    return printed.equals(Long.toUnsignedString(-1)) ? "unlimited" : printed;
  }

  /** From execve on, after each step; what the launcher itself faulted does not count. */
  @ParameterizedTest
  @EnumSource
  void minorFaultsAgreeWithinThree(Linked linked) throws IOException {
    String program = linked.program("faults").toString();
    List<Long> host =
        numbers(HostRun.of(List.of(Oracles.staticProgram("launch").toString(), program)));
    List<Long> machine = numbers(MachineRun.compat(NOTHING, List.of(program)));
    assertEquals(host.size(), machine.size());
    long hostSum = 0;
    long machineSum = 0;
    for (int step = 0; step < host.size(); step++) {
      hostSum += host.get(step);
      machineSum += machine.get(step);
      assertTrue(
          Math.abs(hostSum - machineSum) <= 3,
          () -> "each step's faults on the host: %s, and here: %s".formatted(host, machine));
    }
  }

  private static List<Long> numbers(Ended ended) {
    assertEquals(0, ended.status(), ended.err());
    return ended.out().lines().map(Long::parseLong).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null-write",
        "null-read",
        "null-call",
        "stack-jump",
        "constant-write",
        "kernel-read",
        "recursion",
        "division",
        "overflow",
        "ud2",
        "hlt",
        "int3",
        "into",
        "abort",
        "beyond-file"
      })
  void aProgramDiesOfTheSameSignal(String how) throws IOException {
    agree(List.of(Oracles.staticProgram("die").toString(), how));
  }

  @Test
  void aDeathIsToldInOneLineWithItsAddress() throws IOException {
    Ended machine =
        MachineRun.command(
            "run", "--layout", "compat", Oracles.staticProgram("die").toString(), "null-write");
    assertEquals(1, machine.err().lines().count(), machine.err());
    assertTrue(machine.err().startsWith("memarium: "), machine.err());
    assertTrue(machine.err().contains("SIGSEGV"), machine.err());
    assertTrue(machine.err().contains("0x00000000"), machine.err());
  }
}
