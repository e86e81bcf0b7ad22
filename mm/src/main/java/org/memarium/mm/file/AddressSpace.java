package org.memarium.mm.file;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;

/**
 * {@code struct address_space}: the page cache of one file, between its mappings, {@code read} and
 * {@code write} on one side and its {@link BackingStore} on the other.
 *
 * <p>Every page is in the cache once, so mappings, {@code read} and {@code write} always agree. A
 * page that was changed is dirty until {@linkplain DirtyPages#writeBack() written back}, or until
 * the flusher comes. Bytes behind the end of the file in its last page are zero when the page comes
 * in.
 *
 * <p>What is done with the pages stands in classes of its own: {@link Filemap} (coming and going),
 * {@link FileCopy} (read and write), {@link Readahead}, {@link DirtyPages} (writing back), {@link
 * Truncation}; who maps them in {@link FileMappings}.
 *
 * <p>A frame number that is handed out stays valid until the next allocation of a frame, which may
 * take clean unmapped pages back; to keep it longer take a reference.
 */
public final class AddressSpace {
  /** Pages that are read ahead at most where that takes no device: 2 MiB. */
  private static final long MAX_WARM_READAHEAD = 512;

  /** {@code AOP_WRITEPAGE_ACTIVATE}: the page cannot be written now, and should be let alone. */
  public static final int WRITEPAGE_ACTIVATE = 1;

  private final PageCache cache;
  private final MemMap memMap;
  private final int number;
  private final BackingStore store;
  private final PageTree pages;
  private final DirtyPages dirty;
  private final Filemap filemap;
  private final FileMappings mappings = new FileMappings();
  private final Truncation truncation;
  private final FileCopy copy;

  /** Of a file of memory; null of others. */
  private final @Nullable Shmem shmem;

  /** For those who read the file without having opened it. */
  private final FileRa ownRa;

  private boolean unevictable;
  private long bytes;

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
    this.dirty = new DirtyPages(cache, this, pages);
    this.filemap = new Filemap(cache, this, pages);
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

  void setSizes(long newBytes) {
    bytes = newBytes;
    dirty.setStoreBytes(newBytes);
  }

  /** {@code nrpages}: how many pages are in the cache. */
  public long cachedPages() {
    return pages.size();
  }

  /** What a file of memory has beside its pages; null of others. */
  public @Nullable Shmem shmem() {
    return shmem;
  }

  /** Which of its pages are newer than the store, and their way there. */
  public DirtyPages dirtyPages() {
    return dirty;
  }

  /** How pages come into the cache, and leave it. */
  public Filemap filemap() {
    return filemap;
  }

  /** {@code i_mmap}: the areas that map the file. */
  public FileMappings mappings() {
    return mappings;
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
    return shmem == null
        ? filemap.readNewPage(index, Gfp.GFP_HIGHUSER_MOVABLE)
        : shmem.bringIn(index);
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

  // ---- Dirty pages ----

  /** {@code set_page_dirty}: the page is newer than the store. */
  public void setDirty(int pfn) {
    dirty.set(pfn);
  }

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
   * {@code invalidate_mapping_pages}: drops the pages of [first, last] that are clean and that only
   * the cache holds; who reads them again has to wait for the device.
   *
   * @return how many went
   */
  public long invalidate(long first, long last) {
    return truncation.invalidate(first, last);
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
    if (!mappings.isEmpty()) {
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
