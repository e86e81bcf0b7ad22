package org.memarium.mm.file;

import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.memarium.hardware.Ram;
import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code vm.dirty_*}: how much of memory may be dirty (Linux {@code mm/page-writeback.c}). Each
 * limit is given in percent of what can be dirty at all, or in bytes; setting one ends the other.
 */
public final class DirtyLimits {
  private int ratio = 20;
  private int backgroundRatio = 10;
  private long bytes;
  private long backgroundBytes;
  private boolean highmemIsDirtyable;
  private int writebackCentisecs = 500;
  private int expireCentisecs = 3000;

  /** Linux's defaults: writers wait at 20 %, writeback starts at 10 %. */
  public DirtyLimits() {}

  /** {@code vm.dirty_ratio}; 0 while {@link #bytes} counts. */
  public int ratio() {
    return ratio;
  }

  /** Sets {@code vm.dirty_ratio}. */
  public void setRatio(int percent) {
    ratio = percent;
    bytes = 0;
  }

  /** {@code vm.dirty_bytes}; 0 while {@link #ratio} counts. */
  public long bytes() {
    return bytes;
  }

  /** Sets {@code vm.dirty_bytes}. */
  public void setBytes(long newBytes) {
    bytes = newBytes;
    ratio = 0;
  }

  /** {@code vm.dirty_background_ratio}; 0 while {@link #backgroundBytes} counts. */
  public int backgroundRatio() {
    return backgroundRatio;
  }

  /** Sets {@code vm.dirty_background_ratio}. */
  public void setBackgroundRatio(int percent) {
    backgroundRatio = percent;
    backgroundBytes = 0;
  }

  /** {@code vm.dirty_background_bytes}; 0 while {@link #backgroundRatio} counts. */
  public long backgroundBytes() {
    return backgroundBytes;
  }

  /** Sets {@code vm.dirty_background_bytes}. */
  public void setBackgroundBytes(long newBytes) {
    backgroundBytes = newBytes;
    backgroundRatio = 0;
  }

  /**
   * {@code global_dirtyable_memory}: what is free above the reserves, and the page cache; of high
   * memory nothing, as the kernel writes files from low memory.
   */
  public long dirtyablePages(PageAllocator allocator) {
    long free = allocator.node().freePages();
    free -= Math.min(free, allocator.watermarks().totalReservePages());
    long pages = free + fileLru(allocator.vmStat()::get, LruList::nodeItem);
    long high = 0;
    for (Zone zone : allocator.zones()) {
      if (zone.type() == ZoneType.HIGHMEM && !highmemIsDirtyable) {
        int mark = zone.watermarks().pages(AllocFlags.WMARK_HIGH);
        high += zone.freePages() - Math.min(zone.freePages(), mark);
        high += fileLru(zone.stat()::get, LruList::zoneItem);
      }
    }
    return pages - Math.min(high, pages) + 1;
  }

  private static long fileLru(
      ToLongFunction<VmStatItem> counters, Function<LruList, VmStatItem> item) {
    return counters.applyAsLong(item.apply(LruList.INACTIVE_FILE))
        + counters.applyAsLong(item.apply(LruList.ACTIVE_FILE));
  }

  /** {@code vm.dirty_writeback_centisecs}: how often the flusher looks for old pages; 0: never. */
  public int writebackCentisecs() {
    return writebackCentisecs;
  }

  /** Sets {@code vm.dirty_writeback_centisecs}. */
  public void setWritebackCentisecs(int centisecs) {
    writebackCentisecs = centisecs;
  }

  /** {@code vm.dirty_expire_centisecs}: what has been dirty for so long is written. */
  public int expireCentisecs() {
    return expireCentisecs;
  }

  /** Sets {@code vm.dirty_expire_centisecs}. */
  public void setExpireCentisecs(int centisecs) {
    expireCentisecs = centisecs;
  }

  /** {@code vm.highmem_is_dirtyable}. */
  public boolean isHighmemDirtyable() {
    return highmemIsDirtyable;
  }

  /** Sets {@code vm.highmem_is_dirtyable}. */
  public void setHighmemDirtyable(boolean dirtyable) {
    highmemIsDirtyable = dirtyable;
  }

  /**
   * {@code domain_dirty_limits}: {@code nr_dirty_threshold}, in pages.
   *
   * @param dirtyablePages how many could be dirty
   */
  public long thresholdPages(long dirtyablePages) {
    return limit(bytes, ratio, dirtyablePages);
  }

  /** {@code nr_dirty_background_threshold}, always below {@link #thresholdPages}. */
  public long backgroundThresholdPages(long dirtyablePages) {
    long threshold = thresholdPages(dirtyablePages);
    long background = limit(backgroundBytes, backgroundRatio, dirtyablePages);
    return background >= threshold ? threshold / 2 : background;
  }

  private static long limit(long bytes, int percent, long dirtyablePages) {
    if (bytes != 0) {
      return Long.divideUnsigned(bytes - 1, Ram.PAGE_SIZE) + 1;
    }
    long perPage = (long) percent * Ram.PAGE_SIZE / 100;
    return (perPage * dirtyablePages) >>> Ram.PAGE_SHIFT;
  }
}
