package org.memarium.mm.swap;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.vmalloc.Vmalloc;

/**
 * {@code swap_map}: a byte for each slot of a swap area, in memory from vmalloc: who has the slot
 * (Linux {@code include/linux/swap.h}, {@code mm/swapfile.c}).
 *
 * <pre>
 *      7   6   5            0
 *    +---+---+---------------+
 *    |CNT|CAC|     count     |
 *    +---+---+---------------+
 *    0       free
 *    count   page-table entries that have it, to 0x3e
 *    CAC     SWAP_HAS_CACHE: the swap cache has it, or it is handed out, or waits to be freed
 *    CNT     COUNT_CONTINUED: more of the count stands on a page of its own
 *    0x3f    SWAP_MAP_BAD: never to be used; the header, too
 *    0xbf    SWAP_MAP_SHMEM: a file of memory has it, and nobody else
 * </pre>
 *
 * <p><b>Continued counts.</b> A slot that more than 62 entries have goes on like a number with more
 * digits: each page of the map may have pages behind it, of which the byte at the same offset holds
 * seven more bits of the count, and again CNT.
 */
final class SwapMap {
  static final int HAS_CACHE = 0x40;
  static final int CONTINUED = 0x80;
  static final int MAX = 0x3e;
  static final int BAD = 0x3f;
  static final int SHMEM = 0xbf;
  private static final int CONTINUED_MAX = 0x7f;
  private static final int[] NO_PAGES = {};

  private final PageAllocator allocator;
  private final Ram ram;
  private final Vmalloc vmalloc;
  private final long address;

  /** The frames of the map. */
  private final int[] pfns;

  /** By page of the map: the frames of its continuations, the low digits first. */
  private final int[][] continuations;

  private SwapMap(PageAllocator allocator, Vmalloc vmalloc, long address, int pages) {
    this.allocator = allocator;
    this.ram = allocator.ram();
    this.vmalloc = vmalloc;
    this.address = address;
    this.pfns = new int[pages];
    this.continuations = new int[pages][];
    Arrays.fill(continuations, NO_PAGES);
    for (int i = 0; i < pages; i++) {
      pfns[i] = vmalloc.vmallocToPfn(address + ((long) i << Ram.PAGE_SHIFT));
    }
  }

  /** A map with every slot free; null if there is no memory for it. */
  static @Nullable SwapMap allocate(PageAllocator allocator, Vmalloc vmalloc, long slots) {
    long address = vmalloc.vzalloc(slots);
    if (address == 0) {
      return null;
    }
    int pages = (int) ((slots + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
    return new SwapMap(allocator, vmalloc, address, pages);
  }

  /** Gives the map's memory back, and that of its continuations. */
  void free() {
    for (int[] pages : continuations) {
      for (int pfn : pages) {
        allocator.freePages(pfn, 0);
      }
    }
    vmalloc.vfree(address);
  }

  private long addressOf(int pfn, int offset) {
    return ((long) pfn << Ram.PAGE_SHIFT) + (offset & (Ram.PAGE_SIZE - 1));
  }

  /** The byte of a slot, from 0 to 255. */
  int get(int offset) {
    return ram.getByte(addressOf(pfns[offset >>> Ram.PAGE_SHIFT], offset)) & 0xff;
  }

  void set(int offset, int value) {
    ram.putByte(addressOf(pfns[offset >>> Ram.PAGE_SHIFT], offset), (byte) value);
  }

  /** {@code swap_count}: the count, with {@link #CONTINUED}, and without {@link #HAS_CACHE}. */
  int count(int offset) {
    return get(offset) & ~HAS_CACHE;
  }

  // ---- More entries ----

  /**
   * {@code __swap_duplicate}: one more user of a slot.
   *
   * @param usage 1: an entry; {@link #HAS_CACHE}: the swap cache; {@link #SHMEM}: a file of memory
   * @return 0; -EEXIST if the cache has it already; -ENOENT if nobody has it, and so it is not to
   *     be had; -ENOMEM if the count needs {@link #addContinuation}
   */
  int duplicate(int offset, int usage) {
    int byteNow = get(offset);
    int count = byteNow & ~HAS_CACHE;
    int cache = byteNow & HAS_CACHE;
    if (count == BAD) {
      return -Errno.ENOENT;
    }
    if (usage == HAS_CACHE) {
      if (cache != 0) {
        return -Errno.EEXIST;
      }
      if (count == 0) {
        return -Errno.ENOENT;
      }
      set(offset, count | HAS_CACHE);
      return 0;
    }
    if (byteNow == 0) {
      return -Errno.ENOENT;
    }
    if ((count & ~CONTINUED) < MAX) {
      count += usage;
    } else if ((count & ~CONTINUED) > MAX) {
      return -Errno.EINVAL;
    } else if (carry(offset, count)) {
      count = CONTINUED;
    } else {
      return -Errno.ENOMEM;
    }
    set(offset, count | cache);
    return 0;
  }

  /**
   * {@code __swap_entry_free_locked}: one user of a slot less. A slot that nobody has any more is
   * not free yet: {@link #HAS_CACHE} keeps others from it until {@link SwapSlots} lets go of it.
   *
   * @param usage 1, or {@link #HAS_CACHE}
   * @return the byte, 0 if nobody has it
   */
  int release(int offset, int usage) {
    int byteNow = get(offset);
    int count = byteNow & ~HAS_CACHE;
    int cache = byteNow & HAS_CACHE;
    if (usage == HAS_CACHE ? cache == 0 : count == 0 || count == BAD) {
      throw new IllegalStateException(
          "slot %d is given back by who has it not: 0x%02x".formatted(offset, byteNow));
    }
    if (usage == HAS_CACHE) {
      cache = 0;
    } else if (count == SHMEM) {
      count = 0;
    } else if (count == CONTINUED) {
      count = borrow(offset) ? MAX | CONTINUED : MAX;
    } else {
      count--;
    }
    int left = count | cache;
    set(offset, left == 0 ? HAS_CACHE : left);
    return left;
  }

  // ---- Continued counts ----

  private int digit(int pfn, int offset) {
    return ram.getByte(addressOf(pfn, offset)) & 0xff;
  }

  private void setDigit(int pfn, int offset, int value) {
    ram.putByte(addressOf(pfn, offset), (byte) value);
  }

  /**
   * {@code swap_count_continued} of an increment: adds 1 to the digits behind the first one.
   *
   * @param count the first one, which is full
   * @return false if there are too few
   */
  private boolean carry(int offset, int count) {
    int[] pages = continuations[offset >>> Ram.PAGE_SHIFT];
    if (pages.length == 0) {
      return false;
    }
    int place = 0;
    if (count == MAX) {
      setDigit(pages[0], offset, 0);
    } else {
      while (digit(pages[place], offset) == (CONTINUED_MAX | CONTINUED)) {
        place++;
      }
      if (digit(pages[place], offset) == CONTINUED_MAX) {
        place++;
        if (place == pages.length) {
          return false;
        }
        setDigit(pages[place], offset, 0);
      }
    }
    setDigit(pages[place], offset, digit(pages[place], offset) + 1);
    while (--place >= 0) {
      setDigit(pages[place], offset, CONTINUED);
    }
    return true;
  }

  /** The same of a decrement: takes 1 from them; returns whether anything is left in them. */
  private boolean borrow(int offset) {
    int[] pages = continuations[offset >>> Ram.PAGE_SHIFT];
    int place = 0;
    while (digit(pages[place], offset) == CONTINUED) {
      place++;
    }
    int less = digit(pages[place], offset) - 1;
    setDigit(pages[place], offset, less);
    int flag = less == 0 ? 0 : CONTINUED;
    while (--place >= 0) {
      setDigit(pages[place], offset, CONTINUED_MAX | flag);
      flag = CONTINUED;
    }
    return flag == CONTINUED;
  }

  /**
   * {@code add_swap_count_continuation}: one more digit for the slots of a page of the map, unless
   * there is room by now.
   *
   * @return 0 or -ENOMEM
   */
  int addContinuation(int offset, int gfp) {
    int number = offset >>> Ram.PAGE_SHIFT;
    int pfn = allocator.allocPage(gfp | Gfp.HIGHMEM);
    int count = count(offset);
    if ((count & ~CONTINUED) != MAX || hasRoom(continuations[number], offset, count)) {
      if (pfn >= 0) {
        allocator.freePages(pfn, 0);
      }
      return 0;
    }
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    int[] more = Arrays.copyOf(continuations[number], continuations[number].length + 1);
    more[more.length - 1] = pfn;
    continuations[number] = more;
    return 0;
  }

  private boolean hasRoom(int[] pages, int offset, int firstDigit) {
    int digit = firstDigit;
    for (int pfn : pages) {
      if ((digit & CONTINUED) == 0) {
        return true;
      }
      digit = digit(pfn, offset);
      if ((digit & ~CONTINUED) != CONTINUED_MAX) {
        return true;
      }
    }
    return false;
  }

  /** {@code swp_swapcount}: the whole count; of a slot of a file of memory 1. */
  int exactCount(int offset) {
    int count = count(offset);
    if (count == SHMEM) {
      return 1;
    }
    if ((count & CONTINUED) == 0) {
      return count;
    }
    int[] pages = continuations[offset >>> Ram.PAGE_SHIFT];
    int whole = count & ~CONTINUED;
    int weight = MAX + 1;
    int digit = count;
    for (int place = 0; (digit & CONTINUED) != 0; place++) {
      digit = digit(pages[place], offset);
      whole += (digit & ~CONTINUED) * weight;
      weight *= CONTINUED_MAX + 1;
    }
    return whole;
  }

  /** Claims the frames of the continuations; vmalloc claims the others. */
  void audit(Audit audit) {
    for (int[] pages : continuations) {
      for (int pfn : pages) {
        audit.claim(pfn, "continued counts of swap");
        audit.expectReference(pfn);
      }
    }
  }
}
