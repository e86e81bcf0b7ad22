package org.memarium.mm.swap;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.file.PageTree;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;
import org.memarium.mm.vmalloc.KvMalloc;

/**
 * The swap cache: pages that have a slot, on their way out or in (Linux 6.1 {@code
 * mm/swap_state.c}). So a page that several address spaces share is read once, and one that did not
 * change since it was read need not be written again.
 *
 * <p>A page of the cache has {@link PageFlags#SWAP_CACHE}, its slot in {@code private}, and a
 * reference by the cache. Each 64 MiB of an area have a tree of pages ({@code swapper_spaces}),
 * which holds the shadows of pages that were evicted, too.
 */
final class SwapCache {
  /** {@code SWAP_ADDRESS_SPACE_SHIFT}: slots of one tree. */
  static final int TREE_SHIFT = 14;

  private static final int TREE_MASK = (1 << TREE_SHIFT) - 1;

  /** {@code sizeof(struct address_space)}, by bytes of a pointer. */
  private static final int SPACE_BYTES_PER_POINTER_BYTE = 24;

  private final MemMap memMap;
  private final PageAllocator allocator;
  private final VmStat vmStat;
  private final KmemCache nodes;

  /** By type of the area. */
  private final List<PageTree @Nullable []> trees = new ArrayList<>();

  /** By type: the memory of its {@code struct address_space}s. */
  private final List<Long> memory = new ArrayList<>();

  // ---- swap_cache_info ----
  private long added;
  private long deleted;
  private long found;
  private long looked;

  /** {@code xas_load} while a page is put in: what the last one took the place of; or -1. */
  private int shadow = PageTree.NONE;

  SwapCache(PageAllocator allocator, KmemCache nodes) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.vmStat = allocator.vmStat();
    this.nodes = nodes;
  }

  // ---- Areas ----

  /** {@code init_swap_address_space}; false without memory. */
  boolean addArea(int type, int slots, KvMalloc kvMalloc, int pointerBytes) {
    int count = (slots + TREE_MASK) >>> TREE_SHIFT;
    long bytes = (long) count * SPACE_BYTES_PER_POINTER_BYTE * pointerBytes;
    long address = kvMalloc.kvzalloc(bytes, Gfp.GFP_KERNEL);
    if (address == 0) {
      return false;
    }
    PageTree[] ofArea = new PageTree[count];
    for (int i = 0; i < count; i++) {
      ofArea[i] = new PageTree(nodes, null);
    }
    while (trees.size() <= type) {
      trees.add(null);
      memory.add(0L);
    }
    trees.set(type, ofArea);
    memory.set(type, address);
    return true;
  }

  /** {@code exit_swap_address_space}. */
  void removeArea(int type, KvMalloc kvMalloc) {
    if (type >= trees.size() || trees.get(type) == null) {
      return;
    }
    for (PageTree tree : treesOf(type)) {
      if (tree.size() + tree.values() > 0) {
        throw new IllegalStateException(
            "swap area %d ends with pages in the cache".formatted(type));
      }
    }
    trees.set(type, null);
    kvMalloc.kvfree(memory.get(type));
  }

  private PageTree[] treesOf(int type) {
    PageTree[] ofArea = type < trees.size() ? trees.get(type) : null;
    if (ofArea == null) {
      throw new IllegalStateException("there is no swap area %d".formatted(type));
    }
    return ofArea;
  }

  private PageTree tree(int slot) {
    return treesOf(SwapAreas.type(slot))[SwapAreas.offset(slot) >>> TREE_SHIFT];
  }

  private static int index(int slot) {
    return SwapAreas.offset(slot) & TREE_MASK;
  }

  // ---- Pages ----

  /** {@code find_get_page} of a slot, without a reference: its frame, or -1. */
  int find(int slot) {
    return tree(slot).get(index(slot));
  }

  /** The same, counted as a lookup ({@code lookup_swap_cache}). */
  int lookup(int slot) {
    looked++;
    int pfn = find(slot);
    found += pfn >= 0 ? 1 : 0;
    return pfn;
  }

  /**
   * {@code add_to_swap_cache}.
   *
   * @param gfp how nodes of the tree may be allocated
   * @return false if there is no memory for a node; nothing has changed then
   */
  boolean add(int pfn, int slot, int gfp) {
    PageTree tree = tree(slot);
    if (memMap.testFlags(pfn, PageFlags.SWAP_CACHE)) {
      throw new IllegalStateException("is in the swap cache already: " + memMap.describe(pfn));
    }
    memMap.getPage(pfn);
    shadow = tree.value(index(slot));
    if (!tree.put(index(slot), pfn, gfp)) {
      allocator.putPage(pfn);
      return false;
    }
    memMap.setFlags(pfn, PageFlags.SWAP_CACHE);
    memMap.setPagePrivate(pfn, slot);
    count(1);
    added++;
    return true;
  }

  /** What stood in the place of the page that was added last: its shadow, or -1. */
  int shadow() {
    return shadow;
  }

  /**
   * {@code __delete_from_swap_cache}; the cache's reference is the caller's to give up.
   *
   * @param shadowToLeave or {@link PageTree#NONE}
   */
  int delete(int pfn, int shadowToLeave) {
    int slot = memMap.pagePrivate(pfn);
    int required = PageFlags.SWAP_CACHE;
    if ((memMap.flags(pfn) & (required | PageFlags.WRITEBACK)) != required || find(slot) != pfn) {
      throw new IllegalStateException("cannot leave the swap cache: " + memMap.describe(pfn));
    }
    if (shadowToLeave == PageTree.NONE) {
      tree(slot).remove(index(slot));
    } else {
      tree(slot).replaceByValue(index(slot), shadowToLeave);
    }
    memMap.setPagePrivate(pfn, 0);
    memMap.clearFlags(pfn, PageFlags.SWAP_CACHE);
    count(-1);
    deleted++;
    return slot;
  }

  /** {@code folio_migrate_mapping}: a page of the cache is in another frame from now on. */
  void replace(int fromPfn, int toPfn) {
    int slot = memMap.pagePrivate(fromPfn);
    tree(slot).replace(index(slot), toPfn);
    memMap.setPagePrivate(toPfn, slot);
    memMap.setFlags(toPfn, PageFlags.SWAP_CACHE);
    memMap.setPagePrivate(fromPfn, 0);
    memMap.clearFlags(fromPfn, PageFlags.SWAP_CACHE);
  }

  private void count(int change) {
    vmStat.add(VmStatItem.NR_FILE_PAGES, change);
    vmStat.add(VmStatItem.NR_SWAPCACHED, change);
  }

  /** {@code clear_shadow_from_swap_cache}: a slot is free. */
  void clearShadow(int slot) {
    tree(slot).removeValue(index(slot));
  }

  /** {@code show_swap_cache_info}. */
  String statistics() {
    return "Swap cache stats: add %d, delete %d, find %d/%d"
        .formatted(added, deleted, found, looked);
  }

  // ---- Audit ----

  /** Recounts, and claims the pages that nobody maps; after everybody else. */
  void audit(Audit audit) {
    long pages = 0;
    for (int type = 0; type < trees.size(); type++) {
      if (trees.get(type) == null) {
        continue;
      }
      PageTree[] ofArea = treesOf(type);
      for (int number = 0; number < ofArea.length; number++) {
        PageTree tree = ofArea[number];
        audit.expectObjects(nodes, tree.auditNodes());
        for (long at = tree.next(0); at >= 0; at = tree.next(at + 1)) {
          int pfn = tree.get(at);
          int slot = SwapAreas.slot(type, number << TREE_SHIFT | (int) at);
          pages++;
          audit.expectReference(pfn);
          if (!audit.isClaimed(pfn)) {
            audit.claim(pfn, "swap cache");
          }
          if (!memMap.testFlags(pfn, PageFlags.SWAP_CACHE) || memMap.pagePrivate(pfn) != slot) {
            audit.difference(
                "slot %d of swap area %d is in %s"
                    .formatted(SwapAreas.offset(slot), type, memMap.describe(pfn)));
          }
        }
      }
    }
    audit.expectEqual("nr_swapcached", vmStat.get(VmStatItem.NR_SWAPCACHED), pages);
  }
}
