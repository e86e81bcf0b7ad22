package org.memarium.mm.slab;

import org.memarium.hardware.Ram;

/** How many free objects are kept where (Linux 6.1 {@code mm/slub.c}, {@code kmem_cache_open}). */
final class SlabTuning {
  private static final int MIN_PARTIAL = 5;
  private static final int MAX_PARTIAL = 10;

  private SlabTuning() {}

  /** {@code set_min_partial}: the larger the objects, the more partial slabs. */
  static int minPartial(int size) {
    int log2 = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(size);
    return Math.clamp(log2 / 2, MIN_PARTIAL, MAX_PARTIAL);
  }

  /** {@code set_cpu_partial}: free objects on the processor's partial list. */
  static int cpuPartial(int size) {
    if (size >= Ram.PAGE_SIZE) {
      return 6;
    }
    if (size >= 1024) {
      return 24;
    }
    return size >= 256 ? 52 : 120;
  }

  /** {@code slub_set_cpu_partial}: the same in slabs, taking them to be half full. */
  static int cpuPartialSlabs(int cpuPartial, int objectsPerSlab) {
    return Math.ceilDiv(cpuPartial * 2, objectsPerSlab);
  }
}
