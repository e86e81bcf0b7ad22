package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.space.Layout;

/** Signals and timers do here what they do on the host's kernel, and threads take turns. */
final class ThreadsAndSignalsTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private void sameAsOnTheHost(String source, List<String> flags) {
    String program = HostPrograms.compile(folder, source, flags.toArray(String[]::new)).toString();
    HostPrograms.Native there = HostPrograms.runNatively(program);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(true), program);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
    assertEquals(List.of(), here.report().unsupported());
  }

  @Test
  void signalsQueueAreAwaitedAndBreakCallsOff() {
    sameAsOnTheHost("queued.c", List.of("-static"));
  }

  @Test
  void callsThatWaitAreBrokenOffOrMadeAgain() {
    sameAsOnTheHost("interrupted.c", List.of("-static", "-pthread"));
  }

  @Test
  void theFutexCallItself() {
    sameAsOnTheHost("futexes.c", List.of("-static", "-pthread"));
  }

  @Test
  void signalsAreReadFromFiles() {
    sameAsOnTheHost("signalfd.c", List.of("-static"));
  }

  @Test
  void clocksTimersAndSleeps() {
    sameAsOnTheHost("timers.c", List.of("-static", "-pthread"));
  }

  /** On the host other processors would run the other thread: nothing to compare with. */
  @Test
  void anotherThreadsTurnAbortsARestartableSequence() {
    String program =
        HostPrograms.compile(folder, "sequence.c", "-static", "-fno-pie", "-no-pie", "-pthread")
            .toString();
    MachineExtension.Run run = machines.run(config -> config.quantum(100_000), program);
    assertEquals("aborted, forgotten 1, went on 1\n".repeat(3), run.out());
    assertEquals(0, run.status());
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
