package org.memarium.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import org.memarium.kernel.JavaProgram;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.MachineConfigBuilder;
import org.memarium.kernel.SwapArea;
import org.memarium.mm.reclaim.PolicyChoice;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * What happens when memory is short: how fast pages go out and come in, what it costs to free one,
 * and how often each policy of replacement misses. Prints the tables of docs/policies.md.
 */
final class ReclaimTable {
  private static final long MIB = 1L << 20;
  private static final int PAGE = 4096;
  private static final int RAM_MIB = 64;
  private static final int SWAP_MIB = 256;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int ROUNDS = 8;
  private static final long SEED = 20_261_123;

  private ReclaimTable() {}

  /** An order in which a program uses its pages. */
  private enum Pattern {
    LOOP("one after another, in rounds"),
    RANDOM("any, all alike"),
    SKEWED("four of five uses are of a fifth of the pages"),
    SCAN("a fifth of the pages again and again, and all others once in a round");

    final String text;

    Pattern(String text) {
      this.text = text;
    }

    /** The page of the n-th use. */
    int page(int n, int pages, SplittableRandom random) {
      int few = pages / 5;
      return switch (this) {
        case LOOP -> n % pages;
        case RANDOM -> random.nextInt(pages);
        case SKEWED -> random.nextInt(5) < 4 ? random.nextInt(few) : random.nextInt(pages);
        case SCAN -> n % 2 == 0 ? random.nextInt(few) : few + n / 2 % (pages - few);
      };
    }
  }

  /** Measures and prints. */
  public static void main(String[] args) throws IOException {
    PrintStream out = System.out;
    speed(out);
    policies(out);
  }

  private static MachineConfigBuilder config() {
    return MachineConfig.builder().ramBytes(RAM_MIB * MIB).swap(SwapArea.temporary(SWAP_MIB * MIB));
  }

  private static VmStat vmStat(Machine machine) {
    return machine.memory().vmStat();
  }

  private static long map(JavaProgram program, long bytes) {
    int at = program.call("mmap2", 0, (int) bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    return Integer.toUnsignedLong(at);
  }

  // ---- Speed ----

  private static void speed(PrintStream out) {
    out.println("| what | pages a second | ns a page |");
    out.println("| --- | ---: | ---: |");
    double[] best = {0, 0};
    for (int trial = 0; trial < 5; trial++) {
      double[] once = pageOutsAndIns();
      best[0] = Math.max(best[0], once[0]);
      best[1] = Math.max(best[1], once[1]);
    }
    line(out, "pages written to swap, to make room for new ones", best[0]);
    line(out, "pages read from swap, each of which pushes another one out", best[1]);
    double clean = 0;
    for (int trial = 0; trial < 5; trial++) {
      clean = Math.max(clean, cleanPages());
    }
    line(out, "clean pages freed by reclaim, which have a copy in swap", clean);
    out.println();
  }

  private static void line(PrintStream out, String what, double perSecond) {
    out.printf(Locale.ROOT, "| %s | %,.0f | %,.0f |%n", what, perSecond, 1e9 / perSecond);
  }

  private static double[] pageOutsAndIns() {
    try (Machine machine = Machine.boot(config().build())) {
      JavaProgram program = JavaProgram.start(machine);
      long bytes = 2 * RAM_MIB * MIB;
      long at = map(program, bytes);
      long start = System.nanoTime();
      for (long page = 0; page < bytes; page += PAGE) {
        program.writeInt(at + page, 1);
      }
      long middle = System.nanoTime();
      long written = vmStat(machine).get(VmStatItem.PSWPOUT);
      for (long page = 0; page < bytes; page += PAGE) {
        program.writeInt(at + page, 2);
      }
      long end = System.nanoTime();
      long read = vmStat(machine).get(VmStatItem.PSWPIN);
      return new double[] {1e9 * written / (middle - start), 1e9 * read / (end - middle)};
    }
  }

  /** Pages that were read from swap and not written to since only need to be unmapped. */
  private static double cleanPages() {
    try (Machine machine = Machine.boot(config().build())) {
      JavaProgram program = JavaProgram.start(machine);
      long bytes = 2 * RAM_MIB * MIB;
      long at = map(program, bytes);
      for (long page = 0; page < bytes; page += PAGE) {
        program.writeInt(at + page, 1);
      }
      for (long page = 0; page < bytes; page += PAGE) {
        program.readInt(at + page);
      }
      long before = vmStat(machine).get(VmStatItem.PSWPOUT);
      long freed = 0;
      long start = System.nanoTime();
      while (freed < 2000) {
        int now = machine.reclaim().tryToFreePages();
        if (now == 0) {
          throw new IllegalStateException("nothing is left to free after " + freed);
        }
        freed += now;
      }
      long nanos = System.nanoTime() - start;
      long written = vmStat(machine).get(VmStatItem.PSWPOUT) - before;
      if (written > freed / 20) {
        throw new IllegalStateException("%d of %d pages were dirty".formatted(written, freed));
      }
      return 1e9 * freed / nanos;
    }
  }

  // ---- Policies ----

  private static void policies(PrintStream out) throws IOException {
    out.print("| policy |");
    for (Pattern pattern : Pattern.values()) {
      out.printf(" %s |", pattern.text);
    }
    out.println();
    out.println("| --- |" + " ---: |".repeat(Pattern.values().length));
    Path recording = Files.createTempFile("memarium", ".pages");
    try {
      for (String name : PolicyChoice.names()) {
        StringBuilder line = new StringBuilder("| `%s` |".formatted(name));
        for (Pattern pattern : Pattern.values()) {
          PolicyChoice choice;
          if (PolicyChoice.needsRecording(name)) {
            run(config().recordPages(recording), pattern);
            choice = PolicyChoice.optimum(recording);
          } else {
            choice = PolicyChoice.of(name);
          }
          line.append(run(config().reclaimPolicy(choice), pattern));
        }
        out.println(line);
      }
    } finally {
      Files.delete(recording);
    }
  }

  /** Uses one percent more pages than there is room for, and says how often one was not there. */
  private static String run(MachineConfigBuilder config, Pattern pattern) {
    try (Machine machine = Machine.boot(config.build())) {
      JavaProgram program = JavaProgram.start(machine);
      long room = machine.memory().allocator().node().freePages();
      int pages = (int) (room * 101 / 100);
      long at = map(program, (long) pages * PAGE);
      for (int page = 0; page < pages; page++) {
        program.writeInt(at + (long) page * PAGE, page);
      }
      SplittableRandom random = new SplittableRandom(SEED);
      long before = vmStat(machine).get(VmStatItem.PGMAJFAULT);
      int uses = ROUNDS * pages;
      long start = System.nanoTime();
      for (int n = 0; n < uses; n++) {
        int page = pattern.page(n, pages, random);
        if (program.readInt(at + (long) page * PAGE) != page) {
          throw new IllegalStateException("page %d came back with other bytes".formatted(page));
        }
      }
      double nanos = (double) (System.nanoTime() - start) / uses;
      long misses = vmStat(machine).get(VmStatItem.PGMAJFAULT) - before;
      return String.format(Locale.ROOT, " %.2f %%, %,.0f ns |", 100.0 * misses / uses, nanos);
    }
  }
}
