package org.memarium.mm.reclaim;

import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.rmap.Rmap;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * Asks how a page was used since somebody last asked: by the accessed bits of the entries that map
 * it, which this clears, and by PG_referenced (Linux 6.1 {@code mm/rmap.c}, {@code
 * folio_referenced}; {@code mm/vmscan.c}, {@code folio_check_references}).
 *
 * <p>Like x86, it leaves the TLB alone: a page that the TLB still knows may look unused, which is
 * cheaper than a flush.
 */
final class PageReferences implements Rmap.Visitor {
  /** What shall become of an inactive page. */
  enum Verdict {
    /** It may go. */
    RECLAIM,
    /** It may go unless it would have to be written. */
    RECLAIM_CLEAN,
    /** It was used once: another trip around the inactive list. */
    KEEP,
    /** It is in use. */
    ACTIVATE
  }

  private final MemMap memMap;
  private final Lru lru;
  private final Rmap rmap;

  // ---- struct folio_referenced_arg: the question at hand ----
  private int pfn;
  private int entriesLeft;
  private int referenced;
  private int areaFlags;

  PageReferences(MemMap memMap, Lru lru, Rmap rmap) {
    this.memMap = memMap;
    this.lru = lru;
    this.rmap = rmap;
  }

  /**
   * {@code folio_referenced}: how many entries have used the page; {@link #areaFlags} then tells of
   * their areas.
   */
  int referenced(int page) {
    pfn = page;
    entriesLeft = memMap.pageMapcount(page);
    referenced = 0;
    areaFlags = 0;
    if (entriesLeft > 0) {
      rmap.walk(page, this);
    }
    return referenced;
  }

  /** {@code vm_flags}: those of the areas that used the page, and LOCKED if any is locked. */
  int areaFlags() {
    return areaFlags;
  }

  /** {@code folio_referenced_one}. */
  @Override
  public boolean visit(Vma area, long linearAddress) {
    PageTables tables = area.mm().pages().tables();
    long pteAddress = tables.pteAddress(linearAddress);
    long pte = pteAddress < 0 ? 0 : tables.readPte(pteAddress);
    if (!Rmap.maps(pte, pfn)) {
      return true;
    }
    if (area.has(VmFlags.LOCKED)) {
      // It lost its mark while it was isolated.
      if (!memMap.testFlags(pfn, PageFlags.MLOCKED)) {
        lru.lock(pfn);
      }
      areaFlags |= VmFlags.LOCKED;
      return false;
    }
    if (Pte.isYoung(pte)) {
      tables.writePte(pteAddress, Pte.mkOld(pte));
      if (!area.has(VmFlags.SEQ_READ)) {
        referenced++;
        areaFlags |= area.flags();
      }
    }
    return --entriesLeft > 0;
  }

  /** {@code folio_check_references}. */
  Verdict check(int page) {
    int entries = referenced(page);
    int flags = memMap.flags(page);
    boolean wasReferenced = (flags & PageFlags.REFERENCED) != 0;
    boolean ofFile = (flags & PageFlags.SWAP_BACKED) == 0;
    memMap.clearFlags(page, PageFlags.REFERENCED);
    if ((areaFlags & VmFlags.LOCKED) != 0) {
      return Verdict.ACTIVATE;
    }
    if (entries > 0) {
      // The fault that brought the page has set the bit: only a second use counts.
      memMap.setFlags(page, PageFlags.REFERENCED);
      boolean executable = ofFile && (areaFlags & VmFlags.EXEC) != 0;
      return wasReferenced || entries > 1 || executable ? Verdict.ACTIVATE : Verdict.KEEP;
    }
    return wasReferenced && ofFile ? Verdict.RECLAIM_CLEAN : Verdict.RECLAIM;
  }
}
