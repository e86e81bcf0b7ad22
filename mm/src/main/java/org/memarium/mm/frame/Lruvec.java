package org.memarium.mm.frame;

import java.util.Arrays;
import org.memarium.mm.Audit;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;
import org.memarium.mm.trace.ZoneStat;

/**
 * {@code struct lruvec}: the lists on which the pages of programs and files stand in the order of
 * their use, for whoever must choose one (Linux {@code mm/swap.c}, {@code mm_inline.h}). One a
 * machine, as Linux has one for each node; levels are counted for each zone too.
 *
 * <pre>
 *   folio_add_lru                    mark_page_accessed, the second time
 *        |    +----------+  PG_referenced set      +----------+
 *        +--->| inactive | ----------------------->|  active  |     one such pair for anonymous
 *        head +----------+                    head +----------+     pages and shmem, one for files
 *
 *   PG_mlocked: unevictable, counted and on no list
 * </pre>
 *
 * <p>A page is on the list that its flags name: SWAP_BACKED (anonymous or shmem, else of a file),
 * ACTIVE, UNEVICTABLE; LRU says that it is on one at all. {@link #isolate} takes it off, for
 * whoever moves or reclaims it, and leaves the other flags, so that {@link #putback} finds the list
 * again. The lists are threaded through {@link MemMap}; every operation takes a few writes.
 *
 * <p>Linux gathers pages in batches of 15 for each processor before they enter ({@code lru_pvecs});
 * the order is the same without them, and nothing has to be drained.
 */
@SuppressWarnings("EnumOrdinal") // a place in the arrays here, never stored
public final class Lruvec {
  private static final int NONE = -1;
  private static final LruList[] LISTS = LruList.values();

  private final MemMap memMap;
  private final VmStat vmStat;
  private final ZoneStat[] zoneStats;
  private final int[] head = new int[LISTS.length];
  private final int[] tail = new int[LISTS.length];

  Lruvec(MemMap memMap, Zone[] zones, VmStat vmStat) {
    this.memMap = memMap;
    this.vmStat = vmStat;
    this.zoneStats = new ZoneStat[zones.length];
    for (int i = 0; i < zones.length; i++) {
      zoneStats[i] = zones[i].stat();
    }
    Arrays.fill(head, NONE);
    Arrays.fill(tail, NONE);
  }

  // ---- Looking ----

  /** How many pages a list has. */
  public long size(LruList list) {
    return vmStat.get(list.nodeItem());
  }

  /** The page at the head, where pages enter; -1 if there is none. */
  public int first(LruList list) {
    return head[list.ordinal()];
  }

  /** The page at the tail, which has waited longest; -1 if there is none. */
  public int last(LruList list) {
    return tail[list.ordinal()];
  }

  /** The page behind this one, towards the tail; -1 if there is none. */
  public int next(int pfn) {
    return memMap.next(pfn);
  }

  /** The page before this one, towards the head; -1 if there is none. */
  public int previous(int pfn) {
    return memMap.prev(pfn);
  }

  /** {@code folio_lru_list}: the list that the flags of a page name. */
  public LruList listOf(int pfn) {
    return LISTS[number(memMap.flags(pfn))];
  }

  private static int number(int flags) {
    if ((flags & PageFlags.UNEVICTABLE) != 0) {
      return LruList.UNEVICTABLE.ordinal();
    }
    int list = (flags & PageFlags.SWAP_BACKED) != 0 ? 0 : LruList.INACTIVE_FILE.ordinal();
    return (flags & PageFlags.ACTIVE) != 0 ? list + 1 : list;
  }

  // ---- Entering and leaving ----

  /**
   * {@code folio_add_lru}: a page enters at the head of its list.
   *
   * @throws IllegalStateException if it is on one already
   */
  public void add(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.LRU) != 0) {
      throw memMap.wrong("a page enters the LRU lists twice", pfn);
    }
    if ((flags & (PageFlags.MLOCKED | PageFlags.UNEVICTABLE)) != 0) {
      flags = moveBetweenEvictable(pfn, flags);
    }
    memMap.setFlags(pfn, PageFlags.LRU);
    link(pfn, flags);
  }

  /** {@code lru_add_fn}: locked pages become unevictable, others that were so are rescued. */
  private int moveBetweenEvictable(int pfn, int flags) {
    boolean was = (flags & PageFlags.UNEVICTABLE) != 0;
    if ((flags & PageFlags.MLOCKED) != 0) {
      memMap.clearFlags(pfn, PageFlags.ACTIVE);
      memMap.setFlags(pfn, PageFlags.UNEVICTABLE);
      if (!was) {
        vmStat.increment(VmStatItem.UNEVICTABLE_PGS_CULLED);
      }
    } else {
      memMap.clearFlags(pfn, PageFlags.UNEVICTABLE);
      vmStat.increment(VmStatItem.UNEVICTABLE_PGS_RESCUED);
    }
    return memMap.flags(pfn);
  }

  /** {@code lruvec_add_folio}. */
  private void link(int pfn, int flags) {
    int list = number(flags);
    count(list, flags, 1);
    int[] section = memMap.section(pfn);
    int at = MemMap.at(pfn, MemMap.FLAGS);
    if (list == LruList.UNEVICTABLE.ordinal()) {
      section[at + MemMap.PREV] = 1; // mlock_count
      return;
    }
    int first = head[list];
    section[at + MemMap.NEXT] = first;
    section[at + MemMap.PREV] = NONE;
    if (first == NONE) {
      tail[list] = pfn;
    } else {
      memMap.section(first)[MemMap.at(first, MemMap.PREV)] = pfn;
    }
    head[list] = pfn;
  }

  /** {@code lruvec_del_folio}. */
  private void unlink(int pfn, int flags) {
    int list = number(flags);
    count(list, flags, -1);
    if (list == LruList.UNEVICTABLE.ordinal()) {
      return;
    }
    int next = memMap.next(pfn);
    int prev = memMap.prev(pfn);
    if (prev == NONE) {
      head[list] = next;
    } else {
      memMap.section(prev)[MemMap.at(prev, MemMap.NEXT)] = next;
    }
    if (next == NONE) {
      tail[list] = prev;
    } else {
      memMap.section(next)[MemMap.at(next, MemMap.PREV)] = prev;
    }
  }

  /** {@code update_lru_size}. */
  private void count(int list, int flags, int delta) {
    vmStat.add(LISTS[list].nodeItem(), delta);
    zoneStats[PageFlags.zone(flags)].add(LISTS[list].zoneItem(), delta);
  }

  /** {@code __page_cache_release}: the last reference goes; the page leaves its list for good. */
  void release(int pfn, int flags) {
    unlink(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.LRU | PageFlags.ACTIVE | PageFlags.UNEVICTABLE);
    if ((flags & PageFlags.MLOCKED) != 0) {
      memMap.clearFlags(pfn, PageFlags.MLOCKED);
      zoneStats[PageFlags.zone(flags)].decrement(VmStatItem.NR_MLOCK);
      vmStat.increment(VmStatItem.UNEVICTABLE_PGS_CLEARED);
    }
  }

  // ---- Isolation ----

  /**
   * {@code folio_isolate_lru}, without the reference that the caller takes: the page is on no list,
   * and counts as isolated.
   *
   * @throws IllegalStateException if it is on no list
   */
  public void isolate(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.LRU) == 0) {
      throw memMap.wrong("isolating a page that is on no LRU list", pfn);
    }
    unlink(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.LRU);
    vmStat.increment(isolatedItem(flags));
  }

  /** {@code putback_lru_page}, without the reference: at the head of its list again. */
  public void putback(int pfn) {
    vmStat.decrement(isolatedItem(memMap.flags(pfn)));
    add(pfn);
  }

  /** The page was moved or freed while isolated: it does not count as isolated any more. */
  public void forgetIsolated(int pfn) {
    vmStat.decrement(isolatedItem(memMap.flags(pfn)));
  }

  private static VmStatItem isolatedItem(int flags) {
    return (flags & PageFlags.SWAP_BACKED) != 0
        ? VmStatItem.NR_ISOLATED_ANON
        : VmStatItem.NR_ISOLATED_FILE;
  }

  // ---- Use ----

  /**
   * {@code mark_page_accessed}: somebody used the page. The first time sets PG_referenced, the
   * second makes it active.
   */
  public void markAccessed(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.REFERENCED) == 0) {
      memMap.setFlags(pfn, PageFlags.REFERENCED);
    } else if ((flags & (PageFlags.UNEVICTABLE | PageFlags.ACTIVE)) == 0) {
      if ((flags & PageFlags.LRU) != 0) {
        activate(pfn, flags);
      }
      memMap.clearFlags(pfn, PageFlags.REFERENCED);
    }
  }

  /** {@code folio_activate}. */
  private void activate(int pfn, int flags) {
    unlink(pfn, flags);
    memMap.setFlags(pfn, PageFlags.ACTIVE);
    link(pfn, memMap.flags(pfn));
    vmStat.increment(VmStatItem.PGACTIVATE);
  }

  /**
   * {@code folio_activate} of a page that reclaim could not take: at the head of its active list.
   */
  public void activate(int pfn) {
    activate(pfn, memMap.flags(pfn));
  }

  /**
   * {@code folio_deactivate}: a page that nobody will need soon; one that is not active stays where
   * it is.
   */
  public void deactivate(int pfn) {
    int flags = memMap.flags(pfn);
    memMap.clearFlags(pfn, PageFlags.REFERENCED);
    if ((flags & (PageFlags.LRU | PageFlags.ACTIVE | PageFlags.UNEVICTABLE))
        == (PageFlags.LRU | PageFlags.ACTIVE)) {
      unlink(pfn, flags);
      memMap.clearFlags(pfn, PageFlags.ACTIVE);
      link(pfn, memMap.flags(pfn));
      vmStat.increment(VmStatItem.PGDEACTIVATE);
    }
  }

  // ---- Lazily freed pages ----

  /**
   * {@code folio_mark_lazyfree}: an anonymous page whose content may be lost. Without SWAP_BACKED
   * it stands on the inactive list of files, where reclaim finds it first.
   */
  public void markLazyFree(int pfn) {
    int flags = memMap.flags(pfn);
    int wanted = PageFlags.ANON | PageFlags.SWAP_BACKED | PageFlags.LRU;
    if ((flags & (wanted | PageFlags.UNEVICTABLE)) != wanted) {
      return;
    }
    unlink(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.ACTIVE | PageFlags.REFERENCED | PageFlags.SWAP_BACKED);
    link(pfn, memMap.flags(pfn));
    vmStat.increment(VmStatItem.PGLAZYFREE);
  }

  /** A lazily freed page was written to: it is an anonymous page like others again, and active. */
  public void keepLazyFree(int pfn) {
    unlink(pfn, memMap.flags(pfn));
    memMap.setFlags(pfn, PageFlags.SWAP_BACKED | PageFlags.ACTIVE);
    link(pfn, memMap.flags(pfn));
    vmStat.increment(VmStatItem.PGACTIVATE);
  }

  // ---- Locking in memory ----

  /**
   * {@code mlock_folio}, or {@code mlock_new_page} for a page that enters no list before this: one
   * more locked area maps the page, which becomes unevictable with the first.
   */
  public void lock(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.MLOCKED) != 0) {
      addMlockCount(pfn, flags, 1);
      return;
    }
    take(pfn, flags);
    memMap.setFlags(pfn, PageFlags.MLOCKED);
    zoneStats[PageFlags.zone(flags)].increment(VmStatItem.NR_MLOCK);
    vmStat.increment(VmStatItem.UNEVICTABLE_PGS_MLOCKED);
    giveBack(pfn, flags);
  }

  /**
   * {@code munlock_folio}: one locked area less maps the page; with the last it waits on its list
   * again.
   */
  public void unlock(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.MLOCKED) == 0 || addMlockCount(pfn, flags, -1) > 0) {
      return;
    }
    take(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.MLOCKED);
    zoneStats[PageFlags.zone(flags)].decrement(VmStatItem.NR_MLOCK);
    vmStat.increment(VmStatItem.UNEVICTABLE_PGS_MUNLOCKED);
    giveBack(pfn, flags);
  }

  /** Takes a page off its list while its flags change, if it is on one. */
  private void take(int pfn, int flags) {
    if ((flags & PageFlags.LRU) != 0) {
      unlink(pfn, flags);
      memMap.clearFlags(pfn, PageFlags.LRU);
    }
  }

  private void giveBack(int pfn, int flags) {
    if ((flags & PageFlags.LRU) != 0) {
      add(pfn);
    }
  }

  /**
   * {@code mlock_count}: how many locked areas map an unevictable page. It stands where the link
   * would be, and is known only while the page is not isolated.
   *
   * @return the new count; 0 if it is not known
   */
  private int addMlockCount(int pfn, int flags, int delta) {
    int known = PageFlags.LRU | PageFlags.UNEVICTABLE;
    if ((flags & known) != known) {
      return 0;
    }
    return memMap.section(pfn)[MemMap.at(pfn, MemMap.PREV)] += delta;
  }

  /** How many locked areas map a page; 0 if it is not unevictable, or on no list. */
  public int mlockCount(int pfn) {
    return addMlockCount(pfn, memMap.flags(pfn), 0);
  }

  // ---- Audit ----

  /** Walks the lists, recounts them by zone, and looks for pages that only say they are on one. */
  void audit(Audit audit) {
    long[][] recount = new long[LISTS.length][zoneStats.length];
    long linked = 0;
    for (LruList list : LISTS) {
      linked += auditList(audit, list);
    }
    long marked = 0;
    long locked = 0;
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      int flags = memMap.flags(pfn);
      if ((flags & PageFlags.LRU) != 0) {
        int list = number(flags);
        recount[list][PageFlags.zone(flags)]++;
        marked += list == LruList.UNEVICTABLE.ordinal() ? 0 : 1;
      }
      locked += (flags & PageFlags.MLOCKED) != 0 ? 1 : 0;
    }
    audit.expectEqual("pages on the LRU lists", linked, marked);
    audit.expectEqual("nr_mlock", vmStat.get(VmStatItem.NR_MLOCK), locked);
    for (LruList list : LISTS) {
      long sum = 0;
      for (int zone = 0; zone < zoneStats.length; zone++) {
        long pages = recount[list.ordinal()][zone];
        String what = "%s of zone %d".formatted(list.zoneItem().vmstatName(), zone);
        audit.expectEqual(what, zoneStats[zone].get(list.zoneItem()), pages);
        sum += pages;
      }
      audit.expectEqual(list.nodeItem().vmstatName(), size(list), sum);
    }
  }

  private long auditList(Audit audit, LruList list) {
    long pages = 0;
    int before = NONE;
    for (int pfn = head[list.ordinal()]; pfn != NONE; pfn = memMap.next(pfn)) {
      if (pages++ > memMap.frames()
          || !memMap.testFlags(pfn, PageFlags.LRU)
          || listOf(pfn) != list
          || memMap.prev(pfn) != before) {
        audit.difference("the list %s holds %s".formatted(list, memMap.describe(pfn)));
        return pages;
      }
      before = pfn;
    }
    audit.expectEqual("tail of the list " + list, tail[list.ordinal()], before);
    return pages;
  }
}
