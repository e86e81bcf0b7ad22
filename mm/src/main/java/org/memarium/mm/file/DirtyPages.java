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
public final class DirtyPages {
  private final PageCache cache;
  private final AddressSpace file;
  private final PageTree pages;
  private final BackingStore store;
  private final MemMap memMap;
  private final ErrSeq errors = new ErrSeq();
  private final boolean persistent;
  private long count;

  /** The size that the store has: {@code i_disksize}. */
  private long storeBytes;

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
    this.storeBytes = file.bytes();
  }

  /** How many pages are dirty. */
  public long count() {
    return count;
  }

  long dirtiedNanos() {
    return dirtiedNanos;
  }

  /** {@code wb_err}: the errors of writing back. */
  public ErrSeq errors() {
    return errors;
  }

  /** The size that the store has; what lies behind it is not there to be read. */
  long storeBytes() {
    return storeBytes;
  }

  void setStoreBytes(long newBytes) {
    storeBytes = newBytes;
  }

  /** The least index from {@code from} on of a dirty page of a file that is written back, or -1. */
  public long next(long from) {
    return pages.nextTagged(from, PageTree.TAG_DIRTY);
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
    await();
    return result;
  }

  /** {@code filemap_fdatawrite_range}: begins to write, and does not wait. */
  public long startWriteBack(long first, long last) {
    return writeBack(first, last, false);
  }

  private long writeBack(long first, long last, boolean wait) {
    if (!persistent) {
      return 0;
    }
    if (storeBytes != file.bytes()) {
      try {
        store.setBytes(file.bytes());
        storeBytes = file.bytes();
      } catch (IOException failure) {
        int errno = store.errno(failure);
        errors.set(errno);
        return -errno;
      }
    }
    return write(first, last, wait);
  }

  /**
   * {@code write_cache_pages}: begins to write the dirty pages of [first, last].
   *
   * @param wait whether a page that is being written still, and dirty again, is waited for; others
   *     pass it over
   * @return 0, or the last error
   */
  private long write(long first, long last, boolean wait) {
    long result = 0;
    for (long index = pages.nextTagged(first, PageTree.TAG_DIRTY);
        index >= 0 && index <= last;
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
    }
    return result;
  }

  /** Waits until what was written has reached the device ({@code filemap_fdatawait}). */
  public void await() {
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
    for (FileMapping mapping = file.mappings().first(index, index);
        mapping != null;
        mapping = file.mappings().next(mapping, index, index)) {
      mapping.mapper().cleanPage(index);
    }
  }

  private void store(long index, int pfn) throws IOException {
    long inFile = Math.clamp(file.bytes() - (index << Ram.PAGE_SHIFT), 0, Ram.PAGE_SIZE);
    if (inFile > 0) {
      store.writePage(index, cache.ram, pfn, (int) inFile);
      storeBytes = Math.max(storeBytes, (index << Ram.PAGE_SHIFT) + inFile);
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
   * The store gets the dirty bytes of a range of pages now, and the pages stay dirty: their way to
   * the disk comes later, and moves no bytes unless they change once more.
   *
   * @return 0 or a negative errno
   */
  public long storeAhead(long first, long last) {
    try {
      if (storeBytes < file.bytes()) {
        store.setBytes(file.bytes());
        storeBytes = file.bytes();
      }
      storePages(first, last);
      return 0;
    } catch (IOException failure) {
      return -store.errno(failure);
    }
  }

  private void storePages(long first, long last) throws IOException {
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
