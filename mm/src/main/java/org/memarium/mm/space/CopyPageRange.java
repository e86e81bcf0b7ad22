package org.memarium.mm.space;

import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteBuffer;
import org.memarium.mm.pagetable.SwapEntry;

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
  private final PteBuffer parentPtes;
  private final PteBuffer childPtes;

  CopyPageRange(MemMap memMap, PageTableFormat format) {
    this.memMap = memMap;
    this.format = format;
    this.parentPtes = new PteBuffer(format);
    this.childPtes = new PteBuffer(format);
  }

  /**
   * Copies the entries of an area; the caller flushes the TLB of the parent.
   *
   * @param child the pages of the new process, which has none in the area yet
   * @return false if there is no memory for a page table; what was copied until then stays
   */
  boolean copy(UserPages parent, UserPages child, Vma area) {
    PageTables from = parent.tables();
    for (long at = area.start; at < area.end; ) {
      int level = from.lowestLevel(at);
      long span = 1L << format.shift(Math.max(level, 2));
      long next = Math.min(area.end, (at & -span) + span);
      if (child.tables().allocTable(at, level) < 0) {
        return false;
      }
      if (level == 1) {
        // Making the table may have moved pages: only now do the entries stay as they are.
        copyTable(parent, child, area, at, (int) ((next - at) >>> Ram.PAGE_SHIFT));
      }
      at = next;
    }
    return true;
  }

  /** {@code copy_pte_range}: entries that lie in one table. */
  private void copyTable(UserPages parent, UserPages child, Vma area, long start, int count) {
    boolean cow = (area.flags & (VmFlags.SHARED | VmFlags.MAYWRITE)) == VmFlags.MAYWRITE;
    boolean shared = area.has(VmFlags.SHARED);
    long source = parent.tables().pteAddress(start);
    parentPtes.read(parent.tables(), source, count);
    long[] ptes = parentPtes.ptes;
    long[] copies = childPtes.ptes;
    boolean protectedSome = false;
    for (int i = 0; i < count; i++) {
      long pte = ptes[i];
      if (!Pte.isPresent(pte)) {
        copies[i] = copyNonpresent(pte);
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
      parentPtes.write(parent.tables(), source, count);
    }
    childPtes.write(child.tables(), child.tables().pteAddress(start), count);
  }

  /** {@code copy_nonpresent_pte}: guard markers are inherited; there is no swap device. */
  private long copyNonpresent(long pte) {
    if (pte != 0 && !SwapEntry.isGuard(format, pte)) {
      throw new IllegalStateException("fork of the swap entry 0x%x".formatted(pte));
    }
    return pte;
  }
}
