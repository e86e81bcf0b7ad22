package org.memarium.mm.space;

import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;

/**
 * {@code move_page_tables}: what lies at one place is at another afterwards (Linux {@code
 * mm/mremap.c}).
 */
final class MovePageTables {
  private final PageTables tables;
  private final PteCursor cursor;
  private final MmuGather tlb;

  /** What an entry gets so that whoever tracks writes sees it; 0 where nobody does. */
  private final long softDirtyBit;

  MovePageTables(MmStruct mm) {
    this.tables = mm.pages.tables();
    this.cursor = tables.cursor();
    this.tlb = mm.pages.tlb();
    this.softDirtyBit = mm.memory().softDirtyBit();
  }

  /**
   * {@code move_page_tables}: moves the entries of [from, from + bytes) to another place, a whole
   * table at once where one begins at both places.
   *
   * @return how many bytes were done, less than {@code bytes} if there was no memory for a table
   */
  long move(long from, long to, long bytes) {
    long span = 1L << tables.format().shift(2);
    long done = 0;
    while (done < bytes) {
      long source = from + done;
      long target = to + done;
      long extent = Math.min(bytes - done, span - (source & (span - 1)));
      extent = Math.min(extent, span - (target & (span - 1)));
      if (extent == span && tables.moveTable(source, target)) {
        tlb.gather(source, source + span);
      } else if (tables.pteAddress(source) >= 0) {
        // The table is made even if nothing is in the old one, as Linux does it.
        long moved = tables.allocPte(target) < 0 ? 0 : moveEntries(source, target, extent);
        if (moved < extent) {
          tlb.finish();
          return done + moved;
        }
      }
      done += extent;
    }
    tlb.finish();
    return bytes;
  }

  /** {@code move_ptes}: entries that lie in one table, and go to one table. */
  private long moveEntries(long from, long to, long bytes) {
    cursor.reset(from, from + bytes);
    while (cursor.next()) {
      long offset = cursor.linearAddress() - from;
      long target = tables.allocPte(to + offset);
      if (target < 0) {
        return offset;
      }
      // Making the table may have taken a page that was lazily freed.
      long pte = tables.readPte(cursor.pteAddress());
      // move_soft_dirty_pte: whoever tracks writes sees that something is there now.
      if (Pte.isPresent(pte)) {
        pte |= softDirtyBit;
      } else if (softDirtyBit != 0 && SwapEntry.isSwapped(tables.format(), pte)) {
        pte = SwapEntry.mkSoftDirty(tables.format(), pte);
      }
      tables.writePte(target, pte);
      cursor.write(0);
      tlb.gather(cursor.linearAddress());
    }
    return bytes;
  }
}
