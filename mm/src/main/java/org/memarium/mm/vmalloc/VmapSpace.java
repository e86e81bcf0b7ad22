package org.memarium.mm.vmalloc;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.slab.KmemCache;

/**
 * The linear addresses of the area for vmalloc: who has which (Linux 6.1 {@code mm/vmalloc.c},
 * {@code alloc_vmap_area} and {@code __purge_vmap_area_lazy}).
 *
 * <pre>
 *            alloc: lowest that fits              free: page-table entries cleared
 *    free tree ----------------------> busy tree ----------------------> purge tree
 *        ^                                                                   |
 *        +-------------------------------------------------------------------+
 *               purge: one flush of the TLB for all, neighbours merged
 * </pre>
 *
 * <p>Every page of the area is in exactly one of the three trees. A piece is taken from a free one:
 *
 * <pre>
 *    FL_FIT  |=========|   the whole piece            LE_FIT  |=====----|   its left edge
 *    RE_FIT  |----=====|   its right edge             NE_FIT  |--=====--|   no edge: two remain
 * </pre>
 */
final class VmapSpace {
  /** {@code lazy_max_pages} of one processor: 32 MiB. */
  static final long LAZY_MAX_PAGES = (32L << 20) >>> Ram.PAGE_SHIFT;

  /** What {@link #place} answers where there is no room; no area begins at 0. */
  private static final long NO_ROOM = 0;

  final VmapAreas areas = new VmapAreas();
  private final VmapTree free = new VmapTree(areas, true);
  private final VmapTree busy = new VmapTree(areas, false);
  private final VmapTree purge = new VmapTree(areas, false);
  private final KmemCache cache;
  private final KernelMapper mapper;
  private final KernelLayout layout;

  /** {@code vmap_lazy_nr}: pages in the purge tree. */
  private long lazyPages;

  /** {@code ne_fit_preload_node}: a descriptor for the piece that a split makes; 0 if used up. */
  private long preloaded;

  private @Nullable VmapBlocks blocks;
  private long purges;

  /**
   * {@code vmap_init_free_space}: all of it is free.
   *
   * @param cache {@code vmap_area}
   * @throws IllegalArgumentException if RAM is too small
   */
  VmapSpace(KernelMapper mapper, KmemCache cache) {
    this.mapper = mapper;
    this.layout = mapper.layout();
    this.cache = cache;
    long slot = cache.alloc(Gfp.GFP_KERNEL);
    if (slot == 0) {
      throw new IllegalArgumentException("RAM is too little for the first area of vmalloc");
    }
    int all = areas.make(slot);
    areas.start[all] = layout.vmallocStart();
    areas.end[all] = layout.vmallocEnd();
    free.insert(all);
  }

  /** Names the vmap blocks, whose empty ones are freed before a purge. */
  void setBlocks(VmapBlocks vmapBlocks) {
    blocks = vmapBlocks;
  }

  // ---- Allocation ----

  /**
   * {@code alloc_vmap_area}: takes the lowest addresses that fit.
   *
   * @param bytes a multiple of the page size
   * @param align a power of two
   * @param from the lowest address allowed
   * @param to the end of what is allowed
   * @return the area, in the busy tree; 0 if there is no room or no memory
   */
  int allocate(long bytes, long align, long from, long to, int gfpFlags) {
    long slot = cache.alloc(gfpFlags & Gfp.RECLAIM_MASK);
    if (slot == 0) {
      return VmapAreas.NONE;
    }
    preload(gfpFlags);
    long start = place(bytes, align, from, to);
    if (start == NO_ROOM) {
      purgeLazily();
      preload(gfpFlags);
      start = place(bytes, align, from, to);
    }
    if (start == NO_ROOM) {
      cache.free(slot);
      return VmapAreas.NONE;
    }
    return makeBusy(slot, start, bytes);
  }

  private int makeBusy(long slot, long start, long bytes) {
    int area = areas.make(slot);
    areas.start[area] = start;
    areas.end[area] = start + bytes;
    busy.insert(area);
    return area;
  }

  /** {@code preload_this_cpu_lock}: a split must not fail for want of a descriptor. */
  private void preload(int gfpFlags) {
    if (preloaded == 0) {
      preloaded = cache.alloc(gfpFlags & Gfp.RECLAIM_MASK);
    }
  }

  /** {@code __alloc_vmap_area}: the start of addresses that are free no more; 0 for no room. */
  private long place(long bytes, long align, long from, long to) {
    // A range that is just as large as what is asked for has no room for the alignment.
    boolean exact = align <= Ram.PAGE_SIZE || to - from == bytes;
    int area = free.lowestMatch(bytes, align, from, exact ? bytes : bytes + align - 1);
    if (area == VmapAreas.NONE) {
      return NO_ROOM;
    }
    long start = (Math.max(areas.start[area], from) + align - 1) & -align;
    return start + bytes <= to && carve(area, start, bytes) ? start : NO_ROOM;
  }

  /** {@code adjust_va_to_fit_type}: takes addresses out of a free piece; false for no memory. */
  private boolean carve(int area, long start, long bytes) {
    long end = start + bytes;
    boolean leftEdge = areas.start[area] == start;
    boolean rightEdge = areas.end[area] == end;
    if (leftEdge && rightEdge) {
      free.remove(area);
      release(area);
      return true;
    }
    if (leftEdge) {
      areas.start[area] = end;
    } else if (rightEdge) {
      areas.end[area] = start;
    } else {
      long slot = preloaded != 0 ? preloaded : cache.alloc(Gfp.GFP_NOWAIT);
      preloaded = 0;
      if (slot == 0) {
        return false;
      }
      int lower = areas.make(slot);
      areas.start[lower] = areas.start[area];
      areas.end[lower] = start;
      areas.start[area] = end;
      free.resized(area);
      free.insert(lower);
      return true;
    }
    free.resized(area);
    return true;
  }

  private void release(int area) {
    cache.free(areas.slot[area]);
    areas.release(area);
  }

  // ---- Freeing ----

  /**
   * {@code free_unmap_vmap_area}: clears the area's page-table entries and puts it aside, until
   * there is so much that one flush of the TLB pays. Linux leaves that to a worker thread; here it
   * happens at once.
   */
  void freeUnmap(int area) {
    mapper.unmap(areas.start[area], areas.end[area]);
    freeLazily(area);
  }

  /** {@code free_vmap_area_noflush}. */
  void freeLazily(int area) {
    busy.remove(area);
    areas.vm[area] = null;
    lazyPages += areas.size(area) >>> Ram.PAGE_SHIFT;
    mergeOrAdd(purge, area);
    if (lazyPages > LAZY_MAX_PAGES) {
      purgeAll(Long.MAX_VALUE, Long.MIN_VALUE);
    }
  }

  /** {@code free_vmap_area}: addresses that were never mapped are free at once. */
  void freeNow(int area) {
    busy.remove(area);
    areas.vm[area] = null;
    mergeOrAdd(free, area);
  }

  /** {@code merge_or_add_vmap_area}: joins a piece with its neighbours in a tree. */
  private void mergeOrAdd(VmapTree tree, int area) {
    int below = tree.floor(areas.start[area]);
    int above = below == VmapAreas.NONE ? tree.first() : areas.next[below];
    if (below != VmapAreas.NONE && areas.end[below] > areas.start[area]) {
      throw new IllegalStateException(
          "0x%x-0x%x is freed, and 0x%x-0x%x was free already"
              .formatted(areas.start[area], areas.end[area], areas.start[below], areas.end[below]));
    }
    boolean joinsAbove = above != VmapAreas.NONE && areas.start[above] == areas.end[area];
    boolean joinsBelow = below != VmapAreas.NONE && areas.end[below] == areas.start[area];
    if (joinsBelow) {
      long end = areas.end[area];
      if (joinsAbove) {
        end = areas.end[above];
        tree.remove(above);
        release(above);
      }
      areas.end[below] = end;
      tree.resized(below);
      release(area);
    } else if (joinsAbove) {
      areas.start[above] = areas.start[area];
      tree.resized(above);
      release(area);
    } else {
      tree.insert(area);
    }
  }

  // ---- Purging ----

  /** {@code purge_vmap_area_lazy}: what was put aside is free, and the TLB knows of none of it. */
  void purgeLazily() {
    if (blocks != null) {
      blocks.purgeFragmented();
    }
    purgeAll(Long.MAX_VALUE, Long.MIN_VALUE);
  }

  /**
   * {@code __purge_vmap_area_lazy}: one flush for the whole range, and for [start, end) too.
   *
   * @return false if nothing was put aside; then nothing was flushed
   */
  boolean purgeAll(long start, long end) {
    if (purge.isEmpty()) {
      return false;
    }
    purges++;
    long from = Math.min(start, areas.start[purge.first()]);
    long to = Math.max(end, areas.end[purge.last()]);
    mapper.flush(from, to);
    int area = purge.first();
    purge.clear();
    while (area != VmapAreas.NONE) {
      int next = areas.next[area];
      lazyPages -= areas.size(area) >>> Ram.PAGE_SHIFT;
      mergeOrAdd(free, area);
      area = next;
    }
    return true;
  }

  // ---- What there is ----

  /** The busy area that holds an address, or 0. */
  int find(long address) {
    return busy.find(address);
  }

  VmapTree busy() {
    return busy;
  }

  VmapTree free() {
    return free;
  }

  VmapTree unpurged() {
    return purge;
  }

  long lazyPages() {
    return lazyPages;
  }

  /** How often the TLB was flushed for what had been freed. */
  long purges() {
    return purges;
  }

  // ---- pcpu_get_vm_areas ----

  /** Takes exactly these addresses, if they lie in one free piece; 0 if not, or for no memory. */
  int allocateAt(long start, long bytes, int gfpFlags) {
    long slot = cache.alloc(gfpFlags & Gfp.RECLAIM_MASK);
    if (slot == 0) {
      return VmapAreas.NONE;
    }
    preload(gfpFlags);
    int area = free.floor(start);
    if (area != VmapAreas.NONE && areas.end[area] >= start + bytes && carve(area, start, bytes)) {
      return makeBusy(slot, start, bytes);
    }
    cache.free(slot);
    return VmapAreas.NONE;
  }

  // ---- Audit ----

  /** Checks the three trees, and that together they are the area, every page once. */
  void audit(Audit audit) {
    try {
      free.audit("free areas of vmalloc");
      busy.audit("busy areas of vmalloc");
      purge.audit("unpurged areas of vmalloc");
    } catch (IllegalStateException broken) {
      audit.difference(String.valueOf(broken.getMessage()));
      return;
    }
    long lazy = 0;
    for (int at = purge.first(); at != VmapAreas.NONE; at = areas.next[at]) {
      lazy += areas.size(at) >>> Ram.PAGE_SHIFT;
    }
    audit.expectEqual("vmap_lazy_nr", lazyPages, lazy);
    int pieces = free.count() + busy.count() + purge.count();
    audit.expectEqual("areas of vmalloc", areas.inUse(), pieces);
    int[] at = {free.first(), busy.first(), purge.first()};
    long behind = layout.vmallocStart();
    while (behind < layout.vmallocEnd()) {
      int next = -1;
      for (int tree = 0; tree < at.length; tree++) {
        if (at[tree] != VmapAreas.NONE && areas.start[at[tree]] == behind) {
          next = tree;
        }
      }
      if (next < 0) {
        audit.difference("nobody has the address 0x%x of the area for vmalloc".formatted(behind));
        return;
      }
      behind = areas.end[at[next]];
      at[next] = areas.next[at[next]];
    }
    if (behind != layout.vmallocEnd() || (at[0] | at[1] | at[2]) != VmapAreas.NONE) {
      audit.difference("areas of vmalloc overlap, or lie behind its end");
    }
  }
}
