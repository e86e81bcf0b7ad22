package org.memarium.mm.frame;

import org.memarium.mm.trace.VmStatItem;

/**
 * Detects that reclaim took a page of the working set (Linux 6.1 {@code mm/workingset.c}). Where a
 * page was evicted from, a shadow entry stays: a snapshot of {@link Lruvec#nonresidentAge}, which
 * counts evictions and activations. When the page comes back, the difference is how many more pages
 * of memory would have kept it: its refault distance. If that is not more than the pages that
 * compete with it, it becomes active at once.
 *
 * <pre>
 *    30          17 16            1  0
 *   +--------------+---------------+---+
 *   | age >> order |     group     | W |   W: PG_workingset, the page had been active before
 *   +--------------+---------------+---+
 *   order: so that 14 bits span all RAM ({@code bucket_order})
 * </pre>
 *
 * <p>The layout is that of a 32-bit kernel, whose value entries have 31 bits.
 */
public final class Workingset {
  /** {@code WORKINGSET_SHIFT}. */
  private static final int WORKINGSET_SHIFT = 1;

  /** {@code MEM_CGROUP_ID_SHIFT}. */
  private static final int GROUP_BITS = 16;

  private static final int GROUP_MASK = (1 << GROUP_BITS) - 1;

  /** Bits of the age. */
  private static final int AGE_BITS = 31 - WORKINGSET_SHIFT - GROUP_BITS;

  /** {@code EVICTION_MASK}. */
  private static final int AGE_MASK = (1 << AGE_BITS) - 1;

  private final Lru lru;
  private final MemMap memMap;
  private final int bucketOrder;
  private SwapSpace swapSpace = group -> 0;

  /** How much room there is in swap. */
  @FunctionalInterface
  public interface SwapSpace {
    /** {@code mem_cgroup_get_nr_swap_pages}: free pages that a group may still use. */
    long freePages(int group);
  }

  Workingset(Lru lru, MemMap memMap, long totalRamPages) {
    this.lru = lru;
    this.memMap = memMap;
    this.bucketOrder = bucketOrder(totalRamPages);
  }

  /** {@code workingset_init}: the snapshots' granularity, so that they can tell all RAM. */
  static int bucketOrder(long totalRamPages) {
    int maxOrder = Long.SIZE - Long.numberOfLeadingZeros(totalRamPages - 1);
    return Math.max(0, maxOrder - AGE_BITS);
  }

  /** Says who knows of swap; there is none until then. */
  public void setSwapSpace(SwapSpace space) {
    swapSpace = space;
  }

  /** Free pages of swap that a group may still use; 0 without swap. */
  public long freeSwapPages(int group) {
    return swapSpace.freePages(group);
  }

  // ---- Shadows ----

  static int pack(int group, long age, boolean workingset) {
    int shadow = ((int) (age & AGE_MASK) << GROUP_BITS) | group;
    return (shadow << WORKINGSET_SHIFT) | (workingset ? 1 : 0);
  }

  static int group(int shadow) {
    return (shadow >>> WORKINGSET_SHIFT) & GROUP_MASK;
  }

  static int age(int shadow) {
    return shadow >>> (WORKINGSET_SHIFT + GROUP_BITS);
  }

  static boolean wasActive(int shadow) {
    return (shadow & 1) != 0;
  }

  // ---- Eviction and refault ----

  /**
   * {@code workingset_eviction}: reclaim takes a page.
   *
   * @param target the group that is short of memory; the root for the machine
   * @return the shadow to leave in its place, 31 bits
   */
  public int eviction(int pfn, Lruvec target) {
    int shadow =
        pack(
            target.group(),
            target.nonresidentAge() >>> bucketOrder,
            memMap.testFlags(pfn, PageFlags.WORKINGSET));
    target.ageNonresident(1);
    LruObserver observer = lru.observer();
    return observer == null ? shadow : observer.evicted(pfn, shadow);
  }

  /**
   * {@code workingset_refault}: a page comes back, in a new frame that is on no list yet. Its flags
   * and its group must be set; it may become active here.
   *
   * @param shadow what {@link #eviction} returned
   */
  public void refault(int pfn, int shadow) {
    LruObserver observer = lru.observer();
    if (observer != null) {
      observer.refaulted(pfn, shadow);
      return;
    }
    Lruvec evictedFrom = lru.lruvec(group(shadow));
    if (evictedFrom == null) {
      return;
    }
    boolean file = !memMap.testFlags(pfn, PageFlags.SWAP_BACKED);
    Lruvec lruvec = lru.lruvecOf(pfn);
    lruvec.count(file ? VmStatItem.WORKINGSET_REFAULT_FILE : VmStatItem.WORKINGSET_REFAULT_ANON, 1);
    long age = (long) age(shadow) << bucketOrder;
    long distance = (evictedFrom.nonresidentAge() - age) & AGE_MASK;
    if (distance > competitors(evictedFrom, lruvec.group(), file)) {
      return;
    }
    memMap.setFlags(pfn, PageFlags.ACTIVE);
    lruvec.ageNonresident(1);
    lruvec.count(
        file ? VmStatItem.WORKINGSET_ACTIVATE_FILE : VmStatItem.WORKINGSET_ACTIVATE_ANON, 1);
    if (wasActive(shadow)) {
      memMap.setFlags(pfn, PageFlags.WORKINGSET);
      lruvec.noteCost(file, 1);
      lruvec.count(
          file ? VmStatItem.WORKINGSET_RESTORE_FILE : VmStatItem.WORKINGSET_RESTORE_ANON, 1);
    }
  }

  /** The pages that stand where the page might have stood. */
  private long competitors(Lruvec lruvec, int group, boolean file) {
    long pages = lruvec.size(LruList.ACTIVE_FILE);
    if (!file) {
      pages += lruvec.size(LruList.INACTIVE_FILE);
    }
    if (swapSpace.freePages(group) > 0) {
      pages += lruvec.size(LruList.ACTIVE_ANON);
      if (file) {
        pages += lruvec.size(LruList.INACTIVE_ANON);
      }
    }
    return pages;
  }

  /** {@code workingset_activation}: a page became active where it is. */
  void activation(int pfn) {
    lru.lruvecOf(pfn).ageNonresident(1);
  }
}
