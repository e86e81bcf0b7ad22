package org.memarium.mm.file;

import java.io.IOException;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VmStatItem;

/**
 * The pages of one file that are newer than its store, and their way there (Linux {@code
 * mm/page-writeback.c}, {@code fs/fs-writeback.c}).
 *
 * <pre>
 *   setDirty            write: mkclean            the device is done
 *   PG_dirty, DIRTY --&gt; PG_writeback, WRITEBACK --&gt; clean
 *      ^                        |
 *      +--- the store fails ----+     the error is told to each who has the file open, once
 * </pre>
 *
 * <p>A page that the store could not take stays dirty, and is tried again: nothing is lost while
 * the machine runs. Linux marks such a page clean.
 */
final class DirtyPages {
  private final PageCache cache;
  private final AddressSpace file;
  private final PageTree pages;
  private final BackingStore store;
  private final MemMap memMap;
  private final ErrSeq errors = new ErrSeq();
  private final boolean persistent;
  private long count;

  /** {@code dirtied_when}: since when some page is dirty. */
  private long dirtiedNanos;

  /** When the device has done what was written last. */
  private long writtenNanos;

  DirtyPages(PageCache cache, AddressSpace file, PageTree pages) {
    this.cache = cache;
    this.file = file;
    this.pages = pages;
    this.store = file.store();
    this.memMap = cache.memMap;
    this.persistent = store.isPersistent();
  }

  long count() {
    return count;
  }

  long dirtiedNanos() {
    return dirtiedNanos;
  }

  ErrSeq errors() {
    return errors;
  }

  private long index(int pfn) {
    return Integer.toUnsignedLong(memMap.index(pfn));
  }

  // ---- Dirty and clean ----

  /** {@code filemap_dirty_folio}. */
  void set(int pfn) {
    if (memMap.isPageDirty(pfn)) {
      if (persistent) {
        pages.clearTag(index(pfn), PageTree.TAG_STORED);
      }
      return;
    }
    memMap.setPageDirty(pfn);
    count++;
    if (!persistent) {
      return;
    }
    pages.setTag(index(pfn), PageTree.TAG_DIRTY);
    cache.vmStat.increment(VmStatItem.NR_DIRTIED);
    account(pfn, 1);
    if (count == 1) {
      dirtiedNanos = cache.nanos();
      cache.flusher.dirtied(file);
    }
    cache.flusher.countDirtied();
  }

  /** {@code folio_cancel_dirty}: the page goes, and need not be written. */
  void cancel(int pfn) {
    if (persistent && memMap.isPageDirty(pfn)) {
      cache.countCancelledWrite();
    }
    clear(pfn);
  }

  /** What writing it back begins with. */
  void clear(int pfn) {
    if (!memMap.isPageDirty(pfn)) {
      return;
    }
    memMap.clearPageDirty(pfn);
    count--;
    if (!persistent) {
      return;
    }
    pages.clearTag(index(pfn), PageTree.TAG_DIRTY);
    pages.clearTag(index(pfn), PageTree.TAG_STORED);
    account(pfn, -1);
    if (count == 0) {
      cache.flusher.cleaned(file);
    }
  }

  /** {@code folio_account_dirtied}, {@code folio_account_cleaned}. */
  private void account(int pfn, int change) {
    cache.vmStat.add(VmStatItem.NR_DIRTY, change);
    cache.allocator.zoneOf(pfn).stat().add(VmStatItem.NR_ZONE_WRITE_PENDING, change);
  }

  // ---- Writing ----

  /**
   * {@code write_cache_pages}: begins to write the dirty pages of [first, last].
   *
   * @param wait whether a page that is being written still, and dirty again, is waited for; others
   *     pass it over
   * @param most how many pages at most
   * @return 0, or the last error
   */
  long write(long first, long last, boolean wait, long most) {
    long result = 0;
    long left = most;
    for (long index = pages.nextTagged(first, PageTree.TAG_DIRTY);
        index >= 0 && index <= last && left > 0;
        index = pages.nextTagged(index + 1, PageTree.TAG_DIRTY)) {
      int pfn = pages.get(index);
      if (memMap.testFlags(pfn, PageFlags.WRITEBACK)) {
        if (!wait) {
          continue;
        }
        memMap.getPage(pfn);
        cache.allocator.pendingIo().waitFor(pfn, IoWait.FILE_WRITE);
        boolean isDirty = pages.hasTag(index, PageTree.TAG_DIRTY);
        cache.allocator.putPage(pfn);
        if (!isDirty) {
          continue;
        }
      }
      long error = writePage(index, pfn);
      result = error != 0 ? error : result;
      left--;
    }
    return result;
  }

  /** Waits until what was written has reached the device ({@code filemap_fdatawait}). */
  void await() {
    if (pages.isTagged(PageTree.TAG_WRITEBACK)) {
      cache.device.waitUntil(writtenNanos, IoWait.FILE_WRITE);
    }
  }

  /** {@code clear_page_dirty_for_io} and {@code writepage}: 0, or -errno and it stays dirty. */
  long writePage(long index, int pfn) {
    boolean stored = pages.hasTag(index, PageTree.TAG_STORED);
    zeroBehindEnd(index, pfn);
    clean(index, pfn);
    clear(pfn);
    try {
      if (!stored) {
        cache.device.checkFailure();
        store(index, pfn);
      }
    } catch (IOException failure) {
      int errno = store.errno(failure);
      errors.set(errno);
      set(pfn);
      return -errno;
    }
    store.wroteBack(index);
    startWriteback(index, pfn);
    return 0;
  }

  /** {@code ext4_bio_write_folio}: what a mapping wrote behind the end of the file is not kept. */
  private void zeroBehindEnd(long index, int pfn) {
    long inFile = file.bytes() - (index << Ram.PAGE_SHIFT);
    if (inFile > 0 && inFile < Ram.PAGE_SIZE) {
      long address = (long) pfn << Ram.PAGE_SHIFT;
      cache.ram.fill(address + inFile, Ram.PAGE_SIZE - inFile, (byte) 0);
    }
  }

  /** {@code folio_mkclean}: the next write through a mapping is noticed. */
  private void clean(long index, int pfn) {
    if (memMap.pageMapcount(pfn) == 0) {
      return;
    }
    for (FileMapping mapping = file.firstMapping(index, index);
        mapping != null;
        mapping = file.nextMapping(mapping, index, index)) {
      mapping.mapper().cleanPage(index);
    }
  }

  private void store(long index, int pfn) throws IOException {
    long inFile = Math.clamp(file.bytes() - (index << Ram.PAGE_SHIFT), 0, Ram.PAGE_SIZE);
    if (inFile > 0) {
      store.writePage(index, cache.ram, pfn, (int) inFile);
      file.storeGrewTo((index << Ram.PAGE_SHIFT) + inFile);
    }
  }

  private void startWriteback(long index, int pfn) {
    pages.setTag(index, PageTree.TAG_WRITEBACK);
    cache.device.write(file.number(), index, pfn);
    writtenNanos = cache.device.doneNanos();
  }

  /** {@code folio_end_writeback}. */
  void written(int pfn) {
    pages.clearTag(index(pfn), PageTree.TAG_WRITEBACK);
  }

  /**
   * The store gets the bytes of the dirty pages of [first, last] now, and the pages stay dirty:
   * their way to the disk comes later, and moves no bytes unless they change once more.
   *
   * @throws IOException if the store does not take them
   */
  void storeAhead(long first, long last) throws IOException {
    for (long index = pages.nextTagged(first, PageTree.TAG_DIRTY);
        index >= 0 && index <= last;
        index = pages.nextTagged(index + 1, PageTree.TAG_DIRTY)) {
      if (pages.hasTag(index, PageTree.TAG_STORED)) {
        continue;
      }
      int pfn = pages.get(index);
      cache.device.checkFailure();
      store(index, pfn);
      // Who maps the page can change it unnoticed.
      if (memMap.pageMapcount(pfn) == 0) {
        pages.setTag(index, PageTree.TAG_STORED);
      }
    }
  }
}
