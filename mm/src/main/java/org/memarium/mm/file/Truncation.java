package org.memarium.mm.file;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * Taking pages of one file away: {@code truncate}, holes, {@code drop_caches} (Linux {@code
 * mm/truncate.c}).
 */
final class Truncation {
  private final PageCache cache;
  private final AddressSpace file;
  private final PageTree pages;
  private final BackingStore store;

  Truncation(PageCache cache, AddressSpace file, PageTree pages) {
    this.cache = cache;
    this.file = file;
    this.pages = pages;
    this.store = file.store();
  }

  /** See {@link AddressSpace#truncate}. */
  long truncate(long newBytes) {
    try {
      store.setBytes(newBytes);
    } catch (IOException failure) {
      return -Errno.EIO;
    }
    boolean shorter = newBytes < file.bytes() || !store.isPersistent();
    if (newBytes > file.bytes() || !shorter) {
      if (newBytes > file.bytes()) {
        beginToGrow(newBytes, true);
      } else {
        // truncate_pagecache: a write that failed may have left a page behind the end.
        removeFrom(file.filePages());
        zeroTail(Long.MAX_VALUE);
        cutBlock();
      }
      file.setSizes(newBytes);
      return 0;
    }
    // A file in memory may have pages behind its end, even where the size stays.
    file.setSizes(newBytes);
    long end = file.filePages();
    for (FileMapping mapping = file.mappings().first(end, Long.MAX_VALUE);
        mapping != null;
        mapping = file.mappings().next(mapping, end, Long.MAX_VALUE)) {
      mapping.mapper().unmapPages(end, Long.MAX_VALUE);
    }
    removeFrom(end);
    zeroTail(Long.MAX_VALUE);
    setTailDirty();
    cutBlock();
    return 0;
  }

  /**
   * {@code ext4_block_truncate_page}: the block that the end of the file lies in is to be written.
   */
  private void cutBlock() {
    if ((file.bytes() & (Ram.PAGE_SIZE - 1)) != 0) {
      dirtyBlock(file.bytes() >>> Ram.PAGE_SHIFT);
    }
  }

  /** Makes a page of a file on a disk dirty, if it has a block there. */
  private void dirtyBlock(long index) {
    if (store.isPersistent() && store.hasBlock(index)) {
      int pfn = file.readPage(index);
      if (pfn >= 0) {
        file.setDirty(pfn);
      }
    }
  }

  /** Drops every page and every shadow from an index on; nobody maps them. */
  void removeFrom(long first) {
    for (long index = pages.nextEntry(first); index >= 0; index = pages.nextEntry(index + 1)) {
      file.filemap().dropEntry(index);
    }
  }

  /** See {@link AddressSpace#punchHole}. */
  void punchHole(long from, long wantedEnd) {
    // ext4_punch_hole: one that reaches the end of the file takes its last page whole.
    boolean toEnd = store.isPersistent() && from < file.bytes() && wantedEnd >= file.bytes();
    long end = toEnd ? file.filePages() << Ram.PAGE_SHIFT : wantedEnd;
    long first = (from + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    long last = end >>> Ram.PAGE_SHIFT;
    if (last == 0 && (store.isShmem() || (store.isPersistent() && cache.unmapsBehindHoles()))) {
      // shmem_fallocate and truncate_pagecache_range take the end of a hole in the first page for
      // -1, and unmap up to there.
      for (long index = pages.next(first); index >= 0; index = pages.next(index + 1)) {
        unmap(index);
      }
    }
    if (first > last) {
      zeroInPage(from, end);
      return;
    }
    zeroInPage(from, first << Ram.PAGE_SHIFT);
    zeroInPage(last << Ram.PAGE_SHIFT, end);
    for (long index = pages.nextEntry(first);
        index >= 0 && index < last;
        index = pages.nextEntry(index + 1)) {
      unmap(index);
      file.filemap().dropEntry(index);
    }
  }

  /** Takes a page out of all mappings; private copies of it stay. */
  private void unmap(long index) {
    int pfn = pages.get(index);
    @Nullable FileMapping mapping = pfn < 0 ? null : file.mappings().first(index, index);
    for (; mapping != null; mapping = file.mappings().next(mapping, index, index)) {
      mapping.mapper().unmapPage(index, pfn);
    }
  }

  /**
   * {@code shmem_get_partial_folio}: the frame of a page that stays in part; one of a file of
   * memory comes from swap for it, as long as any of it lies within the file. -1 if there is none.
   */
  private int partialPage(long index) {
    boolean isNeeded = file.isSwapped(index) && index < file.filePages();
    return isNeeded ? file.readPage(index) : pages.get(index);
  }

  /** Zeroes a part of one page, if there is one. */
  private void zeroInPage(long from, long end) {
    int pfn = from < end ? partialPage(from >>> Ram.PAGE_SHIFT) : -1;
    if (pfn >= 0) {
      cache.ram.fill(
          ((long) pfn << Ram.PAGE_SHIFT) + (from & (Ram.PAGE_SIZE - 1)), end - from, (byte) 0);
      if (store.isPersistent()) {
        dirtyBlock(from >>> Ram.PAGE_SHIFT);
      } else {
        file.setDirty(pfn);
      }
    }
  }

  /**
   * The file is about to reach to a position, by {@code truncate} or because it is written from
   * there on: what lies before it in the last page becomes part of the file. A write leaves what it
   * does not reach as it is, even behind the new end; Linux leaves all that was written there
   * through a mapping of a file of memory.
   *
   * @param cut whether it becomes longer by {@code truncate}, which leaves nothing behind the end
   */
  void beginToGrow(long position, boolean cut) {
    if (store.isPersistent()) {
      zeroTail(cut ? Long.MAX_VALUE : position);
      if (cache.cutsToGrow()) {
        cutBlock();
      }
    }
  }

  /** Zeroes what lies behind the end of the file in its last page, up to a position. */
  private void zeroTail(long position) {
    long bytes = file.bytes();
    int inLast = (int) bytes & (Ram.PAGE_SIZE - 1);
    int last = inLast == 0 ? -1 : partialPage(bytes >>> Ram.PAGE_SHIFT);
    if (last >= 0) {
      long address = (long) last << Ram.PAGE_SHIFT;
      long count = Math.min(Ram.PAGE_SIZE - inLast, position - bytes);
      cache.ram.fill(address + inLast, count, (byte) 0);
    }
  }

  /** {@code shmem_undo_range}: a page of memory that a truncation cut through is dirty. */
  private void setTailDirty() {
    boolean isCut = store.isShmem() && (file.bytes() & (Ram.PAGE_SIZE - 1)) != 0;
    int last = isCut ? pages.get(file.bytes() >>> Ram.PAGE_SHIFT) : -1;
    if (last >= 0) {
      file.setDirty(last);
    }
  }

  /** See {@link AddressSpace#invalidate}. */
  long invalidate(long first, long last) {
    if (!store.isPersistent()) {
      return 0;
    }
    long dropped = 0;
    for (long index = pages.next(first);
        index >= 0 && index <= last;
        index = pages.next(index + 1)) {
      if (file.filemap().dropIfClean(pages.get(index))) {
        file.markEvicted();
        dropped++;
      }
    }
    return dropped;
  }
}
