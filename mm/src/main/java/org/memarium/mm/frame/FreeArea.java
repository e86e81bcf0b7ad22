package org.memarium.mm.frame;

import java.util.Arrays;
import org.memarium.mm.Audit;

/**
 * {@code struct free_area free_area[]} of one zone: for each order, the list of its free blocks.
 *
 * <p>The lists are threaded through {@link MemMap}: the first frame of a block holds the links. For
 * the highest order they stand in an array of their own, an element for each such block of RAM, so
 * that RAM which was never used needs no mem_map entry to be on the list.
 */
public final class FreeArea {
  private static final int NONE = -1;

  private final MemMap memMap;
  private final BlockLinks blockLinks;
  private final int maxOrder;
  private final int[] head;
  private final int[] tail;
  private final int[] nrFree;

  /** Links of the blocks of the highest order, by {@code pfn >> maxOrder}; all zones share them. */
  static final class BlockLinks {
    private final int[] next;
    private final int[] prev;

    BlockLinks(int frames, int maxOrder) {
      int blocks = (frames >>> maxOrder) + 1;
      next = new int[blocks];
      prev = new int[blocks];
    }
  }

  FreeArea(MemMap memMap, BlockLinks blockLinks, int maxOrder) {
    this.memMap = memMap;
    this.blockLinks = blockLinks;
    this.maxOrder = maxOrder;
    head = new int[maxOrder + 1];
    tail = new int[maxOrder + 1];
    nrFree = new int[maxOrder + 1];
    Arrays.fill(head, NONE);
    Arrays.fill(tail, NONE);
  }

  /** The highest order. */
  public int maxOrder() {
    return maxOrder;
  }

  /** {@code nr_free}: how many free blocks of this order there are. */
  public int nrFree(int order) {
    return nrFree[order];
  }

  /** The first frame of the block at the head of the list, which is allocated next; -1 if none. */
  public int first(int order) {
    return head[order];
  }

  /** The block after this one on the list of its order; -1 if none. */
  public int next(int order, int pfn) {
    return order == maxOrder ? blockLinks.next[pfn >>> maxOrder] : memMap.next(pfn);
  }

  private int prev(int order, int pfn) {
    return order == maxOrder ? blockLinks.prev[pfn >>> maxOrder] : memMap.prev(pfn);
  }

  private void setNext(int order, int pfn, int next) {
    if (order == maxOrder) {
      blockLinks.next[pfn >>> maxOrder] = next;
    } else {
      memMap.section(pfn)[MemMap.at(pfn, MemMap.NEXT)] = next;
    }
  }

  private void setPrev(int order, int pfn, int prev) {
    if (order == maxOrder) {
      blockLinks.prev[pfn >>> maxOrder] = prev;
    } else {
      memMap.section(pfn)[MemMap.at(pfn, MemMap.PREV)] = prev;
    }
  }

  /** {@code set_buddy_order} and {@code add_to_free_list}: at the head. */
  void add(int order, int pfn) {
    int first = head[order];
    become(order, pfn, first, NONE);
    if (first == NONE) {
      tail[order] = pfn;
    } else {
      setPrev(order, first, pfn);
    }
    head[order] = pfn;
    nrFree[order]++;
  }

  /** {@code set_buddy_order} and {@code add_to_free_list_tail}. */
  void addTail(int order, int pfn) {
    int last = tail[order];
    become(order, pfn, NONE, last);
    if (last == NONE) {
      head[order] = pfn;
    } else {
      setNext(order, last, pfn);
    }
    tail[order] = pfn;
    nrFree[order]++;
  }

  /** Marks the first frame of a free block, and links it; one that is marked may be shared. */
  private void become(int order, int pfn, int next, int prev) {
    int[] section = memMap.section(pfn);
    int at = MemMap.at(pfn, MemMap.FLAGS);
    if (order == maxOrder) {
      blockLinks.next[pfn >>> maxOrder] = next;
      blockLinks.prev[pfn >>> maxOrder] = prev;
      if ((section[at] & PageFlags.BUDDY) != 0) {
        return;
      }
    } else {
      section[at + MemMap.NEXT] = next;
      section[at + MemMap.PREV] = prev;
    }
    section[at] =
        (section[at] & PageFlags.ZONE_MASK) | PageFlags.BUDDY | order << PageFlags.ORDER_SHIFT;
  }

  /** {@code del_page_from_free_list}: the block is on no list, and not marked any more. */
  void remove(int order, int pfn) {
    int[] section = memMap.section(pfn);
    int at = MemMap.at(pfn, MemMap.FLAGS);
    section[at] &= PageFlags.ZONE_MASK;
    int next = order == maxOrder ? blockLinks.next[pfn >>> maxOrder] : section[at + MemMap.NEXT];
    int prev = order == maxOrder ? blockLinks.prev[pfn >>> maxOrder] : section[at + MemMap.PREV];
    if (prev == NONE) {
      head[order] = next;
    } else {
      setNext(order, prev, next);
    }
    if (next == NONE) {
      tail[order] = prev;
    } else {
      setPrev(order, next, prev);
    }
    nrFree[order]--;
  }

  /**
   * Walks all lists: claims the frames, and checks links, flags, alignment and counts.
   *
   * @return how many pages are free
   */
  long audit(Audit audit, Zone zone) {
    long pages = 0;
    for (int order = 0; order <= maxOrder; order++) {
      String owner = "free block of order %d, zone %s".formatted(order, zone.name());
      int blocks = 0;
      int before = NONE;
      for (int pfn = head[order]; pfn != NONE; pfn = next(order, pfn)) {
        if (++blocks > nrFree[order] || !memMap.isBuddy(pfn, order, zone.index())) {
          audit.difference("%s: the list holds %s".formatted(owner, memMap.describe(pfn)));
          break;
        }
        auditBlock(audit, zone, owner, order, pfn, before);
        before = pfn;
      }
      audit.expectEqual("tail of the list: " + owner, tail[order], before);
      audit.expectEqual("nr_free: " + owner, nrFree[order], blocks);
      pages += (long) blocks << order;
    }
    return pages;
  }

  private void auditBlock(Audit audit, Zone zone, String owner, int order, int pfn, int before) {
    audit.claim(pfn, 1 << order, owner);
    audit.expectEqual(
        "prev link of frame 0x%x, %s".formatted(pfn, owner), prev(order, pfn), before);
    if ((pfn & ((1 << order) - 1)) != 0) {
      audit.difference("%s at frame 0x%x is not aligned".formatted(owner, pfn));
    }
    if (order < maxOrder && memMap.isBuddy(pfn ^ 1 << order, order, zone.index())) {
      audit.difference("%s at frame 0x%x and its buddy are not merged".formatted(owner, pfn));
    }
  }
}
