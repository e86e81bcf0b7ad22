package org.memarium.malloc;

import static org.memarium.malloc.RegionLayout.*;

/**
 * Regions of 1 MiB, cut into spans of pages. A span is known by the descriptor of its first page.
 *
 * <p>A free span is taken from the list of the fewest pages that are enough, and split; one that is
 * freed is fused with free neighbours. A region without a span in use is unmapped, but for one.
 */
final class Regions extends ProcessWords {
  private final HeapSource source;
  private final long state;

  private int idleRegions;
  private long dirtyPages;

  Regions(ProcessMemory memory, HeapSource source, long state) {
    super(memory);
    this.source = source;
    this.state = state;
  }

  // ---- The map of the address space ----

  long mapEntry(long address) {
    return get(state + (address >> MAP_SHIFT) * 4);
  }

  void setMapEntry(long address, long entry) {
    put(state + (address >> MAP_SHIFT) * 4, entry);
  }

  /** Maps memory at a multiple of a power of two, of 1 MiB at least; 0 if there is no room. */
  long mapAligned(long bytes, long alignment) {
    long address = source.map(bytes);
    if (address == 0 || address % alignment == 0) {
      return address;
    }
    source.unmap(address, bytes);
    long whole = HeapSource.roundToPages(bytes) + alignment - ProcessMemory.PAGE_BYTES;
    address = source.map(whole);
    if (address == 0) {
      return 0;
    }
    long aligned = roundUp(address, alignment);
    long end = aligned + HeapSource.roundToPages(bytes);
    if (aligned > address) {
      source.unmap(address, aligned - address);
    }
    if (address + whole > end) {
      source.unmap(end, address + whole - end);
    }
    return aligned;
  }

  // ---- Descriptors ----

  int kind(long descriptor) {
    return (int) get(descriptor + KIND) & 0xff;
  }

  int pages(long descriptor) {
    return (int) (get(descriptor + KIND) >> 8);
  }

  /** The descriptor of the span in use that a page is part of; 0 if it is part of none. */
  long spanInUse(long address) {
    int page = page(address);
    if (page < FIRST_PAGE) {
      return 0;
    }
    long region = region(address);
    long descriptor = descriptor(region, page);
    if (kind(descriptor) == CONTINUED) {
      // What free pages say may be old: it counts if a span in use reaches as far.
      int first = pages(descriptor);
      descriptor = descriptor(region, first);
      if (first < FIRST_PAGE || first >= page || page - first >= pages(descriptor)) {
        return 0;
      }
    }
    int kind = kind(descriptor);
    return kind == FREE || kind == CONTINUED ? 0 : descriptor;
  }

  // ---- Lists of descriptors ----

  void link(long head, long descriptor) {
    long first = get(head);
    put(descriptor + NEXT, first);
    put(descriptor + PREV, 0);
    if (first != 0) {
      put(first + PREV, descriptor);
    }
    put(head, descriptor);
  }

  void unlink(long head, long descriptor) {
    long next = get(descriptor + NEXT);
    long prev = get(descriptor + PREV);
    if (next != 0) {
      put(next + PREV, prev);
    }
    put(prev == 0 ? head : prev + NEXT, next);
  }

  private long spanList(int pages) {
    return state + SPANS + pages * 4L;
  }

  private void linkFree(long descriptor, int pages, boolean dirty) {
    put(descriptor + KIND, ((long) pages << 8) | FREE);
    put(descriptor + DIRTY, dirty ? 1 : 0);
    int page = pageOf(descriptor);
    if (pages > 1) {
      put(descriptor(region(descriptor), page + pages - 1) + KIND, ((long) page << 8) | CONTINUED);
    }
    link(spanList(pages), descriptor);
    long word = state + SPAN_BITS + (pages >> 5) * 4L;
    put(word, get(word) | (1L << (pages & 31)));
    dirtyPages += dirty ? pages : 0;
  }

  /** Takes a free span from its list; returns whether it is dirty. */
  private boolean unlinkFree(long descriptor, int pages) {
    unlink(spanList(pages), descriptor);
    if (get(spanList(pages)) == 0) {
      long word = state + SPAN_BITS + (pages >> 5) * 4L;
      put(word, get(word) & ~(1L << (pages & 31)));
    }
    boolean dirty = get(descriptor + DIRTY) != 0;
    dirtyPages -= dirty ? pages : 0;
    return dirty;
  }

  // ---- Spans ----

  /**
   * Takes a span of so many pages, {@link RegionLayout#MOST_PAGES} at most.
   *
   * @return its descriptor, where {@code DIRTY} still says whether it was; 0 if there is no memory
   */
  long take(int pages, int kind) {
    long descriptor = smallestFree(pages);
    if (descriptor == 0) {
      descriptor = addRegion();
      if (descriptor == 0) {
        return 0;
      }
    }
    int found = pages(descriptor);
    boolean dirty = unlinkFree(descriptor, found);
    if (found > pages) {
      linkFree(descriptor + ((long) pages << DESCRIPTOR_SHIFT), found - pages, dirty);
    }
    occupy(descriptor, pages, kind);
    return descriptor;
  }

  /** Takes a span whose address is a multiple of so many pages, a power of two. */
  long takeAligned(int pages, int alignment, int kind) {
    int total = pages + alignment - 1;
    long span = take(total, kind);
    int front = span == 0 ? 0 : -pageOf(span) & (alignment - 1);
    if (front > 0) {
      long aligned = span + ((long) front << DESCRIPTOR_SHIFT);
      put(aligned + KIND, ((long) (total - front) << 8) | kind);
      put(aligned + DIRTY, get(span + DIRTY));
      continueFrom(aligned, 1, total - front);
      addInUse(region(span), -front);
      freePages(span, front);
      span = aligned;
    }
    if (span != 0 && !resize(span, pages)) {
      throw new IllegalStateException("0x%08x does not shrink".formatted(addressOf(span)));
    }
    return span;
  }

  private long smallestFree(int pages) {
    for (int word = pages >> 5; word < 8; word++) {
      long bits = get(state + SPAN_BITS + word * 4L);
      if (word == pages >> 5) {
        bits &= -1L << (pages & 31);
      }
      if (bits != 0) {
        return get(spanList(word * 32 + Long.numberOfTrailingZeros(bits)));
      }
    }
    return 0;
  }

  private void occupy(long descriptor, int pages, int kind) {
    put(descriptor + KIND, ((long) pages << 8) | kind);
    continueFrom(descriptor, 1, pages);
    addInUse(region(descriptor), pages);
  }

  private void continueFrom(long descriptor, int from, int to) {
    long word = ((long) pageOf(descriptor) << 8) | CONTINUED;
    for (int page = from; page < to; page++) {
      put(descriptor + ((long) page << DESCRIPTOR_SHIFT) + KIND, word);
    }
  }

  private void addInUse(long region, int pages) {
    long before = get(region + PAGES_IN_USE);
    put(region + PAGES_IN_USE, before + pages);
    if (before == 0) {
      idleRegions--;
    } else if (before + pages == 0) {
      idleRegions++;
    }
  }

  private long addRegion() {
    long region = mapAligned(REGION_BYTES, REGION_BYTES);
    if (region == 0) {
      return 0;
    }
    setMapEntry(region, REGION);
    long first = get(state + REGIONS);
    put(region + NEXT_REGION, first);
    if (first != 0) {
      put(first + PREV_REGION, region);
    }
    put(state + REGIONS, region);
    idleRegions++;
    long descriptor = descriptor(region, FIRST_PAGE);
    linkFree(descriptor, MOST_PAGES, false);
    return descriptor;
  }

  /** Gives back a span in use. */
  void free(long descriptor) {
    long region = region(descriptor);
    int pages = pages(descriptor);
    addInUse(region, -pages);
    freePages(descriptor, pages);
    if (get(region + PAGES_IN_USE) == 0 && idleRegions > 1) {
      unmapRegion(region);
    }
  }

  private void freePages(long descriptor, int pages) {
    long region = region(descriptor);
    int page = pageOf(descriptor);
    if (page + pages < PAGES) {
      long next = descriptor(region, page + pages);
      if (kind(next) == FREE) {
        int more = pages(next);
        unlinkFree(next, more);
        put(next + KIND, ((long) page << 8) | CONTINUED);
        pages += more;
      }
    }
    if (page > FIRST_PAGE) {
      long prev = descriptor(region, page - 1);
      if (kind(prev) == CONTINUED) {
        prev = descriptor(region, pages(prev));
      }
      if (kind(prev) == FREE) {
        int more = pages(prev);
        unlinkFree(prev, more);
        put(descriptor + KIND, ((long) pageOf(prev) << 8) | CONTINUED);
        descriptor = prev;
        pages += more;
      }
    }
    linkFree(descriptor, pages, true);
  }

  /**
   * Changes the size of a span in use where it is.
   *
   * @return false if the pages behind it are not free
   */
  boolean resize(long descriptor, int pages) {
    int now = pages(descriptor);
    int kind = kind(descriptor);
    long region = region(descriptor);
    long behind = descriptor + ((long) now << DESCRIPTOR_SHIFT);
    if (pages < now) {
      put(descriptor + KIND, ((long) pages << 8) | kind);
      addInUse(region, pages - now);
      freePages(descriptor + ((long) pages << DESCRIPTOR_SHIFT), now - pages);
    } else if (pages > now) {
      if (pageOf(descriptor) + pages > PAGES || kind(behind) != FREE) {
        return false;
      }
      int found = now + pages(behind);
      if (found < pages) {
        return false;
      }
      boolean dirty = unlinkFree(behind, found - now);
      put(descriptor + KIND, ((long) pages << 8) | kind);
      continueFrom(descriptor, now, pages);
      addInUse(region, pages - now);
      if (found > pages) {
        linkFree(descriptor + ((long) pages << DESCRIPTOR_SHIFT), found - pages, dirty);
      }
    }
    return true;
  }

  /** Unmaps a region that is one free span. */
  private void unmapRegion(long region) {
    long next = get(region + NEXT_REGION);
    long prev = get(region + PREV_REGION);
    long span = descriptor(region, FIRST_PAGE);
    boolean dirty = unlinkFree(span, MOST_PAGES);
    if (!source.unmap(region, REGION_BYTES)) {
      linkFree(span, MOST_PAGES, dirty);
      return;
    }
    setMapEntry(region, NOT_OURS);
    if (next != 0) {
      put(next + PREV_REGION, prev);
    }
    put(prev == 0 ? state + REGIONS : prev + NEXT_REGION, next);
    idleRegions--;
  }

  // ---- Giving back ----

  /** Pages of free spans that have been written. */
  long dirtyPages() {
    return dirtyPages;
  }

  /** Lets the kernel have all free pages that have been written; returns how many bytes. */
  long purge() {
    long bytes = 0;
    for (long region = get(state + REGIONS); region != 0; region = get(region + NEXT_REGION)) {
      for (int page = FIRST_PAGE; page < PAGES; ) {
        long descriptor = descriptor(region, page);
        int pages = pages(descriptor);
        if (kind(descriptor) == FREE && get(descriptor + DIRTY) != 0) {
          long start = addressOf(descriptor);
          long given = source.discard(start, start + (long) pages * ProcessMemory.PAGE_BYTES);
          if (given > 0) {
            put(descriptor + DIRTY, 0);
            dirtyPages -= pages;
            bytes += given;
          }
        }
        page += pages;
      }
    }
    return bytes;
  }

  /** Unmaps regions that nothing is in; returns how many bytes. */
  long unmapIdle() {
    long before = source.mappedBytes();
    long region = get(state + REGIONS);
    while (region != 0) {
      long next = get(region + NEXT_REGION);
      if (get(region + PAGES_IN_USE) == 0) {
        unmapRegion(region);
      }
      region = next;
    }
    return before - source.mappedBytes();
  }
}
