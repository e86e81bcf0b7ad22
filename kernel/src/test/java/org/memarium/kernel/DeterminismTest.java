package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Equal machines do the same to the last event. */
final class DeterminismTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private record Story(String out, List<String> events, RunReport report) {}

  private Story run(String program, long seed, boolean randomise) {
    return run(config -> config.seed(seed).randomise(randomise), program);
  }

  private Story run(Consumer<MachineConfigBuilder> change, String program) {
    List<String> events = new ArrayList<>();
    MachineExtension.Run run =
        machines.run(
            change,
            "",
            (sequence, nanos, event) -> events.add(sequence + " " + nanos + " " + event),
            program);
    return new Story(run.out(), events, run.report());
  }

  @Test
  void theSameRunTwiceGivesTheSameEvents() {
    String program = HostPrograms.compile(folder, "image.c", "-static").toString();
    Story first = run(program, 1, false);
    Story second = run(program, 1, false);
    assertEquals(first, second);
    assertTrue(first.events.size() > 100);
  }

  @Test
  void aSeedMovesWhatIsRandomisedAndNothingElseDoes() {
    String program = HostPrograms.compile(folder, "image.c", "-static-pie").toString();
    Story first = run(program, 1, true);
    assertEquals(first, run(program, 1, true));
    assertNotEquals(first.out, run(program, 2, true).out);
    assertNotEquals(first.out, run(program, 1, false).out);
  }

  @Test
  void processesThreadsPipesAndSignalsDoTheSameAtTheSameMoments() {
    String program = HostPrograms.compile(folder, "together.c", "-static", "-pthread").toString();
    Story first = run(config -> config.quantum(1000), program);
    assertEquals(first, run(config -> config.quantum(1000), program));
    for (String event :
        List.of(
            "SchedProcessFork", "SchedProcessExit", "SchedSwitch", "SignalDeliver", "SysExit")) {
      assertTrue(first.events.stream().anyMatch(line -> line.contains(event)), event);
    }
    // Whose turn it is decides the quantum, and nothing else.
    assertNotEquals(first.events, run(config -> config.quantum(777), program).events);
  }

  @Test
  void aSeedReachesProcessesAndThreadsToo() {
    String program =
        HostPrograms.compile(folder, "together.c", "-static-pie", "-pthread").toString();
    Story first = run(config -> config.quantum(5000).seed(7).randomise(true), program);
    assertEquals(first, run(config -> config.quantum(5000).seed(7).randomise(true), program));
    Story other = run(config -> config.quantum(5000).seed(8).randomise(true), program);
    assertNotEquals(first.events, other.events);
  }
}
