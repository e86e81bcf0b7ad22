package org.memarium.mm.frame;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;
import org.memarium.mm.trace.ZoneStat;

/**
 * {@code struct lruvec}: the lists on which the pages of one memory group stand in the order of
 * their use (Linux {@code include/linux/mmzone.h}, {@code mm_inline.h}). Group 0, the root, has all
 * pages of a machine without groups.
 *
 * <pre>
 *   head                                   tail
 *    +--+   next   +--+   next   +--+       +--+
 *    |  | -------> |  | -------> |  | ....> |  | ---> whoever reclaims
 *    +--+ <------- +--+ <------- +--+       +--+
 *    pages enter   previous                 waited longest
 * </pre>
 *
 * <p>The lists are threaded through {@link MemMap}. {@link Lru} decides which page goes where; what
 * is counted here is counted for the machine and for the zone too.
 */
@SuppressWarnings("EnumOrdinal") // a place in the arrays here, never stored
public final class Lruvec {
  static final LruList[] LISTS = LruList.values();
  private static final int NONE = -1;

  private final int group;
  private final @Nullable Lruvec parent;
  private final MemMap memMap;
  private final VmStat machine;
  private final ZoneStat[] zoneStats;
  private final int[] head = new int[LISTS.length];
  private final int[] tail = new int[LISTS.length];

  /** {@code lru_zone_size}: by list, then by zone. */
  private final long[] sizes;

  /** The group's own events and levels; null for the root, whose are the machine's. */
  private final @Nullable VmStat own;

  // ---- What balances anonymous pages against files ----
  private long anonCost;
  private long fileCost;

  /** {@code nonresident_age}: evictions and activations since boot. */
  private long nonresidentAge;

  /** {@code refaults[]}: how many there were when the last reclaim ended. */
  private long refaultsAnon;

  private long refaultsFile;

  /** {@code LRUVEC_CONGESTED}. */
  private boolean congested;

  Lruvec(int group, @Nullable Lruvec parent, MemMap memMap, VmStat machine, ZoneStat[] zoneStats) {
    this.group = group;
    this.parent = parent;
    this.memMap = memMap;
    this.machine = machine;
    this.zoneStats = zoneStats;
    this.sizes = new long[LISTS.length * zoneStats.length];
    this.own = parent == null ? null : new VmStat();
    Arrays.fill(head, NONE);
    Arrays.fill(tail, NONE);
  }

  /** Number of the memory group; 0 is the root. */
  public int group() {
    return group;
  }

  /** {@code parent_lruvec}: that of the group above; null at the root. */
  public @Nullable Lruvec parent() {
    return parent;
  }

  // ---- Looking ----

  /** {@code lruvec_page_state}: how many pages a list has. */
  public long size(LruList list) {
    return size(list, zoneStats.length - 1);
  }

  /** {@code lruvec_lru_size}: how many pages of a list lie in the zones up to one. */
  public long size(LruList list, int highestZone) {
    int first = list.ordinal() * zoneStats.length;
    long pages = 0;
    for (int zone = 0; zone <= highestZone; zone++) {
      pages += sizes[first + zone];
    }
    return pages;
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

  // ---- Counting ----

  /** {@code mod_lruvec_state}, {@code count_memcg_events}: for the machine and for the group. */
  public void count(VmStatItem item, long delta) {
    machine.add(item, delta);
    countInGroup(item, delta);
  }

  /** The same for the group only: what a limit makes it reclaim is no shortage of the machine. */
  public void countInGroup(VmStatItem item, long delta) {
    for (Lruvec at = this; at != null && at.own != null; at = at.parent) {
      at.own.add(item, delta);
    }
  }

  /** The group's counter, which has those of the groups below it too. */
  public long stat(VmStatItem item) {
    return own == null ? machine.get(item) : own.get(item);
  }

  // ---- The balance of anonymous pages and files ----

  /** {@code anon_cost}: what it has cost lately to reclaim anonymous pages. */
  public long anonCost() {
    return anonCost;
  }

  /** {@code file_cost}. */
  public long fileCost() {
    return fileCost;
  }

  /**
   * {@code lru_note_cost}: pages were written or read again because of reclaim. Older costs fade
   * out.
   */
  public void noteCost(boolean file, long pages) {
    for (Lruvec at = this; at != null; at = at.parent) {
      at.fileCost += file ? pages : 0;
      at.anonCost += file ? 0 : pages;
      long evictable =
          at.size(LruList.INACTIVE_ANON)
              + at.size(LruList.ACTIVE_ANON)
              + at.size(LruList.INACTIVE_FILE)
              + at.size(LruList.ACTIVE_FILE);
      if (at.fileCost + at.anonCost > evictable / 4) {
        at.fileCost /= 2;
        at.anonCost /= 2;
      }
    }
  }

  // ---- The working set ----

  /** {@code nonresident_age}: how many pages were evicted or became active. */
  public long nonresidentAge() {
    return nonresidentAge;
  }

  /** {@code workingset_age_nonresident}: of this group and of those above. */
  public void ageNonresident(long pages) {
    for (Lruvec at = this; at != null; at = at.parent) {
      at.nonresidentAge += pages;
    }
  }

  /** {@code snapshot_refaults}: reclaim of this group ends. */
  public void snapshotRefaults() {
    refaultsAnon = stat(VmStatItem.WORKINGSET_ACTIVATE_ANON);
    refaultsFile = stat(VmStatItem.WORKINGSET_ACTIVATE_FILE);
  }

  /** Whether pages that should have been active have come back since the last reclaim ended. */
  public boolean hasRefaulted(boolean file) {
    return file
        ? refaultsFile != stat(VmStatItem.WORKINGSET_ACTIVATE_FILE)
        : refaultsAnon != stat(VmStatItem.WORKINGSET_ACTIVATE_ANON);
  }

  /** {@code LRUVEC_CONGESTED}: all dirty pages at the end of the lists are being written. */
  public boolean isCongested() {
    return congested;
  }

  /** Sets it; reclaim ends it when memory is no longer short. */
  public void setCongested(boolean congested) {
    this.congested = congested;
  }

  // ---- Links, for Lru ----

  /** {@code lruvec_add_folio}: at the head. */
  void link(int pfn, int flags, int list) {
    count(list, flags, 1);
    if (list == LruList.UNEVICTABLE.ordinal()) {
      return; // Where its links would be, Lru keeps mlock_count.
    }
    int[] section = memMap.section(pfn);
    int at = MemMap.at(pfn, MemMap.FLAGS);
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

  /** {@code lruvec_add_folio_tail}. */
  void linkTail(int pfn, int flags, int list) {
    count(list, flags, 1);
    int[] section = memMap.section(pfn);
    int at = MemMap.at(pfn, MemMap.FLAGS);
    int last = tail[list];
    section[at + MemMap.NEXT] = NONE;
    section[at + MemMap.PREV] = last;
    if (last == NONE) {
      head[list] = pfn;
    } else {
      memMap.section(last)[MemMap.at(last, MemMap.NEXT)] = pfn;
    }
    tail[list] = pfn;
  }

  /** {@code lruvec_del_folio}. */
  void unlink(int pfn, int flags, int list) {
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
    int zone = PageFlags.zone(flags);
    sizes[list * zoneStats.length + zone] += delta;
    machine.add(LISTS[list].nodeItem(), delta);
    zoneStats[zone].add(LISTS[list].zoneItem(), delta);
    if (own != null) {
      countInGroup(LISTS[list].nodeItem(), delta);
    }
  }

  // ---- Audit ----

  /** Walks the lists; returns how many pages stand on them. */
  long audit(Audit audit, Lru lru) {
    long pages = 0;
    for (LruList list : LISTS) {
      pages += auditList(audit, list, lru);
    }
    return pages;
  }

  /** The size of a list in one zone, as counted. */
  long countedSize(int list, int zone) {
    return sizes[list * zoneStats.length + zone];
  }

  private long auditList(Audit audit, LruList list, Lru lru) {
    long pages = 0;
    int before = NONE;
    for (int pfn = head[list.ordinal()]; pfn != NONE; pfn = memMap.next(pfn)) {
      if (pages++ > memMap.frames()
          || !memMap.testFlags(pfn, PageFlags.LRU)
          || memMap.group(pfn) != group
          || lru.listOf(pfn) != list
          || memMap.prev(pfn) != before) {
        audit.difference(
            "the list %s of group %d holds %s".formatted(list, group, memMap.describe(pfn)));
        return pages;
      }
      before = pfn;
    }
    audit.expectEqual(
        "tail of the list %s of group %d".formatted(list, group), tail[list.ordinal()], before);
    return pages;
  }
}
