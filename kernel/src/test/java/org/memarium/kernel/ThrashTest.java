package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.kernel.process.Signal;
import org.memarium.mm.reclaim.PolicyChoice;
import org.memarium.mm.trace.VmStatItem;

/**
 * Programs that use more memory than there is find all of it as they left it. {@code
 * scripts/thrash} does the same with 512 MiB in 64.
 */
final class ThrashTest {
  private static final long RAM_BYTES = 12L << 20;
  private static final long SWAP_BYTES = 64L << 20;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private static Stream<Arguments> policiesAndPatterns() {
    List<Arguments> all = new ArrayList<>();
    for (String policy : PolicyChoice.names()) {
      if (!PolicyChoice.needsRecording(policy)) {
        for (String pattern : List.of("sequential", "random", "fork", "radix")) {
          all.add(Arguments.of(policy, pattern));
        }
      }
    }
    return all.stream();
  }

  private Machine run(Consumer<MachineConfigBuilder> change, List<String> command) {
    out.reset();
    Machine machine =
        machines.boot(config -> {
          config
              .ramBytes(RAM_BYTES)
              .swap(SwapArea.temporary(SWAP_BYTES))
              .standardOutput(Channels.newChannel(out));
          change.accept(config);
        });
    machine.exec(command.getFirst(), command, List.of());
    machine.run();
    return machine;
  }

  private void agrees(Consumer<MachineConfigBuilder> change, List<String> command) {
    Machine machine = run(change, command);
    String native32 = HostPrograms.runNatively(command.toArray(String[]::new)).out();
    assertEquals(native32, out.toString(StandardCharsets.UTF_8), machine::deathLine);
    assertTrue(machine.memory().vmStat().get(VmStatItem.PSWPIN) > 500, "it did not thrash");
  }

  @ParameterizedTest
  @MethodSource("policiesAndPatterns")
  void whatWasWrittenComesBackWhicheverPageGoes(String policy, String pattern) {
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    agrees(
        config -> config.reclaimPolicy(PolicyChoice.of(policy)), List.of(program, pattern, "12"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sequential", "fork"})
  void everythingAddsUpAfterEveryReclaim(String pattern) {
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    agrees(config -> config.checks(true), List.of(program, pattern, "10"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sequential", "random", "fork"})
  void theOptimumThatKnowsARecordingKeepsDataToo(String pattern) throws IOException {
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    Path recording = folder.resolve("recording");
    List<String> command = List.of(program, pattern, "12");
    Machine machine = run(config -> config.recordPages(recording), command);
    machines.forget(machine);
    PolicyChoice optimum = PolicyChoice.optimum(recording);
    agrees(config -> config.reclaimPolicy(optimum), command);
  }

  @Test
  void filesAndMemoryTakeFromOneAnother() {
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    String file = folder.resolve("data").toString();
    HostPrograms.runNatively(program, "make", "16", file);
    for (String pattern : List.of("mixed", "maprandom", "map", "read")) {
      List<String> command = List.of(program, pattern, "6", file);
      Machine machine = run(config -> config.root(Path.of("/")), command);
      String native32 = HostPrograms.runNatively(command.toArray(String[]::new)).out();
      assertEquals(native32, out.toString(StandardCharsets.UTF_8), machine::deathLine);
    }
  }

  @Test
  void aFileLargerThanRamIsWrittenWhole() {
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    List<String> command = List.of(program, "write", "16", folder.resolve("new").toString());
    Machine machine = run(config -> config.writable(folder), command);
    String native32 = HostPrograms.runNatively(command.toArray(String[]::new)).out();
    assertEquals(native32, out.toString(StandardCharsets.UTF_8), machine::deathLine);
  }

  @Test
  void lockedPagesStayWhateverTheOthersNeed() {
    String program = HostPrograms.compile(folder, "locked.c", "-static").toString();
    run(config -> {}, List.of(program, "14"));
    assertEquals(
        """
        512 of 512 locked pages are there
        512 of 512 locked pages are there
        others were swapped out: yes
        """,
        out.toString(StandardCharsets.UTF_8).replaceAll("sum \\d+, wrong 0\n", ""));
  }

  @Test
  void whoNeedsMoreThanRamAndSwapIsKilled() {
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    Machine machine =
        machines.boot(config -> config.ramBytes(RAM_BYTES).swap(SwapArea.temporary(4L << 20)));
    machine.exec(program, List.of(program, "radix", "26"), List.of());
    assertEquals(128 + Signal.SIGKILL, machine.run());
    String line = machine.deathLine();
    assertNotNull(line);
    assertTrue(line.contains("out of memory"), line);
    assertEquals(1, machine.memory().vmStat().get(VmStatItem.OOM_KILL));
    assertEquals(machine.memory().swap().totalPages(), machine.memory().swap().freePages());
  }

  @Test
  void equalRunsSwapEqualPagesAtEqualTimes() {
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    List<String> command = List.of(program, "-v", "random", "12");
    run(config -> {}, command);
    String once = out.toString(StandardCharsets.UTF_8);
    run(config -> {}, command);
    assertEquals(once, out.toString(StandardCharsets.UTF_8));
  }
}
