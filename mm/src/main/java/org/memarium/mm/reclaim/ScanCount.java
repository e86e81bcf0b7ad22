package org.memarium.mm.reclaim;

import org.memarium.mm.frame.AllocFlags;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * How many pages of each list one attempt looks at (Linux 6.1 {@code mm/vmscan.c}, {@code
 * prepare_scan_count}, {@code get_scan_count}, {@code inactive_is_low}).
 *
 * <pre>
 *   share of a list      its size >> priority
 *   SCAN_FILE            files only: there is no swap, or plenty of inactive files
 *   SCAN_ANON            anonymous pages only: there are hardly any files left
 *   SCAN_EQUAL           everything: nothing was freed so far
 *   SCAN_FRACT           the share, times the part of
 *                          anon  swappiness         * (total + 1) / (anonCost + 1)
 *                          file  (200 - swappiness) * (total + 1) / (fileCost + 1)
 *                        where each cost has the sum of both added, so that none gets less than a
 *                        third of the pressure, before swappiness
 * </pre>
 */
@SuppressWarnings("EnumOrdinal") // a place in the array here, never stored
final class ScanCount {
  private static final int GIGABYTE_PAGES_SHIFT = 30 - 12;

  /** Most of swappiness. */
  private static final int MOST = 200;

  private enum Balance {
    EQUAL,
    FRACT,
    ANON,
    FILE
  }

  private final PageAllocator allocator;
  private final Swap swap;
  private final MemoryGroups groups;
  private final VmStat vmStat;

  ScanCount(PageAllocator allocator, Swap swap, MemoryGroups groups) {
    this.allocator = allocator;
    this.swap = swap;
    this.groups = groups;
    this.vmStat = allocator.vmStat();
  }

  /** {@code can_reclaim_anon_pages}: whether a group has room in swap. */
  boolean canReclaimAnon(Lruvec lruvec) {
    return allocator.lru().workingset().freeSwapPages(lruvec.group()) > 0;
  }

  /** {@code can_age_anon_pages}: whether it is of any use to know which are old. */
  boolean canAgeAnon() {
    return swap.totalPages() > 0;
  }

  /**
   * {@code inactive_is_low}: whether the active list is too long beside the inactive one: longer
   * than it where both have less than a gigabyte, {@code sqrt(10 * gigabytes)} times as long else.
   */
  static boolean inactiveIsLow(long inactive, long active) {
    long gigabytes = (inactive + active) >> GIGABYTE_PAGES_SHIFT;
    long ratio = gigabytes == 0 ? 1 : (long) Math.sqrt(10.0 * gigabytes);
    return inactive * ratio < active;
  }

  static boolean inactiveIsLow(Lruvec lruvec, boolean file) {
    return file
        ? inactiveIsLow(lruvec.size(LruList.INACTIVE_FILE), lruvec.size(LruList.ACTIVE_FILE))
        : inactiveIsLow(lruvec.size(LruList.INACTIVE_ANON), lruvec.size(LruList.ACTIVE_ANON));
  }

  /** {@code prepare_scan_count}: what holds for the whole pass. */
  void prepare(ScanControl sc) {
    Lruvec target = sc.target;
    sc.anonCost = target.anonCost();
    sc.fileCost = target.fileCost();
    sc.mayDeactivateAnon =
        sc.forceDeactivate || target.hasRefaulted(false) || inactiveIsLow(target, false);
    sc.mayDeactivateFile =
        sc.forceDeactivate || target.hasRefaulted(true) || inactiveIsLow(target, true);
    long inactiveFile = target.size(LruList.INACTIVE_FILE);
    sc.cacheTrimMode = inactiveFile >> sc.priority != 0 && !sc.mayDeactivateFile;
    if (!sc.isGroupReclaim) {
      sc.fileIsTiny = fileIsTiny(sc);
    }
  }

  /**
   * Files are so few that reclaiming them alone would only thrash; unless there is as little of
   * anything else.
   */
  private boolean fileIsTiny(ScanControl sc) {
    long highMarks = 0;
    for (Zone zone : allocator.zones()) {
      highMarks += zone.isPopulated() ? zone.watermarks().pages(AllocFlags.WMARK_HIGH) : 0;
    }
    long file = vmStat.get(VmStatItem.NR_ACTIVE_FILE) + vmStat.get(VmStatItem.NR_INACTIVE_FILE);
    long anon = vmStat.get(VmStatItem.NR_INACTIVE_ANON);
    return file + allocator.node().freePages() <= highMarks
        && !sc.mayDeactivateAnon
        && anon >> sc.priority != 0;
  }

  /**
   * {@code get_scan_count}.
   *
   * @param nr by list, in their order: where the numbers of pages to look at are put
   */
  void count(Lruvec lruvec, ScanControl sc, long[] nr) {
    int swappiness = groups.swappiness(lruvec.group());
    Balance balance = balance(lruvec, sc, swappiness);
    long total = sc.anonCost + sc.fileCost;
    long anonCost = total + sc.anonCost;
    long fileCost = total + sc.fileCost;
    total = anonCost + fileCost;
    long anonPart = swappiness * (total + 1) / (anonCost + 1);
    long filePart = (MOST - swappiness) * (total + 1) / (fileCost + 1);
    for (LruList list : LruList.EVICTABLE) {
      boolean file = list.isFile();
      long size = lruvec.size(list, sc.highestZone);
      long scan = share(lruvec, sc, size) >> sc.priority;
      if (scan == 0 && !groups.isOnline(lruvec.group())) {
        // What a group leaves behind must not stay for ever.
        scan = Math.min(size, ScanControl.SWAP_CLUSTER_MAX);
      }
      nr[list.ordinal()] =
          switch (balance) {
            case EQUAL -> scan;
            case FRACT -> scan * (file ? filePart : anonPart) / (anonPart + filePart);
            case ANON -> file ? 0 : scan;
            case FILE -> file ? scan : 0;
          };
    }
  }

  private Balance balance(Lruvec lruvec, ScanControl sc, int swappiness) {
    if (!sc.maySwap || !canReclaimAnon(lruvec) || (sc.isGroupReclaim && swappiness == 0)) {
      return Balance.FILE;
    }
    if (sc.priority == 0 && swappiness != 0) {
      return Balance.EQUAL;
    }
    if (sc.fileIsTiny) {
      return Balance.ANON;
    }
    return sc.cacheTrimMode ? Balance.FILE : Balance.FRACT;
  }

  /** The part of a list that {@code memory.min} and {@code memory.low} do not protect. */
  private long share(Lruvec lruvec, ScanControl sc, long size) {
    int group = lruvec.group();
    long min = groups.protectedMin(sc.target.group(), group);
    long low = groups.protectedLow(sc.target.group(), group);
    if (min == 0 && low == 0) {
      return size;
    }
    long protection = min;
    if (!sc.groupLowReclaim && low > min) {
      protection = low;
      sc.groupLowSkipped = true;
    }
    long groupSize = Math.max(groups.pages(group), protection);
    return Math.max(size - size * protection / (groupSize + 1), ScanControl.SWAP_CLUSTER_MAX);
  }
}
