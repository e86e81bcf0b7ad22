package org.memarium.mm.swap;

/**
 * Who counts the swap of memory groups (Linux {@code mm/memcontrol.c}, {@code mm/swap_cgroup.c}).
 * Slots are numbers below 2^31.
 */
public interface SwapCharge {
  /**
   * {@code mem_cgroup_try_charge_swap}: a page is about to get a slot.
   *
   * @return false if its group may have no more
   */
  boolean tryCharge(int pfn, int slot);

  /** {@code mem_cgroup_uncharge_swap}: nobody has the slot any more. */
  void uncharge(int slot);

  /**
   * {@code mem_cgroup_swapin_charge_page}: a frame was taken to read a slot into; it belongs to the
   * group that swapped the page out.
   *
   * @return false if the group may have no more memory
   */
  boolean chargeSwapin(int pfn, int slot);

  /** {@code mem_cgroup_swapin_uncharge_swap}: the page is in the swap cache now. */
  void uncharged(int slot);

  /** {@code mem_cgroup_swap_full}: whether the page's group has used half of its swap. */
  boolean isFull(int pfn);
}
