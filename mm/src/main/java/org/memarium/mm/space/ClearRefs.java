package org.memarium.mm.space;

import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;

/**
 * {@code clear_refs_write}: forgets what an address space has used, or written to, so that a later
 * look tells what it has since (Linux {@code fs/proc/task_mmu.c}).
 *
 * <pre>
 *   1  accessed bits of all pages              4  soft-dirty bits: writes are tracked from now on
 *   2  of those in areas without a file        5  the most pages that there ever were (VmHWM)
 *   3  of those in areas with a file
 * </pre>
 *
 * <p>The TLB is flushed each time, so that the processor sets accessed bits again at once; Linux
 * flushes for 4 only, and sees an access when a translation happens to have left the TLB.
 */
public final class ClearRefs {
  private static final int ALL = 1;
  private static final int ANONYMOUS = 2;
  private static final int MAPPED = 3;
  private static final int SOFT_DIRTY = 4;
  private static final int HIWATER_RSS = 5;

  private final MmStruct mm;
  private final MemMap memMap;
  private final PteCursor cursor;

  private ClearRefs(MmStruct mm) {
    this.mm = mm;
    this.memMap = mm.memory().memMap();
    this.cursor = mm.pages().tables().cursor();
  }

  /** Whether there is something of that number. */
  public static boolean exists(long type) {
    return type >= ALL && type <= HIWATER_RSS;
  }

  /** Forgets; {@code type} {@linkplain #exists exists}. */
  public static void run(MmStruct mm, int type) {
    if (type == HIWATER_RSS) {
      mm.rss().resetPeak();
      return;
    }
    ClearRefs clear = new ClearRefs(mm);
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      clear.area(area, type);
    }
    mm.pages.tlb().flushAll();
  }

  private void area(Vma area, int type) {
    if (type == SOFT_DIRTY) {
      area.flags &= ~VmFlags.SOFTDIRTY;
    }
    MappedFile file = area.file;
    boolean hasFile = file != null && !file.isSpecialMapping();
    if (area.has(VmFlags.PFNMAP)
        || (type == ANONYMOUS && hasFile)
        || (type == MAPPED && !hasFile)) {
      return;
    }
    cursor.reset(area.start(), area.end());
    while (cursor.next()) {
      long pte = cursor.pte();
      if (!Pte.isPresent(pte)) {
        if (type == SOFT_DIRTY && SwapEntry.isSwapped(mm.pages.tables().format(), pte)) {
          cursor.write(SwapEntry.clearSoftDirty(mm.pages.tables().format(), pte));
        }
        continue;
      }
      if (type == SOFT_DIRTY) {
        clearSoftDirty(pte);
      } else if (!Pte.isSpecial(pte)) {
        cursor.write(Pte.mkOld(pte));
        memMap.clearFlags(Pte.pfn(pte), PageFlags.REFERENCED);
      }
    }
  }

  /** {@code clear_soft_dirty}: the next write faults, and sets the bit. */
  private void clearSoftDirty(long pte) {
    if (mm.pages.softDirtyFlag() != 0) {
      cursor.write(Pte.wrProtect(pte) & ~Pte.SOFT_DIRTY);
    }
  }
}
