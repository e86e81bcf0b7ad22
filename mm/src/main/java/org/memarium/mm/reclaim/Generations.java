package org.memarium.mm.reclaim;

/**
 * {@code struct lru_gen_folio}: the generations of one memory group, and what came back of those
 * that were evicted (Linux 6.1 {@code include/linux/mmzone.h}, {@code mm/vmscan.c}).
 *
 * <pre>
 *   minSeq[anon]  minSeq[file]                maxSeq
 *       |             |                          |
 *   oldest   ...   generations by number   ...  youngest     2 to 4 at a time, number modulo 4
 *
 *   tier of a page of the oldest generation: by how often file descriptors used it
 *        0: once or never    1: twice    2: three or four times    3: more
 *   refaulted, evicted, protected: counts by kind and tier, of this generation, and averages
 * </pre>
 */
final class Generations {
  static final int ANON = 0;
  static final int FILE = 1;
  static final int KINDS = 2;

  /** {@code MAX_NR_GENS}. */
  static final int MAX_GENERATIONS = 4;

  /** {@code MIN_NR_GENS}: the youngest two are not evicted, so that a page is seen used twice. */
  static final int MIN_GENERATIONS = 2;

  /** {@code MAX_NR_TIERS}. */
  static final int TIERS = 4;

  /** {@code MIN_LRU_BATCH}: fewer refaults than this say nothing. */
  private static final int MIN_BATCH = 32;

  long maxSeq = MIN_GENERATIONS + 1L;
  final long[] minSeq = new long[KINDS];

  // ---- By kind and tier ----
  private final long[][] refaulted = new long[KINDS][TIERS];
  private final long[][] evicted = new long[KINDS][TIERS];
  private final long[][] protectedPages = new long[KINDS][TIERS];
  private final long[][] averageRefaulted = new long[KINDS][TIERS];
  private final long[][] averageTotal = new long[KINDS][TIERS];

  /** How many generations a kind of pages has. */
  int count(int kind) {
    return (int) (maxSeq - minSeq[kind]) + 1;
  }

  /** {@code lru_tier_from_refs}. */
  static int tier(int uses) {
    return Math.min(Integer.SIZE - Integer.numberOfLeadingZeros(uses), TIERS - 1);
  }

  void countEvicted(int kind, int tier) {
    evicted[kind][tier]++;
  }

  void countRefaulted(int kind, int tier) {
    refaulted[kind][tier]++;
  }

  void countProtected(int kind, int tier) {
    protectedPages[kind][tier]++;
  }

  /** {@code inc_min_seq} and {@code reset_ctrl_pos}: the oldest generation is empty, and ends. */
  void incMinSeq(int kind) {
    minSeq[kind]++;
    for (int tier = 0; tier < TIERS; tier++) {
      averageRefaulted[kind][tier] = (averageRefaulted[kind][tier] + refaulted[kind][tier]) / 2;
      averageTotal[kind][tier] = total(kind, tier) / 2;
    }
    for (int tier = 0; tier < TIERS; tier++) {
      refaulted[kind][tier] = 0;
      evicted[kind][tier] = 0;
      protectedPages[kind][tier] = 0;
    }
  }

  private long total(int kind, int tier) {
    return averageTotal[kind][tier]
        + evicted[kind][tier]
        + (tier > 0 ? protectedPages[kind][tier] : 0);
  }

  /**
   * {@code positive_ctrl_err}: whether pages of a tier come back too seldom to be spared, measured
   * by those of another.
   *
   * @param gain weight of the measure
   * @param otherGain weight of what is measured
   */
  private boolean comesBackLess(
      int kind, int tier, int gain, int otherKind, int otherTier, int otherGain) {
    long measure = averageRefaulted[kind][tier] + refaulted[kind][tier];
    long other = averageRefaulted[otherKind][otherTier] + refaulted[otherKind][otherTier];
    return other < MIN_BATCH
        || other * (total(kind, tier) + MIN_BATCH) * gain
            <= (measure + 1) * total(otherKind, otherTier) * otherGain;
  }

  /** {@code get_tier_idx}: the highest tier that is evicted like the lowest. */
  int evictableTier(int kind) {
    int tier = 1;
    // The weights leave a margin for fluctuations.
    while (tier < TIERS && comesBackLess(kind, 0, 1, kind, tier, 2)) {
      tier++;
    }
    return tier - 1;
  }

  /** {@code get_type_to_scan}: which kind of pages comes back less, by its lowest tier. */
  int kindToScan(int swappiness) {
    boolean file = comesBackLess(ANON, 0, swappiness, FILE, 0, 200 - swappiness);
    return file ? FILE : ANON;
  }
}
