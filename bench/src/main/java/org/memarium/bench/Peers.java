package org.memarium.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * {@code kmem_cache_alloc} and {@code kmalloc} beside what others take for the same: {@code malloc}
 * of glibc, jemalloc and mimalloc, compiled by gcc, and Netty's pooled buffers in Java.
 *
 * <p>64 bytes are allocated and freed, one object at a time, and a thousand freed in another order
 * than they were allocated in. The order is the same everywhere.
 */
final class Peers {
  /** So many objects are held at once in the second workload. */
  static final int MANY = 1000;

  private static final String BYTES = "64";

  private record Malloc(String name, String library) {}

  private static final List<Malloc> MALLOCS =
      List.of(
          new Malloc("glibc malloc + free", ""),
          new Malloc("jemalloc malloc + free", "libjemalloc.so.2"),
          new Malloc("mimalloc malloc + free", "libmimalloc.so.2"));

  private Peers() {}

  /** The order in which {@code bench/peers/malloc.c} frees what it holds. */
  static int[] shuffledOrder() {
    int[] order = new int[MANY];
    for (int i = 0; i < MANY; i++) {
      order[i] = i;
    }
    int state = 1;
    for (int i = MANY - 1; i > 0; i--) {
      state = state * 1_664_525 + 1_013_904_223;
      int j = (int) ((Integer.toUnsignedLong(state) * (i + 1)) >>> 32);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  /**
   * The table in Markdown.
   *
   * @param medians what JMH measured, by benchmark
   * @param program {@code bench/peers/malloc.c}, built
   */
  static String table(Map<String, Double> medians, Path program)
      throws IOException, InterruptedException {
    StringBuilder table =
        new StringBuilder(
            """
            | 64 bytes | one at a time | a thousand, freed in another order |
            | --- | ---: | ---: |
            """);
    table.append(row("kmem_cache_alloc + kmem_cache_free", medians, "SlabBenchmark.cache"));
    table.append(row("kmalloc + kfree", medians, "SlabBenchmark.kmalloc"));
    for (Malloc malloc : MALLOCS) {
      table.append(row(malloc, program));
    }
    table.append(row("Netty directBuffer + release", medians, "NettyBenchmark.buffer"));
    return table.toString();
  }

  /** Results of the benchmarks whose names end in {@code One} and {@code Many}. */
  private static String row(String name, Map<String, Double> medians, String benchmark) {
    Double one = medians.get(benchmark + "One");
    Double many = medians.get(benchmark + "Many");
    if (one == null || many == null) {
      throw new IllegalStateException("no result of " + benchmark + " among " + medians.keySet());
    }
    return String.format(Locale.ROOT, "| %s | %.1f ns | %.1f ns |%n", name, one, many);
  }

  private static String row(Malloc malloc, Path program) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(program.toString(), BYTES);
    if (!malloc.library().isEmpty()) {
      String library = find(malloc.library());
      if (library.isEmpty()) {
        return "| " + malloc.name() + " | not installed | not installed |\n";
      }
      builder.environment().put("LD_PRELOAD", library);
    }
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String[] nanos =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .strip()
            .split(" ", -1);
    if (process.waitFor() != 0 || nanos.length != 2) {
      throw new IllegalStateException(program + " failed with " + malloc.name());
    }
    return "| %s | %.1f ns | %.1f ns |%n"
        .formatted(malloc.name(), Double.parseDouble(nanos[0]), Double.parseDouble(nanos[1]));
  }

  /** Where the host has a library; empty if nowhere. */
  private static String find(String library) {
    return Stream.of("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")
        .map(folder -> Path.of(folder, library))
        .filter(Files::exists)
        .map(Path::toString)
        .findFirst()
        .orElse("");
  }
}
