package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes begin, share, wait and end as on the host's kernel. */
class ProcessesTest {
  private static final Path NOTHING = Path.of("/dev/null");

  @ParameterizedTest
  @ValueSource(strings = {"processes-wait", "processes-clone", "processes-exec", "capabilities"})
  void processesDoAsOnTheHost(String name) throws IOException {
    String program = Oracles.staticProgram(name).toString();
    Ended host = HostRun.of(List.of(program));
    assertAgree(host, MachineRun.compat(NOTHING, List.of(program)));
    assertAgree(host, MachineRun.command("run", "--check", program));
  }

  private static void assertAgree(Ended host, Ended machine) {
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.status(), machine.status(), "exit status");
  }
}
