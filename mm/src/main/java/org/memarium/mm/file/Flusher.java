package org.memarium.mm.file;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VmStatItem;

/**
 * The thread that writes dirty pages back in the background, and the wait of those who make too
 * many (Linux 6.1 {@code fs/fs-writeback.c}, {@code mm/page-writeback.c}).
 *
 * <pre>
 *   dirty + being written    0 ........ background ........ (both / 2) ........ limit
 *                            |  by age only  | by the flusher     |  writers wait
 * </pre>
 *
 * <p>There is no thread: it runs at the {@linkplain #atSafePoint safe points} of the machine, when
 * its time has come, and where reclaim asks for it.
 */
final class Flusher {
  /** {@code nr_dirtied_pause}: after so many pages a writer looks at the limits. */
  private static final int CHECK_EACH_PAGES = 32;

  private static final long NANOS_PER_CENTISEC = 10_000_000;

  private final PageCache cache;
  private final DirtyLimits limits;
  private final PendingIo pendingIo;

  /** {@code b_dirty}: files with dirty pages, the one dirty for longest first. */
  private final Set<AddressSpace> dirty = new LinkedHashSet<>();

  private long wakeNanos;
  private int dirtiedPages;

  Flusher(PageCache cache, DirtyLimits limits) {
    this.cache = cache;
    this.limits = limits;
    this.pendingIo = cache.allocator.pendingIo();
  }

  // ---- What becomes dirty ----

  /** {@code __mark_inode_dirty}: a file has its first dirty page. */
  void dirtied(AddressSpace file) {
    if (dirty.isEmpty()) {
      wakeNanos = cache.nanos() + limits.writebackCentisecs() * NANOS_PER_CENTISEC;
    }
    dirty.add(file);
  }

  /** A file's last dirty page is not so any more. */
  void cleaned(AddressSpace file) {
    dirty.remove(file);
  }

  /** A page became dirty. */
  void countDirtied() {
    dirtiedPages++;
  }

  // ---- Running ----

  /** Ends what the device has done, and works if there is work. */
  void atSafePoint() {
    if (!pendingIo.isEmpty()) {
      pendingIo.complete();
    }
    if (dirty.isEmpty()) {
      return;
    }
    throttle();
    if (limits.writebackCentisecs() != 0 && cache.nanos() >= wakeNanos) {
      wakeNanos = cache.nanos() + limits.writebackCentisecs() * NANOS_PER_CENTISEC;
      writeExpired();
    }
  }

  /** {@code wb_check_old_data_flush}: files that have been dirty for too long. */
  private void writeExpired() {
    long before = cache.nanos() - limits.expireCentisecs() * NANOS_PER_CENTISEC;
    for (AddressSpace file : List.copyOf(dirty)) {
      if (file.dirtyPages().dirtiedNanos() <= before) {
        var _ = file.dirtyPages().startWriteBack(0, Long.MAX_VALUE);
      }
    }
    if (isOverBackground()) {
      writeBackground();
    }
  }

  /** {@code sync_inodes_one_sb}: begins to write everything, and waits for nothing. */
  void writeAll() {
    for (AddressSpace file : List.copyOf(dirty)) {
      var _ = file.dirtyPages().startWriteBack(0, Long.MAX_VALUE);
    }
  }

  private boolean isOverBackground() {
    long dirtyable = limits.dirtyablePages(cache.allocator);
    return cache.vmStat.get(VmStatItem.NR_DIRTY) > limits.backgroundThresholdPages(dirtyable);
  }

  /** {@code wb_check_background_flush}: until no more than the background's share is dirty. */
  private void writeBackground() {
    for (AddressSpace file : List.copyOf(dirty)) {
      var _ = file.dirtyPages().startWriteBack(0, Long.MAX_VALUE);
      if (!isOverBackground()) {
        return;
      }
    }
  }

  /**
   * {@code balance_dirty_pages_ratelimited}: wakes the flusher, and lets a writer wait for the
   * device while there is too much.
   */
  void throttle() {
    if (dirtiedPages < CHECK_EACH_PAGES) {
      return;
    }
    dirtiedPages = 0;
    long dirtyable = limits.dirtyablePages(cache.allocator);
    long background = limits.backgroundThresholdPages(dirtyable);
    long limit = limits.thresholdPages(dirtyable);
    if (cache.vmStat.get(VmStatItem.NR_DIRTY) > background) {
      writeBackground();
    }
    while (pendingPages() > limit && cache.vmStat.get(VmStatItem.NR_WRITEBACK) > 0) {
      cache.device.waitUntil(pendingIo.nextEnd(), IoWait.FILE_WRITE);
    }
  }

  private long pendingPages() {
    return cache.vmStat.get(VmStatItem.NR_DIRTY) + cache.vmStat.get(VmStatItem.NR_WRITEBACK);
  }
}
