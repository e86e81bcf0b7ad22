package org.memarium.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * {@link UserMemory} beside {@code bench/peers/memory.c}, which does the same on the host's kernel:
 * for each number of areas first the one, then the other.
 */
final class UserMemoryTable {
  private static final int[] AREAS = {10, 100, 1_000, 10_000, 60_000};

  /** What {@link UserMemory#MECHANISMS} are. */
  private static final String[] TEXTS = {
    "mmap + munmap, one place",
    "munmap + mmap, all places in turn",
    "write fault: a zeroed page",
    "read fault: the zero page",
    "mprotect: split and merge",
    "copy-on-write fault",
    "of that, the copy of the page",
    "a copy of a page out of no cache",
    "fork + exit, 64 MiB touched",
  };

  /** How often each is measured, ours and the host's in turn: what is printed is in the middle. */
  private static final int TIMES = 3;

  private UserMemoryTable() {}

  /**
   * The table in Markdown.
   *
   * @param program {@code bench/peers/memory.c}, built
   */
  static String table(Path program) throws IOException, InterruptedException {
    StringBuilder head = new StringBuilder("| Memarium / host: ratio |");
    StringBuilder rule = new StringBuilder("| --- |");
    List<StringBuilder> lines = new ArrayList<>();
    for (String text : TEXTS) {
      lines.add(new StringBuilder("| ").append(text).append(" |"));
    }
    for (int areas : AREAS) {
      head.append(String.format(Locale.ROOT, " %,d areas |", areas));
      rule.append(" ---: |");
      double[][] here = new double[TEXTS.length][TIMES];
      double[][] there = new double[TEXTS.length][TIMES];
      for (int time = 0; time < TIMES; time++) {
        String[] printed = measure(java(areas)).split("\n", -1);
        for (int i = 0; i < TEXTS.length; i++) {
          String mechanism = UserMemory.MECHANISMS[i];
          here[i][time] = Double.parseDouble(printed[i].substring(mechanism.length() + 1));
          there[i][time] = Double.parseDouble(measure(host(program, mechanism, areas)));
        }
      }
      for (int i = 0; i < TEXTS.length; i++) {
        lines.get(i).append(cell(middle(here[i]), middle(there[i])));
      }
    }
    return head + "\n" + rule + "\n" + String.join("\n", lines) + "\n";
  }

  private static List<String> java(int areas) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(PerformanceTable.JVM_OPTIONS);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(UserMemory.class.getName(), Integer.toString(areas)));
    return command;
  }

  private static List<String> host(Path program, String mechanism, int areas) {
    return List.of(program.toString(), mechanism, Integer.toString(areas));
  }

  private static double middle(double[] times) {
    Arrays.sort(times);
    return times[times.length / 2];
  }

  private static String cell(double here, double there) {
    boolean isLong = there >= 100_000;
    double scale = isLong ? 1000 : 1;
    return String.format(
        Locale.ROOT,
        " %,.0f / %,.0f %s: %.1f |",
        here / scale,
        there / scale,
        isLong ? "us" : "ns",
        there / here);
  }

  private static String measure(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("failed: " + command);
    }
    return out.strip();
  }
}
