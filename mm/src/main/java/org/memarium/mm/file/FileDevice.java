package org.memarium.mm.file;

import java.io.IOException;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.FaultAttr;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.CostModel;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VirtualTime;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * The disk that all files are on, as far as it takes time: one queue, in which each request waits
 * for those before it.
 *
 * <pre>
 *   done = max(now, done of the request before) + latency + pages * each
 * </pre>
 *
 * <p>A request for the page behind the one before, while that is in the queue, is part of it
 * ({@code attempt_merge}). The bytes themselves move at once, between the store and RAM.
 */
final class FileDevice {
  private static final int KIBIBYTES_PER_PAGE = 4;

  private final PendingIo pendingIo;
  private final VirtualTime time;
  private final VmStat vmStat;

  /** When the device has done everything that it was given. */
  private long doneNanos;

  private int latestFile;
  private long latestIndex;
  private boolean latestWrites;

  private final FaultAttr failMakeRequest = new FaultAttr("fail_make_request", () -> {});

  FileDevice(PendingIo pendingIo, VirtualTime time, VmStat vmStat) {
    this.pendingIo = pendingIo;
    this.time = time;
    this.vmStat = vmStat;
  }

  /** {@code fail_make_request}: which pages the device cannot move. */
  FaultAttr failMakeRequest() {
    return failMakeRequest;
  }

  /**
   * Called for each page before it moves.
   *
   * @throws IOException if this one cannot be moved
   */
  void checkFailure() throws IOException {
    if (failMakeRequest.shouldFail(Ram.PAGE_SIZE)) {
      throw new IOException("the device failed");
    }
  }

  /** A page that was read from the store comes from the device, and is there when it is done. */
  void read(int file, long index, int pfn) {
    vmStat.add(VmStatItem.PGPGIN, KIBIBYTES_PER_PAGE);
    pendingIo.startRead(pfn, submit(file, index, false, Cost.FILE_READ), false);
  }

  /** A page that was written to the store is under writeback until the device is done. */
  void write(int file, long index, int pfn) {
    vmStat.add(VmStatItem.PGPGOUT, KIBIBYTES_PER_PAGE);
    pendingIo.startWrite(pfn, submit(file, index, true, Cost.FILE_WRITE));
  }

  private long submit(int file, long index, boolean writes, Cost each) {
    CostModel costs = time.costs();
    long now = time.nanos();
    boolean merges =
        doneNanos > now && file == latestFile && index == latestIndex + 1 && writes == latestWrites;
    latestFile = file;
    latestIndex = index;
    latestWrites = writes;
    doneNanos = Math.max(now, doneNanos) + (merges ? 0 : costs.nanos(Cost.FILE_LATENCY));
    doneNanos += costs.nanos(each);
    return doneNanos;
  }

  /** When everything that was given to the device until now is done. */
  long doneNanos() {
    return doneNanos;
  }

  /** Waits until then. */
  void waitUntil(long nanos, IoWait what) {
    time.waitUntil(nanos, what);
    pendingIo.complete();
  }
}
