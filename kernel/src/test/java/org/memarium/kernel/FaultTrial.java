package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.memarium.hardware.BlockDevice;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.process.Signal;
import org.memarium.mm.frame.FaultAttr;
import org.memarium.mm.swap.DiskSwap;

/** One run of a workload in which one thing fails, once. */
final class FaultTrial implements AutoCloseable {
  /** What fails. */
  enum Kind {
    PAGE,
    OBJECT,
    SWAP_READ,
    SWAP_WRITE,
    FILE_TRANSFER
  }

  /**
   * What runs.
   *
   * @param ramBytes of the machine; if that is too little there is swap, and no file is cached
   */
  record Workload(List<String> command, long ramBytes, boolean thrashes) {}

  /** A clean run takes 3 million instructions. */
  private static final long MOST_INSTRUCTIONS = 200_000_000;

  private static final String MAKE_REQUEST = "fail_make_request";
  private static final long SWAP_BYTES = 16L << 20;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Workload workload;
  private final Kind kind;
  private final Machine machine;
  private final BlockDevice disk;
  private final FaultAttr attr;
  private final boolean isClean;
  private Throwable site = new Throwable("nothing failed");

  /**
   * A machine in which it will.
   *
   * @param n which of all requests of the kind; Long.MAX_VALUE: none, they are counted
   */
  FaultTrial(Workload workload, Kind kind, long n) {
    this.workload = workload;
    this.kind = kind;
    machine =
        Machine.boot(
            MachineConfig.builder()
                .ramBytes(workload.ramBytes())
                .coldFiles(workload.thrashes())
                .standardInput(Channels.newChannel(new ByteArrayInputStream(new byte[0])))
                .standardOutput(Channels.newChannel(out))
                .standardError(Channels.newChannel(err))
                .build());
    disk = BlockDevice.temporary(System.getProperty("java.io.tmpdir"), SWAP_BYTES);
    if (workload.thrashes()) {
      assertEquals(0, DiskSwap.format(disk, machine.memory().allocator()));
      DiskSwap device = new DiskSwap(disk, "/dev/vda", true);
      assertEquals(0, machine.memory().swap().areas().swapOn(device, 0));
    }
    attr = attr();
    attr.setDump(() -> site = new Throwable("this failed"));
    attr.failNth(n);
    isClean = n == Long.MAX_VALUE;
  }

  private FaultAttr attr() {
    machine.memory().allocator().failPageAlloc().ignore(false, false, 0);
    machine.slab().failSlab().setIgnoreGfpReclaim(false);
    return switch (kind) {
      case PAGE -> machine.memory().allocator().failPageAlloc().attr();
      case OBJECT -> machine.slab().failSlab().attr();
      case FILE_TRANSFER -> machine.memory().pageCache().failMakeRequest();
      case SWAP_READ -> swapTransfers(false);
      case SWAP_WRITE -> swapTransfers(true);
    };
  }

  private FaultAttr swapTransfers(boolean writes) {
    FaultAttr transfers = new FaultAttr(MAKE_REQUEST, () -> {});
    disk.injectErrors((_, write, _) -> write == writes && transfers.shouldFail(Ram.PAGE_SIZE));
    return transfers;
  }

  /** How many requests there were that might have failed. */
  long requests() {
    return attr.calls();
  }

  /** Who asked for what failed. */
  Throwable site() {
    return site;
  }

  /** Runs it to its end, and looks at everything. */
  void run() {
    try {
      machine.exec(workload.command().getFirst(), workload.command(), List.of());
      if (!machine.run(MOST_INSTRUCTIONS)) {
        throw new AssertionError("it does not end");
      }
      ended();
    } catch (ExecException e) {
      // Before its first instruction: whoever started it is told.
      assertEquals(1, attr.failures(), e::getMessage);
    }
    // Runs are alike up to the failure, so there is one.
    assertEquals(isClean ? 0 : 1, attr.failures());
    machine.audit();
  }

  private void ended() {
    String said = out.toString(StandardCharsets.ISO_8859_1);
    String more = machine.deathLine() + ", " + err.toString(StandardCharsets.ISO_8859_1);
    boolean mayLose = !isClean && (kind == Kind.SWAP_READ || kind == Kind.FILE_TRANSFER);
    // A page that cannot be read is gone, and who needs it with it.
    if (mayLose && machine.exitStatus() == 128 + Signal.SIGBUS) {
      assertTrue(said.isEmpty() || said.startsWith("done"), said);
      return;
    }
    // The C library gives up if it can't protect its own data, before main.
    boolean began = machine.exitStatus() != 127 || !more.contains("memory protection");
    assertEquals(began ? "done" : "", said.replaceAll("( \\d+)*\n", ""), more);
    assertEquals(began ? 0 : 127, machine.exitStatus(), more);
    if (kind == Kind.FILE_TRANSFER) {
      told(said);
    }
  }

  /** An error of a write is told once by fsync; one of a read once by its reader, or nobody's. */
  private void told(String said) {
    List<Integer> times =
        List.of(said.substring("done ".length()).trim().split(" ")).stream()
            .map(Integer::valueOf)
            .toList();
    boolean wrote = List.of(site.getStackTrace()).stream().anyMatch(FaultTrial::writes);
    assertEquals(wrote ? 1 : 0, times.getFirst(), said);
    int others = times.get(1) + times.get(2);
    assertTrue(others <= (wrote || isClean ? 0 : 1), said);
  }

  private static boolean writes(StackTraceElement call) {
    return call.getMethodName().equals("writePage");
  }

  @Override
  public void close() {
    machine.close();
    disk.close();
  }
}
