package org.memarium.mm.swap;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * Pages to and from swap devices (Linux 6.1 {@code mm/page_io.c}). The bytes move at once; that
 * they have moved is seen when the device would have done it: see {@link DeviceQueue}, {@link
 * org.memarium.mm.frame.PendingIo}.
 */
final class SwapIo {
  private static final int KIBIBYTES_PER_PAGE = 4;

  private final PageAllocator allocator;
  private final MemMap memMap;
  private final VmStat vmStat;
  private final SwapAreas areas;
  private @Nullable Zswap zswap;

  /** By type of the area. */
  private final List<DeviceQueue> queues = new ArrayList<>();

  SwapIo(PageAllocator allocator, SwapAreas areas) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.vmStat = allocator.vmStat();
    this.areas = areas;
  }

  private DeviceQueue queue(int type) {
    while (queues.size() <= type) {
      queues.add(new DeviceQueue(allocator.trace().time()));
    }
    return queues.get(type);
  }

  /** Puts compressed RAM in front of the devices. */
  void setZswap(Zswap compressed) {
    zswap = compressed;
  }

  @Nullable Zswap zswap() {
    return zswap;
  }

  /**
   * {@code swap_writepage}: to compressed RAM, which takes no time of a device; else as {@link
   * #writeToDevice}.
   */
  int write(int pfn, int slot) {
    if (zswap != null && zswap.store(pfn, slot)) {
      // folio_start_writeback and folio_end_writeback, with nothing between them
      memMap.clearPageDirty(pfn);
      memMap.clearFlags(pfn, PageFlags.RECLAIM);
      vmStat.increment(VmStatItem.NR_WRITTEN);
      return 0;
    }
    return writeToDevice(pfn, slot);
  }

  /**
   * {@code __swap_writepage}, and {@code end_swap_bio_write} of a device that fails.
   *
   * @return 0, or -EIO: the page is dirty again
   */
  int writeToDevice(int pfn, int slot) {
    SwapInfo area = areas.infoOf(slot);
    memMap.clearPageDirty(pfn);
    int offset = SwapAreas.offset(slot);
    int error = area.device().write(offset, allocator.ram(), pfn);
    long end = queue(area.type).submit(offset, true);
    vmStat.increment(VmStatItem.PSWPOUT);
    vmStat.add(VmStatItem.PGPGOUT, KIBIBYTES_PER_PAGE);
    if (error != 0) {
      memMap.setPageDirty(pfn);
      memMap.clearFlags(pfn, PageFlags.RECLAIM);
      areas.log("Write-error on swap-device (%s:%d)".formatted(area.device().name(), offset * 8));
      return -Errno.EIO;
    }
    allocator.pendingIo().startWrite(pfn, end);
    return 0;
  }

  /** {@code swap_readpage}: the page is up to date when it has come, unless the device failed. */
  void read(int pfn, int slot) {
    if (zswap != null && zswap.load(pfn, slot)) {
      memMap.setPageUptodate(pfn);
      return;
    }
    SwapInfo area = areas.infoOf(slot);
    int offset = SwapAreas.offset(slot);
    int error = area.device().read(offset, allocator.ram(), pfn);
    long end = queue(area.type).submit(offset, false);
    vmStat.increment(VmStatItem.PSWPIN);
    vmStat.add(VmStatItem.PGPGIN, KIBIBYTES_PER_PAGE);
    if (error != 0) {
      areas.log("Read-error on swap-device (%s:%d)".formatted(area.device().name(), offset * 8));
    }
    allocator.pendingIo().startRead(pfn, end, error != 0);
  }

  /** {@code frontswap_invalidate_page}: what is stored for a slot is not needed. */
  void forget(int slot) {
    if (zswap != null) {
      zswap.forget(slot);
    }
  }
}
