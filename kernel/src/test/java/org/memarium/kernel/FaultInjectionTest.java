package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.FaultTrial.Kind;
import org.memarium.kernel.FaultTrial.Workload;

/**
 * Mixed workloads (faults.c, iofaults.c), of which the n-th request fails: for every n there is.
 * The program finds all its data right, everything is given back, and the recount agrees.
 *
 * <p>Here a few n are drawn. {@code -Dmemarium.faults=all} takes each; {@code =17} the 17th only,
 * {@code =100-200} those. The whole sweep:
 *
 * <pre>
 *   mvn -pl kernel -am test -Dtest=FaultInjectionTest -Dsurefire.failIfNoSpecifiedTests=false
 *       -Dmemarium.faults=all
 * </pre>
 */
final class FaultInjectionTest {
  private static final int SAMPLES = 20;
  private static final long SEED = 6;
  private static final long AMPLE_RAM = 16L << 20;
  private static final long SHORT_RAM = 4L << 20;
  private static final String THRASHED_PAGES = "400";
  private static final String FILE_PAGES = "320";

  @TempDir private Path folder;

  private Workload ample() {
    return new Workload(List.of(compiled("faults.c")), AMPLE_RAM, false);
  }

  private Workload thrashing() {
    return new Workload(List.of(compiled("faults.c"), "thrash", THRASHED_PAGES), SHORT_RAM, true);
  }

  private Workload files() {
    return new Workload(List.of(compiled("iofaults.c"), FILE_PAGES), SHORT_RAM, true);
  }

  private String compiled(String source) {
    return HostPrograms.compile(folder, source, "-static", "-pthread").toString();
  }

  private static void failEach(Workload workload, Kind kind) {
    long requests;
    try (FaultTrial clean = new FaultTrial(workload, kind, Long.MAX_VALUE)) {
      clean.run();
      requests = clean.requests();
      assertTrue(requests > SAMPLES, () -> "only " + clean.requests());
    }
    String wanted = System.getProperty("memarium.faults", "");
    SplittableRandom random = new SplittableRandom(SEED);
    long tried = 0;
    long wrong = 0;
    long step = wanted.isEmpty() ? Math.max(requests / SAMPLES, 1) : 1;
    for (long from = 1; from <= requests; from += step) {
      long n = Math.min(requests, from + random.nextLong(step));
      if (isWanted(wanted, n)) {
        tried++;
        wrong += fails(workload, kind, n) ? 1 : 0;
      }
    }
    System.out.printf("%s: %d of %d requests failed, %d wrong%n", kind, tried, requests, wrong);
    assertEquals(0, wrong, "of %d requests, seed %d".formatted(requests, SEED));
  }

  private static boolean isWanted(String wanted, long n) {
    if (wanted.isEmpty() || wanted.equals("all")) {
      return true;
    }
    int dash = wanted.indexOf('-');
    long first = Long.parseLong(dash < 0 ? wanted : wanted.substring(0, dash));
    return first <= n && n <= (dash < 0 ? first : Long.parseLong(wanted.substring(dash + 1)));
  }

  private static boolean fails(Workload workload, Kind kind, long n) {
    try (FaultTrial trial = new FaultTrial(workload, kind, n)) {
      try {
        trial.run();
        return false;
      } catch (RuntimeException | AssertionError e) {
        e.addSuppressed(trial.site());
        System.out.printf("%s %d:%n", kind, n);
        e.printStackTrace(System.out);
        return true;
      }
    }
  }

  @Test
  void whicheverPageIsRefusedNothingIsLostOrWrong() {
    failEach(ample(), Kind.PAGE);
  }

  @Test
  void whicheverObjectIsRefusedNothingIsLostOrWrong() {
    failEach(ample(), Kind.OBJECT);
  }

  @Test
  void whicheverPageIsRefusedWhileMemoryIsShortNothingIsLostOrWrong() {
    failEach(thrashing(), Kind.PAGE);
  }

  @Test
  void whicheverObjectIsRefusedWhileMemoryIsShortNothingIsLostOrWrong() {
    failEach(thrashing(), Kind.OBJECT);
  }

  /** Who needs a page that cannot be read gets SIGBUS. */
  @Test
  void whicheverPageOfSwapCannotBeReadNothingIsWrong() {
    failEach(thrashing(), Kind.SWAP_READ);
  }

  /** A page that cannot be written stays. */
  @Test
  void whicheverPageOfSwapCannotBeWrittenNothingIsLostOrWrong() {
    failEach(thrashing(), Kind.SWAP_WRITE);
  }

  /** A reader is told EIO or gets SIGBUS; who has written and asks is told once. */
  @Test
  void whicheverPageOfAFileCannotBeMovedNothingIsLostOrWrong() {
    failEach(files(), Kind.FILE_TRANSFER);
  }
}
