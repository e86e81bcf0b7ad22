package org.memarium.mm.space;

import java.util.Objects;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;
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

  private final MmuGather tlb;
  final ZapPageRange zap;
  private final ReplacedEntries replaced;

  UserPages(MemoryManager memory, PageTables tables) {
    this.memory = memory;
    this.tables = tables;
    this.cursor = tables.cursor();
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.lru = allocator.lru();
    this.softDirtyFlag = memory.softDirtyBit() == 0 ? 0 : VmFlags.SOFTDIRTY;
    this.tlb = new MmuGather(memory, tables);
    this.zap = new ZapPageRange(this, memory);
    this.replaced = new ReplacedEntries(this, memory);
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

  /** What the TLB has to forget. */
  public MmuGather tlb() {
    return tlb;
  }

  /** Entries that stand for a page which is elsewhere. */
  public ReplacedEntries replaced() {
    return replaced;
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

  static VmStatItem mappedItem(int kind) {
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
  void dropMapping(Vma area, long pte) {
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

  // ---- Ranges ----

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
        tlb.gather(cursor.linearAddress());
      }
    }
    tlb.finish();
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
    tlb.flushPage(linearAddress);
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
}
