package org.memarium.kernel.procfs;

import org.memarium.mm.space.Layout;

/**
 * What the two kernels print differently in {@code /proc/<pid>}: 6.1, 32-bit, without NUMA, and
 * 6.18, 64-bit, with it.
 */
enum ProcRelease {
  LINUX_6_1,
  LINUX_6_18;

  /** The one whose programs have such a layout. */
  static ProcRelease of(Layout layout) {
    return layout == Layout.I386 ? LINUX_6_1 : LINUX_6_18;
  }

  /** smaps counts merged pages in a line {@code KSM} (since 6.8). */
  boolean countsKsm() {
    return this == LINUX_6_18;
  }

  /** {@code THPeligible} stands in a column (since 6.7). */
  boolean alignsThpEligible() {
    return this == LINUX_6_18;
  }

  /** status says whether it is a kernel thread (since 6.8). */
  boolean namesKernelThreads() {
    return this == LINUX_6_18;
  }

  /** status has the mask of tagged pointers: a 64-bit kernel with linear address masking. */
  boolean hasUntagMask() {
    return this == LINUX_6_18;
  }

  /**
   * {@code MAX_NUMNODES}: bits of Mems_allowed. The 64-bit kernel can have 1024 nodes of memory,
   * the 32-bit one has the one.
   */
  int memoryNodes() {
    return this == LINUX_6_18 ? 1024 : 1;
  }

  /** {@code CONFIG_NUMA}: there is numa_maps. */
  boolean hasNumaMaps() {
    return this == LINUX_6_18;
  }

  /** maps answers {@code PROCMAP_QUERY} (since 6.11), pagemap {@code PAGEMAP_SCAN} (since 6.7). */
  boolean answersRequests() {
    return this == LINUX_6_18;
  }

  /** Files of a process that has no memory any more cannot be opened: ESRCH (since 6.16). */
  boolean refusesWithoutMemory() {
    return this == LINUX_6_18;
  }
}
