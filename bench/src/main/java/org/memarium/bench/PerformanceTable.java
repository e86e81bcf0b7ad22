package org.memarium.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures everything and prints the tables of {@code docs/performance.md}, in Markdown: medians,
 * and ratios to what stands beside.
 */
final class PerformanceTable {
  /** As the launcher's. */
  static final List<String> JVM_OPTIONS =
      List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-XX:-UsePerfData");

  /** JMH 1.37 uses Unsafe, about which Java would warn in every fork. */
  private static final String JMH_OPTION = "--sun-misc-unsafe-memory-access=allow";

  private static final int FORKS = 2;
  private static final int WARMUPS = 3;
  private static final int ITERATIONS = 5;

  private PerformanceTable() {}

  /**
   * Runs it.
   *
   * @param args the folder of the built programs, {@code malloc} of {@code bench/peers} among them;
   *     then, optionally, {@code programs}, {@code mechanisms} or {@code memory} for those tables
   *     only
   */
  public static void main(String[] args) throws Exception {
    String only = args.length > 1 ? args[1] : "";
    System.out.println("Measured on " + host() + ".");
    if (only.isEmpty() || only.equals("programs")) {
      System.out.printf("%n## Programs%n%n%s", new Programs(Path.of(args[0])).table());
    }
    if (only.isEmpty() || only.equals("memory")) {
      System.out.printf(
          "%n## User memory%n%n%s", UserMemoryTable.table(Path.of(args[0], "memory")));
    }
    if (only.isEmpty() || only.equals("mechanisms")) {
      SortedMap<String, Double> medians = medians();
      System.out.printf("%n## Mechanisms%n%n%s", mechanisms(medians));
      System.out.printf("%n## Allocators%n%n%s", Peers.table(medians, Path.of(args[0], "malloc")));
    }
  }

  private static String host() throws IOException {
    String cpu =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse("an unnamed processor");
    return "%s, %d processors, %s, Java %s"
        .formatted(
            cpu,
            Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.name"),
            Runtime.version());
  }

  private static SortedMap<String, Double> medians() throws RunnerException {
    SortedMap<String, Double> medians = new TreeMap<>();
    for (RunResult result :
        new Runner(
                new OptionsBuilder()
                    .include("org\\.memarium\\.bench\\..*")
                    .forks(FORKS)
                    .warmupIterations(WARMUPS)
                    .warmupTime(TimeValue.seconds(1))
                    .measurementIterations(ITERATIONS)
                    .measurementTime(TimeValue.seconds(1))
                    .jvmArgs(JVM_OPTIONS.toArray(String[]::new))
                    .jvmArgsAppend(JMH_OPTION)
                    .verbosity(VerboseMode.SILENT)
                    .shouldFailOnError(true)
                    .build())
            .run()) {
      medians.put(name(result), result.getPrimaryResult().getStatistics().getPercentile(50));
    }
    return medians;
  }

  private static String mechanisms(SortedMap<String, Double> medians) {
    StringBuilder table = new StringBuilder(Mechanism.HEAD);
    for (Mechanism mechanism : Mechanism.ALL) {
      table.append(mechanism.row(medians));
    }
    return table.toString();
  }

  /** Class and method, and the parameters if there are any: {@code MmuBenchmark.readWalk(i386)}. */
  private static String name(RunResult result) {
    String benchmark = result.getParams().getBenchmark();
    int method = benchmark.lastIndexOf('.');
    int type = benchmark.lastIndexOf('.', method - 1);
    StringBuilder name = new StringBuilder(benchmark.substring(type + 1));
    for (String key : result.getParams().getParamsKeys()) {
      name.append(String.format(Locale.ROOT, "(%s)", result.getParams().getParam(key)));
    }
    return name.toString();
  }
}
