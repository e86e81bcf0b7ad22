package org.memarium.hardware;

/** Builds page tables in RAM, taking frames for tables from a range, lowest first. */
final class TestTables {
  static final long RW_USER =
      PageTableEntry.PRESENT | PageTableEntry.WRITABLE | PageTableEntry.USER;

  private final Ram ram;
  private final PageTableFormat format;
  private final long root;
  private long nextFrame;

  /** The top table takes the first frame. */
  TestTables(Ram ram, PageTableFormat format, long firstFrame) {
    this.ram = ram;
    this.format = format;
    this.root = firstFrame << Ram.PAGE_SHIFT;
    this.nextFrame = firstFrame + 1;
  }

  long root() {
    return root;
  }

  /** Writes the entry of 4 KiB for a page, with tables on the way that allow everything. */
  void map(long linear, long physical, long bits) {
    format.write(ram, entryAddress(linear, 1), physical | bits);
  }

  /** Writes the entry of a large page at a level. */
  void mapLarge(int level, long linear, long physical, long bits) {
    format.write(ram, entryAddress(linear, level), physical | bits | PageTableEntry.LARGE);
  }

  long entry(long linear) {
    return format.read(ram, entryAddress(linear, 1));
  }

  /** Where the entry of a level is; makes the tables above. */
  long entryAddress(long linear, int wantedLevel) {
    long table = root;
    for (int level = format.levels(); level > wantedLevel; level--) {
      long at = format.entryAddress(table, level, linear);
      long entry = format.read(ram, at);
      if ((entry & PageTableEntry.PRESENT) == 0) {
        boolean bare = !format.hasPermissions(level);
        entry = nextFrame++ << Ram.PAGE_SHIFT | (bare ? PageTableEntry.PRESENT : RW_USER);
        format.write(ram, at, entry);
      }
      table = format.address(level, entry, false);
    }
    return format.entryAddress(table, wantedLevel, linear);
  }
}
