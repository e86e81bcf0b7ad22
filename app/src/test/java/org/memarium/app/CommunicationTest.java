package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pipes, events, sockets and terminals do as on the host's kernel, call by call. */
class CommunicationTest {
  private static final Path NOTHING = Path.of("/dev/null");

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"ipc-pipes", "ipc-events", "ipc-sockets", "ipc-terminals"})
  void itGoesThroughAsOnTheHost(String name) throws IOException {
    List<String> command = List.of(Oracles.staticProgram(name).toString(), folder.toString());
    Ended host = HostRun.of(command);
    Ended machine = MachineRun.compat(NOTHING, command);
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.status(), machine.status(), "exit status");
    Ended checked = MachineRun.command("run", "--check", command.getFirst(), folder.toString());
    assertEquals(host.status(), checked.status(), () -> "audited; errors: " + checked.err());
  }

  @Test
  void overLoopbackProgramsReachOneAnotherAsOnTheHost() throws IOException {
    String program = Oracles.staticProgram("net-loopback").toString();
    // A host can be without IPv6; the machine has it.
    Path addresses = Path.of("/proc/net/if_inet6");
    boolean six = Files.exists(addresses) && Files.readString(addresses).contains(" lo\n");
    String versions = six ? "with-version-6" : "without-version-6";
    Ended host = HostRun.of(List.of(program, versions));
    Ended machine =
        MachineRun.command("run", "--check", "--network", "loopback", program, versions);
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.status(), machine.status(), "exit status");
  }

  @Test
  void nothingLeadsOutOfTheMachine() throws IOException {
    String program = Oracles.staticProgram("net-outside").toString();
    assertEquals(
        "ENETUNREACH ENETUNREACH ENETUNREACH\n",
        MachineRun.command("run", "--network", "loopback", program).out());
    assertEquals(
        "EAFNOSUPPORT EAFNOSUPPORT EAFNOSUPPORT\n", MachineRun.command("run", program).out());
  }
}
