package org.memarium.app;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.app.shell.HeapSummary;
import org.memarium.hardware.Ram;
import org.memarium.hardware.TlbStatistics;
import org.memarium.kernel.RunReport;
import org.memarium.kernel.RunReport.Area;
import org.memarium.kernel.RunReport.FreeArea;
import org.memarium.kernel.RunReport.SystemCallCount;
import org.memarium.kernel.RunReport.TimeShare;
import org.memarium.malloc.heap.Heap;
import org.memarium.mm.trace.KernelLog;

/** {@code --report}: a {@link RunReport} for reading, at most 100 columns wide. */
final class ReportPrinter {
  private static final int WIDTH = 100;
  private static final String INDENT = " ".repeat(14);

  private final PrintWriter out;

  ReportPrinter(PrintWriter out) {
    this.out = out;
  }

  /**
   * Prints one.
   *
   * @param heap of the program when it ended; null if that could not be read
   */
  void print(RunReport report, @Nullable Heap heap) {
    out.println();
    out.println(
        "-- memarium: "
            + report.program()
            + " "
            + "-".repeat(Math.max(2, WIDTH - 14 - report.program().length())));
    row("exit status", Integer.toString(report.exitStatus()));
    row("instructions", number(report.instructions()));
    systemCalls(report.systemCalls());
    faults(report);
    row(
        "memory",
        "%s resident at the most, and %s of page tables"
            .formatted(pages(report.peakRssPages()), pages(report.peakPageTablePages())));
    if (heap != null) {
      heap(heap);
    }
    tlb(report.tlb());
    time(report.time());
    areas(report.areas());
    freeAreas(report.freeAreaBefore(), report.freeAreaAfter());
    if (!report.unsupported().isEmpty()) {
      out.println();
      out.println("asked for in vain");
      report.unsupported().forEach(line -> out.println("  " + line));
    }
    out.flush();
  }

  /** Prints the kernel's log, as {@code dmesg} does; nothing if nothing was written to it. */
  void printLog(List<KernelLog.Line> log) {
    if (!log.isEmpty()) {
      out.println();
      out.println("the kernel's log");
      log.forEach(line -> out.println("  " + line));
      out.flush();
    }
  }

  private void systemCalls(List<SystemCallCount> calls) {
    long sum = 0;
    List<String> words = new ArrayList<>();
    List<SystemCallCount> sorted = new ArrayList<>(calls);
    sorted.sort(Comparator.comparingLong(SystemCallCount::calls).reversed());
    for (SystemCallCount call : sorted) {
      sum += call.calls();
      StringBuilder word = new StringBuilder(call.name()).append(' ').append(number(call.calls()));
      if (!call.errors().isEmpty()) {
        List<String> errors = new ArrayList<>();
        call.errors().forEach((error, count) -> errors.add(error + " " + number(count)));
        word.append(" (").append(String.join(", ", errors)).append(')');
      }
      words.add(word.toString());
    }
    row("system calls", number(sum));
    wrapped(words);
  }

  private void faults(RunReport report) {
    row(
        "page faults",
        "%s minor, %s major".formatted(number(report.minorFaults()), number(report.majorFaults())));
    List<String> words = new ArrayList<>();
    for (Map.Entry<String, Long> kind : report.faults().entrySet()) {
      if (kind.getValue() > 0) {
        words.add(kind.getKey() + " " + number(kind.getValue()));
      }
    }
    wrapped(words);
  }

  private void heap(Heap heap) {
    String label = "heap";
    for (String line : HeapSummary.of(heap)) {
      row(label, line);
      label = "";
    }
  }

  private void tlb(TlbStatistics tlb) {
    row(
        "TLB",
        String.format(
            Locale.ROOT,
            "%.3f %% of the accesses hit; %,d page walks",
            100 * tlb.hitRate(),
            tlb.walks()));
    wrapped(
        List.of(
            "flushes: " + number(tlb.flushesByCr3()) + " by CR3",
            number(tlb.flushesOfAll()) + " of all",
            number(tlb.invalidations()) + " of one page"));
  }

  private void time(List<TimeShare> shares) {
    out.println();
    out.printf(
        Locale.ROOT,
        "%-24s %14s %12s %16s %7s%n",
        "where time would go",
        "count",
        "each, ns",
        "together, us",
        "share");
    long all = 0;
    for (TimeShare share : shares) {
      all += share.nanos();
    }
    for (TimeShare share : shares) {
      // Waiting takes as long as it takes: the mean.
      double each =
          share.picosEach() > 0
              ? share.picosEach() / 1e3
              : (double) share.nanos() / Math.max(1, share.count());
      out.printf(
          Locale.ROOT,
          "  %-22s %,14d %,12.2f %,16.1f %5.1f %%%n",
          share.what(),
          share.count(),
          each,
          share.nanos() / 1e3,
          all == 0 ? 0 : 100.0 * share.nanos() / all);
    }
    out.printf(Locale.ROOT, "  %-22s %14s %12s %,16.1f%n", "all", "", "", all / 1e3);
  }

  private void areas(List<Area> areas) {
    out.println();
    out.printf(Locale.ROOT, "%-24s %14s %12s%n", "areas at the end", "size", "resident");
    for (Area area : areas) {
      out.printf(
          Locale.ROOT,
          "  %08x-%08x %s %14s %12s  %s%n",
          area.start(),
          area.end(),
          area.permissions(),
          Size.of(area.end() - area.start()),
          Size.of(area.rssPages() * Ram.PAGE_SIZE),
          area.name());
    }
  }

  private void freeAreas(List<FreeArea> before, List<FreeArea> after) {
    out.println();
    if (before.isEmpty()) return;
    out.printf(Locale.ROOT, "%-22s", "free_area, by order");
    for (int order = 0; order < before.getFirst().blocks().size(); order++) {
      out.printf(Locale.ROOT, "%6d", order);
    }
    out.println();
    for (int zone = 0; zone < before.size(); zone++) {
      freeArea(before.get(zone), "before");
      freeArea(after.get(zone), "after");
    }
  }

  private void freeArea(FreeArea row, String when) {
    out.printf(Locale.ROOT, "  %-10s%-10s", row.zone(), when);
    for (long blocks : row.blocks()) {
      out.printf(Locale.ROOT, "%6d", blocks);
    }
    out.println();
  }

  private void row(String label, String text) {
    out.printf(Locale.ROOT, "%-14s%s%n", label, text);
  }

  private void wrapped(List<String> words) {
    StringBuilder line = new StringBuilder(INDENT);
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i) + (i + 1 < words.size() ? ", " : "");
      if (line.length() + word.length() > WIDTH) {
        out.println(line.toString().stripTrailing());
        line = new StringBuilder(INDENT);
      }
      line.append(word);
    }
    if (line.length() > INDENT.length()) {
      out.println(line);
    }
  }

  private static String number(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  private static String pages(long pages) {
    return "%s (%s)"
        .formatted(
            Size.of(pages * Ram.PAGE_SIZE), pages == 1 ? "1 page" : number(pages) + " pages");
  }
}
