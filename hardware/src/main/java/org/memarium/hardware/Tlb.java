package org.memarium.hardware;

import java.util.Arrays;

/**
 * A set-associative translation lookaside buffer for 4 KiB translations.
 *
 * <p>A page number belongs to the set that its low bits name; within a set, entries are replaced in
 * turn (round robin), so that a hit changes nothing and needs no bookkeeping. A large page fills
 * one entry for each 4 KiB piece that is used, as processors without large TLB entries do; whoever
 * drops one piece drops them all.
 *
 * <pre>
 *   tag    63          52 51                          0
 *         +--------------+----------------------------+
 *         | space        | linear page number         |   or -1 for an empty way
 *         +--------------+----------------------------+
 *         space: the PCID of the tables that it comes from; 0xffe for a global translation
 *   data   63  62            12 11   9  8   7   6   5       3   2   1   0
 *         +---+----------------+------+---+---+---+---------+---+---+---+
 *         |NX | physical page  |  0   | G | 0 | D |    0    |U/S|R/W| 0 |
 *         +---+----------------+------+---+---+---+---------+---+---+---+
 *   size   log2 of the 4 KiB pages in the page that the entry is a piece of: 0, 9, 10 or 18
 * </pre>
 */
final class Tlb {
  private static final long EMPTY = -1;
  private static final int SPACE_SHIFT = 52;
  private static final long GLOBAL_SPACE = 0xffeL << SPACE_SHIFT;
  private static final long PAGE_MASK = (1L << SPACE_SHIFT) - 1;

  private final long[] tags;
  private final long[] data;
  private final byte[] size;
  private final int[] nextWay;
  private final int ways;
  private final int setMask;

  /** The PCID in use, where tags have it. */
  private long space;

  /** Whether a piece of a large page was entered since the last full flush. */
  private boolean mayHoldLarge;

  /**
   * An empty TLB.
   *
   * @param entries in all; a power of two
   * @param ways entries in a set; a power of two, at most {@code entries}
   */
  Tlb(int entries, int ways) {
    if (entries < 1 || Integer.bitCount(entries) != 1) {
      throw new IllegalArgumentException("TLB entries must be a power of two, not " + entries);
    }
    if (ways < 1 || Integer.bitCount(ways) != 1 || ways > entries) {
      throw new IllegalArgumentException(
          "TLB ways must be a power of two from 1 to " + entries + ", not " + ways);
    }
    this.tags = new long[entries];
    this.data = new long[entries];
    this.size = new byte[entries];
    this.nextWay = new int[entries / ways];
    this.ways = ways;
    this.setMask = entries / ways - 1;
    Arrays.fill(tags, EMPTY);
  }

  /** The slot that holds the translation of a linear page number, or -1. */
  int find(long linearPage) {
    int first = ((int) linearPage & setMask) * ways;
    long own = linearPage | space;
    long global = linearPage | GLOBAL_SPACE;
    for (int slot = first; slot < first + ways; slot++) {
      if (tags[slot] == own || tags[slot] == global) {
        return slot;
      }
    }
    return -1;
  }

  /** From now on translations of another PCID count, besides global ones; none are dropped. */
  void setSpace(int pcid) {
    space = (long) pcid << SPACE_SHIFT;
  }

  /** Drops the translations of the PCID in use, but not global ones. */
  void flushSpace() {
    for (int slot = 0; slot < tags.length; slot++) {
      if ((tags[slot] & ~PAGE_MASK) == space) {
        tags[slot] = EMPTY;
      }
    }
  }

  /** The data of a slot: physical page and permission bits. */
  long data(int slot) {
    return data[slot];
  }

  /**
   * Enters a translation, in place of the page's own older one or of the next victim of its set.
   *
   * @param sizeShift {@code log2} of the 4 KiB pages in the whole page; 0 for a page of 4 KiB
   * @return the linear page number that was thrown out to make room, or -1
   */
  long insert(long linearPage, long entry, int sizeShift) {
    int slot = find(linearPage);
    long victim = EMPTY;
    if (slot < 0) {
      int set = (int) linearPage & setMask;
      slot = set * ways + nextWay[set];
      nextWay[set] = (nextWay[set] + 1) & (ways - 1);
      victim = tags[slot] == EMPTY ? EMPTY : tags[slot] & PAGE_MASK;
    }
    tags[slot] = linearPage | ((entry & PageTableEntry.GLOBAL) != 0 ? GLOBAL_SPACE : space);
    data[slot] = entry;
    size[slot] = (byte) sizeShift;
    mayHoldLarge |= sizeShift != 0;
    return victim;
  }

  /**
   * Drops one page's translation, global or not, and every other piece of a large page around it;
   * true if there was any.
   */
  boolean remove(long linearPage) {
    boolean found = false;
    int slot = find(linearPage);
    if (slot >= 0) {
      tags[slot] = EMPTY;
      found = true;
    }
    if (mayHoldLarge) {
      for (int other = 0; other < tags.length; other++) {
        long tag = tags[other];
        boolean counts = (tag & ~PAGE_MASK) == space || (tag & ~PAGE_MASK) == GLOBAL_SPACE;
        if (tag != EMPTY && counts && ((tag & PAGE_MASK) ^ linearPage) >>> size[other] == 0) {
          tags[other] = EMPTY;
          found = true;
        }
      }
    }
    return found;
  }

  /** Whether there may be pieces of large pages; false says for certain that there are none. */
  boolean mayHoldLarge() {
    return mayHoldLarge;
  }

  /** Drops all translations, or all but the global ones. */
  void flush(boolean keepGlobal) {
    for (int slot = 0; slot < tags.length; slot++) {
      if (!keepGlobal || (data[slot] & PageTableEntry.GLOBAL) == 0) {
        tags[slot] = EMPTY;
      }
    }
    mayHoldLarge &= keepGlobal;
  }

  /** How many translations it holds now. */
  int size() {
    int count = 0;
    for (long tag : tags) {
      count += tag == EMPTY ? 0 : 1;
    }
    return count;
  }
}
