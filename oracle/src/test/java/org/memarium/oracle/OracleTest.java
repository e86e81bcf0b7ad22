package org.memarium.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The host's kernel beside ours, for a few seconds; {@code ./memarium-oracle} goes on for hours.
 */
final class OracleTest {
  private static Set<CallGroup> groups() {
    return EnumSet.of(
        CallGroup.ACCESS,
        CallGroup.MAP,
        CallGroup.PROTECT,
        CallGroup.REMAP,
        CallGroup.BRK,
        CallGroup.SEAL,
        CallGroup.NONLINEAR,
        CallGroup.CORE,
        CallGroup.SHM,
        CallGroup.LIMIT,
        CallGroup.SEGMENT,
        CallGroup.PROC,
        CallGroup.FORK);
  }

  @TempDir private Path folder = Path.of("");

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void theHostsKernelDoesTheSame(long seed) {
    needHost();
    try (Oracle oracle = new Oracle(folder, groups())) {
      assertNull(oracle.sequence(seed, 2000));
    }
  }

  @Test
  void manyJobsTellTheSameAsOne() {
    needHost();
    Set<CallGroup> some = EnumSet.of(CallGroup.ACCESS, CallGroup.MAP, CallGroup.PROTECT);
    try (Jobs jobs = new Jobs(3, new Jobs.Work(folder, some, 10, 1900, 400), Set.of())) {
      for (int seed = 10; seed < 15; seed++) {
        assertEquals(new Jobs.Answer(seed, seed < 14 ? 400 : 300, null, null), jobs.take());
      }
    }
  }

  @Test
  void aDifferenceIsFoundAndShrunkToTheStepsThatMakeIt() {
    needHost();
    try (Oracle oracle =
        new Oracle(
            folder,
            EnumSet.of(CallGroup.MAP),
            machine -> machine.files().write("/proc/sys/vm/max_map_count", "9\n"))) {
      Oracle.Finding finding = oracle.sequence(1, 500);
      assertNotNull(finding);
      assertTrue(finding.difference().kind().endsWith("/ENOMEM"), finding::toString);
      assertTrue(finding.steps().size() <= 8, finding::toString);
      assertTrue(finding.maps().contains("[stack]"), finding::toString);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--operations=none",
        "--operations=0",
        "--length=2M",
        "--jobs=0",
        "--only=nothing",
        "--without=nothing",
        "--only=map --without=map",
        "--folder=/nowhere",
        "--nonsense"
      })
  void anOptionThatMakesNoSenseIsOneLineAndStatus2(String options) {
    StringWriter out = new StringWriter();
    StringWriter messages = new StringWriter();
    int status =
        Main.execute(new PrintWriter(out), new PrintWriter(messages), options.split(" ", -1));
    assertEquals(2, status);
    assertEquals("", out.toString());
    assertEquals(1, messages.toString().lines().count(), messages::toString);
    assertTrue(messages.toString().startsWith("memarium-oracle: "), messages::toString);
  }

  /** Skips the test where there is no such host, or fails it where nothing may be missing. */
  private void needHost() {
    String missing = HostSide.missing(folder);
    if (missing != null) {
      if ("required".equals(System.getenv("MEMARIUM_ORACLES"))) {
        fail("missing although MEMARIUM_ORACLES=required: the oracle " + missing);
      }
      abort("missing: the oracle " + missing);
    }
  }
}
