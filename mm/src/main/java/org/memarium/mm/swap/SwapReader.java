package org.memarium.mm.swap;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.file.PageTree;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;

/**
 * Pages of the swap cache that are made to be read into (Linux 6.1 {@code mm/swap_state.c}, {@code
 * __read_swap_cache_async}).
 */
final class SwapReader {
  private final Swap swap;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final SwapCache cache;
  private final SwapAreas areas;
  private final SwapIo io;
  private @Nullable SwapReadahead readahead;

  /** Whether {@link #readNew} made the page that it returned. */
  private boolean isNew;

  SwapReader(Swap swap, PageAllocator allocator, SwapCache cache, SwapAreas areas, SwapIo io) {
    this.swap = swap;
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.cache = cache;
    this.areas = areas;
    this.io = io;
  }

  /** Names who is told of pages that nobody has asked for. */
  void setReadahead(SwapReadahead listener) {
    readahead = listener;
  }

  /** {@code read_swap_cache_async}: begins to read a slot; returns as {@link #readNew}. */
  int read(int slot) {
    int pfn = readNew(slot);
    if (pfn >= 0 && isNew) {
      io.read(pfn, slot);
    }
    return pfn;
  }

  /**
   * The same for a page that may be needed; it has no reference of the caller.
   *
   * @param ahead whether nobody has asked for it
   */
  void readAhead(int slot, boolean ahead) {
    int pfn = readNew(slot);
    if (pfn < 0) {
      return;
    }
    if (isNew) {
      io.read(pfn, slot);
      if (ahead) {
        Objects.requireNonNull(readahead).mark(pfn);
      }
    }
    allocator.putPage(pfn);
  }

  /**
   * {@code __read_swap_cache_async}: the page of a slot, in the cache; a new one is to be read
   * into.
   *
   * @return the frame, with a reference; -ENOENT if nobody has the slot; -ENOMEM
   */
  private int readNew(int slot) {
    isNew = false;
    int pfn = cache.find(slot);
    if (pfn >= 0) {
      memMap.getPage(pfn);
      return pfn;
    }
    SwapMap map = areas.infoOf(slot).map();
    int offset = SwapAreas.offset(slot);
    if (map.count(offset) == 0 || map.get(offset) == SwapMap.BAD) {
      return -Errno.ENOENT;
    }
    pfn = allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    int error = map.duplicate(offset, SwapMap.HAS_CACHE);
    if (error != 0) {
      allocator.putPage(pfn);
      return -Errno.ENOENT;
    }
    memMap.setFlags(pfn, PageFlags.SWAP_BACKED);
    SwapCharge charge = areas.charge();
    if ((charge != null && !charge.chargeSwapin(pfn, slot))
        || !cache.add(pfn, slot, Gfp.GFP_HIGHUSER_MOVABLE & Gfp.RECLAIM_MASK)) {
      swap.releaseSlot(slot, SwapMap.HAS_CACHE);
      allocator.putPage(pfn);
      return -Errno.ENOMEM;
    }
    if (charge != null) {
      charge.uncharged(slot);
    }
    int shadow = cache.shadow();
    if (shadow != PageTree.NONE) {
      allocator.lru().workingset().refault(pfn, shadow);
    }
    allocator.lru().add(pfn);
    isNew = true;
    return pfn;
  }

  /** {@code zswap_get_swap_cache_page}: a frame in the swap cache to fill; -1 if it is there. */
  int newPageOf(int slot) {
    int pfn = readNew(slot);
    if (pfn >= 0 && !isNew) {
      allocator.putPage(pfn);
      return -1;
    }
    return pfn;
  }
}
