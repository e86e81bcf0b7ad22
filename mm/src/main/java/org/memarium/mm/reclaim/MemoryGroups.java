package org.memarium.mm.reclaim;

import java.util.List;
import org.memarium.mm.frame.Lruvec;

/**
 * What reclaim asks of memory groups ({@code struct mem_cgroup}; Linux 6.1 {@code
 * mm/memcontrol.c}). Where there are no groups, the root answers for all.
 */
public interface MemoryGroups {
  /**
   * {@code mem_cgroup_iter}: the lists of a group and of those below it, in the order in which they
   * are to be shrunk.
   */
  List<Lruvec> subtree(Lruvec target);

  /** {@code mem_cgroup_swappiness}: {@code vm.swappiness}, 0 to 200. */
  int swappiness(int group);

  /** {@code mem_cgroup_online}: whether the group is not being removed. */
  default boolean isOnline(int group) {
    return true;
  }

  /** {@code mem_cgroup_calculate_protection}: a reclaim of {@code target} comes to a group. */
  default void calculateProtection(int target, int group) {}

  /** {@code mem_cgroup_protection}: pages that are not taken, from {@code memory.min}. */
  default long protectedMin(int target, int group) {
    return 0;
  }

  /** The same from {@code memory.low}. */
  default long protectedLow(int target, int group) {
    return 0;
  }

  /** {@code mem_cgroup_below_min}: all of the group is protected. */
  default boolean isBelowMin(int target, int group) {
    return false;
  }

  /** {@code mem_cgroup_below_low}. */
  default boolean isBelowLow(int target, int group) {
    return false;
  }

  /** {@code MEMCG_LOW}: a group is reclaimed although it is below {@code memory.low}. */
  default void lowEvent(int group) {}

  /** {@code mem_cgroup_size}: how many pages are charged to it. */
  default long pages(int group) {
    return 0;
  }
}
