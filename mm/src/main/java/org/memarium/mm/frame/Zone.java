package org.memarium.mm.frame;

import org.memarium.mm.Audit;
import org.memarium.mm.ZoneType;
import org.memarium.mm.trace.ZoneStat;

/**
 * {@code struct zone}: RAM of one kind, with its free lists and its part of the buddy allocator.
 */
public final class Zone {
  private final MemMap memMap;
  private final FreeArea freeArea;
  private final ZoneStat stat;
  private final ZoneType type;
  private final int index;
  private final int maxOrder;
  private final int startPfn;
  private final int spannedPages;
  private int presentPages;
  private int managedPages;
  private int freePages;

  Zone(
      MemMap memMap,
      FreeArea freeArea,
      ZoneStat stat,
      ZoneType type,
      int index,
      int startPfn,
      int spannedPages) {
    this.memMap = memMap;
    this.freeArea = freeArea;
    this.stat = stat;
    this.type = type;
    this.index = index;
    this.maxOrder = freeArea.maxOrder();
    this.startPfn = startPfn;
    this.spannedPages = spannedPages;
  }

  /** Which kind. */
  public ZoneType type() {
    return type;
  }

  /** The name in {@code /proc}. */
  public String name() {
    return type.procName();
  }

  /** The number of this zone: 0 for the lowest of the machine. */
  public int index() {
    return index;
  }

  /** {@code zone_start_pfn}. */
  public int startPfn() {
    return startPfn;
  }

  /** {@code spanned_pages}: from the first frame to the last, holes included. */
  public int spannedPages() {
    return spannedPages;
  }

  /** {@code present_pages}: frames of RAM. */
  public int presentPages() {
    return presentPages;
  }

  /** {@code managed_pages}: frames that the buddy allocator was given. */
  public int managedPages() {
    return managedPages;
  }

  /** {@code NR_FREE_PAGES}. */
  public int freePages() {
    return freePages;
  }

  /** The zone's other levels. */
  public ZoneStat stat() {
    return stat;
  }

  /** The lists of free blocks. */
  public FreeArea freeArea() {
    return freeArea;
  }

  void addPresent(int pages) {
    presentPages += pages;
  }

  /**
   * {@code __rmqueue_smallest}: takes a block from the smallest order that has one, and gives back
   * the halves that are too much.
   *
   * @return its first frame, or -1
   */
  int rmqueue(int order) {
    for (int current = order; current <= maxOrder; current++) {
      int pfn = freeArea.first(current);
      if (pfn >= 0) {
        if (current == maxOrder) {
          memMap.materialise(pfn);
        }
        freeArea.remove(current, pfn);
        freePages -= 1 << order;
        expand(pfn, order, current);
        return pfn;
      }
    }
    return -1;
  }

  /** Halves a block of order {@code high} down to {@code low}; the upper halves become free. */
  private void expand(int pfn, int low, int high) {
    for (int order = high - 1; order >= low; order--) {
      freeArea.add(order, pfn + (1 << order));
    }
  }

  /**
   * {@code __free_one_page}: frees a block and merges it with its buddy while that is free and
   * whole.
   *
   * @param toTail {@code FPI_TO_TAIL}: at the tail of the list, as at boot
   */
  void freeOnePage(int freedPfn, int freedOrder, boolean toTail) {
    int pfn = freedPfn;
    int order = freedOrder;
    freePages += 1 << order;
    while (order < maxOrder) {
      int buddy = pfn ^ 1 << order;
      if (!memMap.isBuddy(buddy, order, index)) {
        break;
      }
      freeArea.remove(order, buddy);
      pfn &= buddy;
      order++;
    }
    if (toTail || buddyMergeLikely(pfn, order)) {
      freeArea.addTail(order, pfn);
    } else {
      freeArea.add(order, pfn);
    }
  }

  /**
   * {@code buddy_merge_likely}: whether the block one order up that this one will be part of has a
   * free buddy: then this one should wait at the tail, to be merged rather than handed out.
   */
  private boolean buddyMergeLikely(int pfn, int order) {
    if (order >= maxOrder - 1) {
      return false;
    }
    int higher = pfn & -(2 << order);
    return memMap.isBuddy(higher ^ 2 << order, order + 1, index);
  }

  /** {@code __free_pages_core}: gives the allocator a block of RAM at boot. */
  void manage(int pfn, int order, boolean untouched) {
    managedPages += 1 << order;
    if (untouched) {
      freePages += 1 << order;
      freeArea.addTail(order, pfn);
    } else {
      freeOnePage(pfn, order, true);
    }
  }

  void audit(Audit audit) {
    long recount = freeArea.audit(audit, this);
    audit.expectEqual("nr_free_pages of zone " + name(), freePages, recount);
  }
}
