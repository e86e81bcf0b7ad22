package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.hardware.BlockDevice;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.process.Signal;
import org.memarium.mm.frame.FaultAttr;
import org.memarium.mm.swap.DiskSwap;

/**
 * A mixed workload (faults.c), of which the n-th allocation fails: for every n there is. The
 * program finds all its data right, everything is given back, and the recount agrees.
 *
 * <p>Here a few n are drawn. {@code -Dmemarium.faults=all} takes each; {@code =17} the 17th only.
 */
final class FaultInjectionTest {
  private static final int SAMPLES = 25;
  private static final long SEED = 6;

  /** A clean run takes 3 million instructions. */
  private static final long MOST_INSTRUCTIONS = 200_000_000;

  private static final String MAKE_REQUEST = "fail_make_request";
  private static final long SWAP_BYTES = 32L << 20;
  private static final String THRASHED_PAGES = "1400";

  @TempDir private Path folder;

  /** Whether the workload takes more memory than there is, and a disk has swap. */
  private boolean thrashes;

  /** What the workload did with one failure. */
  private final class Trial implements AutoCloseable {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Machine machine;
    private final FaultAttr attr;
    private final boolean isClean;
    private final BlockDevice disk;
    private boolean pageIsLost;
    private Throwable site = new Throwable("nothing failed");

    Trial(Function<Machine, FaultAttr> kind, long n) {
      machine =
          Machine.boot(
              MachineConfig.builder()
                  .ramBytes(thrashes ? 8L << 20 : 16L << 20)
                  .standardInput(Channels.newChannel(new ByteArrayInputStream(new byte[0])))
                  .standardOutput(Channels.newChannel(out))
                  .standardError(Channels.newChannel(err))
                  .build());
      disk = BlockDevice.temporary(System.getProperty("java.io.tmpdir"), SWAP_BYTES);
      if (thrashes) {
        assertEquals(0, DiskSwap.format(disk, machine.memory().allocator()));
        DiskSwap device = new DiskSwap(disk, "/dev/vda", true);
        assertEquals(0, machine.memory().swap().areas().swapOn(device, 0));
      }
      attr = kind.apply(machine);
      disk.injectErrors((number, write, page) -> {
        boolean fails = attr.name().equals(MAKE_REQUEST) && attr.shouldFail(Ram.PAGE_SIZE);
        pageIsLost |= fails && !write;
        return fails;
      });
      attr.setDump(() -> site = new Throwable("this failed"));
      attr.failNth(n);
      isClean = n == Long.MAX_VALUE;
    }

    /** Runs it to its end, and looks at everything. */
    void run(String program) {
      try {
        List<String> command =
            thrashes ? List.of(program, "thrash", THRASHED_PAGES) : List.of(program);
        machine.exec(program, command, List.of());
        if (!machine.run(MOST_INSTRUCTIONS)) {
          throw new AssertionError("it does not end");
        }
        String said = out.toString(StandardCharsets.ISO_8859_1);
        String more = machine.deathLine() + ", " + err.toString(StandardCharsets.ISO_8859_1);
        // The C library gives up if it can't protect its own data, before main.
        if (pageIsLost && machine.exitStatus() == 128 + Signal.SIGBUS) {
          machine.audit();
          return;
        }
        boolean began = machine.exitStatus() != 127 || !more.contains("memory protection");
        assertEquals(began ? "done\n" : "", said, more);
        assertEquals(began ? 0 : 127, machine.exitStatus(), more);
      } catch (ExecException e) {
        // Before its first instruction: whoever started it is told.
        assertEquals(1, attr.failures(), e::getMessage);
      }
      // Runs are alike up to the failure, so there is one.
      assertEquals(isClean ? 0 : 1, attr.failures());
      machine.audit();
    }

    @Override
    public void close() {
      machine.close();
      disk.close();
    }
  }

  private void failEach(Function<Machine, FaultAttr> kind) {
    String program = HostPrograms.compile(folder, "faults.c", "-static", "-pthread").toString();
    long calls;
    try (Trial clean = new Trial(kind, Long.MAX_VALUE)) {
      clean.run(program);
      calls = clean.attr.calls();
      assertTrue(calls > SAMPLES, () -> "only " + clean.attr.calls());
    }
    String wanted = System.getProperty("memarium.faults", "");
    SplittableRandom random = new SplittableRandom(SEED);
    int wrong = 0;
    int samples = thrashes ? SAMPLES / 4 : SAMPLES;
    long step = wanted.isEmpty() ? Math.max(calls / samples, 1) : 1;
    for (long from = 1; from <= calls; from += step) {
      long n = Math.min(calls, from + random.nextLong(step));
      if (wanted.isEmpty() || wanted.equals("all") || wanted.equals(Long.toString(n))) {
        wrong += fails(kind, n, program) ? 1 : 0;
      }
    }
    assertEquals(0, wrong, "of %d calls, seed %d".formatted(calls, SEED));
  }

  private boolean fails(Function<Machine, FaultAttr> kind, long n, String program) {
    try (Trial trial = new Trial(kind, n)) {
      try {
        trial.run(program);
        return false;
      } catch (RuntimeException | AssertionError e) {
        e.addSuppressed(trial.site);
        System.out.printf("%s, fail-nth %d:%n", trial.attr.name(), n);
        e.printStackTrace(System.out);
        return true;
      }
    }
  }

  private static FaultAttr pages(Machine machine) {
    machine.memory().allocator().failPageAlloc().ignore(false, false, 0);
    return machine.memory().allocator().failPageAlloc().attr();
  }

  private static FaultAttr objects(Machine machine) {
    machine.slab().failSlab().setIgnoreGfpReclaim(false);
    return machine.slab().failSlab().attr();
  }

  @Test
  void whicheverPageIsRefusedNothingIsLostOrWrong() {
    failEach(FaultInjectionTest::pages);
  }

  @Test
  void whicheverObjectIsRefusedNothingIsLostOrWrong() {
    failEach(FaultInjectionTest::objects);
  }

  @Test
  void whicheverPageIsRefusedWhileMemoryIsShortNothingIsLostOrWrong() {
    thrashes = true;
    failEach(FaultInjectionTest::pages);
  }

  @Test
  void whicheverObjectIsRefusedWhileMemoryIsShortNothingIsLostOrWrong() {
    thrashes = true;
    failEach(FaultInjectionTest::objects);
  }

  /** A page that cannot be written stays; who needs one that cannot be read gets SIGBUS. */
  @Test
  void whicheverTransferOfTheSwapDeviceFailsNothingIsWrong() {
    thrashes = true;
    failEach(machine -> new FaultAttr(MAKE_REQUEST, () -> {}));
  }
}
