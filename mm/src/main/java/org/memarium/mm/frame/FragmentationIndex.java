package org.memarium.mm.frame;

import java.util.Locale;

/**
 * How far the free memory of a zone lies in pieces (Linux {@code mm/vmstat.c}, {@code
 * fill_contig_page_info} and what follows it).
 *
 * <p>All figures come from the numbers of free blocks alone, for an order that is wanted:
 *
 * <pre>
 *   blocks    free blocks of any order            pages     free pages
 *   suitable  blocks of the wanted order that the free blocks of that order and above contain
 *
 *   unusable index         (pages - suitable * 2^order) / pages       0 all usable, 1 nothing
 *   fragmentation index    1 - (1 + pages / 2^order) / blocks         towards 1: it fails because
 *                          -1 if a block is there                     memory lies in pieces;
 *                          0 if nothing is free                       towards 0: for want of memory
 * </pre>
 *
 * <p>Both are in thousandths, rounded as Linux's integer divisions round.
 */
public final class FragmentationIndex {
  /** What {@link #fragmentationIndex} answers where a block is free: nothing would fail. */
  public static final int WOULD_SUCCEED = -1000;

  private FragmentationIndex() {}

  /**
   * {@code free_blocks_suitable}: blocks of an order that the zone could hand out, were it asked.
   */
  public static long suitableBlocks(Zone zone, int order) {
    FreeArea area = zone.freeArea();
    long suitable = 0;
    for (int at = order; at <= area.maxOrder(); at++) {
      suitable += (long) area.nrFree(at) << (at - order);
    }
    return suitable;
  }

  private static long freeBlocks(FreeArea area) {
    long blocks = 0;
    for (int order = 0; order <= area.maxOrder(); order++) {
      blocks += area.nrFree(order);
    }
    return blocks;
  }

  /** {@code free_pages} of {@code contig_page_info}: what the lists hold, per-CPU pages aside. */
  private static long listedPages(Zone zone) {
    return suitableBlocks(zone, 0);
  }

  /**
   * {@code fragmentation_index}: why an allocation of this order would fail now.
   *
   * @return in thousandths; {@link #WOULD_SUCCEED} if it would not fail
   */
  public static int fragmentationIndex(Zone zone, int order) {
    FreeArea area = zone.freeArea();
    long blocks = freeBlocks(area);
    if (order > area.maxOrder() || blocks == 0) {
      return 0;
    }
    if (suitableBlocks(zone, order) > 0) {
      return WOULD_SUCCEED;
    }
    return (int) (1000 - (1000 + listedPages(zone) * 1000 / (1L << order)) / blocks);
  }

  /** {@code unusable_free_index}: the part of free memory that this order cannot use, in 1/1000. */
  public static int unusableFreeIndex(Zone zone, int order) {
    long pages = listedPages(zone);
    if (pages == 0) {
      return 1000;
    }
    return (int) ((pages - (suitableBlocks(zone, order) << order)) * 1000 / pages);
  }

  /** {@code extfrag_for_order}: the same in percent, and 0 where nothing is free. */
  public static int extfragForOrder(Zone zone, int order) {
    long pages = listedPages(zone);
    if (pages == 0) {
      return 0;
    }
    return (int) ((pages - (suitableBlocks(zone, order) << order)) * 100 / pages);
  }

  /** {@code /sys/kernel/debug/extfrag/extfrag_index}, all populated zones, a line each. */
  public static String extfragIndexFile(Iterable<Zone> zones) {
    StringBuilder out = new StringBuilder();
    for (Zone zone : zones) {
      if (zone.presentPages() > 0) {
        begin(out, zone);
        for (int order = 0; order <= zone.freeArea().maxOrder(); order++) {
          append(out, "%2d.%03d ", fragmentationIndex(zone, order));
        }
        out.append('\n');
      }
    }
    return out.toString();
  }

  /** {@code /sys/kernel/debug/extfrag/unusable_index}, all populated zones, a line each. */
  public static String unusableIndexFile(Iterable<Zone> zones) {
    StringBuilder out = new StringBuilder();
    for (Zone zone : zones) {
      if (zone.presentPages() > 0) {
        begin(out, zone);
        for (int order = 0; order <= zone.freeArea().maxOrder(); order++) {
          append(out, "%d.%03d ", unusableFreeIndex(zone, order));
        }
        out.append('\n');
      }
    }
    return out.toString();
  }

  private static void begin(StringBuilder out, Zone zone) {
    out.append(String.format(Locale.ROOT, "Node 0, zone %8s ", zone.name()));
  }

  private static void append(StringBuilder out, String format, int thousandths) {
    out.append(String.format(Locale.ROOT, format, thousandths / 1000, thousandths % 1000));
  }
}
