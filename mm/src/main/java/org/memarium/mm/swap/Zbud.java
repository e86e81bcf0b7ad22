package org.memarium.mm.swap;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.PageAllocator;

/**
 * {@code zbud}: memory for compressed pages, two to a page (Linux 6.1 {@code mm/zbud.c}). Simple,
 * and no better than half of what went in; but a page of the pool is free as soon as two are gone.
 *
 * <pre>
 *   0        64                                                   4096
 *   +--------+--------------------+--------------+-----------------+
 *   | header | first, from here   |     free     |  to here, last  |     in chunks of 64 bytes
 *   +--------+--------------------+--------------+-----------------+
 * </pre>
 */
final class Zbud {
  /** {@code ZHDR_SIZE_ALIGNED}, {@code CHUNK_SIZE}. */
  private static final int CHUNK_BYTES = 64;

  /** {@code NCHUNKS}. */
  private static final int CHUNKS = (Ram.PAGE_SIZE - CHUNK_BYTES) / CHUNK_BYTES;

  private static final int MAX_BYTES = Ram.PAGE_SIZE - 2 * CHUNK_BYTES;

  /** {@code ZPOOL_...}: what zswap passes to {@code zpool_shrink}. */
  private static final int RETRIES = 8;

  /** {@code struct zbud_header}: a page of the pool. */
  private static final class Page {
    final int pfn;
    int firstChunks;
    int lastChunks;
    boolean underReclaim;

    Page(int pfn) {
      this.pfn = pfn;
    }

    int freeChunks() {
      return CHUNKS - firstChunks - lastChunks;
    }

    boolean isEmpty() {
      return firstChunks == 0 && lastChunks == 0;
    }

    boolean isBuddied() {
      return firstChunks != 0 && lastChunks != 0;
    }
  }

  /** One of two objects in a page. */
  static final class Handle {
    private final Page page;
    private final boolean first;

    private Handle(Page page, boolean first) {
      this.page = page;
      this.first = first;
    }

    /** Where its bytes are. */
    long physicalAddress() {
      int offset = first ? CHUNK_BYTES : Ram.PAGE_SIZE - page.lastChunks * CHUNK_BYTES;
      return ((long) page.pfn << Ram.PAGE_SHIFT) + offset;
    }
  }

  /** {@code zbud_ops->evict}. */
  @FunctionalInterface
  interface Evict {
    /** Brings an object elsewhere and frees it; whether that could be. */
    boolean evict(Handle handle);
  }

  private final PageAllocator allocator;

  /** By free chunks: pages with one object; the one that came last is taken first. */
  private final List<LinkedHashSet<Page>> unbuddied = new ArrayList<>();

  /** The one whose object came last is last. */
  private final LinkedHashSet<Page> lru = new LinkedHashSet<>();

  Zbud(PageAllocator allocator) {
    this.allocator = allocator;
    for (int i = 0; i <= CHUNKS; i++) {
      unbuddied.add(new LinkedHashSet<>());
    }
  }

  /** {@code pages_nr}. */
  long pages() {
    return lru.size();
  }

  /** Whether so many bytes do not fit, however much memory there is: -ENOSPC of Linux's. */
  static boolean isTooLarge(int bytes) {
    return bytes > MAX_BYTES;
  }

  /**
   * {@code zbud_alloc}.
   *
   * @param bytes 1 and up, not {@linkplain #isTooLarge too many}
   * @return null without memory
   */
  @Nullable Handle alloc(int bytes, int gfp) {
    int chunks = (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
    Page page = null;
    for (int free = chunks; free <= CHUNKS && page == null; free++) {
      if (!unbuddied.get(free).isEmpty()) {
        page = unbuddied.get(free).removeLast();
      }
    }
    if (page == null) {
      int pfn = allocator.allocPage(gfp);
      if (pfn < 0) {
        return null;
      }
      page = new Page(pfn);
    }
    boolean first = page.firstChunks == 0;
    if (first) {
      page.firstChunks = chunks;
    } else {
      page.lastChunks = chunks;
    }
    addUnbuddied(page);
    lru.remove(page);
    lru.add(page);
    return new Handle(page, first);
  }

  private void addUnbuddied(Page page) {
    if (!page.isBuddied()) {
      unbuddied.get(page.freeChunks()).add(page);
    }
  }

  private void removeUnbuddied(Page page) {
    if (!page.isBuddied()) {
      unbuddied.get(page.freeChunks()).remove(page);
    }
  }

  /** {@code zbud_free}. */
  void free(Handle handle) {
    Page page = handle.page;
    if (!page.underReclaim) {
      removeUnbuddied(page);
    }
    if (handle.first) {
      page.firstChunks = 0;
    } else {
      page.lastChunks = 0;
    }
    if (!page.underReclaim) {
      settle(page);
    }
  }

  /** A page that is on no list of free chunks: frees it, or says what is free in it. */
  private void settle(Page page) {
    if (page.isEmpty()) {
      lru.remove(page);
      allocator.freePages(page.pfn, 0);
    } else {
      addUnbuddied(page);
    }
  }

  /**
   * {@code zbud_reclaim_page}: frees a page of the pool, the one that was used longest ago, if what
   * is in it can go elsewhere.
   *
   * @return whether one is free
   */
  boolean reclaimPage(Evict evict) {
    for (int i = 0; i < RETRIES && !lru.isEmpty(); i++) {
      Page page = lru.removeFirst();
      removeUnbuddied(page);
      lru.add(page);
      page.underReclaim = true;
      boolean goOn = page.firstChunks == 0 || evict.evict(new Handle(page, true));
      if (goOn && page.lastChunks != 0) {
        evict.evict(new Handle(page, false));
      }
      page.underReclaim = false;
      boolean isFree = page.isEmpty();
      settle(page);
      if (isFree) {
        return true;
      }
    }
    return false;
  }

  /** Claims its pages; returns how many objects they have. */
  long audit(Audit audit) {
    long objects = 0;
    for (Page page : lru) {
      audit.claim(page.pfn, "zswap's pool");
      audit.expectReference(page.pfn);
      objects += (page.firstChunks != 0 ? 1 : 0) + (page.lastChunks != 0 ? 1 : 0);
      if (page.isBuddied() == unbuddied.get(Math.max(page.freeChunks(), 0)).contains(page)) {
        audit.difference("a page of zswap's pool is on the wrong list");
      }
    }
    return objects;
  }
}
