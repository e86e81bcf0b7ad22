package org.memarium.mm.file;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.IntervalTree;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code struct address_space}: the page cache of one file, between its mappings, {@code read} and
 * {@code write} on one side and its {@link BackingStore} on the other.
 *
 * <p>Every page is in the cache once, so mappings, {@code read} and {@code write} always agree. A
 * page that was changed is dirty until {@link #writeBack}. Bytes behind the end of the file in its
 * last page are zero when the page comes in.
 *
 * <p>A frame number that is handed out stays valid until the next allocation of a frame, which may
 * take clean unmapped pages back; to keep it longer take a reference.
 */
public final class AddressSpace {
  /** {@code AOP_WRITEPAGE_ACTIVATE}: the page cannot be written now, and should be let alone. */
  public static final int WRITEPAGE_ACTIVATE = 1;

  /** No shadow stays where a page was. */
  public static final int NO_SHADOW = -1;

  private final PageCache cache;
  private final MemMap memMap;
  private final int number;
  private final BackingStore store;
  private final PageTree pages;

  /** {@code i_mmap}: the areas that map the file, by the pages that they map. */
  private final IntervalTree<FileMapping> mappings = new IntervalTree<>();

  private long bytes;

  /** The size that the store has; what lies behind it is not there to be read. */
  private long storeBytes;

  private long dirtyPages;

  /** {@code ra->prev_pos}: the page that was read last, or -1. */
  private long latestReadPage = -1;

  AddressSpace(PageCache cache, int number, BackingStore store) throws IOException {
    this.cache = cache;
    this.memMap = cache.memMap;
    this.pages = new PageTree(cache.nodes, store.isShmem() ? null : cache.shadowNodes);
    this.number = number;
    this.store = store;
    this.bytes = store.bytes();
    this.storeBytes = bytes;
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

  /** {@code nrpages}: how many pages are in the cache. */
  public long cachedPages() {
    return pages.size();
  }

  /** How many of them are dirty. */
  public long dirtyPages() {
    return dirtyPages;
  }

  // ---- Pages ----

  /**
   * {@code next_uptodate_folio}: the frame of a page that is in the cache with its content, or -1.
   */
  public int findPage(long index) {
    int pfn = pages.get(index);
    return pfn >= 0 && memMap.isPageUptodate(pfn) ? pfn : -1;
  }

  /** Whether a page is in the cache, with its content or {@linkplain #allocatePage without}. */
  public boolean hasPage(long index) {
    return pages.get(index) >= 0;
  }

  /**
   * {@code shmem_fallocate}: takes a page of a file in memory, of which nothing has been written or
   * read through a mapping yet. It is a hole as before, but one that has its room.
   *
   * @return as {@link #readPage}
   */
  public int allocatePage(long index) {
    boolean fresh = !hasPage(index);
    int pfn = fresh ? readPage(index) : pages.get(index);
    if (fresh && pfn >= 0) {
      memMap.clearPageUptodate(pfn);
    }
    if (pfn >= 0) {
      // It is to be swapped out, and not dropped.
      setDirty(pfn);
    }
    return pfn;
  }

  /** The least index from {@code from} on of a page that is in the cache, or -1. */
  public long nextPage(long from) {
    return pages.next(from);
  }

  /** How many pages the file has, the last one perhaps in part. */
  public long filePages() {
    return (bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
  }

  /**
   * The frame of a page, read in if need be.
   *
   * @return the frame; -ENOMEM if there is none; -EIO if the store cannot be read; -ENOSPC if it
   *     has no room
   */
  public int readPage(long index) {
    int pfn = pages.get(index);
    if (pfn >= 0) {
      memMap.setPageUptodate(pfn);
      return pfn;
    }
    if (!charge()) {
      return -Errno.ENOSPC;
    }
    pfn = readNewPage(index);
    if (pfn < 0) {
      uncharge();
    }
    return pfn;
  }

  /** {@code shmem_inode_acct_blocks}. */
  private boolean charge() {
    if (store.isCommittedByPage() && !cache.commitment().commitPage()) {
      return false;
    }
    if (store.chargePage()) {
      return true;
    }
    if (store.isCommittedByPage()) {
      cache.commitment().uncommitPage();
    }
    return false;
  }

  private void uncharge() {
    store.unchargePage();
    if (store.isCommittedByPage()) {
      cache.commitment().uncommitPage();
    }
  }

  private int readNewPage(long index) {
    int pfn = cache.allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    long inFile =
        Math.clamp(Math.min(bytes, storeBytes) - (index << Ram.PAGE_SHIFT), 0, Ram.PAGE_SIZE);
    try {
      if (inFile > 0) {
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
    if (!add(index, pfn)) {
      cache.allocator.freePages(pfn, 0);
      return -Errno.ENOMEM;
    }
    return pfn;
  }

  /** {@code filemap_add_folio}; returns false if there is no memory for a node of the tree. */
  private boolean add(long index, int pfn) {
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
    cache.lru.add(pfn);
    if (cache.trace.isOn()) {
      cache.trace.emit(new TraceEvent.MmFilemapAddToPageCache(pfn, number, index));
    }
    return true;
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

  /** Takes a page that nobody maps out of the cache and gives its frame back. */
  private void drop(long index, int pfn) {
    if (memMap.pageMapcount(pfn) != 0) {
      throw new IllegalStateException("dropping a mapped page of a file: " + memMap.describe(pfn));
    }
    remove(index, pfn, -1);
  }

  /** Drops the page or the shadow at an index. */
  private void dropEntry(long index) {
    int pfn = pages.get(index);
    if (pfn >= 0) {
      drop(index, pfn);
    } else {
      pages.removeValue(index);
    }
  }

  /** {@code __filemap_remove_folio}, and the cache's reference goes. */
  private void remove(long index, int pfn, int shadow) {
    setClean(pfn);
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
    uncharge();
  }

  /**
   * Drops a page if only the cache holds it and it is as in the store, which is a hole if there is
   * memory only; returns whether it went.
   */
  public boolean dropIfClean(int pfn) {
    if (memMap.isPageDirty(pfn) || memMap.pageCount(pfn) != 1) {
      return false;
    }
    drop(Integer.toUnsignedLong(memMap.index(pfn)), pfn);
    return true;
  }

  // ---- Reclaim ----

  /**
   * {@code pageout}: begins to write a dirty page back, for reclaim, which has taken it off its
   * list and unmapped it.
   *
   * @return 0 if it is clean now, though perhaps still being written; -EIO if the store does not
   *     take it: it stays dirty; {@link #WRITEPAGE_ACTIVATE} if it has nowhere to go
   */
  public int pageout(int pfn) {
    if (!memMap.isPageDirty(pfn)) {
      return 0;
    }
    if (!store.isPersistent()) {
      return WRITEPAGE_ACTIVATE;
    }
    return (int) writePage(Integer.toUnsignedLong(memMap.index(pfn)), pfn);
  }

  /**
   * {@code __remove_mapping}: takes a clean page that nobody maps out of the cache, for reclaim,
   * and drops the cache's reference; the caller has one more.
   *
   * @param shadow what the file remembers of the page, or {@link #NO_SHADOW}
   * @return false if it is dirty, or somebody else holds it
   */
  public boolean removeMapping(int pfn, int shadow) {
    if (memMap.isPageDirty(pfn) || memMap.pageCount(pfn) != 2) {
      return false;
    }
    long index = Integer.toUnsignedLong(memMap.index(pfn));
    remove(index, pfn, shadow);
    return true;
  }

  /** Drops a page if only the cache holds it and its content is safe; returns whether it went. */
  boolean dropIfUnused(int pfn) {
    if (!store.isPersistent() || memMap.pageCount(pfn) != 1) {
      return false;
    }
    long index = Integer.toUnsignedLong(memMap.index(pfn));
    if (memMap.isPageDirty(pfn) && writePage(index, pfn) != 0) {
      return false;
    }
    drop(index, pfn);
    return true;
  }

  /**
   * {@code invalidate_mapping_pages}: drops the pages that are clean and that only the cache holds.
   *
   * @return how many went
   */
  long dropClean() {
    long dropped = 0;
    for (long index = pages.next(0); index >= 0; index = pages.next(index + 1)) {
      int pfn = pages.get(index);
      if (!memMap.isPageDirty(pfn) && dropIfUnused(pfn)) {
        dropped++;
      }
    }
    return dropped;
  }

  /** {@code set_page_dirty}: the page is newer than the store. */
  public void setDirty(int pfn) {
    if (!memMap.isPageDirty(pfn)) {
      memMap.setPageDirty(pfn);
      pages.setTag(Integer.toUnsignedLong(memMap.index(pfn)), PageTree.TAG_DIRTY);
      dirtyPages++;
      if (store.isPersistent()) {
        cache.vmStat.increment(VmStatItem.NR_DIRTIED);
        countDirty(pfn, 1);
      }
    }
  }

  private void setClean(int pfn) {
    if (memMap.isPageDirty(pfn)) {
      memMap.clearPageDirty(pfn);
      pages.clearTag(Integer.toUnsignedLong(memMap.index(pfn)), PageTree.TAG_DIRTY);
      dirtyPages--;
      if (store.isPersistent()) {
        countDirty(pfn, -1);
      }
    }
  }

  /** {@code folio_account_dirtied}, {@code folio_account_cleaned}. */
  private void countDirty(int pfn, int change) {
    cache.vmStat.add(VmStatItem.NR_DIRTY, change);
    cache.allocator.zoneOf(pfn).stat().add(VmStatItem.NR_ZONE_WRITE_PENDING, change);
  }

  // ---- read and write ----

  /**
   * Copies bytes of the file out, through the cache.
   *
   * @return how many, 0 at the end; or -EIO, -ENOMEM
   */
  public long read(long position, byte[] to, int offset, int count) {
    int done = 0;
    while (done < count && position + done < bytes) {
      long at = position + done;
      int inPage = (int) at & (Ram.PAGE_SIZE - 1);
      int part = (int) Math.min(Math.min(count - done, Ram.PAGE_SIZE - inPage), bytes - at);
      if (!store.isPersistent() && findPage(at >>> Ram.PAGE_SHIFT) < 0) {
        // Reading a hole of memory takes no page.
        Arrays.fill(to, offset + done, offset + done + part, (byte) 0);
        done += part;
        continue;
      }
      int pfn = readPage(at >>> Ram.PAGE_SHIFT);
      if (pfn < 0) {
        return done > 0 ? done : pfn;
      }
      // Reading on in the same page is one access to it, however small the pieces are.
      if (at >>> Ram.PAGE_SHIFT != latestReadPage) {
        latestReadPage = at >>> Ram.PAGE_SHIFT;
        cache.lru.markAccessed(pfn);
      }
      cache.ram.read(((long) pfn << Ram.PAGE_SHIFT) + inPage, to, offset + done, part);
      done += part;
    }
    return done;
  }

  /**
   * Copies bytes into the file, through the cache, and makes it longer if need be.
   *
   * @return how many; or -EIO, -ENOMEM if not even the first page was there
   */
  public long write(long position, byte[] from, int offset, int count) {
    if (position + count > bytes) {
      zeroTailToGrow();
    }
    int done = 0;
    while (done < count) {
      long at = position + done;
      int inPage = (int) at & (Ram.PAGE_SIZE - 1);
      int part = Math.min(count - done, Ram.PAGE_SIZE - inPage);
      int pfn = readPage(at >>> Ram.PAGE_SHIFT);
      if (pfn < 0) {
        return done > 0 ? done : pfn;
      }
      cache.ram.write(((long) pfn << Ram.PAGE_SHIFT) + inPage, from, offset + done, part);
      setDirty(pfn);
      done += part;
      if (at + part > bytes) {
        bytes = at + part;
      }
    }
    return done;
  }

  /**
   * A write that found no bytes to copy after it had begun: its page is in the cache, and dirty,
   * and the file reaches up to {@code position}.
   *
   * @return 0, -EIO, -ENOMEM or -ENOSPC
   */
  public long writeNothing(long position) {
    int pfn = readPage(position >>> Ram.PAGE_SHIFT);
    if (pfn < 0) {
      return pfn;
    }
    setDirty(pfn);
    if (position > bytes) {
      zeroTailToGrow();
      bytes = position;
    }
    return 0;
  }

  /**
   * {@code truncate}: sets the size. Pages behind the new end vanish from the cache and from every
   * address space, private copies too; a longer file reads as zeroes.
   *
   * @return 0, or -EIO if the store refuses, and nothing has changed
   */
  public long truncate(long newBytes) {
    try {
      store.setBytes(newBytes);
    } catch (IOException failure) {
      return -Errno.EIO;
    }
    storeBytes = newBytes;
    if (newBytes > bytes || (newBytes == bytes && store.isPersistent())) {
      zeroTailToGrow();
      bytes = newBytes;
      return 0;
    }
    // A file in memory may have pages behind its end, even where the size stays.
    bytes = newBytes;
    long end = filePages();
    for (FileMapping mapping = firstMapping(end, Long.MAX_VALUE);
        mapping != null;
        mapping = nextMapping(mapping, end, Long.MAX_VALUE)) {
      mapping.mapper().unmapPages(end, Long.MAX_VALUE);
    }
    for (long index = pages.nextEntry(end); index >= 0; index = pages.nextEntry(index + 1)) {
      dropEntry(index);
    }
    zeroTail();
    return 0;
  }

  /**
   * {@code truncate_inode_pages_range} after {@code unmap_mapping_range}: the bytes of [from, end)
   * read as zeroes from now on, in mappings too but for private copies. Whole pages leave the
   * cache; what is zeroed of the pages at the edges is dirty, if they are in the cache.
   *
   * @param from and {@code end}: positions, whatever the size of the file is
   */
  public void punchHole(long from, long end) {
    long first = (from + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    long last = end >>> Ram.PAGE_SHIFT;
    if (first > last) {
      zeroInPage(from, end);
      return;
    }
    zeroInPage(from, first << Ram.PAGE_SHIFT);
    zeroInPage(last << Ram.PAGE_SHIFT, end);
    for (long index = pages.nextEntry(first);
        index >= 0 && index < last;
        index = pages.nextEntry(index + 1)) {
      int pfn = pages.get(index);
      for (FileMapping mapping = firstMapping(index, index);
          mapping != null;
          mapping = nextMapping(mapping, index, index)) {
        mapping.mapper().unmapPage(index, pfn);
      }
      dropEntry(index);
    }
  }

  /** Zeroes a part of one page, if that is in the cache. */
  private void zeroInPage(long from, long end) {
    int pfn = from < end ? pages.get(from >>> Ram.PAGE_SHIFT) : -1;
    if (pfn >= 0) {
      cache.ram.fill(
          ((long) pfn << Ram.PAGE_SHIFT) + (from & (Ram.PAGE_SIZE - 1)), end - from, (byte) 0);
      setDirty(pfn);
    }
  }

  /** Linux leaves in a file of memory what was written behind its end through a mapping. */
  private void zeroTailToGrow() {
    if (store.isPersistent()) {
      zeroTail();
    }
  }

  /** Zeroes what lies behind the end of the file in its last page, if that is in the cache. */
  private void zeroTail() {
    int inLast = (int) bytes & (Ram.PAGE_SIZE - 1);
    int last = inLast == 0 ? -1 : pages.get(bytes >>> Ram.PAGE_SHIFT);
    if (last >= 0) {
      long address = (long) last << Ram.PAGE_SHIFT;
      cache.ram.fill(address + inLast, (long) Ram.PAGE_SIZE - inLast, (byte) 0);
    }
  }

  // ---- Writing back ----

  /**
   * {@code fsync}: writes the size and every dirty page back. A store of memory only has nothing to
   * write back to, and its pages stay dirty.
   *
   * @return 0, or -EIO if something could not be written, and stays dirty
   */
  public long writeBack() {
    return writeBack(0, Long.MAX_VALUE);
  }

  /**
   * {@code sync_file_range}: the same for the pages of a range of indexes, both ends inclusive.
   *
   * @return 0, or -EIO if something could not be written, and stays dirty
   */
  public long writeBack(long first, long last) {
    if (!store.isPersistent()) {
      return 0;
    }
    if (storeBytes != bytes) {
      try {
        store.setBytes(bytes);
        storeBytes = bytes;
      } catch (IOException failure) {
        return -Errno.EIO;
      }
    }
    long result = 0;
    for (long index = pages.next(first);
        index >= 0 && index <= last;
        index = pages.next(index + 1)) {
      int pfn = pages.get(index);
      for (FileMapping mapping = firstMapping(index, index);
          mapping != null;
          mapping = nextMapping(mapping, index, index)) {
        if (mapping.mapper().cleanPage(index)) {
          setDirty(pfn);
        }
      }
      if (memMap.isPageDirty(pfn)) {
        long error = writePage(index, pfn);
        result = error != 0 ? error : result;
      }
    }
    return result;
  }

  private long writePage(long index, int pfn) {
    long inFile = Math.clamp(bytes - (index << Ram.PAGE_SHIFT), 0, Ram.PAGE_SIZE);
    try {
      if (inFile > 0) {
        store.writePage(index, cache.ram, pfn, (int) inFile);
        storeBytes = Math.max(storeBytes, (index << Ram.PAGE_SHIFT) + inFile);
      }
    } catch (IOException failure) {
      return -Errno.EIO;
    }
    setClean(pfn);
    cache.vmStat.increment(VmStatItem.NR_WRITTEN);
    if (memMap.testFlags(pfn, PageFlags.RECLAIM)) {
      memMap.clearFlags(pfn, PageFlags.RECLAIM);
      cache.lru.rotateReclaimable(pfn);
    }
    return 0;
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
    for (long index = pages.nextEntry(0); index >= 0; index = pages.nextEntry(index + 1)) {
      dropEntry(index);
    }
    cache.forget(this);
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
    long count = 0;
    long dirty = 0;
    String owner = "page cache of file " + number;
    for (long index = pages.next(0); index >= 0; index = pages.next(index + 1)) {
      int pfn = pages.get(index);
      audit.claim(pfn, 1, owner, store.isShmem() ? Audit.Use.SHMEM : Audit.Use.FILE);
      audit.expectReference(pfn);
      if (memMap.mapping(pfn) != number || memMap.index(pfn) != (int) index) {
        audit.difference(
            "page %d of file %d is in %s".formatted(index, number, memMap.describe(pfn)));
      }
      if (memMap.isPageDirty(pfn) != pages.hasTag(index, PageTree.TAG_DIRTY)) {
        audit.difference("the tag of dirty pages is wrong for " + memMap.describe(pfn));
      }
      if (memMap.isPageDirty(pfn)) {
        dirty++;
        writePending[memMap.zoneIndex(pfn)] += store.isPersistent() ? 1 : 0;
      }
      count++;
    }
    mappings.audit(audit, "file " + number);
    audit.expectEqual("nrpages of file " + number, pages.size(), count);
    audit.expectEqual("dirty pages of file " + number, dirtyPages, dirty);
    return count;
  }
}
