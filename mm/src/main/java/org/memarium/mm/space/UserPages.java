package org.memarium.mm.space;

import java.util.Objects;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteBuffer;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/**
 * The pages that an address space maps: entering them into its page tables, taking them out,
 * changing their rights, and telling the TLB (Linux {@code mm/memory.c}, {@code mm/mprotect.c},
 * {@code mm/rmap.c}, {@code arch/x86/mm/tlb.c}).
 *
 * <p>Each entry that maps a frame holds a reference to it and counts in its map count and in the
 * resident set; the zero page is not counted. The TLB is told when an entry is removed or loses a
 * right, never when it gains one: the fault that follows drops the stale translation.
 */
public final class UserPages {
  /** {@code tlb_single_page_flush_ceiling}: for more pages than this all are flushed. */
  private static final int FLUSH_CEILING_PAGES = 33;

  private final Mmu mmu;
  private final PageTables tables;
  private final PteCursor cursor;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Lru lru;
  private final MemoryManager memory;

  /** {@link VmFlags#SOFTDIRTY} where entries have {@link Pte#SOFT_DIRTY}, else 0. */
  private final int softDirtyFlag;

  /** How many pages and swap entries there are. */
  final RssStat rss = new RssStat();

  // ---- struct mmu_gather: what has been taken out since the last flush ----
  private long gatherStart = Long.MAX_VALUE;
  private long gatherEnd;

  /** {@code tlb_gen}: how many flushes of this address space there were. */
  private long tlbGeneration;

  UserPages(MemoryManager memory, PageTables tables) {
    this.memory = memory;
    this.mmu = memory.mmu();
    this.tables = tables;
    this.cursor = tables.cursor();
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.lru = allocator.lru();
    this.softDirtyFlag = memory.softDirtyBit() == 0 ? 0 : VmFlags.SOFTDIRTY;
  }

  /** {@code VM_SOFTDIRTY}: what a new area has; 0 where nobody tracks it. */
  int softDirtyFlag() {
    return softDirtyFlag;
  }

  /** {@code vma_soft_dirty_enabled}: writes to the area's pages are tracked one by one. */
  private static boolean tracksWrites(Vma area) {
    return (area.flags & VmFlags.SOFTDIRTY) == 0 && area.mm.pages.softDirtyFlag != 0;
  }

  /** The page tables. */
  public PageTables tables() {
    return tables;
  }

  // ---- One page in, one page out ----

  /**
   * {@code folio_add_new_anon_rmap} and {@code set_pte}: maps a frame that was just allocated as an
   * anonymous page; the entry takes over the allocation's reference.
   *
   * @param area the one that the page lies in; it has an anon_vma
   * @param index linear page number, see {@link Vma#pageIndex}
   */
  public void mapNewAnon(Vma area, long pteAddress, long pte, int pfn, long index) {
    // What may be dropped goes nowhere when memory is short, like a page of MADV_FREE.
    int backed = (area.flags & VmFlags.DROPPABLE) == 0 ? PageFlags.SWAP_BACKED : 0;
    memMap.setFlags(pfn, PageFlags.ANON | PageFlags.ANON_EXCLUSIVE | PageFlags.UPTODATE | backed);
    memMap.setMapping(pfn, Objects.requireNonNull(area.anonVma).number(), (int) index);
    memMap.incrementMapcount(pfn);
    memory.vmStat().increment(VmStatItem.NR_ANON_PAGES);
    rss.increment(RssStat.ANON);
    if ((area.flags & VmFlags.LOCKED) != 0) {
      lru.lock(pfn);
    }
    lru.add(pfn);
    tables.writePte(pteAddress, pte);
  }

  /**
   * {@code set_pte_range}: maps a page of the page cache; the entry gets a reference of its own.
   */
  public void mapFile(Vma area, long pteAddress, long pte, int pfn) {
    memMap.getPage(pfn);
    if (memMap.incrementMapcount(pfn) == 1) {
      memory.vmStat().increment(VmStatItem.NR_MAPPED);
    }
    rss.increment(RssStat.kind(memMap.flags(pfn)));
    if ((area.flags & VmFlags.LOCKED) != 0) {
      lru.lock(pfn);
    }
    tables.writePte(pteAddress, pte);
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
    flushPage(linearAddress);
    if (Pte.isDirty(pte) && memMap.isPageAnon(pfn)) {
      memMap.setPageDirty(pfn);
    }
    dropMapping(area, pte);
  }

  /**
   * {@code remove_migration_pte}: maps a page again in the place of a migration entry, with the
   * rights that the area gives and the bits that the entry kept.
   */
  public void restoreMigrationEntry(Vma area, long pteAddress, long entry, int pfn) {
    PageTableFormat format = tables.format();
    long pte = Pte.of(pfn, protection(area));
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
      memory.vmStat().increment(mappedItem(RssStat.kind(memMap.flags(pfn))));
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
    flushPage(linearAddress);
    if (Pte.isDirty(pte)) {
      memMap.setPageDirty(pfn);
    }
    rss.decrement(RssStat.ANON);
    rss.increment(RssStat.SWAP_ENTRIES);
    dropMapping(area, pte);
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

  private static VmStatItem mappedItem(int kind) {
    return kind == RssStat.ANON ? VmStatItem.NR_ANON_PAGES : VmStatItem.NR_MAPPED;
  }

  /** Takes a page out of the books after its entry was cleared or replaced. */
  public void unmapped(Vma area, long pte) {
    if (Pte.isSpecial(pte)) {
      return;
    }
    int pfn = Pte.pfn(pte);
    int flags = (area.flags & VmFlags.LOCKED) == 0 ? memMap.dropRmapIfShared(pfn) : 0;
    if (flags == 0) {
      rss.decrement(RssStat.kind(memMap.flags(pfn)));
      removeRmap(area, pte);
      memory.swap().freeCacheOf(pfn);
      allocator.putPage(pfn);
      return;
    }
    int kind = RssStat.kind(flags);
    rss.decrement(kind);
    if (kind != RssStat.ANON && Pte.isDirty(pte)) {
      markDirty(pfn);
    }
  }

  /** {@code page_remove_rmap} and {@code put_page}: an entry does not map its page any more. */
  private void dropMapping(Vma area, long pte) {
    removeRmap(area, pte);
    allocator.putPage(Pte.pfn(pte));
  }

  /** {@code page_remove_rmap}; the entry's reference is left. */
  private void removeRmap(Vma area, long pte) {
    int pfn = Pte.pfn(pte);
    int kind = RssStat.kind(memMap.flags(pfn));
    if (kind != RssStat.ANON && Pte.isDirty(pte)) {
      markDirty(pfn);
    }
    if (memMap.decrementMapcount(pfn) == 0) {
      memory.vmStat().decrement(mappedItem(kind));
    }
    if ((area.flags & VmFlags.LOCKED) != 0) {
      lru.unlock(pfn);
    }
  }

  private void markDirty(int pfn) {
    AddressSpace space = memory.pageCache().spaceOf(pfn);
    // A truncated file's page has left its file already.
    if (space != null) {
      space.setDirty(pfn);
    }
  }

  /**
   * {@code page_move_anon_rmap}: an anonymous page that nobody else has any more belongs to the
   * area alone from now on.
   */
  public void moveAnonRmap(Vma area, int pfn) {
    memMap.setMapping(pfn, Objects.requireNonNull(area.anonVma).number(), memMap.index(pfn));
    memMap.setFlags(pfn, PageFlags.ANON_EXCLUSIVE);
  }

  // ---- Fork ----

  /** A page that the parent has entered the resident set of the forked process too. */
  void countCopied(int flags) {
    rss.increment(RssStat.kind(flags));
  }

  /** A page of the parent that was swapped out is one of the forked process too. */
  void countSwapped() {
    rss.increment(RssStat.SWAP_ENTRIES);
  }

  /** {@code flush_tlb_mm}. */
  void flushAll() {
    flush(0, Long.MAX_VALUE);
  }

  // ---- Ranges ----

  /**
   * {@code unmap_vmas}: takes everything of [start, end), which lies in one area, out, guard
   * markers too; {@link #finishUnmap} follows.
   */
  void unmap(Vma area, long start, long end) {
    zap(area, start, end, true);
  }

  /**
   * {@code zap_pte_range}: takes all pages of [start, end), which lies in one area, out; {@link
   * #finishUnmap} follows.
   *
   * @param dropMarkers whether guard markers go too ({@code ZAP_FLAG_DROP_MARKER})
   */
  void zap(Vma area, long start, long end, boolean dropMarkers) {
    PteBuffer buffer = memory.pteBuffer;
    long[] ptes = buffer.ptes;
    cursor.reset(start, end);
    while (cursor.nextTable()) {
      int count = cursor.entriesHere();
      buffer.read(tables, cursor.pteAddress(), count);
      int lastZapped = -1;
      boolean changed = false;
      for (int i = 0; i < count; i++) {
        long pte = ptes[i];
        if (pte == 0) {
          continue;
        }
        if (!Pte.isPresent(pte)) {
          ptes[i] = zapNonpresent(pte, dropMarkers);
          changed |= ptes[i] != pte;
          continue;
        }
        ptes[i] = 0;
        if (lastZapped < 0) {
          gather(cursor.linearAddress() + (long) i * Ram.PAGE_SIZE);
        }
        lastZapped = i;
        if (Pte.isYoung(pte) && !Pte.isSpecial(pte) && (area.flags & VmFlags.SEQ_READ) == 0) {
          markAccessed(Pte.pfn(pte));
        }
        unmapped(area, pte);
      }
      if (lastZapped >= 0) {
        gather(cursor.linearAddress() + (long) lastZapped * Ram.PAGE_SIZE);
      }
      if (lastZapped >= 0 || changed) {
        buffer.write(tables, cursor.pteAddress(), count);
      }
    }
  }

  /** The same of an entry without a frame; returns what stays. */
  private long zapNonpresent(long pte, boolean dropMarkers) {
    if (SwapEntry.isSwapped(tables.format(), pte)) {
      freeSwapEntry(pte);
      return 0;
    }
    if (SwapEntry.isPoisoned(tables.format(), pte)) {
      return 0;
    }
    if (!SwapEntry.isGuard(tables.format(), pte)) {
      // Nobody runs while pages are moved.
      throw new IllegalStateException("no page, no slot and no guard: 0x%x".formatted(pte));
    }
    return dropMarkers ? 0 : pte;
  }

  /** {@code free_swap_and_cache} of an entry that goes: nobody needs what was swapped out. */
  void freeSwapEntry(long pte) {
    rss.decrement(RssStat.SWAP_ENTRIES);
    memory.swap().freeAndCache(pte);
  }

  /**
   * Writes guard markers to the entries of [start, end), which are none or guards already.
   *
   * @return false if there is no memory for a table; the first ones are there then
   */
  boolean fillWithGuards(long start, long end) {
    long guard = SwapEntry.guard(tables.format());
    for (long at = start; at < end; at += Ram.PAGE_SIZE) {
      long pteAddress = tables.allocPte(at);
      if (pteAddress < 0) {
        return false;
      }
      tables.writePte(pteAddress, guard);
    }
    return true;
  }

  /** A page of a file was used through an entry that goes now; an anonymous page goes with it. */
  private void markAccessed(int pfn) {
    if (!memMap.isPageAnon(pfn)) {
      lru.markAccessed(pfn);
    }
  }

  /**
   * {@code mlock_vma_pages_range}: one more, or one less, locked area has the pages that are mapped
   * in [start, end); the zero page is nobody's.
   */
  void setLocked(long start, long end, boolean lock) {
    cursor.reset(start, end);
    while (cursor.next()) {
      long pte = cursor.pte();
      if (!Pte.isPresent(pte) || Pte.isSpecial(pte)) {
        continue;
      }
      if (lock) {
        lru.lock(Pte.pfn(pte));
      } else {
        lru.unlock(Pte.pfn(pte));
      }
    }
  }

  /** Ends a series of {@link #unmap}: flushes what was taken out. */
  void finishUnmap() {
    if (gatherStart < gatherEnd) {
      flush(gatherStart, gatherEnd);
    }
    gatherStart = Long.MAX_VALUE;
    gatherEnd = 0;
  }

  /**
   * {@code free_pgtables}: frees the tables of [start, end) that no area between floor and ceiling
   * needs.
   */
  void freeTables(long start, long end, long floor, long ceiling) {
    tables.freeRange(start, end, floor, ceiling);
  }

  /** {@code change_protection}: gives the entries of [start, end) the rights of their area. */
  void protect(Vma area, long start, long end) {
    long protection = protection(area);
    boolean tryWritable = area.has(VmFlags.WRITE);
    cursor.reset(start, end);
    while (cursor.next()) {
      long old = cursor.pte();
      if (!Pte.isPresent(old)) {
        continue;
      }
      long pte = Pte.modify(old, protection);
      if (tryWritable && !Pte.isWritable(pte) && canBecomeWritable(area, pte)) {
        pte = Pte.mkWrite(pte);
      }
      cursor.write(pte);
      if (needsFlush(old, pte)) {
        gather(cursor.linearAddress());
      }
    }
    finishUnmap();
  }

  /** {@code can_change_pte_writable}: whether a write to it would do nothing but set the bit. */
  private boolean canBecomeWritable(Vma area, long pte) {
    if (Pte.isSpecial(pte) || (!Pte.isSoftDirty(pte) && tracksWrites(area))) {
      return false;
    }
    if (area.has(VmFlags.SHARED)) {
      return Pte.isDirty(pte);
    }
    return memMap.testFlags(Pte.pfn(pte), PageFlags.ANON_EXCLUSIVE);
  }

  /** {@code pte_needs_flush}: whether a TLB may hold more than the new entry allows. */
  private static boolean needsFlush(long old, long pte) {
    if ((old & PageTableEntry.PRESENT) == 0) {
      return false;
    }
    long cleared = old & ~pte & (PageTableEntry.DIRTY | PageTableEntry.PRESENT);
    long changed =
        (old ^ pte) & (PageTableEntry.WRITABLE | PageTableEntry.USER | PageTableEntry.NX);
    return cleared != 0 || changed != 0;
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
        gatherStart = Math.min(gatherStart, source);
        gatherEnd = Math.max(gatherEnd, source + span);
      } else if (tables.pteAddress(source) >= 0) {
        // The table is made even if nothing is in the old one, as Linux does it.
        long moved = tables.allocPte(target) < 0 ? 0 : moveEntries(source, target, extent);
        if (moved < extent) {
          finishUnmap();
          return done + moved;
        }
      }
      done += extent;
    }
    finishUnmap();
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
        pte |= memory.softDirtyBit();
      } else if (memory.softDirtyBit() != 0 && SwapEntry.isSwapped(tables.format(), pte)) {
        pte = SwapEntry.mkSoftDirty(tables.format(), pte);
      }
      tables.writePte(target, pte);
      cursor.write(0);
      gather(cursor.linearAddress());
    }
    return bytes;
  }

  /** Whether an address is mapped to this very frame. */
  boolean maps(long linearAddress, int pfn) {
    long pteAddress = tables.pteAddress(linearAddress);
    long pte = pteAddress < 0 ? 0 : tables.readPte(pteAddress);
    return Pte.isPresent(pte) && Pte.pfn(pte) == pfn;
  }

  /** {@code page_mkclean_one}: takes the right to write from one page; returns whether dirty. */
  boolean clean(long linearAddress) {
    long pteAddress = tables.pteAddress(linearAddress);
    long pte = pteAddress < 0 ? 0 : tables.readPte(pteAddress);
    if (!Pte.isPresent(pte) || (!Pte.isDirty(pte) && !Pte.isWritable(pte))) {
      return false;
    }
    tables.writePte(pteAddress, Pte.mkClean(Pte.wrProtect(pte)));
    flushPage(linearAddress);
    return Pte.isDirty(pte);
  }

  /** {@code vm_page_prot}: the protection of a fresh entry of an area. */
  public static long protection(Vma area) {
    int flags = area.flags;
    long protection =
        Pte.protection(
            (flags & VmFlags.READ) != 0,
            (flags & VmFlags.WRITE) != 0,
            (flags & VmFlags.EXEC) != 0,
            (flags & VmFlags.SHARED) != 0);
    // vma_wants_writenotify: the first write to a page of a file is noticed, to mark it dirty; the
    // first one since clear_refs, too.
    boolean noticed =
        area.mapping != null && (area.mapping.store().isPersistent() || tracksWrites(area));
    return noticed ? Pte.wrProtect(protection) : protection;
  }

  // ---- TLB ----

  /** {@code tlb_remove_tlb_entry}: an entry lost something; {@link #finishUnmap} follows. */
  void gather(long linearAddress) {
    gatherStart = Math.min(gatherStart, linearAddress);
    gatherEnd = Math.max(gatherEnd, linearAddress + Ram.PAGE_SIZE);
  }

  /** Whether the processor uses these tables now. */
  boolean isCurrent() {
    return mmu.cr3() == tables.pgd();
  }

  /** {@code flush_tlb_page}. */
  public void flushPage(long linearAddress) {
    flush(linearAddress, linearAddress + Ram.PAGE_SIZE);
  }

  /** {@code context.tlb_gen}. */
  long tlbGeneration() {
    return tlbGeneration;
  }

  /** {@code flush_tlb_mm_range}. */
  private void flush(long start, long end) {
    tlbGeneration++;
    if (!isCurrent()) {
      return;
    }
    memory.addressSpaceIds.flushed(tlbGeneration);
    long pages = (end - start) >>> Ram.PAGE_SHIFT;
    boolean all = pages > FLUSH_CEILING_PAGES;
    if (all) {
      mmu.reloadCr3();
    } else {
      for (long at = start; at < end; at += Ram.PAGE_SIZE) {
        mmu.invlpg(at);
      }
    }
    if (memory.trace().isOn()) {
      memory.trace().emit(new TraceEvent.TlbFlush("local mm shootdown", all ? -1 : pages));
    }
  }
}
