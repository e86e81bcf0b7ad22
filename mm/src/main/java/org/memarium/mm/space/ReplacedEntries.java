package org.memarium.mm.space;

import java.util.Objects;
import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.trace.VmStatItem;

/**
 * Entries that stand for a page while it is elsewhere: migration entries, while it is moved, and
 * swap entries, while it is on a swap device (Linux {@code mm/rmap.c}, {@code mm/migrate.c}, {@code
 * mm/swapfile.c}).
 *
 * <pre>
 *   maps a page  -- moved -->     migration entry  -- is there -->       maps its new frame
 *                -- taken -->     swap entry       -- brought back -->   maps a frame
 *                                                  -- unreadable -->     poisoned
 * </pre>
 */
public final class ReplacedEntries {
  private final UserPages pages;
  private final MemoryManager memory;
  private final PageTables tables;
  private final MmuGather tlb;
  private final RssStat rss;
  private final MemMap memMap;
  private final Lru lru;

  ReplacedEntries(UserPages pages, MemoryManager memory) {
    this.pages = pages;
    this.memory = memory;
    this.tables = pages.tables();
    this.tlb = pages.tlb();
    this.rss = pages.rss;
    this.memMap = memory.memMap();
    this.lru = memory.allocator().lru();
  }

  /**
   * {@code try_to_migrate_one}: puts a migration entry in the place of one that maps a page. The
   * page still counts in the resident set.
   */
  public void replaceByMigrationEntry(Vma area, long linearAddress, long pteAddress, long pte) {
    int pfn = Pte.pfn(pte);
    boolean exclusive = memMap.testFlags(pfn, PageFlags.ANON_EXCLUSIVE);
    memMap.clearFlags(pfn, PageFlags.ANON_EXCLUSIVE);
    tables.writePte(pteAddress, SwapEntry.migration(tables.format(), pte, exclusive));
    tlb.flushPage(linearAddress);
    if (Pte.isDirty(pte) && memMap.isPageAnon(pfn)) {
      memMap.setPageDirty(pfn);
    }
    pages.dropMapping(area, pte);
  }

  /**
   * {@code remove_migration_pte}: maps a page again in the place of a migration entry, with the
   * rights that the area gives and the bits that the entry kept.
   */
  public void restoreMigrationEntry(Vma area, long pteAddress, long entry, int pfn) {
    PageTableFormat format = tables.format();
    long pte = Pte.of(pfn, UserPages.protection(area));
    if (!SwapEntry.isYoungMigration(format, entry)) {
      pte = Pte.mkOld(pte);
    }
    if (SwapEntry.isDirtyMigration(format, entry) && memMap.isPageDirty(pfn)) {
      pte = Pte.mkDirty(pte);
    }
    if (SwapEntry.isWritableMigration(format, entry) && (area.flags & VmFlags.WRITE) != 0) {
      pte = Pte.mkWrite(pte);
    }
    if (memMap.isPageAnon(pfn) && !SwapEntry.isSharedMigration(format, entry)) {
      memMap.setFlags(pfn, PageFlags.ANON_EXCLUSIVE);
    }
    if (SwapEntry.isSoftDirtyMigration(format, entry)) {
      pte |= Pte.SOFT_DIRTY;
    }
    memMap.getPage(pfn);
    if (memMap.incrementMapcount(pfn) == 1) {
      memory.vmStat().increment(UserPages.mappedItem(RssStat.kind(memMap.flags(pfn))));
    }
    if ((area.flags & VmFlags.LOCKED) != 0) {
      lru.lock(pfn);
    }
    tables.writePte(pteAddress, pte);
  }

  /**
   * {@code try_to_unmap_one} of an anonymous page in the swap cache: puts its swap entry in the
   * place of one that maps it. The caller has had the slot {@linkplain
   * org.memarium.mm.swap.Swap#duplicate duplicated} for it.
   *
   * @param pte the entry, which maps the page
   * @param swapEntry as {@link org.memarium.mm.swap.Swap#entryOf} names the slot
   */
  public void replaceBySwapEntry(
      Vma area, long linearAddress, long pteAddress, long pte, long swapEntry) {
    PageTableFormat format = tables.format();
    int pfn = Pte.pfn(pte);
    long entry = swapEntry;
    if (memMap.testFlags(pfn, PageFlags.ANON_EXCLUSIVE)) {
      memMap.clearFlags(pfn, PageFlags.ANON_EXCLUSIVE);
      entry = SwapEntry.mkExclusive(format, entry);
    }
    if (Pte.isSoftDirty(pte)) {
      entry = SwapEntry.mkSoftDirty(format, entry);
    }
    tables.writePte(pteAddress, entry);
    tlb.flushPage(linearAddress);
    if (Pte.isDirty(pte)) {
      memMap.setPageDirty(pfn);
    }
    rss.decrement(RssStat.ANON);
    rss.increment(RssStat.SWAP_ENTRIES);
    pages.dropMapping(area, pte);
  }

  /**
   * {@code page_add_anon_rmap} of {@code do_swap_page}: maps a page in the place of its swap entry,
   * whose slot the caller has given up. The entry takes over the caller's reference.
   *
   * @param area the one that the page lies in; it has an anon_vma
   * @param index linear page number, see {@link Vma#pageIndex}
   * @param exclusive whether nobody else has the page
   */
  public void mapSwappedIn(
      Vma area, long pteAddress, long pte, int pfn, long index, boolean exclusive) {
    if (!memMap.isPageAnon(pfn)) {
      // Of a page that others may have, all of the family know the oldest.
      AnonVma anonVma = Objects.requireNonNull(area.anonVma);
      memMap.setFlags(pfn, PageFlags.ANON);
      memMap.setMapping(pfn, (exclusive ? anonVma : anonVma.root()).number(), (int) index);
    }
    if (exclusive) {
      memMap.setFlags(pfn, PageFlags.ANON_EXCLUSIVE);
    }
    if (memMap.incrementMapcount(pfn) == 1) {
      memory.vmStat().increment(VmStatItem.NR_ANON_PAGES);
    }
    rss.increment(RssStat.ANON);
    rss.decrement(RssStat.SWAP_ENTRIES);
    if ((area.flags & VmFlags.LOCKED) != 0) {
      lru.lock(pfn);
    }
    tables.writePte(pteAddress, pte);
  }

  /**
   * {@code unuse_pte} of a page that could not be read: the entry says so from now on, and the slot
   * is given up.
   */
  public void poisonSwapEntry(long pteAddress, long pte) {
    rss.decrement(RssStat.SWAP_ENTRIES);
    tables.writePte(pteAddress, SwapEntry.poisoned(tables.format()));
    memory.swap().free(pte);
  }
}
