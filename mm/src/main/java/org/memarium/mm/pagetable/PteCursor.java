package org.memarium.mm.pagetable;

import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;

/**
 * Visits the entries of a range that are not none, lowest first ({@code walk_page_range}): tables
 * that do not exist are passed over whole, and nothing is allocated.
 *
 * <pre>{@code
 * cursor.reset(start, end);
 * while (cursor.next()) {
 *   if (Pte.isPresent(cursor.pte())) {
 *     cursor.write(0);
 *   }
 * }
 * }</pre>
 *
 * <p>Between two calls of {@link #next}, the entry visited may be changed, and tables may be added;
 * none may be freed.
 */
public final class PteCursor {
  private final long pgd;
  private final Ram ram;
  private final PageTableFormat format;
  private final int entryBytes;

  private long at;
  private long end;

  /** Until where {@link #nextEntry} runs on in one table. */
  private long tableEnd;

  private long nextEntry;
  private long linearAddress;
  private long pteAddress;
  private long pte;
  private int entriesHere;

  PteCursor(long pgd, Ram ram, PageTableFormat format) {
    this.pgd = pgd;
    this.ram = ram;
    this.format = format;
    this.entryBytes = format.entryBytes();
  }

  /**
   * Begins a range.
   *
   * @param start the first linear address, on a page boundary
   * @param end the first one after it, on a page boundary
   */
  public void reset(long start, long end) {
    this.at = start;
    this.end = end;
    this.tableEnd = start;
  }

  /** Goes to the next entry that is not none; false if there is none left. */
  public boolean next() {
    while (at < end) {
      if (at == tableEnd && !enterTable()) {
        return false;
      }
      while (at < tableEnd) {
        long entryAddress = nextEntry;
        long entry = format.read(ram, entryAddress);
        linearAddress = at;
        at += Ram.PAGE_SIZE;
        nextEntry += entryBytes;
        if (entry != 0) {
          pteAddress = entryAddress;
          pte = entry;
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Goes to the next table that exists, instead of single entries: {@link #linearAddress} and
   * {@link #pteAddress} are those of its first entry in the range, and {@link #entriesHere} says
   * how many follow; false if there is no table left.
   */
  public boolean nextTable() {
    if (!enterTable()) {
      return false;
    }
    linearAddress = at;
    pteAddress = nextEntry;
    entriesHere = (int) ((tableEnd - at) >>> Ram.PAGE_SHIFT);
    at = tableEnd;
    return true;
  }

  /** How many entries of the range the table has that {@link #nextTable} came to. */
  public int entriesHere() {
    return entriesHere;
  }

  /** Finds the next table that exists at or after {@code at}; false if it lies beyond the end. */
  private boolean enterTable() {
    while (at < end) {
      long table = pgd;
      int level = format.levels();
      for (; level > 1; level--) {
        long entry = format.read(ram, format.entryAddress(table, level, at));
        if ((entry & (PageTableEntry.PRESENT | PageTableEntry.LARGE)) != PageTableEntry.PRESENT) {
          break;
        }
        table = format.address(level, entry, false);
      }
      if (level == 1) {
        nextEntry = format.entryAddress(table, 1, at);
        tableEnd = Math.min(end, endOf(2));
        return true;
      }
      at = endOf(level);
    }
    return false;
  }

  /** The end of what the entry of {@code level} for the current address covers. */
  private long endOf(int level) {
    long size = 1L << format.shift(level);
    return (at & -size) + size;
  }

  /** Linear address of the page that the entry is for. */
  public long linearAddress() {
    return linearAddress;
  }

  /** Physical address of the entry. */
  public long pteAddress() {
    return pteAddress;
  }

  /** The entry as it was when {@link #next} came to it, or as last written. */
  public long pte() {
    return pte;
  }

  /** Writes the entry. */
  public void write(long newPte) {
    pte = newPte;
    format.write(ram, pteAddress, newPte);
  }
}
