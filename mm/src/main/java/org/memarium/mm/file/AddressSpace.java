package org.memarium.mm.file;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.IntervalTree;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemCgroups;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code struct address_space}: the page cache of one file, between its mappings, {@code read} and
 * {@code write} on one side and its {@link BackingStore} on the other.
 *
 * <p>Every page is in the cache once, so mappings, {@code read} and {@code write} always agree. A
 * page that was changed is dirty until {@link #writeBack}, or until the flusher comes. Bytes behind
 * the end of the file in its last page are zero when the page comes in.
 *
 * <p>What is done with the pages stands in classes of its own: {@link FileCopy} (read and write),
 * {@link Readahead}, {@link DirtyPages} (writing back), {@link Truncation}.
 *
 * <p>A frame number that is handed out stays valid until the next allocation of a frame, which may
 * take clean unmapped pages back; to keep it longer take a reference.
 */
public final class AddressSpace {
  /** Pages that are read ahead at most where that takes no device: 2 MiB. */
  private static final long MAX_WARM_READAHEAD = 512;

  /** {@code AOP_WRITEPAGE_ACTIVATE}: the page cannot be written now, and should be let alone. */
  public static final int WRITEPAGE_ACTIVATE = 1;

  /** No shadow stays where a page was. */
  public static final int NO_SHADOW = -1;

  private final PageCache cache;
  private final MemMap memMap;
  private final int number;
  private final BackingStore store;
  private final PageTree pages;
  private final DirtyPages dirty;
  private final Truncation truncation;
  private final FileCopy copy;

  /** Of a file of memory; null of others. */
  private final @Nullable Shmem shmem;

  /** {@code i_mmap}: the areas that map the file, by the pages that they map. */
  private final IntervalTree<FileMapping> mappings = new IntervalTree<>();

  /** For those who read the file without having opened it. */
  private final FileRa ownRa;

  private boolean unevictable;
  private long bytes;

  /** The size that the store has; what lies behind it is not there to be read. */
  private long storeBytes;

  /** Whether pages went, so that the ones that are not there must be read from the device. */
  private boolean evicted;

  AddressSpace(PageCache cache, int number, BackingStore store) throws IOException {
    this.cache = cache;
    this.ownRa = new FileRa(cache.backingDev());
    this.memMap = cache.memMap;
    this.pages = new PageTree(cache.nodes, store.isShmem() ? null : cache.shadowNodes);
    this.number = number;
    this.store = store;
    this.bytes = store.bytes();
    this.storeBytes = bytes;
    this.dirty = new DirtyPages(cache, this, pages);
    this.truncation = new Truncation(cache, this, pages);
    this.copy = new FileCopy(cache, this);
    this.shmem = store.isShmem() ? new Shmem(cache, this, pages) : null;
  }

  /** What is behind it. */
  public BackingStore store() {
    return store;
  }

  /** Its number in {@code mapping} of mem_map; from 1. */
  public int number() {
    return number;
  }

  /** {@code i_size}: the file's size in bytes, as programs see it. */
  public long bytes() {
    return bytes;
  }

  /** How many pages the file has, the last one perhaps in part. */
  public long filePages() {
    return (bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
  }

  void grewTo(long newBytes) {
    bytes = Math.max(bytes, newBytes);
  }

  void storeGrewTo(long newBytes) {
    storeBytes = Math.max(storeBytes, newBytes);
  }

  void setSizes(long newBytes) {
    bytes = newBytes;
    storeBytes = newBytes;
  }

  /** {@code nrpages}: how many pages are in the cache. */
  public long cachedPages() {
    return pages.size();
  }

  /** How many of them are dirty. */
  public long dirtyPages() {
    return dirty.count();
  }

  /** What a file of memory has beside its pages; null of others. */
  public @Nullable Shmem shmem() {
    return shmem;
  }

  DirtyPages dirtyPageSet() {
    return dirty;
  }

  // ---- Looking for pages ----

  /**
   * {@code next_uptodate_folio}: the frame of a page that is in the cache with its content, or -1.
   */
  public int findPage(long index) {
    int pfn = pages.get(index);
    return pfn >= 0 && memMap.isPageUptodate(pfn) ? pfn : -1;
  }

  /** The frame of a page that is in the cache, or on its way there; -1 if there is none. */
  int framePresent(long index) {
    return pages.get(index);
  }

  /** Whether a page is in the cache, with its content or without (see {@link Shmem#fallocate}). */
  public boolean hasPage(long index) {
    return pages.get(index) >= 0;
  }

  /** Whether a page of the file is not in the cache. */
  boolean isMissing(long index) {
    return pages.get(index) < 0;
  }

  /** Whether a page of a file of memory was swapped out. */
  public boolean isSwapped(long index) {
    return shmem != null && pages.value(index) >= 0;
  }

  /** Whether a page of a file of memory has its room, in the cache or in swap. */
  public boolean hasEntry(long index) {
    return hasPage(index) || isSwapped(index);
  }

  /** The least index from {@code from} on of a page that is in the cache, or -1. */
  public long nextPage(long from) {
    return pages.next(from);
  }

  /** The same, of a page that is in the cache, or that a file of memory has in swap. */
  public long nextEntry(long from) {
    return shmem == null ? pages.next(from) : pages.nextEntry(from);
  }

  /** The same of a dirty one, of a file that is written back. */
  public long nextDirtyPage(long from) {
    return pages.nextTagged(from, PageTree.TAG_DIRTY);
  }

  /**
   * Whether pages that are not in the cache come from the device: some were evicted before, or
   * nothing of the file is in the host's cache. Otherwise they count as cached there.
   */
  public boolean isCold() {
    return store.isPersistent() && (evicted || store.isCold());
  }

  /** What was in the cache and went must come from the device. */
  void markEvicted() {
    evicted = true;
  }

  /** {@code file_ra_state_init}: the state of readahead of an opening of the file. */
  public FileRa newReadahead() {
    return new FileRa(cache.backingDev());
  }

  /** The state of readahead of those who have not opened the file. */
  public FileRa readahead() {
    return ownRa;
  }

  // ---- Bringing pages in ----

  /**
   * The frame of a page, read in if need be. Of a {@linkplain #isCold cold} file it may be on its
   * way still: not up to date.
   *
   * @return the frame; -ENOMEM if there is none; -EIO if the store cannot be read; -ENOSPC if it
   *     has no room
   */
  public int readPage(long index) {
    int pfn = pages.get(index);
    if (pfn >= 0) {
      if (!store.isPersistent()) {
        memMap.setPageUptodate(pfn);
      }
      return pfn;
    }
    return shmem == null ? readNewPage(index, Gfp.GFP_HIGHUSER_MOVABLE) : shmem.bringIn(index);
  }

  /**
   * {@code filemap_fault}: the frame of a page for a mapping, with readahead and up to date, where
   * it is not simply there; {@link #wasRead} and {@link #wasWaitedFor} tell how it came.
   *
   * @param codeEnd where the area ends in the file, in pages, if it is read forwards only because
   *     it is executable; 0: it is read around the page
   * @return as {@link #readPage}
   */
  public int faultPage(long index, FileRa ra, MmapAdvice advice, long codeEnd) {
    return cache.readahead.pageForFault(this, index, ra, advice, codeEnd);
  }

  /**
   * Whether the page of the latest {@link #faultPage}, or the latest that came from swap, had to be
   * read: a major fault.
   */
  public boolean wasRead() {
    return shmem == null ? cache.readahead.missed() : shmem.wasRead();
  }

  /** Whether the latest {@link #faultPage} had to wait for the device, or may have had to. */
  public boolean wasWaitedFor() {
    return cache.readahead.waited();
  }

  /**
   * {@code force_page_cache_readahead}: begins to read pages that are not there.
   *
   * @param index of the first; a negative one lies behind the end of every file
   */
  public void readAhead(long index, long count) {
    if (index < 0) {
      return;
    }
    if (isCold()) {
      cache.readahead.force(this, index, count);
      return;
    }
    long end = Math.min(index + Math.min(count, MAX_WARM_READAHEAD), filePages());
    for (long at = index; at < end && store.isPersistent(); at++) {
      if (readPage(at) < 0) {
        return; // What cannot be read ahead is read, or refused, when it is used.
      }
    }
  }

  /** Reads a page that is not there; for the rest see {@link #readPage}. */
  int readNewPage(long index, int gfp) {
    int pfn = cache.allocator.allocPage(gfp);
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    long inFile =
        Math.clamp(Math.min(bytes, storeBytes) - (index << Ram.PAGE_SHIFT), 0, Ram.PAGE_SIZE);
    boolean fromDevice = inFile > 0 && isCold() && !store.isHole(index);
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

  // ---- Taking pages out ----

  /** Drops the page or the shadow at an index; a page that nobody maps, and that is not moving. */
  void dropEntry(long index) {
    int pfn = pages.get(index);
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
    dirty.cancel(pfn);
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
  public boolean dropIfClean(int pfn) {
    if (memMap.isPageDirty(pfn)
        || memMap.testFlags(pfn, PageFlags.WRITEBACK)
        || memMap.pageCount(pfn) != 1) {
      return false;
    }
    drop(Integer.toUnsignedLong(memMap.index(pfn)), pfn);
    evicted = true;
    return true;
  }

  /**
   * {@code invalidate_mapping_pages}: drops the pages of [first, last] that are clean and that only
   * the cache holds; who reads them again has to wait for the device.
   *
   * @return how many went
   */
  public long invalidate(long first, long last) {
    return truncation.invalidate(first, last);
  }

  // ---- Reclaim ----

  /**
   * {@code pageout}: begins to write a dirty page back, for reclaim, which has taken it off its
   * list and unmapped it.
   *
   * @return 0 if it is clean now, though perhaps still being written; a negative errno if the store
   *     does not take it, and it stays dirty; {@link #WRITEPAGE_ACTIVATE} if it has nowhere to go
   */
  public int pageout(int pfn) {
    if (!memMap.isPageDirty(pfn)) {
      return 0;
    }
    if (shmem != null) {
      return shmem.writePage(pfn);
    }
    if (memMap.testFlags(pfn, PageFlags.WRITEBACK)) {
      return WRITEPAGE_ACTIVATE;
    }
    return (int) dirty.writePage(Integer.toUnsignedLong(memMap.index(pfn)), pfn);
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
    evicted = true;
    return true;
  }

  // ---- Dirty pages ----

  /** {@code set_page_dirty}: the page is newer than the store. */
  public void setDirty(int pfn) {
    dirty.set(pfn);
  }

  /** The device has written a page. */
  void written(int pfn) {
    dirty.written(pfn);
  }

  /**
   * {@code fsync}: writes the size and every dirty page back, and waits for the device. A store of
   * memory only has nothing to write back to, and its pages stay dirty.
   *
   * @return 0, or a negative errno if something could not be written, and stays dirty
   */
  public long writeBack() {
    return writeBack(0, Long.MAX_VALUE);
  }

  /**
   * {@code filemap_write_and_wait_range}: the same for the pages of a range of indexes, both ends
   * inclusive.
   *
   * @return 0, or a negative errno if something could not be written, and stays dirty
   */
  public long writeBack(long first, long last) {
    long result = writeBack(first, last, true);
    dirty.await();
    return result;
  }

  /** {@code filemap_fdatawrite_range}: begins to write, and does not wait. */
  public long startWriteBack(long first, long last) {
    return writeBack(first, last, false);
  }

  /** {@code filemap_fdatawait}: waits for what is being written. */
  public void awaitWriteBack() {
    dirty.await();
  }

  private long writeBack(long first, long last, boolean wait) {
    if (!store.isPersistent()) {
      return 0;
    }
    if (storeBytes != bytes) {
      try {
        store.setBytes(bytes);
        storeBytes = bytes;
      } catch (IOException failure) {
        int errno = store.errno(failure);
        dirty.errors().set(errno);
        return -errno;
      }
    }
    return dirty.write(first, last, wait, Long.MAX_VALUE);
  }

  /**
   * The store gets the dirty bytes of a range of pages at once, and the pages stay dirty: see
   * {@link DirtyPages#storeAhead}.
   *
   * @return 0 or a negative errno
   */
  public long storeAhead(long first, long last) {
    try {
      if (storeBytes < bytes) {
        store.setBytes(bytes);
        storeBytes = bytes;
      }
      dirty.storeAhead(first, last);
      return 0;
    } catch (IOException failure) {
      return -store.errno(failure);
    }
  }

  /** {@code filemap_sample_wb_err}: what {@link #errorSince} counts from, for one opening. */
  public int sampleError() {
    return dirty.errors().sample();
  }

  /** {@code filemap_check_wb_err}: 0, or the error of writing back since a sample. */
  public long errorSince(int sample) {
    return dirty.errors().since(sample);
  }

  /** {@code errseq_check_and_advance}: the next sample, once the error was told. */
  public int advanceError() {
    return dirty.errors().advance();
  }

  // ---- read, write, truncate ----

  /** Reads for somebody who has not opened the file. */
  public long read(long position, byte[] to, int offset, int count) {
    return read(position, to, offset, count, ownRa);
  }

  /**
   * Copies bytes of the file out, through the cache.
   *
   * @param ra of the opening of the file
   * @return how many, 0 at the end; or -EIO, -ENOMEM
   */
  public long read(long position, byte[] to, int offset, int count, FileRa ra) {
    return copy.read(position, to, offset, count, ra);
  }

  /**
   * Copies bytes into the file, through the cache, and makes it longer if need be.
   *
   * @return how many; or -EIO, -ENOMEM if not even the first page was there
   */
  public long write(long position, byte[] from, int offset, int count) {
    if (position > bytes) {
      truncation.beginToGrow(position, false);
    }
    return copy.write(position, from, offset, count);
  }

  /**
   * A write that found no bytes to copy after it had begun: its page is in the cache, and dirty,
   * and the file reaches up to {@code position}.
   *
   * @return 0, -EIO, -ENOMEM or -ENOSPC
   */
  public long writeNothing(long position) {
    if (position > bytes) {
      truncation.beginToGrow(position, false);
    }
    return copy.writeNothing(position);
  }

  /**
   * {@code truncate}: sets the size. Pages behind the new end vanish from the cache and from every
   * address space, private copies too; a longer file reads as zeroes.
   *
   * @return 0, or -EIO if the store refuses, and nothing has changed
   */
  public long truncate(long newBytes) {
    return truncation.truncate(newBytes);
  }

  /**
   * {@code truncate_inode_pages_range} after {@code unmap_mapping_range}: the bytes of [from, end)
   * read as zeroes from now on, in mappings too but for private copies. Whole pages leave the
   * cache; what is zeroed of the pages at the edges is dirty, if they are in the cache.
   *
   * @param from and {@code end}: positions, whatever the size of the file is
   */
  public void punchHole(long from, long end) {
    truncation.punchHole(from, end);
  }

  /**
   * {@code evict_inode}: the file is gone, or nobody will use it again: drops all its pages,
   * without writing them back.
   *
   * @throws IllegalStateException if an area still maps it
   */
  public void evict() {
    if (isMapped()) {
      throw new IllegalStateException("evicting file %d, which is mapped".formatted(number));
    }
    truncation.removeFrom(0);
    if (shmem != null) {
      cache.shmemFiles().remove(shmem);
    }
    cache.forget(this);
  }

  /** {@code mapping_unevictable}: whether all its pages stay in memory ({@code SHM_LOCK}). */
  public boolean isUnevictable() {
    return unevictable;
  }

  /** {@code mapping_set_unevictable}, {@code mapping_clear_unevictable}. */
  public void setUnevictable(boolean locked) {
    unevictable = locked;
  }

  // ---- Mappings ----

  /**
   * {@code vma_interval_tree_insert}: an area maps pages of the file from now on.
   *
   * @param first the first page
   * @param last the last page, inclusive
   */
  public void addMapping(FileMapping mapping, long first, long last) {
    mappings.insert(mapping, first, last);
  }

  /** {@code vma_interval_tree_remove}: an area does not map these pages of the file any more. */
  public void removeMapping(FileMapping mapping) {
    mappings.remove(mapping);
  }

  /** {@code mapping_mapped}: whether any area maps the file. */
  public boolean isMapped() {
    return !mappings.isEmpty();
  }

  /**
   * {@code mapping_writably_mapped}: whether what is written through some area reaches the file.
   */
  public boolean isMappedWritable() {
    for (FileMapping mapping = firstMapping(0, Long.MAX_VALUE);
        mapping != null;
        mapping = nextMapping(mapping, 0, Long.MAX_VALUE)) {
      if (mapping.mapper().mayWriteToFile()) {
        return true;
      }
    }
    return false;
  }

  /** The first area that maps a page of [first, last], both inclusive; null if there is none. */
  public @Nullable FileMapping firstMapping(long first, long last) {
    return mappings.firstOverlap(first, last);
  }

  /** The next one. */
  public @Nullable FileMapping nextMapping(FileMapping mapping, long first, long last) {
    return mappings.nextOverlap(mapping, first, last);
  }

  // ---- Audit ----

  /** Recounts the nodes of its tree of pages. */
  long auditTree() {
    return pages.auditNodes();
  }

  /**
   * Claims its frames and recounts.
   *
   * @param writePending by zone: where the pages that will be written back are added
   * @return how many pages there are
   */
  long audit(Audit audit, long[] writePending) {
    mappings.audit(audit, "file " + number);
    if (shmem != null) {
      shmem.audit(audit);
    }
    return new AddressSpaceAudit(this, pages, memMap, audit).run(writePending);
  }
}
