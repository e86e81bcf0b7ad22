package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.space.Layout;

/** Threads, signals and timers do on the host's kernel and here what POSIX and Linux say. */
final class ThreadsAndSignalsTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private void sameAsOnTheHost(boolean checks, String source, List<String> flags, String... more) {
    String program = HostPrograms.compile(folder, source, flags.toArray(String[]::new)).toString();
    String[] command = new String[more.length + 1];
    command[0] = program;
    System.arraycopy(more, 0, command, 1, more.length);
    HostPrograms.Native there = HostPrograms.runNatively(command);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(checks), command);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
    assertEquals(List.of(), here.report().unsupported());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-static", "-pie"})
  void threadsOfTheCLibrary(String kind) {
    sameAsOnTheHost(false, "threads.c", List.of(kind, "-pthread"), "and processes");
  }

  @Test
  void signalsQueueAreAwaitedAndBreakCallsOff() {
    sameAsOnTheHost(true, "queued.c", List.of("-static"));
  }

  @Test
  void clocksTimersAndSleeps() {
    sameAsOnTheHost(true, "timers.c", List.of("-static", "-pthread"));
  }

  /** What a run leaves in the trace, in few bytes. */
  private record Story(String out, long events, int hash) {}

  private Story story(String program, long quantum) {
    long[] events = new long[2];
    MachineExtension.Run run =
        machines.run(
            config -> config.quantum(quantum),
            "",
            (sequence, nanos, event) -> {
              events[0]++;
              events[1] = 31 * events[1] + (nanos + " " + event).hashCode();
            },
            program,
            "and processes");
    return new Story(run.out(), events[0], Long.hashCode(events[1]));
  }

  @Test
  void threadsTakeTurnsTheSameWayTwice() {
    String program = HostPrograms.compile(folder, "threads.c", "-static", "-pthread").toString();
    Story first = story(program, 10_000);
    assertEquals(first, story(program, 10_000));
    assertTrue(first.events > 1000);
    Story other = story(program, 3_000);
    assertEquals(first.out, other.out);
    assertTrue(first.hash != other.hash, "another quantum is another order of events");
  }
}
