package org.memarium.mm.trace;

/**
 * {@code zone->vm_stat}: the levels of one zone, of {@link VmStatItem.Kind#ZONE}. What is added
 * here is added to the machine's {@link VmStat} too, which so is the sum over the zones (Linux
 * {@code zone_page_state_add}).
 *
 * <p>{@link VmStatItem#NR_FREE_PAGES} is not kept here: the zone's own number of free pages is it.
 */
// The ordinal is nothing but a place in the array: the zone's items come first.
@SuppressWarnings("EnumOrdinal")
public final class ZoneStat {
  private final VmStat sum;
  private final long[] counts = new long[VmStatItem.NR_FREE_CMA.ordinal() + 1];

  /**
   * All levels at 0.
   *
   * @param sum of all zones
   */
  public ZoneStat(VmStat sum) {
    this.sum = sum;
  }

  /** Raises a level by {@code delta}, or lowers it if that is negative. */
  public void add(VmStatItem item, long delta) {
    counts[item.ordinal()] += delta;
    sum.add(item, delta);
  }

  /** Raises a level by one. */
  public void increment(VmStatItem item) {
    add(item, 1);
  }

  /** Lowers a level by one. */
  public void decrement(VmStatItem item) {
    add(item, -1);
  }

  /** The level of this zone. */
  public long get(VmStatItem item) {
    VmStat.checkIsKept(item);
    return counts[item.ordinal()];
  }
}
