package org.memarium.mm.file;

import org.memarium.hardware.Ram;

/**
 * {@code vm.dirty_*}: how much of memory may be dirty (Linux {@code mm/page-writeback.c}). Each
 * limit is given in percent of what can be dirty at all, or in bytes; setting one ends the other.
 */
public final class DirtyLimits {
  private int ratio = 20;
  private int backgroundRatio = 10;
  private long bytes;
  private long backgroundBytes;

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
