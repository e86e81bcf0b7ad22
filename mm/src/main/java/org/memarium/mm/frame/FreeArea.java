package org.memarium.mm.frame;

import java.util.Arrays;
import org.memarium.mm.Audit;

/**
 * {@code struct free_area free_area[]} of one zone: for each order and {@link MigrateType}, the
 * list of its free blocks.
 *
 * <p>The lists are threaded through {@link MemMap}: the first frame of a block holds the links. For
 * the highest order they stand in an array of their own, an element for each such block of RAM, so
 * that RAM which was never used needs no mem_map entry to be on the list.
 *
 * <p>For each type, a word has a bit for each order whose list is not empty: the smallest block
 * that fits is found without walking the orders.
 */
public final class FreeArea {
  private static final int NONE = -1;
  private static final int TYPE_BITS = 3;

  private final MemMap memMap;
  private final BlockLinks blockLinks;
  private final int maxOrder;

  /** By {@link #list}. */
  private final int[] head;

  private final int[] tail;
  private final int[] count;

  /** By order. */
  private final int[] nrFree;

  /** By type: bit n says that the list of order n is not empty. */
  private final int[] orders = new int[MigrateType.TYPES];

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
    int lists = (maxOrder + 1) << TYPE_BITS;
    head = new int[lists];
    tail = new int[lists];
    count = new int[lists];
    nrFree = new int[maxOrder + 1];
    Arrays.fill(head, NONE);
    Arrays.fill(tail, NONE);
  }

  private static int list(int order, int type) {
    return order << TYPE_BITS | type;
  }

  /** The highest order. */
  public int maxOrder() {
    return maxOrder;
  }

  /** {@code nr_free}: how many free blocks of this order there are. */
  public int nrFree(int order) {
    return nrFree[order];
  }

  /** How many free blocks of this order and type there are. */
  public int nrFree(int order, int type) {
    return count[list(order, type)];
  }

  /** {@code get_page_from_free_area}: the block at the head of a list; -1 if it is empty. */
  public int first(int order, int type) {
    return head[list(order, type)];
  }

  /** The block at the tail of a list; -1 if it is empty. */
  public int last(int order, int type) {
    return tail[list(order, type)];
  }

  /** The block after this one on its list; -1 if none. */
  public int next(int order, int pfn) {
    return order == maxOrder ? blockLinks.next[pfn >>> maxOrder] : memMap.next(pfn);
  }

  /** The block before this one on its list; -1 if none. */
  public int prev(int order, int pfn) {
    return order == maxOrder ? blockLinks.prev[pfn >>> maxOrder] : memMap.prev(pfn);
  }

  /** For each order from {@code order} up, a bit that says whether there are blocks of the type. */
  int ordersFrom(int order, int type) {
    return orders[type] & (-1 << order);
  }

  /** Whether a request of any type could be met: a block of this order or a higher one. */
  boolean hasBlock(int order, boolean highAtomicToo) {
    int any =
        orders[MigrateType.UNMOVABLE]
            | orders[MigrateType.MOVABLE]
            | orders[MigrateType.RECLAIMABLE]
            | (highAtomicToo ? orders[MigrateType.HIGHATOMIC] : 0);
    return any >>> order != 0;
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
  void add(int order, int type, int pfn) {
    int list = list(order, type);
    int first = head[list];
    become(order, type, pfn, first, NONE);
    if (first == NONE) {
      tail[list] = pfn;
    } else {
      setPrev(order, first, pfn);
    }
    head[list] = pfn;
    added(order, type, list);
  }

  /** {@code set_buddy_order} and {@code add_to_free_list_tail}. */
  void addTail(int order, int type, int pfn) {
    int list = list(order, type);
    int last = tail[list];
    become(order, type, pfn, NONE, last);
    if (last == NONE) {
      head[list] = pfn;
    } else {
      setNext(order, last, pfn);
    }
    tail[list] = pfn;
    added(order, type, list);
  }

  private void added(int order, int type, int list) {
    count[list]++;
    nrFree[order]++;
    orders[type] |= 1 << order;
  }

  /** Marks the first frame of a free block, and links it; one that is marked may be shared. */
  private void become(int order, int type, int pfn, int next, int prev) {
    int[] section = memMap.section(pfn);
    int at = MemMap.at(pfn, MemMap.FLAGS);
    int flags =
        (section[at] & PageFlags.ZONE_MASK)
            | PageFlags.BUDDY
            | type << PageFlags.TYPE_SHIFT
            | order << PageFlags.ORDER_SHIFT;
    if (order == maxOrder) {
      blockLinks.next[pfn >>> maxOrder] = next;
      blockLinks.prev[pfn >>> maxOrder] = prev;
      if (section[at] == flags) {
        return;
      }
      memMap.materialise(pfn);
      section = memMap.section(pfn);
    } else {
      section[at + MemMap.NEXT] = next;
      section[at + MemMap.PREV] = prev;
    }
    section[at] = flags;
  }

  /** {@code del_page_from_free_list}: the block is on no list, and not marked any more. */
  void remove(int order, int pfn) {
    if (order == maxOrder) {
      memMap.materialise(pfn);
    }
    int[] section = memMap.section(pfn);
    int at = MemMap.at(pfn, MemMap.FLAGS);
    int type = PageFlags.type(section[at]);
    section[at] &= PageFlags.ZONE_MASK;
    int next = order == maxOrder ? blockLinks.next[pfn >>> maxOrder] : section[at + MemMap.NEXT];
    int prev = order == maxOrder ? blockLinks.prev[pfn >>> maxOrder] : section[at + MemMap.PREV];
    int list = list(order, type);
    if (prev == NONE) {
      head[list] = next;
    } else {
      setNext(order, prev, next);
    }
    if (next == NONE) {
      tail[list] = prev;
    } else {
      setPrev(order, next, prev);
    }
    nrFree[order]--;
    if (--count[list] == 0) {
      orders[type] &= ~(1 << order);
    }
  }

  /** {@code move_freelist_head}: what stands before a block goes behind the last one. */
  public void rotateToHead(int order, int type, int pfn) {
    int list = list(order, type);
    int before = prev(order, pfn);
    if (before == NONE) {
      return;
    }
    int first = head[list];
    int last = tail[list];
    setNext(order, last, first);
    setPrev(order, first, last);
    setNext(order, before, NONE);
    setPrev(order, pfn, NONE);
    head[list] = pfn;
    tail[list] = before;
  }

  /** {@code move_freelist_tail}: a block and what stands before it go behind the last one. */
  public void rotateToTail(int order, int type, int pfn) {
    int next = next(order, pfn);
    if (next != NONE) {
      rotateToHead(order, type, next);
    }
  }

  /** {@code move_to_free_list}: to the tail of the list of another type. */
  void moveToTail(int order, int type, int pfn) {
    remove(order, pfn);
    addTail(order, type, pfn);
  }

  /**
   * Walks all lists: claims the frames, and checks links, flags, alignment and counts.
   *
   * @return how many pages are free, those of type Isolate apart
   */
  long audit(Audit audit, Zone zone) {
    long pages = 0;
    for (int order = 0; order <= maxOrder; order++) {
      int blocks = 0;
      for (int type = 0; type < MigrateType.TYPES; type++) {
        int found = auditList(audit, zone, order, type);
        blocks += found;
        pages += type == MigrateType.ISOLATE ? 0 : (long) found << order;
        boolean marked = ((orders[type] >>> order) & 1) != 0;
        if (marked != found > 0) {
          audit.difference(
              "zone %s, order %d, type %s: the word of orders says %s, and the list has %d blocks"
                  .formatted(zone.name(), order, MigrateType.name(type), marked, found));
        }
      }
      audit.expectEqual(
          "nr_free of order %d, zone %s".formatted(order, zone.name()), nrFree[order], blocks);
    }
    return pages;
  }

  private int auditList(Audit audit, Zone zone, int order, int type) {
    String owner =
        "free block of order %d, type %s, zone %s"
            .formatted(order, MigrateType.name(type), zone.name());
    int list = list(order, type);
    int blocks = 0;
    int before = NONE;
    for (int pfn = head[list]; pfn != NONE; pfn = next(order, pfn)) {
      boolean right =
          memMap.isBuddy(pfn, order, zone.index()) && PageFlags.type(memMap.flags(pfn)) == type;
      if (++blocks > count[list] || !right) {
        audit.difference("%s: the list holds %s".formatted(owner, memMap.describe(pfn)));
        break;
      }
      auditBlock(audit, zone, owner, order, pfn, before);
      before = pfn;
    }
    audit.expectEqual("tail of the list: " + owner, tail[list], before);
    audit.expectEqual("length of the list: " + owner, count[list], blocks);
    return blocks;
  }

  private void auditBlock(Audit audit, Zone zone, String owner, int order, int pfn, int before) {
    audit.claim(pfn, 1 << order, owner, Audit.Use.FREE);
    audit.expectEqual(
        "prev link of frame 0x%x, %s".formatted(pfn, owner), prev(order, pfn), before);
    if ((pfn & ((1 << order) - 1)) != 0) {
      audit.difference("%s at frame 0x%x is not aligned".formatted(owner, pfn));
    }
    int buddy = pfn ^ 1 << order;
    if (order < maxOrder
        && memMap.isBuddy(buddy, order, zone.index())
        && zone.mayMerge(pfn, buddy, order)) {
      audit.difference("%s at frame 0x%x and its buddy are not merged".formatted(owner, pfn));
    }
  }
}
