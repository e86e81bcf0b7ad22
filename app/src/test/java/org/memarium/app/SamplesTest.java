package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The committed samples are what their sources say, and run here as on the host. */
class SamplesTest {
  private static final Path SAMPLES = Oracles.HOME.resolve("samples");
  private static final Path NOTHING = Path.of("/dev/null");

  @Test
  void theSameCompilerMakesTheSameBytes(@TempDir Path folder) throws IOException {
    Ended built = HostRun.plain(List.of(SAMPLES.resolve("build").toString(), folder.toString()));
    if (built.status() != 0) {
      Oracles.missing("a 32-bit C compiler (gcc-multilib): " + built.err());
    }
    String committed = Files.readString(SAMPLES.resolve("built-with"));
    String here = Files.readString(folder.resolve("built-with"));
    if (!committed.equals(here)) {
      Oracles.missing("the compiler of the samples, which is\n" + committed + "and not\n" + here);
    }
    for (String sample : List.of("collector", "faults", "guards", "maps", "pager", "rlimit")) {
      assertArrayEquals(
          Files.readAllBytes(SAMPLES.resolve(sample)),
          Files.readAllBytes(folder.resolve(sample)),
          () -> "samples/" + sample + " is not what samples/build makes of its source");
    }
  }

  @Test
  void mapsShowsTheSameAddressSpaceAsOnTheHost() throws IOException {
    List<String> command = List.of(SAMPLES.resolve("maps").toString());
    Ended machine = MachineRun.compat(NOTHING, command);
    assertEquals(0, machine.status(), machine.err());
    assertEquals(HostRun.of(command).maps(), machine.maps());
  }

  @Test
  void faultsCountsTheSameFaultsAsOnTheHost() throws IOException {
    List<String> command = List.of(SAMPLES.resolve("faults").toString());
    assertEquals(HostRun.of(command).out(), MachineRun.compat(NOTHING, command).out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"collector", "guards", "pager"})
  void programsThatLiveOnFaultsDoTheSameAsOnTheHost(String sample) throws IOException {
    List<String> command = List.of(SAMPLES.resolve(sample).toString());
    Ended machine = MachineRun.compat(NOTHING, command);
    assertEquals(HostRun.of(command).out(), machine.out(), machine.err());
    assertEquals(0, machine.status());
  }

  @Test
  void rlimitPrintsTheLimitsThatWereGiven() throws IOException {
    Ended machine =
        MachineRun.command(
            "run",
            "--limit",
            "as=64M:1G",
            "--limit",
            "stack=unlimited",
            SAMPLES.resolve("rlimit").toString());
    assertEquals(
        """
        RLIMIT_AS       soft limit: 67108864, hard limit: 1073741824
        RLIMIT_DATA     soft limit: unlimited, hard limit: unlimited
        RLIMIT_STACK    soft limit: unlimited, hard limit: unlimited
        RLIMIT_MEMLOCK  soft limit: 8388608, hard limit: 8388608
        """,
        machine.out(),
        machine.err());
    assertEquals(0, machine.status());
  }

  @ParameterizedTest
  @ValueSource(strings = {"two-level", "pae"})
  void mapsRunsOnEveryShapeOfPageTables(String paging) throws IOException {
    Ended machine =
        MachineRun.command(
            "run", "--check", "--paging", paging, SAMPLES.resolve("maps").toString());
    assertEquals(0, machine.status(), machine.err());
    assertTrue(machine.out().contains("[heap]"), machine.out());
  }

  /** The bytes that a machine prints and counts depend on its options alone. */
  @Test
  void twoRunsAreTheSameToTheLastEvent() throws IOException {
    String[] command = {
      "run",
      "--report",
      "--randomize",
      "--seed",
      "7",
      "--trace",
      "-",
      SAMPLES.resolve("maps").toString()
    };
    Ended first = MachineRun.command(command);
    Ended second = MachineRun.command(command);
    assertEquals(0, first.status(), first.err());
    assertEquals(first.out(), second.out());
    assertEquals(first.err(), second.err());
  }
}
