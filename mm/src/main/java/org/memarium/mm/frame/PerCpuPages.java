package org.memarium.mm.frame;

import org.memarium.mm.Audit;

/**
 * {@code struct per_cpu_pages}: free blocks that a zone keeps at hand for the processor, in front
 * of its free lists (Linux 6.1 {@code mm/page_alloc.c}).
 *
 * <p>There is a list for each of the types Unmovable, Movable and Reclaimable and each order up to
 * {@code PAGE_ALLOC_COSTLY_ORDER}, and one more for blocks of the pageblock order, the size of a
 * huge page. Blocks come in batches and go back in batches that grow while only frees happen. Their
 * pages do not count as {@code NR_FREE_PAGES}.
 */
public final class PerCpuPages {
  /** {@code PAGE_ALLOC_COSTLY_ORDER}. */
  static final int COSTLY_ORDER = 3;

  /** {@code NR_LOWORDER_PCP_LISTS}: the number of the list of huge blocks. */
  private static final int HUGE_LIST = MigrateType.PCPTYPES * (COSTLY_ORDER + 1);

  private static final int LISTS = HUGE_LIST + 1;

  private final Zone zone;
  private final MemMap memMap;
  private final PfnDeque[] lists = new PfnDeque[LISTS];

  /** Those of type Movable, by order: the same objects. */
  private final PfnDeque[] movable = new PfnDeque[COSTLY_ORDER + 1];

  /** Those of type Unmovable. */
  private final PfnDeque[] unmovable = new PfnDeque[COSTLY_ORDER + 1];

  private int count;
  private int high;
  private int batch = 1;
  private int freeFactor;

  PerCpuPages(Zone zone, MemMap memMap) {
    this.zone = zone;
    this.memMap = memMap;
    for (int i = 0; i < LISTS; i++) {
      lists[i] = new PfnDeque();
    }
    for (int order = 0; order <= COSTLY_ORDER; order++) {
      movable[order] = lists[listOf(order, MigrateType.MOVABLE)];
      unmovable[order] = lists[listOf(order, MigrateType.UNMOVABLE)];
    }
  }

  /** {@code count}: pages on all lists. */
  public int count() {
    return count;
  }

  /** {@code high}: with this many pages some go back. */
  public int high() {
    return high;
  }

  /** {@code batch}: how many pages come or go at once. */
  public int batch() {
    return batch;
  }

  /** {@code pageset_update}. */
  void setHighAndBatch(int newHigh, int newBatch) {
    high = newHigh;
    batch = newBatch;
  }

  /** {@code order_to_pindex}. */
  private static int listOf(int order, int type) {
    return order > COSTLY_ORDER ? HUGE_LIST : MigrateType.PCPTYPES * order + type;
  }

  private int orderOf(int list) {
    return list == HUGE_LIST ? zone.pageblocks().order() : list / MigrateType.PCPTYPES;
  }

  /**
   * {@code rmqueue_pcplist} as far as a block is at hand.
   *
   * @param order up to {@link #COSTLY_ORDER}
   * @return its first frame, or -1 if the list is empty
   */
  int takeReady(int order, int type) {
    PfnDeque list = lists[MigrateType.PCPTYPES * order + type];
    if (list.isEmpty()) {
      return -1;
    }
    freeFactor >>= 1;
    count -= 1 << order;
    return list.removeFirst();
  }

  /**
   * {@code rmqueue_pcplist}: a block from a list, which is filled first if it is empty.
   *
   * @param order up to {@link #COSTLY_ORDER}, or the pageblock order
   * @param type below {@link MigrateType#PCPTYPES}
   * @return its first frame, or -1 if the zone has none
   */
  int take(int order, int type, int allocFlags) {
    freeFactor >>= 1;
    PfnDeque list = lists[listOf(order, type)];
    if (list.isEmpty() && !refill(list, order, type, allocFlags)) {
      return -1;
    }
    count -= 1 << order;
    return list.removeFirst();
  }

  /** {@code rmqueue_bulk}. */
  private boolean refill(PfnDeque list, int order, int type, int allocFlags) {
    int blocks = batch > 1 ? Math.max(batch >> order, 2) : batch;
    for (int i = 0; i < blocks; i++) {
      int pfn = zone.rmqueue(order, type, allocFlags);
      if (pfn < 0) {
        break;
      }
      memMap.setPcp(pfn, order, type);
      list.addLast(pfn);
      count += 1 << order;
    }
    return !list.isEmpty();
  }

  /**
   * {@code free_unref_page_commit}: keeps a free block, and gives some back if there are too many.
   *
   * @param pfn of a block that is marked as free and on a per-CPU list
   * @param type the list that it goes to
   */
  void give(int pfn, int order, int type) {
    // Branches that are predicted, so that nothing waits for the type to be loaded.
    if (order > COSTLY_ORDER) {
      lists[HUGE_LIST].addFirst(pfn);
    } else if (type == MigrateType.MOVABLE) {
      movable[order].addFirst(pfn);
    } else if (type == MigrateType.UNMOVABLE) {
      unmovable[order].addFirst(pfn);
    } else {
      lists[listOf(order, type)].addFirst(pfn);
    }
    count += 1 << order;
    boolean freeHigh = freeFactor != 0 && order != 0 && order <= COSTLY_ORDER;
    if (freeHigh || count >= high) {
      freeBulk(freeHigh ? count : nrFree(), listOf(order, type));
    }
  }

  /** {@code nr_pcp_free}: how many pages go back: twice as many each time, if none is taken. */
  private int nrFree() {
    if (high < batch) {
      return 1;
    }
    int most = high - batch;
    int pages = batch << freeFactor;
    if (pages < most) {
      freeFactor++;
    }
    return Math.clamp(pages, batch, most);
  }

  /**
   * {@code free_pcppages_bulk}: gives pages back to the zone, those that came first, from one list
   * after the other.
   *
   * @param pages at least so many, if there are
   * @param firstList where to begin
   */
  private void freeBulk(int pages, int firstList) {
    int left = Math.min(count, pages);
    for (int list = firstList; left > 0; list = list + 1 == LISTS ? 0 : list + 1) {
      int order = orderOf(list);
      while (left > 0 && !lists[list].isEmpty()) {
        int pfn = lists[list].removeLast();
        left -= 1 << order;
        count -= 1 << order;
        zone.freeOnePage(pfn, order, memMap.endPcp(pfn), false);
      }
    }
  }

  /** {@code drain_pages_zone}: gives everything back. */
  void drain() {
    freeBulk(count, 0);
  }

  /** Claims the blocks on the lists. */
  void audit(Audit audit) {
    int pages = 0;
    for (int list = 0; list < LISTS; list++) {
      int order = orderOf(list);
      String owner = "per-CPU list of order %d, zone %s".formatted(order, zone.name());
      for (int i = 0; i < lists[list].size(); i++) {
        int pfn = lists[list].get(i);
        if (!memMap.isPcp(pfn, order, zone.index())) {
          audit.difference("%s holds %s".formatted(owner, memMap.describe(pfn)));
        }
        audit.claim(pfn, 1 << order, owner, Audit.Use.FREE_PER_CPU);
        pages += 1 << order;
      }
    }
    audit.expectEqual("count of the per-CPU lists of zone " + zone.name(), count, pages);
  }
}
