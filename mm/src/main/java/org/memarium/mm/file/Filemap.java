package org.memarium.mm.file;

import java.io.IOException;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemCgroups;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/**
 * How pages come into the page cache of one file, change their frame, and leave (Linux {@code
 * mm/filemap.c}, {@code filemap_add_folio}, {@code __filemap_remove_folio}).
 *
 * <pre>
 *   hole, shadow, slot of swap --- add, enterFromSwap ---&gt; page
 *   hole, shadow, slot of swap &lt;-- drop, removeMapping, leaveForSwap --- page
 * </pre>
 *
 * <p>The cache holds one reference to each page. A page that goes is one that nobody maps.
 */
public final class Filemap {
  /** No shadow stays where a page was. */
  public static final int NO_SHADOW = -1;

  private final PageCache cache;
  private final AddressSpace file;
  private final PageTree pages;
  private final BackingStore store;
  private final MemMap memMap;
  private final int number;

  Filemap(PageCache cache, AddressSpace file, PageTree pages) {
    this.cache = cache;
    this.file = file;
    this.pages = pages;
    this.store = file.store();
    this.memMap = cache.memMap;
    this.number = file.number();
  }

  // ---- In ----

  /** Reads a page that is not there; for the rest see {@link AddressSpace#readPage}. */
  int readNewPage(long index, int gfp) {
    int pfn = cache.allocator.allocPage(gfp);
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    long bytes = Math.min(file.bytes(), file.dirtyPages().storeBytes());
    long inFile = Math.clamp(bytes - (index << Ram.PAGE_SHIFT), 0, Ram.PAGE_SIZE);
    boolean fromDevice = inFile > 0 && file.isCold() && !store.isHole(index);
    try {
      if (inFile > 0) {
        if (fromDevice) {
          cache.device.checkFailure();
        }
        store.readPage(index, cache.ram, pfn, (int) inFile);
      }
    } catch (IOException failure) {
      cache.allocator.freePages(pfn, 0);
      return -Errno.EIO;
    }
    if (inFile < Ram.PAGE_SIZE) {
      long address = (long) pfn << Ram.PAGE_SHIFT;
      cache.ram.fill(address + inFile, Ram.PAGE_SIZE - inFile, (byte) 0);
    }
    if (!add(index, pfn, true)) {
      cache.allocator.freePages(pfn, 0);
      return -Errno.ENOMEM;
    }
    if (fromDevice) {
      cache.device.read(number, index, pfn);
    }
    return pfn;
  }

  /** A page that is not there, and will be overwritten as a whole. */
  int newPageForWrite(long index) {
    int pfn = cache.allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
    if (pfn >= 0 && add(index, pfn, false)) {
      return pfn;
    }
    if (pfn >= 0) {
      cache.allocator.freePages(pfn, 0);
    }
    return -Errno.ENOMEM;
  }

  /**
   * {@code filemap_add_folio}; returns false if there is no memory for a node of the tree, or the
   * memory group may have no more.
   *
   * @param refaults whether it counts as one that comes back, if it was evicted: not for a write
   */
  private boolean add(long index, int pfn, boolean refaults) {
    MemCgroups groups = cache.allocator.groups();
    if (!groups.charge(pfn, groups.current(), Gfp.GFP_KERNEL)) {
      return false;
    }
    // Reclaim may run while the tree takes a node, and may forget the shadow then.
    int shadow = store.isShmem() ? NO_SHADOW : pages.value(index);
    if (!pages.put(index, pfn, Gfp.GFP_KERNEL)) {
      return false;
    }
    memMap.setMapping(pfn, number, (int) index);
    memMap.setPageUptodate(pfn);
    cache.vmStat.increment(VmStatItem.NR_FILE_PAGES);
    if (store.isShmem()) {
      memMap.setFlags(pfn, PageFlags.SWAP_BACKED);
      cache.vmStat.increment(VmStatItem.NR_SHMEM);
    }
    if (shadow >= 0 && refaults) {
      cache.lru.workingset().refault(pfn, shadow);
    }
    cache.lru.add(pfn);
    if (cache.trace.isOn()) {
      cache.trace.emit(new TraceEvent.MmFilemapAddToPageCache(pfn, number, index));
    }
    return true;
  }

  /**
   * {@code shmem_add_to_page_cache} of a page that comes from swap, and is on the LRU lists: it
   * takes the place of its slot, for which there need be no memory.
   */
  void enterFromSwap(long index, int pfn) {
    memMap.getPage(pfn);
    if (!pages.put(index, pfn, Gfp.GFP_NOWAIT)) {
      throw new IllegalStateException("no place for a page where its slot was");
    }
    memMap.setMapping(pfn, number, (int) index);
    countShmem(1);
  }

  private void countShmem(int change) {
    cache.vmStat.add(VmStatItem.NR_FILE_PAGES, change);
    cache.vmStat.add(VmStatItem.NR_SHMEM, change);
  }

  /**
   * {@code folio_migrate_mapping}: a page, which nothing maps, is in another frame from now on. The
   * cache's reference passes over: the caller gives up the one to the old frame.
   *
   * @param toPfn has mapping, index and flags of the page already
   */
  public void replacePage(int fromPfn, int toPfn) {
    pages.replace(Integer.toUnsignedLong(memMap.index(fromPfn)), toPfn);
    if (memMap.isPageDirty(fromPfn) && store.isPersistent()) {
      cache.allocator.zoneOf(fromPfn).stat().decrement(VmStatItem.NR_ZONE_WRITE_PENDING);
      cache.allocator.zoneOf(toPfn).stat().increment(VmStatItem.NR_ZONE_WRITE_PENDING);
    }
  }

  // ---- Out ----

  /** Drops the page or the shadow at an index; a page that nobody maps, and that is not moving. */
  void dropEntry(long index) {
    int pfn = pages.get(index);
    Shmem shmem = file.shmem();
    if (pfn >= 0) {
      drop(index, pfn);
    } else if (shmem != null) {
      shmem.freeSwap(index);
    } else {
      pages.removeValue(index);
    }
  }

  /** Takes a page that nobody maps out of the cache and gives its frame back. */
  private void drop(long index, int pfn) {
    if (memMap.pageMapcount(pfn) != 0) {
      throw new IllegalStateException("dropping a mapped page of a file: " + memMap.describe(pfn));
    }
    if (store.isPersistent()
        && (memMap.testFlags(pfn, PageFlags.WRITEBACK) || !memMap.isPageUptodate(pfn))) {
      // folio_lock, folio_wait_writeback
      memMap.getPage(pfn);
      cache.allocator.pendingIo().waitFor(pfn, IoWait.FILE_WRITE);
      cache.allocator.putPage(pfn);
    }
    remove(index, pfn, NO_SHADOW);
  }

  /** {@code __filemap_remove_folio}, and the cache's reference goes. */
  private void remove(long index, int pfn, int shadow) {
    file.dirtyPages().cancel(pfn);
    if (shadow >= 0) {
      pages.replaceByValue(index, shadow);
    } else {
      pages.remove(index);
    }
    memMap.setMapping(pfn, 0, 0);
    cache.vmStat.decrement(VmStatItem.NR_FILE_PAGES);
    if (store.isShmem()) {
      cache.vmStat.decrement(VmStatItem.NR_SHMEM);
    }
    if (cache.trace.isOn()) {
      cache.trace.emit(new TraceEvent.MmFilemapDeleteFromPageCache(pfn, number, index));
    }
    cache.allocator.putPage(pfn);
    Shmem shmem = file.shmem();
    if (shmem != null) {
      shmem.uncharge();
    }
  }

  /**
   * {@code shmem_delete_from_page_cache}: a page, which nothing maps, leaves the cache for its slot
   * in swap, and the cache's reference goes.
   */
  void leaveForSwap(long index, int pfn, int slot) {
    pages.replaceByValue(index, slot);
    memMap.setMapping(pfn, 0, 0);
    countShmem(-1);
    cache.allocator.putPage(pfn);
  }

  /**
   * Drops a page if only the cache holds it and it is as in the store, which is a hole if there is
   * memory only; returns whether it went.
   */
  boolean dropIfClean(int pfn) {
    if (memMap.isPageDirty(pfn)
        || memMap.testFlags(pfn, PageFlags.WRITEBACK)
        || memMap.pageCount(pfn) != 1) {
      return false;
    }
    drop(Integer.toUnsignedLong(memMap.index(pfn)), pfn);
    file.markEvicted();
    return true;
  }

  /**
   * {@code __remove_mapping}: takes a clean page that nobody maps out of the cache, for reclaim,
   * and drops the cache's reference; the caller has one more.
   *
   * @param shadow what the file remembers of the page, or {@link #NO_SHADOW}
   * @return false if it is dirty, or somebody else holds it
   */
  public boolean removeMapping(int pfn, int shadow) {
    if (memMap.isPageDirty(pfn)
        || memMap.testFlags(pfn, PageFlags.WRITEBACK)
        || memMap.pageCount(pfn) != 2) {
      return false;
    }
    remove(Integer.toUnsignedLong(memMap.index(pfn)), pfn, shadow);
    file.markEvicted();
    return true;
  }
}
