package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.app.ProgramsAgreeWithHostTest.Linked;

/** MMX and SSE as programs find them: in signal frames, after execve, and as exceptions. */
class SimdTest {
  private static final Path NOTHING = Path.of("/dev/null");
  private static final int SIGILL = 4;

  @ParameterizedTest
  @EnumSource
  void registersGoThroughSignalsAsOnTheHost(Linked linked) throws IOException {
    List<String> command = List.of(linked.program("simd").toString());
    Ended host = HostRun.of(command);
    Ended machine = MachineRun.compat(NOTHING, command);
    assertEquals(host.out(), machine.out(), machine.err());
    assertEquals(0, machine.status());
  }

  @ParameterizedTest
  @ValueSource(strings = {"two-level", "pae"})
  void frameOfA32BitKernelHoldsTheSame(String paging) throws IOException {
    String program = Oracles.staticProgram("simd").toString();
    String host = HostRun.of(List.of(program)).out();
    assertEquals(host, MachineRun.command("run", "--paging", paging, program).out());
  }

  @Test
  void i686HasNoneOfIt() throws IOException {
    Ended machine =
        MachineRun.command("run", "--cpu", "i686", Oracles.staticProgram("simd").toString());
    assertEquals(128 + SIGILL, machine.status());
  }

  @Test
  void cpuinfoTellsWhichProcessorItIs() throws IOException {
    String busybox = Oracles.busybox().toString();
    String ours = MachineRun.command("run", busybox, "cat", "/proc/cpuinfo").out();
    assertTrue(ours.contains("clflush mmx fxsr sse sse2\n"), ours);
    assertTrue(ours.contains("clflush size\t: 64\n"), ours);
    String old = MachineRun.command("run", "--cpu", "i686", busybox, "cat", "/proc/cpuinfo").out();
    assertTrue(old.contains("flags\t\t: fpu pse tsc cx8 pge cmov\n"), old);
    assertTrue(old.contains("clflush size\t: 32\n"), old);
  }
}
