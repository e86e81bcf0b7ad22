package org.memarium.mm.file;

import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.IoWait;

/**
 * {@code read} and {@code write} of one file through its pages (Linux {@code mm/filemap.c}, {@code
 * filemap_read} and {@code generic_perform_write}).
 */
final class FileCopy {
  private static final int READY = PageFlags.UPTODATE | PageFlags.READAHEAD;

  private final PageCache cache;
  private final AddressSpace file;
  private final boolean persistent;

  FileCopy(PageCache cache, AddressSpace file) {
    this.cache = cache;
    this.file = file;
    this.persistent = file.store().isPersistent();
  }

  /** See {@link AddressSpace#read(long, byte[], int, int, FileRa)}. */
  long read(long position, byte[] to, int offset, int count, FileRa ra) {
    int done = 0;
    while (done < count && position + done < file.bytes()) {
      long at = position + done;
      long index = at >>> Ram.PAGE_SHIFT;
      int inPage = (int) at & (Ram.PAGE_SIZE - 1);
      int part = (int) Math.min(Math.min(count - done, Ram.PAGE_SIZE - inPage), file.bytes() - at);
      int pfn = file.framePresent(index);
      if (pfn < 0 || (cache.memMap.flags(pfn) & READY) != PageFlags.UPTODATE) {
        if (!persistent && file.findPage(index) < 0 && !file.isSwapped(index)) {
          // Reading a hole of memory takes no page.
          Arrays.fill(to, offset + done, offset + done + part, (byte) 0);
          done += part;
          continue;
        }
        pfn = pageForRead(index, (inPage + (long) count - done + Ram.PAGE_SIZE - 1), ra);
        if (pfn < 0) {
          return done > 0 ? done : pfn;
        }
      }
      // Reading on in the same page is one access to it, however small the pieces are.
      if (!ra.wasLast(index)) {
        cache.lru.markAccessed(pfn);
      }
      cache.ram.read(((long) pfn << Ram.PAGE_SHIFT) + inPage, to, offset + done, part);
      done += part;
      ra.readUpTo(at + part);
    }
    return done;
  }

  private int pageForRead(long index, long bytesUp, FileRa ra) {
    if (!persistent || (file.isMissing(index) && !file.isCold())) {
      return file.readPage(index);
    }
    return cache.readahead.pageForRead(file, index, bytesUp >>> Ram.PAGE_SHIFT, ra);
  }

  /** See {@link AddressSpace#write}. */
  long write(long position, byte[] from, int offset, int count) {
    int done = 0;
    while (done < count) {
      long at = position + done;
      int inPage = (int) at & (Ram.PAGE_SIZE - 1);
      int part = Math.min(count - done, Ram.PAGE_SIZE - inPage);
      int pfn = pageForWrite(at >>> Ram.PAGE_SHIFT, part == Ram.PAGE_SIZE);
      if (pfn < 0) {
        return done > 0 ? done : pfn;
      }
      cache.ram.write(((long) pfn << Ram.PAGE_SHIFT) + inPage, from, offset + done, part);
      file.setDirty(pfn);
      cache.lru.markAccessed(pfn);
      done += part;
      file.grewTo(at + part);
      cache.flusher.throttle();
    }
    return done;
  }

  /** See {@link AddressSpace#writeNothing}. */
  long writeNothing(long position) {
    int pfn = pageForWrite(position >>> Ram.PAGE_SHIFT, false);
    if (pfn < 0) {
      return pfn;
    }
    // block_commit_write: no bytes from the beginning of a page on are no bytes of it; but
    // folio_zero_new_buffers: a block that is new for them is to be written.
    boolean begins = (position & (Ram.PAGE_SIZE - 1)) == 0;
    if (!persistent || !begins || file.store().isHole(position >>> Ram.PAGE_SHIFT)) {
      file.setDirty(pfn);
    }
    file.grewTo(position);
    return 0;
  }

  /** {@code write_begin}: a page that is overwritten as a whole need not be read. */
  private int pageForWrite(long index, boolean whole) {
    int pfn = file.framePresent(index);
    if (pfn < 0 && whole && persistent) {
      return file.filemap().newPageForWrite(index);
    }
    if (pfn < 0) {
      pfn = file.readPage(index);
    } else if (!persistent) {
      pfn = file.readPage(index);
    }
    if (pfn >= 0 && !cache.memMap.isPageUptodate(pfn)) {
      cache.memMap.getPage(pfn);
      cache.allocator.pendingIo().waitFor(pfn, IoWait.FILE_READ);
      cache.allocator.putPage(pfn);
    }
    return pfn;
  }
}
