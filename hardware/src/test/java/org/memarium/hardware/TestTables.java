package org.memarium.hardware;

import java.util.HashMap;
import java.util.Map;

/** Builds page tables in RAM, taking frames for tables from a range, lowest first. */
final class TestTables {
  static final long RW_USER =
      PageTableEntry.PRESENT | PageTableEntry.WRITABLE | PageTableEntry.USER;

  private final Ram ram;
  private final PageTableFormat format;
  private final long root;
  private long nextFrame;
  private final Map<Long, Long> tablesUnderLargePages = new HashMap<>();

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

  /**
   * Writes the entry of 4 KiB for a page, with tables on the way that allow everything; nothing
   * under a large page.
   */
  void map(long linear, long physical, long bits) {
    if (isLarge(linear)) {
      return;
    }
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

  /** Whether an entry above the last level maps the page. */
  boolean isLarge(long linear) {
    return (format.read(ram, entryAddress(linear, 2)) & PageTableEntry.LARGE) != 0;
  }

  /**
   * Makes the entry of level 2 map a large page at physical address 0, or puts the table back that
   * it named before.
   */
  void toggleLarge(long linear, long bits) {
    long at = entryAddress(linear, 2);
    Long table = tablesUnderLargePages.remove(at);
    if (table == null) {
      tablesUnderLargePages.put(at, format.read(ram, at));
      format.write(ram, at, bits | PageTableEntry.LARGE);
    } else {
      format.write(ram, at, table);
    }
  }
}
