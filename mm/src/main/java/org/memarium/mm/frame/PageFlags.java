package org.memarium.mm.frame;

/**
 * The flags of a frame: {@code page->flags} and {@code page->page_type} of Linux in one word.
 *
 * <pre>
 *    31  30 29   26 25    23 22      18 17  16  15  14  13  12  11  10   9   8   7   6   5   4   3   2   1   0
 *   +------+-------+--------+----------+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+
 *   | zone | order |  type  |  STATE   |RCL|WRB|SWC|EXC|ISO|MOV|UNE|MLK|ANO|SWB|HEA|RES|SLB|ACT|LRU|DIR|UPT|REF|
 *   +------+-------+--------+----------+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+---+
 *   REF   PG_referenced: used since someone last looked
 *   UPT   PG_uptodate: holds what the file holds, or newer
 *   DIR   PG_dirty: newer than the file
 *   LRU   PG_lru: on a list of the page replacement       ACT   PG_active: on its active list
 *   SLB   PG_slab                                          RES   PG_reserved: never allocated
 *   HEA   PG_head: the first frame of a compound page
 *   SWB   PG_swapbacked: goes to swap, not to a file      ANO   anonymous (Linux: bit 0 of mapping)
 *   MLK   PG_mlocked                                       UNE   PG_unevictable
 *   MOV   its owner can move it (Linux: bit 1 of mapping)  ISO   PG_isolated, of such a page
 *   EXC   PG_anon_exclusive: of an anonymous page, no other process may map it
 *   SWC   PG_swapcache: in the swap cache; private is its swap entry
 *   WRB   PG_writeback: is being written to its device
 *   RCL   PG_reclaim, of a page under writeback: to be freed as soon as that has ended;
 *         PG_readahead, of another: read before anybody asked for it (Linux shares the bit, too)
 *   STATE bit 18  TAIL: of a compound page, not its first frame
 *             19  BUDDY: first frame of a block on a free list
 *             20  TABLE: a page table
 *             21  ALLOCATED: first frame of a block that was handed out
 *             22  PCP: first frame of a free block on a per-CPU list
 *             none: inside a block, or missing
 *   type  migrate type (see {@link MigrateType}), where STATE has BUDDY: that of the list;
 *         where it has PCP: of the list that it will go to
 *         where it has ALLOCATED: bit 23 is PG_workingset, of a page that was active, or came back
 *   order of the block, 0 to 10, where STATE has BUDDY, ALLOCATED or PCP
 *   zone  index of the zone, 0 to 3
 * </pre>
 *
 * <p>Frames inside a block, free or not, have nothing but their zone, and TAIL in a compound page.
 */
public final class PageFlags {
  /** PG_referenced. */
  public static final int REFERENCED = 1;

  /** PG_uptodate. */
  public static final int UPTODATE = 1 << 1;

  /** PG_dirty. */
  public static final int DIRTY = 1 << 2;

  /** PG_lru. */
  public static final int LRU = 1 << 3;

  /** PG_active. */
  public static final int ACTIVE = 1 << 4;

  /** PG_slab. */
  public static final int SLAB = 1 << 5;

  /** PG_reserved. */
  public static final int RESERVED = 1 << 6;

  /** PG_head. */
  public static final int HEAD = 1 << 7;

  /** PG_swapbacked. */
  public static final int SWAP_BACKED = 1 << 8;

  /** An anonymous page. */
  public static final int ANON = 1 << 9;

  /** PG_mlocked. */
  public static final int MLOCKED = 1 << 10;

  /** PG_unevictable: cannot be reclaimed, because it is locked in memory. */
  public static final int UNEVICTABLE = 1 << 11;

  /** A kernel page that its owner can move ({@code PAGE_MAPPING_MOVABLE}). */
  public static final int MOVABLE = 1 << 12;

  /** PG_isolated: a {@link #MOVABLE} page that is about to be moved. */
  public static final int ISOLATED = 1 << 13;

  /**
   * PG_anon_exclusive: an anonymous page that only one address space may map, so that a write to it
   * never copies. Fork takes it away; whoever is the last to map the page gets it back.
   */
  public static final int ANON_EXCLUSIVE = 1 << 14;

  /** PG_swapcache: the swap cache holds the page, and {@code private} is its entry. */
  public static final int SWAP_CACHE = 1 << 15;

  /** PG_writeback: a device has not said yet that the page is written. */
  public static final int WRITEBACK = 1 << 16;

  /** PG_reclaim: under {@link #WRITEBACK}, and to be freed as soon as that has ended. */
  public static final int RECLAIM = 1 << 17;

  /** PG_readahead: read before anybody asked for it; the same bit, where nothing is written. */
  public static final int READAHEAD = RECLAIM;

  /** PG_workingset: the page was active when it was taken, or came back soon; of a page in use. */
  public static final int WORKINGSET = 1 << 23;

  /** A frame of a compound page that is not its first. */
  public static final int TAIL = 1 << 18;

  /** First frame of a block on a free list. */
  public static final int BUDDY = 1 << 19;

  /** A page table. */
  public static final int TABLE = 1 << 20;

  /** First frame of a block that was handed out. */
  public static final int ALLOCATED = 1 << 21;

  /** First frame of a free block on a per-CPU list. */
  public static final int PCP = 1 << 22;

  static final int TYPE_SHIFT = 23;
  static final int TYPE_MASK = 7 << TYPE_SHIFT;
  static final int ORDER_SHIFT = 26;
  static final int ORDER_MASK = 0xf << ORDER_SHIFT;
  static final int ZONE_SHIFT = 30;
  static final int ZONE_MASK = 3 << ZONE_SHIFT;

  /** Flags that must be gone when a frame is freed ({@code PAGE_FLAGS_CHECK_AT_FREE}). */
  static final int CHECK_AT_FREE =
      LRU
          | ACTIVE
          | UNEVICTABLE
          | ISOLATED
          | SLAB
          | RESERVED
          | MLOCKED
          | SWAP_CACHE
          | WRITEBACK
          | TABLE
          | BUDDY
          | PCP
          | TAIL;

  private static final String[] NAMES = {
    "referenced",
    "uptodate",
    "dirty",
    "lru",
    "active",
    "slab",
    "reserved",
    "head",
    "swapbacked",
    "anon",
    "mlocked",
    "unevictable",
    "movable",
    "isolated",
    "exclusive",
    "swapcache",
    "writeback",
    "reclaim"
  };

  private PageFlags() {}

  /** A free block on the per-CPU list of an order and a migrate type. */
  static int pcp(int order, int type) {
    return PCP | type << TYPE_SHIFT | order << ORDER_SHIFT;
  }

  static int order(int flags) {
    return (flags & ORDER_MASK) >>> ORDER_SHIFT;
  }

  /** The migrate type of a free block. */
  static int type(int flags) {
    return (flags & TYPE_MASK) >>> TYPE_SHIFT;
  }

  static int zone(int flags) {
    return flags >>> ZONE_SHIFT;
  }

  /** The flags in words, such as {@code "allocated order 0, uptodate, anon, zone 1"}. */
  static String describe(int flags) {
    StringBuilder text = new StringBuilder();
    if ((flags & BUDDY) != 0) {
      text.append("free block of order ").append(order(flags)).append(", ");
      text.append(MigrateType.name(type(flags))).append(", ");
    }
    if ((flags & PCP) != 0) {
      text.append("free block of order ").append(order(flags)).append(" on a per-CPU list, ");
      text.append(MigrateType.name(type(flags))).append(", ");
    }
    if ((flags & TAIL) != 0) {
      text.append("tail of a compound page, ");
    }
    if ((flags & ALLOCATED) != 0) {
      text.append("allocated block of order ").append(order(flags)).append(", ");
    }
    if ((flags & TABLE) != 0) {
      text.append("page table, ");
    }
    for (int bit = 0; bit < NAMES.length; bit++) {
      if ((flags >>> bit & 1) != 0) {
        text.append(NAMES[bit]).append(", ");
      }
    }
    if ((flags & (ALLOCATED | WORKINGSET)) == (ALLOCATED | WORKINGSET)) {
      text.append("workingset, ");
    }
    return text.append("zone ").append(zone(flags)).toString();
  }
}
