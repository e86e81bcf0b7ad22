package org.memarium.mm.space;

import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteBuffer;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.swap.Swap;

/**
 * {@code copy_page_range}: a forked process maps what an area of its parent maps (Linux {@code
 * mm/memory.c}). One a machine.
 *
 * <p>Private pages become read-only on both sides, so that the first write on either side copies.
 * The child gets all tables that the parent has for the area, empty ones too.
 */
final class CopyPageRange {
  private final MemMap memMap;
  private final PageTableFormat format;
  private final Swap swap;
  private final PteBuffer parentPtes;
  private final PteBuffer childPtes;

  CopyPageRange(MemMap memMap, PageTableFormat format, Swap swap) {
    this.memMap = memMap;
    this.format = format;
    this.swap = swap;
    this.parentPtes = new PteBuffer(format);
    this.childPtes = new PteBuffer(format);
  }

  /**
   * Copies the entries of an area; the caller flushes the TLB of the parent.
   *
   * @param child the pages of the new process, which has none in the area yet
   * @return false if there is no memory for a page table, or to count who has a slot of swap; what
   *     was copied until then stays
   */
  boolean copy(UserPages parent, UserPages child, Vma area) {
    PageTables from = parent.tables();
    if (area.has(VmFlags.HUGETLB)) {
      return copyHuge(from, child.tables(), area);
    }
    for (long at = area.start; at < area.end; ) {
      int level = from.lowestLevel(at);
      long span = 1L << format.shift(Math.max(level, 2));
      long next = Math.min(area.end, (at & -span) + span);
      if (child.tables().allocTable(at, level) < 0) {
        return false;
      }
      if (level == 1) {
        // Making the table may have moved pages: only now do the entries stay as they are.
        int count = (int) ((next - at) >>> Ram.PAGE_SHIFT);
        int done = copyTable(parent, child, area, at, count);
        if (done < count) {
          next = at + ((long) done << Ram.PAGE_SHIFT);
          if (!swap.prepareDuplicate(from.pte(next))) {
            return false;
          }
        }
      }
      at = next;
    }
    return true;
  }

  /**
   * {@code copy_hugetlb_page_range}: no pages, but where the parent has a table for them the child
   * gets one too.
   */
  private boolean copyHuge(PageTables from, PageTables to, Vma area) {
    int level = format.levelOf(area.hugePages().pageBytes());
    if (level == format.levels()) {
      return true;
    }
    long span = 1L << format.shift(level + 1);
    for (long at = area.start; at < area.end; at = (at & -span) + span) {
      if (from.lowestLevel(at) <= level && to.allocTable(at, level) < 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * {@code copy_pte_range}: entries that lie in one table.
   *
   * @return how many were copied, fewer than {@code count} if more of one slot of swap cannot be
   *     counted without memory that is not to be had while entries must not change
   */
  private int copyTable(UserPages parent, UserPages child, Vma area, long start, int count) {
    boolean cow = (area.flags & (VmFlags.SHARED | VmFlags.MAYWRITE)) == VmFlags.MAYWRITE;
    boolean shared = area.has(VmFlags.SHARED);
    long source = parent.tables().pteAddress(start);
    parentPtes.read(parent.tables(), source, count);
    long[] ptes = parentPtes.ptes;
    long[] copies = childPtes.ptes;
    boolean protectedSome = false;
    int done = 0;
    for (; done < count; done++) {
      int i = done;
      long pte = ptes[i];
      if (pte == 0) {
        copies[i] = 0;
        continue;
      }
      if (SwapEntry.isSwapped(format, pte)) {
        if (swap.duplicate(pte) != 0) {
          break;
        }
        child.countSwapped();
        copies[i] = SwapEntry.clearExclusive(format, pte);
        protectedSome |= copies[i] != pte;
        ptes[i] = copies[i];
        continue;
      }
      if (!Pte.isPresent(pte)) {
        copies[i] = copyMarker(pte);
        continue;
      }
      if (!Pte.isSpecial(pte)) {
        child.countCopied(memMap.dupRmap(Pte.pfn(pte)));
      }
      if (cow && Pte.isWritable(pte)) {
        pte = Pte.wrProtect(pte);
        ptes[i] = pte;
        protectedSome = true;
      }
      copies[i] = Pte.mkOld(shared ? Pte.mkClean(pte) : pte);
    }
    if (protectedSome) {
      parentPtes.write(parent.tables(), source, done);
    }
    if (done > 0) {
      childPtes.write(child.tables(), child.tables().pteAddress(start), done);
    }
    return done;
  }

  /** {@code copy_nonpresent_pte}: markers are inherited; nobody runs while pages are moved. */
  private long copyMarker(long pte) {
    if (!SwapEntry.isGuard(format, pte) && !SwapEntry.isPoisoned(format, pte)) {
      throw new IllegalStateException("fork of the entry 0x%x".formatted(pte));
    }
    return pte;
  }
}
