package org.memarium.kernel.procfs;

import org.memarium.mm.swap.Swap;
import org.memarium.mm.swap.SwapAreas;

/** {@code /proc/swaps}; Linux {@code mm/swapfile.c}, {@code swap_show}. */
final class Swaps {
  /** Columns of a name. */
  private static final int NAME = 40;

  /** Larger figures need no second tab. */
  private static final long LONG_FIGURE = 10_000_000;

  private Swaps() {}

  static String of(Swap swap) {
    StringBuilder out = new StringBuilder("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    for (SwapAreas.Line line : swap.areas().lines()) {
      out.append(line.name());
      out.repeat(' ', Math.max(NAME - line.name().length(), 1));
      out.append(line.isFile() ? "file\t" : "partition").append('\t');
      figure(out, line.kib());
      figure(out, line.usedKib());
      out.append(line.priority()).append('\n');
    }
    return out.toString();
  }

  private static void figure(StringBuilder out, long kib) {
    out.append(kib).append(kib < LONG_FIGURE ? "\t\t" : "\t");
  }
}
