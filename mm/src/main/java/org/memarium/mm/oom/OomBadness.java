package org.memarium.mm.oom;

import org.memarium.hardware.Ram;
import org.memarium.mm.space.MmStruct;

/** {@code oom_badness}: how much the end of a process would help (Linux {@code mm/oom_kill.c}). */
public final class OomBadness {
  /** {@code LONG_MIN}: it must not be killed, or nothing would come of it. */
  public static final long NEVER = Long.MIN_VALUE;

  /** {@code OOM_SCORE_ADJ_MAX}, and the negative of {@code OOM_SCORE_ADJ_MIN}. */
  public static final int MAX_SCORE_ADJ = 1000;

  private OomBadness() {}

  /**
   * The pages that its end would give back: resident ones, those in swap and page tables; each
   * point of {@code oom_score_adj} is a thousandth of all memory.
   *
   * @param mm its address space
   * @param oomScoreAdj from -1000, never, to 1000
   * @param totalPages of RAM and swap, or the limit of a group of processes
   * @return {@link #NEVER}, or points, which may be negative
   */
  public static long points(MmStruct mm, int oomScoreAdj, long totalPages) {
    if (oomScoreAdj == -MAX_SCORE_ADJ || mm.isOomSkipped()) {
      return NEVER;
    }
    return mm.rss().total()
        + mm.rss().swapEntries()
        + (mm.pageTableBytes() >>> Ram.PAGE_SHIFT)
        + oomScoreAdj * (totalPages / MAX_SCORE_ADJ);
  }
}
