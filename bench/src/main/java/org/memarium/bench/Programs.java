package org.memarium.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whole programs on Memarium, beside {@code qemu-i386} and the host's own processor, in one session
 * and in turn, so that a busy moment hits all of them. The three must print the same.
 */
final class Programs {
  /** How often each program runs in each place; the median counts. */
  private static final int RUNS = 3;

  private record Program(String name, String rounds) {}

  private static final List<Program> PROGRAMS =
      List.of(
          new Program("sieve", "40"),
          new Program("matrix", "60"),
          new Program("hash", "800"),
          new Program("chase", "20"));

  private final Path folder;

  /**
   * The programs.
   *
   * @param folder where {@code bench/programs/build} put them
   */
  Programs(Path folder) {
    this.folder = folder;
  }

  /** Runs all of them, and gives a table in Markdown. */
  String table() throws IOException, InterruptedException {
    StringBuilder table =
        new StringBuilder(
            """
            | program | instructions (million) | Memarium (million/s) | qemu-i386 | native \
            | qemu : Memarium | native : Memarium |
            | --- | ---: | ---: | ---: | ---: | ---: | ---: |
            """);
    for (Program program : PROGRAMS) {
      table.append(row(program));
    }
    return table.toString();
  }

  private String row(Program program) throws IOException, InterruptedException {
    String file = folder.resolve(program.name()).toString();
    boolean qemu = isOnPath("qemu-i386");
    long[] memarium = new long[RUNS];
    long[] emulated = new long[RUNS];
    long[] nativeNanos = new long[RUNS];
    long instructions = 0;
    for (int run = 0; run < RUNS; run++) {
      Outcome here = memarium(file, program.rounds());
      instructions = here.instructions();
      memarium[run] = here.nanos();
      Outcome host = timed(List.of(file, program.rounds()));
      nativeNanos[run] = host.nanos();
      requireSame(program, "the host", host, here);
      if (qemu) {
        Outcome peer = timed(List.of("qemu-i386", file, program.rounds()));
        emulated[run] = peer.nanos();
        requireSame(program, "qemu-i386", peer, here);
      }
    }
    double mine = rate(instructions, memarium);
    double theirs = qemu ? rate(instructions, emulated) : Double.NaN;
    double hosts = rate(instructions, nativeNanos);
    return String.format(
        Locale.ROOT,
        "| %s %s | %,d | %,.0f | %s | %,.0f | %s | %.1f |%n",
        program.name(),
        program.rounds(),
        instructions / 1_000_000,
        mine,
        qemu ? String.format(Locale.ROOT, "%,.0f", theirs) : "not installed",
        hosts,
        qemu ? String.format(Locale.ROOT, "%.1f", theirs / mine) : "",
        hosts / mine);
  }

  private static double rate(long instructions, long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return instructions * 1e3 / sorted[sorted.length / 2];
  }

  private record Outcome(long instructions, long nanos, int status, String output) {}

  private static void requireSame(Program program, String where, Outcome a, Outcome b) {
    if (a.status() != b.status() || !a.output().equals(b.output())) {
      throw new IllegalStateException(
          "%s: on %s it printed %s and exited with %d, here %s and %d"
              .formatted(program.name(), where, a.output(), a.status(), b.output(), b.status()));
    }
  }

  private static Outcome memarium(String file, String rounds)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(PerformanceTable.JVM_OPTIONS);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            ProgramRun.class.getName(),
            file,
            rounds));
    Outcome whole = timed(command);
    String[] fields = whole.output().split(" ", 4);
    if (whole.status() != 0 || fields.length != 4) {
      throw new IllegalStateException(file + " did not run: " + whole);
    }
    return new Outcome(
        Long.parseLong(fields[0]),
        Long.parseLong(fields[1]),
        Integer.parseInt(fields[2]),
        fields[3]);
  }

  private static Outcome timed(List<String> command) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    return new Outcome(0, System.nanoTime() - start, status, output.strip());
  }

  private static boolean isOnPath(String command) {
    return Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(":", -1))
        .anyMatch(folder -> Path.of(folder, command).toFile().canExecute());
  }
}
