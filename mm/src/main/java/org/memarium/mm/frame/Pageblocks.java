package org.memarium.mm.frame;

import java.util.Arrays;

/**
 * {@code zone->pageblock_flags}: what is known of each pageblock of a zone.
 *
 * <pre>
 *     3      2    0
 *   +------+--------+
 *   | skip |  type  |    type: see {@link MigrateType};  skip: compaction found nothing here
 *   +------+--------+
 * </pre>
 *
 * <p>A pageblock is an aligned block of {@code pageblock_order}. One that lies across the border of
 * two zones has flags in both. At boot all are Movable.
 */
public final class Pageblocks {
  private static final int TYPE_MASK = 7;
  private static final int SKIP = 8;

  private final int order;
  private final int first;
  private final byte[] flags;

  Pageblocks(int order, int startPfn, int spannedPages) {
    this.order = order;
    this.first = startPfn >>> order;
    int end = spannedPages == 0 ? first : ((startPfn + spannedPages - 1) >>> order) + 1;
    flags = new byte[end - first];
    Arrays.fill(flags, (byte) MigrateType.MOVABLE);
  }

  /** {@code pageblock_order}. */
  public int order() {
    return order;
  }

  /** {@code pageblock_nr_pages}. */
  public int pages() {
    return 1 << order;
  }

  /** {@code get_pageblock_migratetype} of the pageblock that holds a frame of the zone. */
  public int type(int pfn) {
    return flags[(pfn >>> order) - first] & TYPE_MASK;
  }

  /** {@code set_pageblock_migratetype}; its free pages stay on the lists that they are on. */
  void setType(int pfn, int type) {
    int at = (pfn >>> order) - first;
    flags[at] = (byte) ((flags[at] & ~TYPE_MASK) | type);
  }

  /** {@code get_pageblock_skip}. */
  public boolean isSkipped(int pfn) {
    return (flags[(pfn >>> order) - first] & SKIP) != 0;
  }

  /** {@code set_pageblock_skip}, or {@code clear_pageblock_skip}. */
  public void setSkipped(int pfn, boolean skipped) {
    int at = (pfn >>> order) - first;
    flags[at] = (byte) (skipped ? flags[at] | SKIP : flags[at] & ~SKIP);
  }
}
