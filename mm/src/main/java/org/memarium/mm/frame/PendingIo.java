package org.memarium.mm.frame;

import java.util.Arrays;
import java.util.function.IntConsumer;
import org.memarium.mm.Audit;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VirtualTime;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code struct bio}s on their way: pages that a device is reading or writing, until the virtual
 * time at which it has done so (Linux {@code mm/page-writeback.c}, {@code mm/page_io.c}). One a
 * machine.
 *
 * <p>The bytes move at once, when the transfer begins; its end is seen later. Nothing ends by
 * itself: {@link #complete} ends what is due, and {@link #waitFor} lets time pass until a page's
 * transfer has ended.
 *
 * <pre>
 *                  while it runs                         at its end
 *   write   PG_writeback                       PG_writeback gone; with PG_reclaim: to the tail of
 *                                              the inactive list, where reclaim looks first
 *   read    not PG_uptodate, one reference     PG_uptodate, unless the device failed
 *           (Linux: PG_locked)
 * </pre>
 */
public final class PendingIo {
  /** {@code VM_FAULT_RETRY}, in the place of a frame or a negative errno. */
  public static final int RETRY = -4096;

  private static final int FIRST_CAPACITY = 64;
  private static final int KIND_SHIFT = 30;
  private static final int WRITE = 0;
  private static final int READ = 1;
  private static final int FAILED_READ = 2;

  private final PageAllocator allocator;
  private final MemMap memMap;
  private final VmStat vmStat;
  private final VirtualTime time;

  // ---- A ring, by the time of the end, equal times in order of their beginning ----
  private long[] ends = new long[FIRST_CAPACITY];
  private long[] transfers = new long[FIRST_CAPACITY];
  private int first;
  private int count;

  private IntConsumer writeEnd = pfn -> {};

  /** {@code FAULT_FLAG_ALLOW_RETRY}: whoever faults need not wait, but comes again. */
  private boolean mayRetry;

  private long retryNanos;
  private IoWait retryWait = IoWait.SWAP_READ;

  PendingIo(PageAllocator allocator, VmStat vmStat, VirtualTime time) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.vmStat = vmStat;
    this.time = time;
  }

  /** Names who is told of each page that was written, which is not under writeback any more. */
  public void setWriteEnd(IntConsumer listener) {
    writeEnd = listener;
  }

  // ---- Beginnings ----

  /**
   * {@code folio_start_writeback}: a page is being written.
   *
   * @param endNanos when the device will have done so
   */
  public void startWrite(int pfn, long endNanos) {
    if (memMap.testFlags(pfn, PageFlags.WRITEBACK)) {
      throw memMap.wrong("writing a page that is being written", pfn);
    }
    memMap.setFlags(pfn, PageFlags.WRITEBACK);
    countWriteback(pfn, 1);
    add(endNanos, WRITE, pfn);
  }

  /**
   * A page is being read; it is not up to date, and held, until that has ended.
   *
   * @param endNanos when the device will have done so
   * @param failed whether it will say that it could not
   */
  public void startRead(int pfn, long endNanos, boolean failed) {
    memMap.clearPageUptodate(pfn);
    memMap.getPage(pfn);
    add(endNanos, failed ? FAILED_READ : READ, pfn);
  }

  private void countWriteback(int pfn, int change) {
    vmStat.add(VmStatItem.NR_WRITEBACK, change);
    allocator.zoneOf(pfn).stat().add(VmStatItem.NR_ZONE_WRITE_PENDING, change);
  }

  private void add(long endNanos, int kind, int pfn) {
    if (count == ends.length) {
      grow();
    }
    int mask = ends.length - 1;
    int place = count++;
    while (place > 0 && ends[(first + place - 1) & mask] > endNanos) {
      ends[(first + place) & mask] = ends[(first + place - 1) & mask];
      transfers[(first + place) & mask] = transfers[(first + place - 1) & mask];
      place--;
    }
    ends[(first + place) & mask] = endNanos;
    transfers[(first + place) & mask] = (long) kind << KIND_SHIFT | pfn;
  }

  private void grow() {
    long[] moreEnds = new long[2 * count];
    long[] moreTransfers = new long[2 * count];
    for (int i = 0; i < count; i++) {
      moreEnds[i] = ends[(first + i) & (count - 1)];
      moreTransfers[i] = transfers[(first + i) & (count - 1)];
    }
    ends = moreEnds;
    transfers = moreTransfers;
    first = 0;
  }

  // ---- Ends ----

  /** Whether anything is on its way. */
  public boolean isEmpty() {
    return count == 0;
  }

  /** Ends every transfer whose time has come. */
  public void complete() {
    if (count == 0) {
      return;
    }
    long now = time.nanos();
    while (count > 0 && ends[first] <= now) {
      endFirst();
    }
  }

  /**
   * {@code folio_wait_writeback}, {@code folio_lock}: until no transfer of the page is left.
   *
   * @return whether there was one whose time had not come
   */
  public boolean waitFor(int pfn, IoWait what) {
    complete();
    boolean waited = false;
    for (long end = endOf(pfn); end >= 0; end = endOf(pfn)) {
      waited = true;
      waitUntil(end, what);
    }
    return waited;
  }

  /**
   * Lets time pass until the next transfer ends, but not beyond a moment; nothing if there is none.
   */
  public void waitForNext(long latestNanos, IoWait what) {
    if (count > 0) {
      waitUntil(Math.min(ends[first], latestNanos), what);
    }
  }

  /** Until everything on its way has ended. */
  public void waitForAll(IoWait what) {
    while (count > 0) {
      waitUntil(ends[(first + count - 1) & (ends.length - 1)], what);
    }
  }

  /** When the first transfer ends that has not ended yet; -1 if nothing is on its way. */
  public long nextEnd() {
    return count == 0 ? -1 : ends[first];
  }

  private void waitUntil(long nanos, IoWait what) {
    time.waitUntil(nanos, what);
    complete();
  }

  /**
   * {@code FAULT_FLAG_ALLOW_RETRY}: says whether the fault at hand may end in {@link #RETRY},
   * instead of waiting for its page.
   */
  public void setMayRetry(boolean may) {
    mayRetry = may;
  }

  /**
   * {@code lock_page_or_retry}: whether a fault shall come again when its page is there, at {@link
   * #retryNanos}; otherwise it waits, if there is anything to wait for.
   */
  public boolean isRetry(int pfn, IoWait what) {
    if (!mayRetry) {
      return false;
    }
    complete();
    long end = endOf(pfn);
    if (end < 0) {
      return false;
    }
    retryNanos = end;
    retryWait = what;
    time.countWait(what);
    return true;
  }

  /** When the transfer ends that the latest fault with {@link #RETRY} comes again for. */
  public long retryNanos() {
    return retryNanos;
  }

  /** What that one waits for. */
  public IoWait retryWait() {
    return retryWait;
  }

  /** Whether a transfer of the page has not ended. */
  public boolean isPending(int pfn) {
    return endOf(pfn) >= 0;
  }

  private long endOf(int pfn) {
    for (int i = count - 1; i >= 0; i--) {
      int at = (first + i) & (ends.length - 1);
      if ((int) (transfers[at] & (1 << KIND_SHIFT) - 1) == pfn) {
        return ends[at];
      }
    }
    return -1;
  }

  private void endFirst() {
    int pfn = (int) (transfers[first] & (1 << KIND_SHIFT) - 1);
    int kind = (int) (transfers[first] >>> KIND_SHIFT);
    first = (first + 1) & (ends.length - 1);
    count--;
    if (kind == WRITE) {
      endWriteback(pfn);
      return;
    }
    if (kind == READ) {
      memMap.setPageUptodate(pfn);
    }
    allocator.putPage(pfn);
  }

  /** {@code folio_end_writeback}. */
  private void endWriteback(int pfn) {
    memMap.clearFlags(pfn, PageFlags.WRITEBACK);
    countWriteback(pfn, -1);
    vmStat.increment(VmStatItem.NR_WRITTEN);
    writeEnd.accept(pfn);
    if (memMap.testFlags(pfn, PageFlags.RECLAIM)) {
      memMap.clearFlags(pfn, PageFlags.RECLAIM);
      allocator.lru().rotateReclaimable(pfn);
    }
  }

  // ---- Audit ----

  /**
   * Recounts what is on its way.
   *
   * @param writePending by zone: where the pages that are being written are added
   */
  public void audit(Audit audit, long[] writePending) {
    int[] pfns = new int[count];
    int writes = 0;
    for (int i = 0; i < count; i++) {
      long transfer = transfers[(first + i) & (ends.length - 1)];
      int pfn = (int) (transfer & (1 << KIND_SHIFT) - 1);
      if (transfer >>> KIND_SHIFT != WRITE) {
        audit.expectReference(pfn);
        continue;
      }
      pfns[writes++] = pfn;
      writePending[memMap.zoneIndex(pfn)]++;
      if (!memMap.testFlags(pfn, PageFlags.WRITEBACK)) {
        audit.difference("is being written, and does not say so: " + memMap.describe(pfn));
      }
    }
    Arrays.sort(pfns, 0, writes);
    for (int i = 1; i < writes; i++) {
      if (pfns[i] == pfns[i - 1]) {
        audit.difference("is being written twice: " + memMap.describe(pfns[i]));
      }
    }
    audit.expectEqual("nr_writeback", vmStat.get(VmStatItem.NR_WRITEBACK), writes);
  }
}
