package org.memarium.kernel.procfs;

import java.util.List;
import org.memarium.mm.space.RLimits;

/** {@code /proc/<pid>/limits}; Linux {@code fs/proc/base.c}, {@code proc_pid_limits}. */
final class Limits {

  /** A limit as it is printed; by number. */
  private record Name(String name, String unit) {}

  private static final List<Name> NAMES =
      List.of(
          new Name("Max cpu time", "seconds"),
          new Name("Max file size", "bytes"),
          new Name("Max data size", "bytes"),
          new Name("Max stack size", "bytes"),
          new Name("Max core file size", "bytes"),
          new Name("Max resident set", "bytes"),
          new Name("Max processes", "processes"),
          new Name("Max open files", "files"),
          new Name("Max locked memory", "bytes"),
          new Name("Max address space", "bytes"),
          new Name("Max file locks", "locks"),
          new Name("Max pending signals", "signals"),
          new Name("Max msgqueue size", "bytes"),
          new Name("Max nice priority", ""),
          new Name("Max realtime priority", ""),
          new Name("Max realtime timeout", "us"));

  private Limits() {}

  static String of(ProcessView process) {
    StringBuilder out = new StringBuilder();
    row(out, "Limit", "Soft Limit", "Hard Limit", "Units");
    for (int resource = 0; resource < RLimits.COUNT; resource++) {
      Name name = NAMES.get(resource);
      String soft = value(process.softLimit(resource));
      String hard = value(process.hardLimit(resource));
      row(out, name.name(), soft, hard, name.unit());
    }
    return out.toString();
  }

  private static String value(long limit) {
    return limit == RLimits.INFINITY ? "unlimited" : Long.toUnsignedString(limit);
  }

  private static void row(StringBuilder out, String name, String soft, String hard, String unit) {
    out.append("%-25s %-20s %-20s ".formatted(name, soft, hard));
    // A limit without a unit ends with the blank before it.
    out.append(unit.isEmpty() ? "" : "%-10s".formatted(unit)).append('\n');
  }
}
