package org.memarium.mm.swap;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.file.PageTree;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.slab.SlabAllocator;

/**
 * Swap: anonymous pages and shared memory go to a device when RAM is short, and come back when they
 * are used (Linux 6.1 {@code mm/swapfile.c}, {@code mm/swap_state.c}). One a machine.
 *
 * <pre>
 *   out   addToSwap        a slot; the page is in the swap cache
 *         duplicate        for each page-table entry that gets the slot instead of the page
 *         writePage        to the device, unless it has been read from there and not changed
 *         deleteFromCache  the frame is free; a shadow stays in the cache
 *   in    lookup           the page is in the cache still, or again
 *         swapIn           or it is read, with its neighbours
 *         free             for each page-table entry that gets the page instead of the slot
 *         tryToFree        the last user gives the slot up; until then the page may stay in the cache
 * </pre>
 *
 * <p>Entries are given as page-table entries ({@link SwapEntry}); the bits beside type and offset
 * are ignored. A page that is handed out has a reference that the caller gives up.
 */
public final class Swap {
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final PageTableFormat format;
  private final SwapCache cache;
  private final SwapAreas areas;
  private final SwapIo io;
  private final SwapReadahead readahead;

  private final SwapReader reader;

  /** No area is on. */
  public Swap(PageAllocator allocator, SlabAllocator slab, PageTableFormat format) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.format = format;
    this.cache = new SwapCache(allocator, slab.kernelCaches().get("radix_tree_node"));
    this.areas = new SwapAreas(allocator, this, cache);
    this.io = new SwapIo(allocator, areas);
    this.reader = new SwapReader(this, allocator, cache, areas, io);
    this.readahead =
        new SwapReadahead(
            reader, areas, memMap, allocator.vmStat(), allocator.node().totalRamPages());
    reader.setReadahead(readahead);
    allocator
        .lru()
        .workingset()
        .setSwapSpace(group -> Math.min(freePages(), allocator.groups().swapMargin(group)));
  }

  /** The format of the entries. */
  public PageTableFormat format() {
    return format;
  }

  /** The swap areas: to turn them on and off. */
  public SwapAreas areas() {
    return areas;
  }

  /** How pages are read ahead. */
  public SwapReadahead readahead() {
    return readahead;
  }

  SwapIo io() {
    return io;
  }

  SwapReader reader() {
    return reader;
  }

  /** {@code init_zswap}: compressed RAM stands in front of the areas from now on. */
  public void useZswap(ZswapParameters parameters, SlabAllocator slab) {
    io.setZswap(new Zswap(parameters, allocator, slab, this));
  }

  /** Compressed RAM, or null. */
  public @Nullable Zswap zswap() {
    return io.zswap();
  }

  /** Work that waits for a moment at which the kernel would schedule. */
  public void atSafePoint() {
    Zswap zswap = io.zswap();
    if (zswap != null) {
      zswap.shrink();
    }
  }

  boolean isUsed(int slot) {
    return areas.infoOf(slot).map().get(SwapAreas.offset(slot)) != 0;
  }

  /** Names who counts the swap of memory groups; nobody does until then. */
  public void setCharge(SwapCharge charge) {
    areas.setCharge(charge);
  }

  // ---- What there is ----

  /** Whether there is an area that pages can go to. */
  public boolean isOn() {
    return areas.totalPages() > 0;
  }

  /** {@code total_swap_pages}. */
  public long totalPages() {
    return areas.totalPages();
  }

  /** {@code get_nr_swap_pages}: how many slots are free. */
  public long freePages() {
    return Math.max(0, areas.freePages());
  }

  /** {@code show_swap_cache_info}, without the pages: what the cache was used for. */
  public String statistics() {
    return cache.statistics();
  }

  // ---- Entries and slots ----

  int slot(long entry) {
    long offset = SwapEntry.offset(format, entry);
    int type = SwapEntry.type(format, entry);
    if (type >= SwapEntry.MAX_SWAPFILES || offset > SwapAreas.OFFSET_MASK) {
      throw new IllegalStateException("0x%x is no swap entry".formatted(entry));
    }
    return SwapAreas.slot(type, (int) offset);
  }

  /** {@code radix_to_swp_entry}: the entry of a slot, as a tree of pages keeps it. */
  public long entryOfSlot(int slot) {
    return SwapEntry.of(format, SwapAreas.type(slot), SwapAreas.offset(slot));
  }

  /** {@code swp_to_radix_entry}: a slot as a tree of pages keeps it, in 31 bits. */
  public int slotOf(long entry) {
    return slot(entry);
  }

  /** {@code page_swap_entry}: the slot of a page in the swap cache. */
  public long entryOf(int pfn) {
    if (!isCached(pfn)) {
      throw new IllegalStateException("is not in the swap cache: " + memMap.describe(pfn));
    }
    return entryOfSlot(memMap.pagePrivate(pfn));
  }

  /** {@code PageSwapCache}. */
  public boolean isCached(int pfn) {
    return memMap.testFlags(pfn, PageFlags.SWAP_CACHE);
  }

  /**
   * {@code swap_duplicate}: one more page-table entry has the slot.
   *
   * @return 0; -ENOMEM if there is no memory to count so far
   */
  public int duplicate(long entry) {
    return duplicate(entry, Gfp.GFP_ATOMIC);
  }

  /** The same, with memory for the count as {@code gfp} says. */
  public int duplicate(long entry, int gfp) {
    int slot = slot(entry);
    SwapMap map = areas.infoOf(slot).map();
    int offset = SwapAreas.offset(slot);
    int error = map.duplicate(offset, 1);
    while (error == -Errno.ENOMEM) {
      if (map.addContinuation(offset, gfp) != 0) {
        return error;
      }
      error = map.duplicate(offset, 1);
    }
    if (error != 0) {
      throw new IllegalStateException("nobody has " + describe(slot));
    }
    return 0;
  }

  /**
   * {@code add_swap_count_continuation}, with reclaim: after a {@link #duplicate} that failed.
   *
   * @return false without memory
   */
  public boolean prepareDuplicate(long entry) {
    int slot = slot(entry);
    return areas.infoOf(slot).map().addContinuation(SwapAreas.offset(slot), Gfp.GFP_KERNEL) == 0;
  }

  /** {@code swap_shmem_alloc}: a file of memory has the slot, in the place of a page. */
  public void duplicateForShmem(long entry) {
    int slot = slot(entry);
    if (areas.infoOf(slot).map().duplicate(SwapAreas.offset(slot), SwapMap.SHMEM) != 0) {
      throw new IllegalStateException("a file cannot have " + describe(slot));
    }
  }

  private String describe(int slot) {
    SwapInfo area = areas.infoOf(slot);
    int offset = SwapAreas.offset(slot);
    return "slot %d of %s (0x%02x)".formatted(offset, area, area.map().get(offset));
  }

  /** {@code swap_free}: one page-table entry less has the slot. */
  public void free(long entry) {
    releaseSlot(slot(entry), 1);
  }

  /** {@code __swap_entry_free}: returns who has it still, as the map says. */
  int releaseSlot(int slot, int usage) {
    int left = areas.infoOf(slot).map().release(SwapAreas.offset(slot), usage);
    if (left == 0) {
      areas.slots().giveBack(slot);
    }
    return left;
  }

  /**
   * {@code free_swap_and_cache}: one page-table entry less has the slot; its page goes from the
   * cache if nobody needs it.
   */
  public void freeAndCache(long entry) {
    int slot = slot(entry);
    if (releaseSlot(slot, 1) != SwapMap.HAS_CACHE) {
      return;
    }
    int pfn = cache.find(slot);
    if (pfn >= 0 && (memMap.pageMapcount(pfn) == 0 || isFull(pfn))) {
      memMap.getPage(pfn);
      tryToFree(pfn);
      allocator.putPage(pfn);
    }
  }

  /** {@code swp_swapcount}: how many page-table entries have the slot. */
  public int count(long entry) {
    int slot = slot(entry);
    return areas.infoOf(slot).map().exactCount(SwapAreas.offset(slot));
  }

  /** {@code mem_cgroup_swap_full}: slots are short; pages in memory should not keep theirs. */
  public boolean isFull(int pfn) {
    SwapCharge charge = areas.charge();
    return areas.isFull() || (charge != null && charge.isFull(pfn));
  }

  // ---- Out ----

  /**
   * {@code add_to_swap}: gives a page a slot. It is in the swap cache and dirty from then on, and
   * the cache holds a reference.
   *
   * @param pfn a page with {@link PageFlags#SWAP_BACKED}, up to date, and not in the swap cache
   * @return false if there is no slot, or no memory for the cache; nothing has changed then
   */
  public boolean addToSwap(int pfn) {
    int slot = areas.totalPages() > 0 ? areas.slots().take() : -1;
    if (slot < 0) {
      return false;
    }
    SwapCharge charge = areas.charge();
    int gfp = Gfp.HIGH | Gfp.NOMEMALLOC | Gfp.NOWARN;
    if ((charge != null && !charge.tryCharge(pfn, slot)) || !cache.add(pfn, slot, gfp)) {
      releaseSlot(slot, SwapMap.HAS_CACHE);
      return false;
    }
    memMap.setPageDirty(pfn);
    return true;
  }

  /**
   * {@code swap_writepage}: begins to write a page of the swap cache, which nothing maps, to its
   * slot: {@link PageFlags#WRITEBACK} until that has ended, and clean. If nobody has the slot any
   * more, the page leaves the cache instead, and is dirty.
   *
   * @return 0; -EIO if the device failed: the page is dirty again, and stays
   */
  public int writePage(int pfn) {
    if (tryToFree(pfn)) {
      return 0;
    }
    return io.write(pfn, memMap.pagePrivate(pfn));
  }

  /**
   * {@code __delete_from_swap_cache} of {@code __remove_mapping}: the page leaves the cache, which
   * gives its reference up; its slot stays as long as entries have it.
   *
   * @param pfn clean, not under writeback, with a reference of the caller
   * @param shadow what {@code workingset_eviction} answered; -1 for none
   */
  public void deleteFromCache(int pfn, int shadow) {
    int slot = cache.delete(pfn, shadow);
    releaseSlot(slot, SwapMap.HAS_CACHE);
    allocator.putPage(pfn);
  }

  /**
   * {@code folio_free_swap}: takes a page whose slot nobody has any more out of the cache; it is
   * dirty then.
   *
   * @param pfn with a reference of the caller
   * @return whether it left the cache now
   */
  public boolean tryToFree(int pfn) {
    if (!isCached(pfn)
        || memMap.testFlags(pfn, PageFlags.WRITEBACK)
        || (!memMap.isPageUptodate(pfn) && allocator.pendingIo().isPending(pfn))) {
      return false;
    }
    int slot = memMap.pagePrivate(pfn);
    if (areas.infoOf(slot).map().count(SwapAreas.offset(slot)) != 0) {
      return false;
    }
    deleteFromCache(pfn, PageTree.NONE);
    memMap.setPageDirty(pfn);
    return true;
  }

  /** {@code free_swap_cache}: before the last reference but the cache's goes. */
  public void freeCacheOf(int pfn) {
    if (isCached(pfn) && memMap.pageMapcount(pfn) == 0) {
      tryToFree(pfn);
    }
  }

  /** {@code __try_to_reclaim_swap}, {@code TTRS_ANYWAY}: whether the cache gave the slot up. */
  boolean reclaimSlot(int slot) {
    int pfn = cache.find(slot);
    if (pfn < 0) {
      return false;
    }
    memMap.getPage(pfn);
    boolean freed = tryToFree(pfn);
    allocator.putPage(pfn);
    return freed;
  }

  /**
   * {@code folio_migrate_mapping}: a page of the cache, which nothing maps, is in another frame
   * from now on. The cache's reference passes over: the caller gives up the one to the old frame.
   */
  public void replacePage(int fromPfn, int toPfn) {
    cache.replace(fromPfn, toPfn);
    memMap.getPage(toPfn);
  }

  // ---- In ----

  /**
   * {@code find_get_page} of the swap cache, without a reference and without a trace.
   *
   * @return the frame, or -1
   */
  public int peek(long entry) {
    return cache.find(slot(entry));
  }

  /**
   * {@code lookup_swap_cache}: the page of a slot, if it is in the cache, up to date or on its way.
   *
   * @return its frame, with a reference for the caller; or -1
   */
  public int lookup(long entry) {
    int pfn = cache.lookup(slot(entry));
    if (pfn >= 0) {
      memMap.getPage(pfn);
    }
    return pfn;
  }

  /**
   * Whether a page that was {@linkplain #lookup looked up} had been read ahead, and is needed for
   * the first time; counted as {@code swap_ra_hit}.
   *
   * @param ofArea whether the area of addresses counts its hits itself
   */
  public boolean wasReadAhead(int pfn, boolean ofArea) {
    boolean hit = readahead.wasHit(pfn);
    if (hit && !ofArea) {
      readahead.countHit();
    }
    return hit;
  }

  /**
   * {@code swap_cluster_readahead}: begins to read a slot, and others around it.
   *
   * @return the frame, with a reference for the caller; up to date when its read has ended; or a
   *     negative errno
   */
  public int readCluster(long entry) {
    return readahead.readCluster(slot(entry));
  }

  /** {@code read_swap_cache_async}: the same without others. */
  public int read(long entry) {
    return reader.read(slot(entry));
  }

  /**
   * The same for a page that may be needed; it has no reference of the caller.
   *
   * @param ahead whether nobody has asked for it
   */
  public void readAhead(long entry, boolean ahead) {
    reader.readAhead(slot(entry), ahead);
  }

  // ---- Turning an area off ----

  /**
   * The page of a slot of an area that is turned off, which no page-table entry and no file has: it
   * leaves the cache.
   *
   * @param previous offset where the search goes on, 0 at first
   * @return the offset of the next slot that somebody has, or 0 at the end
   */
  public int nextUsed(int type, int previous) {
    return areas.nextUsed(type, previous);
  }

  /** The entry of a page of an area. */
  public long entry(int type, int offset) {
    return SwapEntry.of(format, type, offset);
  }

  /** Closes the devices, as the machine ends. */
  public void close() {
    Zswap zswap = io.zswap();
    if (zswap != null) {
      zswap.close();
    }
    areas.close();
  }

  // ---- Audit ----

  /** Begins a recount of who has which slot. */
  public SwapRecount beginRecount() {
    return new SwapRecount(this);
  }

  /** Ends it: recounts maps, cache and devices; after everybody who maps pages. */
  public void audit(Audit audit, SwapRecount recount) {
    cache.audit(audit);
    areas.audit(audit, recount);
    Zswap zswap = io.zswap();
    if (zswap != null) {
      zswap.audit(audit);
    }
  }

  /** {@code null} where nobody counts groups. */
  @Nullable SwapCharge charge() {
    return areas.charge();
  }
}
