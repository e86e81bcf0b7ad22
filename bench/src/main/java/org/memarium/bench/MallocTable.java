package org.memarium.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.memarium.bench.MallocReplays.Program;
import org.memarium.bench.MallocReplays.Recorded;

/**
 * Prints the tables of {@code docs/heap.md} and draws {@code docs/malloc-comparison.png}. Times
 * depend on the host, everything else does not.
 */
final class MallocTable {
  private static final double KIB = 1024;

  private MallocTable() {}

  /**
   * Measures.
   *
   * @param args the folder of the built programs, {@code replay} of {@code bench/peers} among them
   */
  public static void main(String[] args) throws Exception {
    Path home = Path.of(System.getProperty("memarium.home"));
    Path root = home.resolve("target/i386");
    if (!Files.isDirectory(root)) {
      System.err.println("bench/run: scripts/get-i386 fetches the programs to be recorded first");
      System.exit(2);
    }
    MallocReplays replays =
        new MallocReplays(root, home.resolve("bench/programs/malloc"), Path.of(args[0], "replay"));
    List<Recorded> all = new ArrayList<>();
    for (Program program : MallocReplays.PROGRAMS) {
      all.add(replays.run(program));
    }
    System.out.print(recorded(all));
    System.out.println();
    System.out.print(replayed(all));
    MallocChart.write(all, home.resolve("docs/malloc-comparison.png"));
  }

  private static String recorded(List<Recorded> all) {
    StringBuilder table =
        new StringBuilder(
            """
            | program | operations | blocks at once | KiB at once | instructions of a call |
            | --- | ---: | ---: | ---: | ---: |
            """);
    for (Recorded each : all) {
      table.append(
          String.format(
              Locale.ROOT,
              "| %s, `%s` | %,d | %,d | %,.0f | %.0f |%n",
              each.program().name(),
              each.program().script(),
              each.trace().operations(),
              each.trace().blocks(),
              each.trace().peakBytes() / KIB,
              each.instructionsPerCall()));
    }
    return table.toString();
  }

  private static String replayed(List<Recorded> all) {
    StringBuilder table =
        new StringBuilder(
            """
            | program | allocator | ns an operation | instructions | peak RSS, KiB \
            | from the kernel, KiB | fragmentation |
            | --- | --- | ---: | ---: | ---: | ---: | ---: |
            """);
    for (Recorded each : all) {
      for (MallocTrial trial : each.trials()) {
        table.append(
            String.format(
                Locale.ROOT,
                "| %s | %s | %,.0f | %s | %,.0f | %,.0f | %.1f %% |%n",
                each.program().name(),
                trial.allocator(),
                trial.nanos(),
                trial.instructions() == 0
                    ? ""
                    : String.format(Locale.ROOT, "%,.0f", trial.instructions()),
                trial.peakResidentBytes() / KIB,
                trial.peakObtainedBytes() / KIB,
                100 * trial.fragmentation(each.trace().peakBytes())));
      }
    }
    return table.toString();
  }
}
