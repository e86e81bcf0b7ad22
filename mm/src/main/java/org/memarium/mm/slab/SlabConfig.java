package org.memarium.mm.slab;

import org.memarium.mm.frame.PageAllocator;

/**
 * Boot options of the slab allocator.
 *
 * @param merge whether like caches are merged: {@code slab_nomerge} turns it off
 * @param cpuPartial whether the processor has lists of partial slabs ({@code
 *     CONFIG_SLUB_CPU_PARTIAL})
 * @param debug {@code slub_debug}
 * @param kmallocMinBytes {@code KMALLOC_MIN_SIZE}: objects of the smallest kmalloc cache
 * @param kmallocMaxCacheBytes {@code KMALLOC_MAX_CACHE_SIZE}: those of the largest
 * @param kmallocMaxBytes {@code KMALLOC_MAX_SIZE}: the most that kmalloc gives
 * @param kmallocNames which caches kmalloc has, and what they are called
 */
public record SlabConfig(
    boolean merge,
    boolean cpuPartial,
    SlubDebugOptions debug,
    int kmallocMinBytes,
    int kmallocMaxCacheBytes,
    long kmallocMaxBytes,
    KmallocNames kmallocNames) {
  /** How kmalloc's caches are called. */
  public enum KmallocNames {
    /** {@code kmalloc-64}, {@code dma-kmalloc-64}, ... with sizes 96 and 192. */
    LINUX_6_1,
    /** {@code size-64} and {@code size-64(DMA)}, powers of two only, as Linux 2.6 had them. */
    LINUX_2_6
  }

  private static final int GUIDE_MIN_BYTES = 32;
  private static final int GUIDE_MAX_BYTES = 131_072;

  /** Debian's 6.1: like caches merged, nothing debugged, kmalloc-8 to kmalloc-8k. */
  public static final SlabConfig LINUX_6_1 =
      new SlabConfig(
          true,
          true,
          SlubDebugOptions.OFF,
          8,
          8192,
          4096L << PageAllocator.DEFAULT_MAX_ORDER,
          KmallocNames.LINUX_6_1);

  /** Preset {@code guide}: kmalloc of 32 to 131,072 bytes, all from caches. */
  public static final SlabConfig GUIDE =
      new SlabConfig(
          true,
          true,
          SlubDebugOptions.OFF,
          GUIDE_MIN_BYTES,
          GUIDE_MAX_BYTES,
          GUIDE_MAX_BYTES,
          KmallocNames.LINUX_2_6);

  /** The same with these options of {@code slub_debug}. */
  public SlabConfig withDebug(SlubDebugOptions options) {
    return new SlabConfig(
        merge,
        cpuPartial,
        options,
        kmallocMinBytes,
        kmallocMaxCacheBytes,
        kmallocMaxBytes,
        kmallocNames);
  }

  /** The same, with like caches merged or not. */
  public SlabConfig withMerge(boolean merged) {
    return new SlabConfig(
        merged,
        cpuPartial,
        debug,
        kmallocMinBytes,
        kmallocMaxCacheBytes,
        kmallocMaxBytes,
        kmallocNames);
  }

  /** The same, with partial lists of the processor or without. */
  public SlabConfig withCpuPartial(boolean lists) {
    return new SlabConfig(
        merge, lists, debug, kmallocMinBytes, kmallocMaxCacheBytes, kmallocMaxBytes, kmallocNames);
  }
}
