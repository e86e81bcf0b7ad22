package org.memarium.mm.reclaim;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.LruObserver;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.rmap.Rmap;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;
import org.memarium.mm.trace.VmStatItem;

/**
 * The multi-generational LRU (Linux 6.1 {@code mm/vmscan.c}, {@code CONFIG_LRU_GEN}): pages are in
 * generations; the oldest is evicted, and page tables are walked for accessed bits only when a new
 * generation is due.
 *
 * <pre>
 *   aging      walk the page tables of the group: used pages to the youngest generation, which then
 *              is the youngest but one
 *   eviction   from the end of the oldest generation of the kind that comes back less:
 *                moved on since, or dirty, or read often by descriptors: to a younger one
 *                not used: freed; used: its neighbours in the page table are looked at too, and all
 *                that were used go to the youngest generation
 * </pre>
 *
 * <p>Unlike Linux it walks whole page tables, without the Bloom filter of those that were sparse at
 * the last walk, and pages of files come into the oldest generation also when a fault brings them:
 * the accessed bit of the entry tells that they are in use.
 */
final class MultiGenerational implements ReclaimPolicy, LruObserver {
  /** {@code MAX_LRU_BATCH}. */
  private static final int BATCH = 64;

  /** Entries around a used one that are looked at. */
  private static final int NEIGHBOURS = 64;

  private static final int PAGE_SHIFT = 12;

  // ---- The shadow: 27 bits of the generation, the uses, the kind ----
  private static final int SHADOW_USES_SHIFT = 1;
  private static final int USES_MASK = 7;
  private static final int SHADOW_SEQ_SHIFT = 4;
  private static final int SEQ_MASK = (1 << 27) - 1;

  private final MemoryManager memory;
  private final MemMap memMap;
  private final Rmap rmap;
  private final ScanCount scanCount;
  private final Eviction eviction;
  private final MemoryGroups groups;
  private final PageOrder order;

  /** Uses by file descriptors, by frame, at most 7. */
  private final byte[] uses;

  private final @Nullable Generations[] generations = new Generations[PageOrder.GROUPS];
  private final PageList taken = new PageList();
  private final PageList chosen = new PageList();

  /** How many pages the latest batch had to evict. */
  private int nrTaken;

  /** Uses of the page that comes next, which was evicted before. */
  private int usesBefore;

  MultiGenerational(PolicyParts parts) {
    memory = parts.memory();
    memMap = memory.memMap();
    rmap = parts.rmap();
    scanCount = parts.scanCount();
    eviction = parts.eviction();
    groups = parts.groups();
    int lines = PageOrder.GROUPS * Generations.KINDS * Generations.MAX_GENERATIONS;
    order = new PageOrder(memMap.frames(), lines);
    uses = new byte[memMap.frames()];
  }

  @Override
  public String name() {
    return "mglru";
  }

  @Override
  public LruObserver observer() {
    return this;
  }

  // ---- Lines: one for each group, kind and generation ----

  private Generations of(int group) {
    Generations found = generations[group];
    if (found == null) {
      found = new Generations();
      generations[group] = found;
    }
    return found;
  }

  private static int line(int group, int kind, long seq) {
    int generation = (int) (seq % Generations.MAX_GENERATIONS);
    return (group * Generations.KINDS + kind) * Generations.MAX_GENERATIONS + generation;
  }

  private static int groupOf(int line) {
    return line / (Generations.KINDS * Generations.MAX_GENERATIONS);
  }

  private static int kindOf(int line) {
    return line / Generations.MAX_GENERATIONS % Generations.KINDS;
  }

  private void move(int pfn, int line, boolean toEnd) {
    order.remove(pfn);
    if (toEnd) {
      order.addLast(pfn, line);
    } else {
      order.addFirst(pfn, line);
    }
  }

  /** {@code folio_update_gen}: a page that was used is among the youngest. */
  private void rejuvenate(int pfn) {
    if (order.contains(pfn)) {
      int line = order.line(pfn);
      int group = groupOf(line);
      int youngest = line(group, kindOf(line), of(group).maxSeq);
      if (line != youngest) {
        move(pfn, youngest, false);
      }
    }
  }

  // ---- What is told ----

  /** {@code lru_gen_add_folio}. */
  @Override
  public void added(int pfn) {
    int group = memMap.group(pfn);
    Generations all = of(group);
    int flags = memMap.flags(pfn);
    int kind = (flags & PageFlags.SWAP_BACKED) != 0 ? Generations.ANON : Generations.FILE;
    long seq;
    if ((flags & PageFlags.ACTIVE) != 0 || (flags & PageFlags.ANON) != 0) {
      seq = all.maxSeq;
    } else if (kind == Generations.ANON) {
      seq = all.minSeq[kind] + 1;
    } else {
      seq = all.minSeq[kind];
    }
    uses[pfn] = (byte) usesBefore;
    usesBefore = 0;
    move(pfn, line(group, kind, seq), false);
  }

  /** {@code folio_inc_refs}. */
  @Override
  public void accessed(int pfn) {
    if (uses[pfn] < USES_MASK) {
      uses[pfn]++;
    }
  }

  /** {@code lru_gen_add_folio} of a page that is being reclaimed: at the end of the oldest. */
  @Override
  public void rotated(int pfn) {
    if (order.contains(pfn)) {
      int line = order.line(pfn);
      int group = groupOf(line);
      move(pfn, line(group, kindOf(line), of(group).minSeq[kindOf(line)]), true);
    }
  }

  @Override
  public void removed(int pfn) {
    order.remove(pfn);
  }

  /** {@code lru_gen_eviction}. */
  @Override
  public int evicted(int pfn, int shadow) {
    int group = memMap.group(pfn);
    Generations all = of(group);
    int kind = memMap.testFlags(pfn, PageFlags.SWAP_BACKED) ? Generations.ANON : Generations.FILE;
    all.countEvicted(kind, tier(pfn));
    return (int) (all.minSeq[kind] & SEQ_MASK) << SHADOW_SEQ_SHIFT
        | uses[pfn] << SHADOW_USES_SHIFT
        | kind;
  }

  /** {@code lru_gen_refault}: only what the latest eviction took tells something. */
  @Override
  public void refaulted(int pfn, int shadow) {
    int kind = shadow & 1;
    Generations all = of(memMap.group(pfn));
    boolean file = kind == Generations.FILE;
    count(pfn, file ? VmStatItem.WORKINGSET_REFAULT_FILE : VmStatItem.WORKINGSET_REFAULT_ANON);
    if (shadow >>> SHADOW_SEQ_SHIFT != (int) (all.minSeq[kind] & SEQ_MASK)) {
      return;
    }
    int usesThen = shadow >>> SHADOW_USES_SHIFT & USES_MASK;
    all.countRefaulted(kind, Generations.tier(Math.max(usesThen - 1, 0)));
    count(pfn, file ? VmStatItem.WORKINGSET_ACTIVATE_FILE : VmStatItem.WORKINGSET_ACTIVATE_ANON);
    if (usesThen > 1) {
      usesBefore = usesThen;
      count(pfn, file ? VmStatItem.WORKINGSET_RESTORE_FILE : VmStatItem.WORKINGSET_RESTORE_ANON);
    }
  }

  private void count(int pfn, VmStatItem item) {
    memory.allocator().lru().lruvecOf(pfn).count(item, 1);
  }

  private int tier(int pfn) {
    return Generations.tier(Math.max(uses[pfn] - 1, 0));
  }

  // ---- Aging ----

  /**
   * {@code try_to_inc_max_seq}: all pages that were used since the last walk are young, and a new
   * generation begins.
   */
  private void age(int group, Generations all) {
    for (MmStruct mm : memory.addressSpaces()) {
      if (mm.group() == group || group == 0) {
        walk(mm);
      }
    }
    for (int kind = 0; kind < Generations.KINDS; kind++) {
      if (all.count(kind) == Generations.MAX_GENERATIONS) {
        int oldest = line(group, kind, all.minSeq[kind]);
        int next = line(group, kind, all.minSeq[kind] + 1);
        for (int pfn = order.last(oldest); pfn >= 0; pfn = order.last(oldest)) {
          move(pfn, next, true);
        }
        all.incMinSeq(kind);
      }
    }
    all.maxSeq++;
  }

  /** {@code walk_mm}. */
  private void walk(MmStruct mm) {
    PteCursor cursor = mm.pages().tables().cursor();
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      if (!isWalked(area)) {
        continue;
      }
      cursor.reset(area.start(), area.end());
      while (cursor.next()) {
        long pte = cursor.pte();
        if (Pte.isPresent(pte) && !Pte.isSpecial(pte) && Pte.isYoung(pte)) {
          cursor.write(Pte.mkOld(pte));
          rejuvenate(Pte.pfn(pte));
        }
      }
    }
  }

  /** {@code should_skip_vma}, turned around. */
  private static boolean isWalked(Vma area) {
    return !area.has(VmFlags.LOCKED)
        && !area.has(VmFlags.PFNMAP)
        && !area.has(VmFlags.SEQ_READ)
        && !area.has(VmFlags.RAND_READ);
  }

  // ---- Eviction ----

  /** {@code lru_gen_shrink_lruvec}. */
  @Override
  public void shrinkLruvec(Lruvec lruvec, ScanControl sc) {
    int group = lruvec.group();
    Generations all = of(group);
    boolean mayTakeAnon = sc.maySwap && scanCount.canReclaimAnon(lruvec);
    incMinSeqs(group, all, mayTakeAnon);
    if (needsAging(group, all, mayTakeAnon)) {
      age(group, all);
      incMinSeqs(group, all, mayTakeAnon);
    }
    long share = Math.max(pages(group, all, mayTakeAnon) >> sc.priority, BATCH);
    long goal = sc.nrReclaimed + sc.nrToReclaim;
    int agings = 0;
    while (share > 0 && sc.nrReclaimed < goal) {
      int kind = mayTakeAnon ? all.kindToScan(groups.swappiness(group)) : Generations.FILE;
      long looked = evictSome(lruvec, all, kind, sc);
      if (nrTaken == 0 && mayTakeAnon) {
        looked += evictSome(lruvec, all, 1 - kind, sc);
      }
      incMinSeqs(group, all, mayTakeAnon);
      if (looked == 0) {
        if (!isDue(all, mayTakeAnon) || agings == Generations.MAX_GENERATIONS) {
          break;
        }
        agings++;
        age(group, all);
        incMinSeqs(group, all, mayTakeAnon);
      }
      share -= looked;
    }
  }

  /** {@code try_to_inc_min_seq}: generations without pages end. */
  private void incMinSeqs(int group, Generations all, boolean mayTakeAnon) {
    for (int kind = mayTakeAnon ? Generations.ANON : Generations.FILE;
        kind < Generations.KINDS;
        kind++) {
      while (all.count(kind) > Generations.MIN_GENERATIONS
          && order.size(line(group, kind, all.minSeq[kind])) == 0) {
        all.incMinSeq(kind);
      }
    }
  }

  /** Whether a kind of pages has no generation left that may be evicted. */
  private static boolean isDue(Generations all, boolean mayTakeAnon) {
    return all.count(Generations.FILE) <= Generations.MIN_GENERATIONS
        || (mayTakeAnon && all.count(Generations.ANON) <= Generations.MIN_GENERATIONS);
  }

  /**
   * {@code should_run_aging}: no generation is left that may be evicted; or it will soon be so, and
   * most pages are young, or hardly any old.
   */
  private boolean needsAging(int group, Generations all, boolean mayTakeAnon) {
    int first = mayTakeAnon ? Generations.ANON : Generations.FILE;
    long oldest = all.minSeq[Generations.FILE];
    if (mayTakeAnon) {
      oldest = Math.min(oldest, all.minSeq[Generations.ANON]);
    }
    if (oldest + Generations.MIN_GENERATIONS > all.maxSeq) {
      return true;
    }
    if (oldest + Generations.MIN_GENERATIONS < all.maxSeq) {
      return false;
    }
    long young = 0;
    long old = 0;
    for (int kind = first; kind < Generations.KINDS; kind++) {
      young += order.size(line(group, kind, all.maxSeq));
      old += order.size(line(group, kind, all.maxSeq - Generations.MIN_GENERATIONS));
    }
    long total = pages(group, all, mayTakeAnon);
    return young * Generations.MIN_GENERATIONS > total
        || old * (Generations.MIN_GENERATIONS + 2) < total;
  }

  private long pages(int group, Generations all, boolean withAnon) {
    long pages = 0;
    for (int kind = withAnon ? Generations.ANON : Generations.FILE;
        kind < Generations.KINDS;
        kind++) {
      for (long seq = all.minSeq[kind]; seq <= all.maxSeq; seq++) {
        pages += order.size(line(group, kind, seq));
      }
    }
    return pages;
  }

  /**
   * {@code evict_folios}: looks at some pages of the oldest generation of a kind.
   *
   * @return how many; 0 if it has none that may be evicted
   */
  private long evictSome(Lruvec lruvec, Generations all, int kind, ScanControl sc) {
    nrTaken = 0;
    if (all.count(kind) <= Generations.MIN_GENERATIONS) {
      return 0;
    }
    int group = lruvec.group();
    int oldest = line(group, kind, all.minSeq[kind]);
    int next = line(group, kind, all.minSeq[kind] + 1);
    int evictableTier = all.evictableTier(kind);
    taken.clear();
    long looked = 0;
    int pfn = order.last(oldest);
    while (pfn >= 0 && looked < BATCH) {
      int before = order.before(pfn);
      looked++;
      if (!isCandidate(pfn, sc)) {
        move(pfn, next, false);
      } else if (tier(pfn) > evictableTier) {
        all.countProtected(kind, tier(pfn));
        move(pfn, next, false);
      } else if (!wasUsed(pfn)) {
        eviction.isolate(pfn, taken);
      }
      // Neighbours of a used page have moved on, this one perhaps among them.
      boolean moved = before >= 0 && order.line(before) != oldest;
      pfn = moved ? order.last(oldest) : before;
    }
    nrTaken = taken.size();
    chosen.copyFrom(taken);
    sc.nrReclaimed += eviction.evict(lruvec, taken, looked, kind == Generations.FILE, sc, true);
    spareKept(oldest, next, line(group, kind, all.maxSeq));
    return looked;
  }

  /** What could not be freed makes way for others: {@code move_folios_to_lru}. */
  private void spareKept(int oldest, int next, int youngest) {
    for (int i = 0; i < chosen.size(); i++) {
      int pfn = chosen.get(i);
      if (order.contains(pfn) && order.line(pfn) == oldest) {
        boolean active = memMap.testFlags(pfn, PageFlags.ACTIVE);
        move(pfn, active ? youngest : next, false);
      }
    }
  }

  /** {@code sort_folio}: whether a page can be evicted at all now. */
  private boolean isCandidate(int pfn, ScanControl sc) {
    int flags = memMap.flags(pfn);
    boolean dirtyFile =
        (flags & (PageFlags.SWAP_BACKED | PageFlags.DIRTY | PageFlags.ANON)) == PageFlags.DIRTY;
    if (dirtyFile) {
      memory.pageCache().wakeupFlushers();
    }
    return (flags & (PageFlags.LRU | PageFlags.UNEVICTABLE)) == PageFlags.LRU
        && (flags & PageFlags.WRITEBACK) == 0
        && !dirtyFile
        && memMap.zoneIndex(pfn) <= sc.highestZone
        && (sc.mayUnmap || memMap.pageMapcount(pfn) == 0);
  }

  // ---- Looking around ----

  /**
   * Whether a page was used through a page table since somebody last asked; it and those around it
   * that were used are among the youngest then ({@code lru_gen_look_around}).
   */
  private boolean wasUsed(int pfn) {
    if (memMap.pageMapcount(pfn) == 0) {
      return false;
    }
    boolean[] used = new boolean[1];
    rmap.walk(
        pfn,
        (area, linearAddress) -> {
          long pte = area.mm().pages().tables().pte(linearAddress);
          if (Rmap.maps(pte, pfn) && Pte.isYoung(pte)) {
            used[0] = true;
            lookAround(area, linearAddress);
          }
          return true;
        });
    return used[0];
  }

  private void lookAround(Vma area, long linearAddress) {
    PageTables tables = area.mm().pages().tables();
    long window = (long) NEIGHBOURS << PAGE_SHIFT;
    long start = Math.max(linearAddress & -window, area.start());
    long end = Math.min((linearAddress & -window) + window, area.end());
    // An aligned window lies in one table.
    long pteAddress = tables.pteAddress(start);
    int entryBytes = tables.format().entryBytes();
    for (long address = start; address < end; address += 1L << PAGE_SHIFT) {
      long pte = tables.readPte(pteAddress);
      if (Pte.isPresent(pte) && !Pte.isSpecial(pte) && Pte.isYoung(pte)) {
        tables.writePte(pteAddress, Pte.mkOld(pte));
        rejuvenate(Pte.pfn(pte));
      }
      pteAddress += entryBytes;
    }
  }
}
