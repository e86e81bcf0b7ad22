package org.memarium.hardware;

/**
 * The three shapes of x86 page tables (Intel SDM vol. 3A, 4.3 to 4.5), as data: the walk is one
 * loop over it.
 *
 * <pre>
 *   TWO_LEVEL    31      22 21      12 11        0        entries of 4 bytes
 *               +----------+----------+-----------+
 *               |   pgd    |   pte    |  offset   |        large page: 4 MiB in the pgd
 *               +----------+----------+-----------+
 *   PAE         31 30 29      21 20      12 11   0        entries of 8 bytes
 *               +-----+---------+---------+------+
 *               | pgd |   pmd   |   pte   |offset|         large page: 2 MiB in the pmd
 *               +-----+---------+---------+------+
 *   FOUR_LEVEL  47      39 38      30 29      21 20      12 11     0   entries of 8 bytes
 *               +---------+---------+---------+---------+----------+
 *               |   pgd   |   pud   |   pmd   |   pte   |  offset  |  large: 2 MiB, 1 GiB
 *               +---------+---------+---------+---------+----------+
 * </pre>
 *
 * <p>Levels are numbered as in the SDM: 1 is the table that maps 4 KiB pages, {@link #levels} the
 * one that CR3 names.
 */
@SuppressWarnings("ImmutableEnumChecker") // Nothing writes to the arrays.
public enum PageTableFormat {
  /** i386 without PAE: 32-bit physical addresses, no NX. */
  TWO_LEVEL(2, 4, new int[] {0, 12, 22}, new int[] {0, 10, 10}, 32, 32, false, 2),

  /** i386 with PAE: 36-bit physical addresses and NX; the top table has four bare entries. */
  PAE(3, 8, new int[] {0, 12, 21, 30}, new int[] {0, 9, 9, 2}, 32, 36, true, 2),

  /** x86-64: 48-bit linear and 46-bit physical addresses, NX. */
  FOUR_LEVEL(4, 8, new int[] {0, 12, 21, 30, 39}, new int[] {0, 9, 9, 9, 9}, 48, 46, true, 3);

  private final int levels;
  private final int entryBytes;
  private final int[] shift;
  private final int[] indexBits;
  private final int linearBits;
  private final int physicalBits;
  private final boolean hasNx;
  private final int largestPageLevel;

  PageTableFormat(
      int levels,
      int entryBytes,
      int[] shift,
      int[] indexBits,
      int linearBits,
      int physicalBits,
      boolean hasNx,
      int largestPageLevel) {
    this.levels = levels;
    this.entryBytes = entryBytes;
    this.shift = shift;
    this.indexBits = indexBits;
    this.linearBits = linearBits;
    this.physicalBits = physicalBits;
    this.hasNx = hasNx;
    this.largestPageLevel = largestPageLevel;
  }

  /** How many tables a walk reads: 2, 3 or 4. */
  public int levels() {
    return levels;
  }

  /** Bytes in an entry: 4 or 8. */
  public int entryBytes() {
    return entryBytes;
  }

  /** Entries in a table of this level. */
  public int entries(int level) {
    return 1 << indexBits[level];
  }

  /** {@code log2} of the bytes that one entry of this level maps; 12 at level 1. */
  public int shift(int level) {
    return shift[level];
  }

  /**
   * The level whose entries map so many bytes.
   *
   * @throws IllegalArgumentException if there is none
   */
  public int levelOf(long bytes) {
    for (int level = 1; level <= levels; level++) {
      if (1L << shift[level] == bytes) {
        return level;
      }
    }
    throw new IllegalArgumentException(this + " has no entries for " + bytes + " bytes");
  }

  /** The index into the table of {@code level} for a linear address. */
  public int index(int level, long linearAddress) {
    return (int) (linearAddress >>> shift[level]) & ((1 << indexBits[level]) - 1);
  }

  /** The physical address of the entry for a linear address in the table at {@code table}. */
  public long entryAddress(long table, int level, long linearAddress) {
    return table + (long) index(level, linearAddress) * entryBytes;
  }

  /** Significant bits of a linear address: 32 or 48. */
  public int linearBits() {
    return linearBits;
  }

  /** Bits of a physical address. */
  public int physicalBits() {
    return physicalBits;
  }

  /** Whether entries have the NX bit. */
  public boolean hasNx() {
    return hasNx;
  }

  /** Whether an entry of this level may map a large page (bit PS). */
  public boolean mayMapPage(int level) {
    return level <= largestPageLevel;
  }

  /** Whether entries of this level carry R/W, U/S and A; false only for the top of PAE. */
  public boolean hasPermissions(int level) {
    return !(this == PAE && level == 3);
  }

  /** Reads the entry at a physical address, zero-extended. */
  public long read(Ram ram, long entryAddress) {
    return entryBytes == 4 ? ram.getInt(entryAddress) & 0xffff_ffffL : ram.getLong(entryAddress);
  }

  /** Writes the entry at a physical address. */
  public void write(Ram ram, long entryAddress, long entry) {
    if (entryBytes == 4) {
      ram.putInt(entryAddress, (int) entry);
    } else {
      ram.putLong(entryAddress, entry);
    }
  }

  /** The physical address that an entry names: its frame, or the base of its large page. */
  public long address(int level, long entry, boolean page) {
    long mask = (1L << physicalBits) - 1;
    if (page && level > 1) {
      return entry & mask & -(1L << shift[level]);
    }
    return entry & mask & -(1L << Ram.PAGE_SHIFT);
  }

  /**
   * The bits that must be zero in a present entry.
   *
   * @param level of the table that holds the entry
   * @param page whether the entry maps a page (level 1, or bit PS)
   * @param nxEnabled EFER.NXE
   */
  public long reservedBits(int level, boolean page, boolean nxEnabled) {
    if (this == TWO_LEVEL) {
      // Bits 13 to 21 of a 4 MiB entry: 13 to 20 would extend the address (PSE-36), which is not
      // offered; 12 is PAT.
      return page && level == 2 ? 0x003f_e000L : 0;
    }
    long reserved = 0x000f_ffff_ffff_f000L & ~((1L << physicalBits) - 1);
    if (this == PAE) {
      // Bits 52 to 62 are ignored in x86-64 and reserved here.
      reserved |= 0x7ff0_0000_0000_0000L;
      if (level == 3) {
        return reserved | PageTableEntry.NX | 0x1e6;
      }
    }
    if (!nxEnabled) {
      reserved |= PageTableEntry.NX;
    }
    if (page && level > 1) {
      reserved |= ((1L << shift[level]) - 1) & ~0x1fffL;
    }
    if (level == 4) {
      reserved |= PageTableEntry.LARGE;
    }
    return reserved;
  }
}
