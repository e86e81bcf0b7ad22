package org.memarium.mm.trace;

/** The counters of one machine, named as in {@code /proc/vmstat}: see {@link VmStatItem}. */
// An EnumMap would box; the ordinal is nothing but a place in the array here.
@SuppressWarnings("EnumOrdinal")
public final class VmStat {
  private final long[] counts = new long[VmStatItem.values().length];

  /** All counters at 0. */
  public VmStat() {}

  /** Counts one. */
  public void increment(VmStatItem item) {
    counts[item.ordinal()]++;
  }

  /** Lowers a level by one. */
  public void decrement(VmStatItem item) {
    counts[item.ordinal()]--;
  }

  /** Counts {@code delta}, which is negative only for a level that falls. */
  public void add(VmStatItem item, long delta) {
    counts[item.ordinal()] += delta;
  }

  /**
   * The counter.
   *
   * @throws IllegalArgumentException for what is not counted here: {@link
   *     VmStatItem#NR_FREE_PAGES}, which the zones know, and what is computed from other figures
   */
  public long get(VmStatItem item) {
    checkIsKept(item);
    return counts[item.ordinal()];
  }

  static void checkIsKept(VmStatItem item) {
    if (item == VmStatItem.NR_FREE_PAGES || item.kind() == VmStatItem.Kind.LIMIT) {
      throw new IllegalArgumentException(item.vmstatName() + " is not among the counters");
    }
  }
}
