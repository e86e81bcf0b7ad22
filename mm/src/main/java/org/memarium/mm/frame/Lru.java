package org.memarium.mm.frame;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;
import org.memarium.mm.trace.ZoneStat;

/**
 * Which of the lists of a {@link Lruvec} a page stands on, and how it gets there (Linux {@code
 * mm/swap.c}, {@code mm_inline.h}, {@code mm/mlock.c}). One a machine.
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
 * again. Every operation takes a few writes.
 *
 * <p>Linux gathers pages in batches of 15 for each processor before they enter ({@code lru_pvecs});
 * the order is the same without them, and nothing has to be drained.
 */
@SuppressWarnings("EnumOrdinal") // a place in the arrays here, never stored
public final class Lru {
  private static final LruList[] LISTS = Lruvec.LISTS;
  private static final int UNEVICTABLE = LruList.UNEVICTABLE.ordinal();

  private final MemMap memMap;
  private final VmStat vmStat;
  private final ZoneStat[] zoneStats;
  private final Lruvec root;

  /** By group; number 0 is the root. */
  private final List<@Nullable Lruvec> lruvecs = new ArrayList<>();

  private final Workingset workingset;

  /** A policy that keeps an order of its own; null for Linux's lists. */
  private @Nullable LruObserver observer;

  Lru(MemMap memMap, Zone[] zones, VmStat vmStat) {
    this.memMap = memMap;
    this.vmStat = vmStat;
    this.zoneStats = new ZoneStat[zones.length];
    long pages = 0;
    for (int i = 0; i < zones.length; i++) {
      zoneStats[i] = zones[i].stat();
      pages += zones[i].managedPages();
    }
    root = new Lruvec(0, null, memMap, vmStat, zoneStats);
    lruvecs.add(root);
    workingset = new Workingset(this, memMap, pages);
  }

  // ---- Groups ----

  /** The lists of the root group: of all pages, on a machine without groups. */
  public Lruvec root() {
    return root;
  }

  /** {@code folio_lruvec}: the lists of the group that a page belongs to. */
  public Lruvec lruvecOf(int pfn) {
    int group = memMap.group(pfn);
    return group == 0 ? root : existing(group);
  }

  private Lruvec existing(int group) {
    Lruvec lruvec = lruvec(group);
    if (lruvec == null) {
      throw new IllegalStateException("a page belongs to group %d, which is gone".formatted(group));
    }
    return lruvec;
  }

  /** {@code mem_cgroup_lruvec}: the lists of a group; null if there is no such group (any more). */
  public @Nullable Lruvec lruvec(int group) {
    return group < lruvecs.size() ? lruvecs.get(group) : null;
  }

  /** All lists, by number of their group. */
  public List<Lruvec> lruvecs() {
    List<Lruvec> all = new ArrayList<>();
    for (Lruvec lruvec : lruvecs) {
      if (lruvec != null) {
        all.add(lruvec);
      }
    }
    return all;
  }

  /**
   * A group begins.
   *
   * @param group its number, 1 to 255, that no group has
   * @param parent number of the group above
   */
  public Lruvec addGroup(int group, int parent) {
    while (lruvecs.size() <= group) {
      lruvecs.add(null);
    }
    if (lruvecs.get(group) != null) {
      throw new IllegalArgumentException("there is a group %d already".formatted(group));
    }
    memMap.enableGroups();
    Lruvec lruvec = new Lruvec(group, existing(parent), memMap, vmStat, zoneStats);
    lruvecs.set(group, lruvec);
    return lruvec;
  }

  /** A group without pages ends. */
  public void removeGroup(int group) {
    lruvecs.set(group, null);
  }

  /** Who detects that pages come back too soon. */
  public Workingset workingset() {
    return workingset;
  }

  /** Tells a policy of every page from now on; to be set before the first page enters. */
  public void setObserver(@Nullable LruObserver observer) {
    this.observer = observer;
  }

  /** Who is told; null while Linux's lists are the only order. */
  @Nullable LruObserver observer() {
    return observer;
  }

  // ---- Which list ----

  /** {@code folio_lru_list}: the list that the flags of a page name. */
  public LruList listOf(int pfn) {
    return LISTS[number(memMap.flags(pfn))];
  }

  private static int number(int flags) {
    if ((flags & PageFlags.UNEVICTABLE) != 0) {
      return UNEVICTABLE;
    }
    int list = (flags & PageFlags.SWAP_BACKED) != 0 ? 0 : LruList.INACTIVE_FILE.ordinal();
    return (flags & PageFlags.ACTIVE) != 0 ? list + 1 : list;
  }

  private void link(int pfn, int flags) {
    lruvecOf(pfn).link(pfn, flags, number(flags));
  }

  private void unlink(int pfn, int flags) {
    lruvecOf(pfn).unlink(pfn, flags, number(flags));
  }

  // ---- Entering and leaving ----

  /**
   * {@code folio_add_lru}: a page enters at the head of its list.
   *
   * @throws IllegalStateException if it is on one already
   */
  public void add(int pfn) {
    enter(pfn);
    if (observer != null) {
      observer.added(pfn);
    }
  }

  private void enter(int pfn) {
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

  /** {@code __page_cache_release}: the last reference goes; the page leaves its list for good. */
  void release(int pfn, int flags) {
    unlink(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.LRU | PageFlags.ACTIVE | PageFlags.UNEVICTABLE);
    if ((flags & PageFlags.MLOCKED) != 0) {
      memMap.clearFlags(pfn, PageFlags.MLOCKED);
      zoneStats[PageFlags.zone(flags)].decrement(VmStatItem.NR_MLOCK);
      vmStat.increment(VmStatItem.UNEVICTABLE_PGS_CLEARED);
    }
    if (observer != null) {
      observer.removed(pfn);
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
    take(pfn);
    vmStat.increment(isolatedItem(flags));
  }

  /** {@code putback_lru_page}, without the reference: at the head of its list again. */
  public void putback(int pfn) {
    vmStat.decrement(isolatedItem(memMap.flags(pfn)));
    enter(pfn);
  }

  /** The page was moved or freed while isolated: it does not count as isolated any more. */
  public void forgetIsolated(int pfn) {
    vmStat.decrement(isolatedItem(memMap.flags(pfn)));
    if (observer != null) {
      observer.removed(pfn);
    }
  }

  private static VmStatItem isolatedItem(int flags) {
    return (flags & PageFlags.SWAP_BACKED) != 0
        ? VmStatItem.NR_ISOLATED_ANON
        : VmStatItem.NR_ISOLATED_FILE;
  }

  /**
   * Takes a page off its list for reclaim, which counts isolated pages itself, by the list that it
   * took them from.
   *
   * @throws IllegalStateException if it is on no list
   */
  public void take(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.LRU) == 0) {
      throw memMap.wrong("isolating a page that is on no LRU list", pfn);
    }
    unlink(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.LRU);
    if ((flags & PageFlags.UNEVICTABLE) != 0) {
      setMlockCount(pfn, 0);
    }
  }

  /** Gives back what {@link #take} took: at the head of the list that the flags name now. */
  public void give(int pfn) {
    enter(pfn);
  }

  /** Reclaim frees a page that it {@linkplain #take took}: it will be on no list any more. */
  public void forget(int pfn) {
    memMap.clearFlags(pfn, PageFlags.ACTIVE | PageFlags.UNEVICTABLE);
    if (observer != null) {
      observer.removed(pfn);
    }
  }

  /** {@code list_move}: to the head of the list that it is on; its turn comes late again. */
  public void rotateToHead(int pfn) {
    int flags = memMap.flags(pfn);
    unlink(pfn, flags);
    link(pfn, flags);
  }

  /**
   * {@code folio_rotate_reclaimable}: a page has been written that shall be reclaimed as soon as
   * that is done. It goes to the tail of its inactive list, and is the next to go.
   */
  public void rotateReclaimable(int pfn) {
    int flags = memMap.flags(pfn);
    int unwanted = PageFlags.DIRTY | PageFlags.UNEVICTABLE;
    if ((flags & (PageFlags.LRU | unwanted)) != PageFlags.LRU) {
      return;
    }
    unlink(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.ACTIVE);
    int now = memMap.flags(pfn);
    lruvecOf(pfn).linkTail(pfn, now, number(now));
    vmStat.increment(VmStatItem.PGROTATED);
    if (observer != null) {
      observer.rotated(pfn);
    }
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
      workingset.activation(pfn);
    }
    if (observer != null) {
      observer.accessed(pfn);
    }
  }

  /** {@code folio_activate}. */
  private void activate(int pfn, int flags) {
    unlink(pfn, flags);
    memMap.setFlags(pfn, PageFlags.ACTIVE);
    link(pfn, memMap.flags(pfn));
    lruvecOf(pfn).count(VmStatItem.PGACTIVATE, 1);
  }

  /** {@code folio_activate}: at the head of its active list. */
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
      lruvecOf(pfn).count(VmStatItem.PGDEACTIVATE, 1);
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
    if ((flags & (wanted | PageFlags.UNEVICTABLE | PageFlags.SWAP_CACHE)) != wanted) {
      return;
    }
    unlink(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.ACTIVE | PageFlags.REFERENCED | PageFlags.SWAP_BACKED);
    link(pfn, memMap.flags(pfn));
    lruvecOf(pfn).count(VmStatItem.PGLAZYFREE, 1);
  }

  /** A lazily freed page was written to: it is an anonymous page like others again, and active. */
  public void keepLazyFree(int pfn) {
    unlink(pfn, memMap.flags(pfn));
    memMap.setFlags(pfn, PageFlags.SWAP_BACKED | PageFlags.ACTIVE);
    link(pfn, memMap.flags(pfn));
    lruvecOf(pfn).count(VmStatItem.PGACTIVATE, 1);
  }

  // ---- Locking in memory ----

  /**
   * {@code mlock_folio}, or {@code mlock_new_page} for a page that enters no list before this: one
   * more locked area maps the page, which becomes unevictable with the first.
   */
  public void lock(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.MLOCKED) != 0) {
      setMlockCount(pfn, memMap.prev(pfn) + 1);
      return;
    }
    takeIfListed(pfn, flags);
    memMap.setFlags(pfn, PageFlags.MLOCKED);
    setMlockCount(pfn, 1);
    zoneStats[PageFlags.zone(flags)].increment(VmStatItem.NR_MLOCK);
    vmStat.increment(VmStatItem.UNEVICTABLE_PGS_MLOCKED);
    giveIfListed(pfn, flags);
  }

  /**
   * {@code munlock_folio}: one locked area less maps the page; with the last that was counted it
   * waits on its list again.
   */
  public void unlock(int pfn) {
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.MLOCKED) == 0) {
      return;
    }
    int count = mlockCount(pfn);
    if (count > 1) {
      setMlockCount(pfn, count - 1);
      return;
    }
    takeIfListed(pfn, flags);
    memMap.clearFlags(pfn, PageFlags.MLOCKED);
    zoneStats[PageFlags.zone(flags)].decrement(VmStatItem.NR_MLOCK);
    vmStat.increment(VmStatItem.UNEVICTABLE_PGS_MUNLOCKED);
    giveIfListed(pfn, flags);
  }

  private void takeIfListed(int pfn, int flags) {
    if ((flags & PageFlags.LRU) != 0) {
      unlink(pfn, flags);
      memMap.clearFlags(pfn, PageFlags.LRU);
    }
  }

  private void giveIfListed(int pfn, int flags) {
    if ((flags & PageFlags.LRU) != 0) {
      enter(pfn);
    }
  }

  /**
   * {@code mlock_count}: how many locked areas map an unevictable page, which needs no links. It
   * begins anew, at 0, for a page that was {@linkplain #take taken} and comes back, and so may be
   * too low: then the page is evictable again before the last area lets go of it.
   */
  private void setMlockCount(int pfn, int count) {
    memMap.section(pfn)[MemMap.at(pfn, MemMap.PREV)] = count;
  }

  /** How many locked areas map a page, as counted; 0 if it is not unevictable, or on no list. */
  public int mlockCount(int pfn) {
    int known = PageFlags.LRU | PageFlags.UNEVICTABLE;
    return (memMap.flags(pfn) & known) == known ? memMap.prev(pfn) : 0;
  }

  // ---- Audit ----

  /** Walks the lists, recounts them by zone, and looks for pages that only say they are on one. */
  void audit(Audit audit) {
    long linked = 0;
    for (Lruvec lruvec : lruvecs()) {
      linked += lruvec.audit(audit, this);
    }
    long marked = 0;
    long locked = 0;
    long[][] recount = new long[lruvecs.size()][LISTS.length * zoneStats.length];
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      int flags = memMap.flags(pfn);
      if ((flags & PageFlags.LRU) != 0) {
        int list = number(flags);
        recount[memMap.group(pfn)][list * zoneStats.length + PageFlags.zone(flags)]++;
        marked += list == UNEVICTABLE ? 0 : 1;
      }
      locked += (flags & PageFlags.MLOCKED) != 0 ? 1 : 0;
    }
    audit.expectEqual("pages on the LRU lists", linked, marked);
    audit.expectEqual("nr_mlock", vmStat.get(VmStatItem.NR_MLOCK), locked);
    for (LruList list : LISTS) {
      auditSizes(audit, list, recount);
    }
  }

  private void auditSizes(Audit audit, LruList list, long[][] recount) {
    long sum = 0;
    for (int zone = 0; zone < zoneStats.length; zone++) {
      long ofZone = 0;
      for (Lruvec lruvec : lruvecs()) {
        long pages = recount[lruvec.group()][list.ordinal() * zoneStats.length + zone];
        audit.expectEqual(
            "%s of zone %d of group %d".formatted(list, zone, lruvec.group()),
            lruvec.countedSize(list.ordinal(), zone),
            pages);
        ofZone += pages;
      }
      String what = "%s of zone %d".formatted(list.zoneItem().vmstatName(), zone);
      audit.expectEqual(what, zoneStats[zone].get(list.zoneItem()), ofZone);
      sum += ofZone;
    }
    audit.expectEqual(list.nodeItem().vmstatName(), vmStat.get(list.nodeItem()), sum);
  }
}
