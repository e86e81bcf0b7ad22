package org.memarium.kernel.vfs;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.FileRa;
import org.memarium.mm.file.PageCache;

/**
 * A regular file: bytes in a store (the host, the overlay) behind the page cache. All reads, writes
 * and mappings of the file go through one {@link AddressSpace}, so they see each other.
 */
abstract class RegularFile extends Inode {

  /** The largest file, in bytes ({@code MAX_LFS_FILESIZE} of a 32-bit kernel with 4 KiB pages). */
  static final long MAX_BYTES = 0xffff_ffffL << Ram.PAGE_SHIFT;

  final HostView view;
  private @Nullable RegularFileStore store;
  private @Nullable AddressSpace pages;
  private int openings;

  /** What the file is since it was cut to nothing, if nobody has closed it since. */
  private @Nullable CutFile cut;

  /** Whether pages of it went, so that they come from the device again. */
  private boolean evicted;

  RegularFile(HostView view, long dev, long ino, int mode) {
    super(dev, ino, mode);
    this.view = view;
  }

  // ---- What a kind of store provides ----

  /** Its size. */
  abstract long storeBytes();

  /** Reads bytes that lie inside the size. */
  abstract void readStore(long at, byte[] to, int offset, int count) throws IOException;

  /** Writes bytes, and makes the file longer if need be. */
  abstract void writeStore(long at, byte[] from, int offset, int count) throws IOException;

  /** Sets the size. */
  abstract void setStoreBytes(long bytes) throws IOException;

  /** {@code s_maxbytes}: up to where holes may be made; no file is larger than MAX_BYTES here. */
  long maxBytes() {
    return MAX_BYTES;
  }

  /**
   * Called before bytes are written or the size changes: the place for copy-up and for the budget.
   *
   * @throws ErrnoException ENOSPC, EROFS...
   */
  abstract void prepareWrite(long at, long count) throws ErrnoException;

  /**
   * Called after bytes were written, or, with 0 bytes, the size changed.
   *
   * @throws ErrnoException if the store does not take them
   */
  abstract void wrote(long at, long count) throws ErrnoException;

  /** Opens the store for a new open file. */
  abstract void openStore(boolean forReading, boolean forWriting) throws ErrnoException;

  /** Called when the last open file is gone. */
  abstract void closeStore();

  /** The next byte of data, or of a hole, from a position inside the file. */
  abstract long seekStore(long from, boolean data, long size);

  /** Whether the store has a block for a page, with something written. */
  boolean hasBlock(long index) {
    return true;
  }

  /** Whether it is known that the store has nothing written for a page. */
  boolean isHole(long index) {
    return false;
  }

  /**
   * Makes a hole in the store.
   *
   * @throws ErrnoException EOPNOTSUPP if the store has no holes
   */
  void punchStore(long at, long count) throws ErrnoException {
    throw new ErrnoException(Errno.EOPNOTSUPP);
  }

  /**
   * Takes room for a range, behind the end of the file too.
   *
   * @throws ErrnoException ENOSPC; EOPNOTSUPP if the store cannot
   */
  void reserveStore(long at, long count) throws ErrnoException {
    prepareWrite(at, count);
  }

  /** Whether its bytes live in the page cache alone: tmpfs. */
  boolean isShmem() {
    return false;
  }

  /** Whether pages that are not in the page cache come from the device: see AddressSpace. */
  final boolean isCold() {
    PageCache cache = view.pageCache();
    return evicted || (cache != null && cache.hasColdFiles());
  }

  /** Whether there is room for one more page of the cache, and takes it. */
  boolean chargePage() {
    return true;
  }

  /** A page has left the cache. */
  void unchargePage() {}

  /** {@code F_SEAL_}: what nobody can do any more. */
  final int sealBits() {
    Seals own = seals();
    return own == null ? 0 : own.get();
  }

  // ---- What open files use ----

  /** The page cache of the file, or null where there is no machine that has one. */
  final @Nullable AddressSpace mapping() {
    PageCache cache = view.pageCache();
    if (pages == null && cache != null) {
      store = new RegularFileStore(this);
      try {
        pages = cache.open(store);
      } catch (IOException e) {
        throw new IllegalStateException("a file in use does not know its size", e);
      }
    }
    return pages;
  }

  private long precise(long result) {
    RegularFileStore behind = store;
    return behind == null ? result : behind.precise(result);
  }

  /** Forgets what is cached of a file that nobody has open; nothing is written back. */
  final void dropCache() {
    if (pages != null) {
      evicted |= pages.isCold();
      pages.evict();
    }
    store = null;
    pages = null;
  }

  /** Forgets what is cached if all of it is in the store; returns whether it did. */
  final boolean evictClean() {
    AddressSpace cached = pages;
    if (isOpen() || (cached != null && cached.dirtyPages().count() > 0)) {
      return false;
    }
    dropCache();
    return true;
  }

  final boolean isOpen() {
    return openings > 0;
  }

  @Override
  public final long sizeBytes() {
    AddressSpace cached = pages;
    return cached != null ? cached.bytes() : storeBytes();
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    int access = flags & Fcntl.O_ACCMODE;
    openStore(access != Fcntl.O_WRONLY, access != Fcntl.O_RDONLY);
    openings++;
    return new RegularOpenFile(dentry, flags, this);
  }

  /** {@code ext4_release_file}. */
  final void closed() {
    CutFile before = cut;
    cut = null;
    if (before != null && pages != null && before.isDelayed(pages)) {
      // An error is told to those who have it open still.
      var _ = pages.dirtyPages().startWriteBack(0, Long.MAX_VALUE);
    }
    if (--openings == 0) {
      closeStore();
    }
  }

  final long readAt(long at, byte[] to, int offset, int count, FileRa ra) {
    AddressSpace cached = mapping();
    if (cached != null) {
      return precise(cached.read(at, to, offset, count, ra));
    }
    int inside = (int) Math.max(0, Math.min(count, storeBytes() - at));
    if (inside == 0) {
      return 0;
    }
    try {
      readStore(at, to, offset, inside);
      return inside;
    } catch (IOException e) {
      return -HostErrors.errno(e);
    }
  }

  final long writeAt(long at, byte[] from, int offset, int count) {
    if (count == 0) {
      return 0;
    }
    if (at >= MAX_BYTES) {
      return -Errno.EFBIG;
    }
    int inside = (int) Math.min(count, MAX_BYTES - at);
    try {
      checkSeals(Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE);
      if ((sealBits() & Fcntl.F_SEAL_GROW) != 0) {
        // shmem_write_begin looks at each page: the one that would grow the file is not begun.
        if (at + inside > sizeBytes()) {
          inside = (int) Math.max(0, (sizeBytes() & -Ram.PAGE_SIZE) - at);
        }
        if (inside <= 0) {
          return -Errno.EPERM;
        }
      }
      prepareWrite(at, inside);
      AddressSpace cached = mapping();
      if (cached != null) {
        return writeCached(cached, at, from, offset, inside);
      }
      writeStore(at, from, offset, inside);
      wrote(at, inside);
      return inside;
    } catch (ErrnoException e) {
      return e.result();
    } catch (IOException e) {
      return -HostErrors.errno(e);
    }
  }

  /**
   * What seals leave of a write, which begins one page after the other: all pages up to the one
   * that would make the file longer.
   *
   * @return how many bytes, or -EPERM
   */
  final long checkSealsToWrite(long at, int count) {
    try {
      checkSeals(Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE);
      if ((sealBits() & Fcntl.F_SEAL_GROW) == 0 || at + count <= sizeBytes()) {
        return count;
      }
      long inside = (sizeBytes() & -Ram.PAGE_SIZE) - at;
      return inside > 0 ? inside : -Errno.EPERM;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  /** See {@link OpenFile#writeNothing}. */
  final long writeNothing(long at) {
    try {
      prepareWrite(at, 1);
      AddressSpace cached = mapping();
      if (cached != null) {
        check(cached.writeNothing(at));
        wrote(at, 0);
      }
      return 0;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  private long writeCached(AddressSpace cached, long at, byte[] from, int offset, int count)
      throws ErrnoException {
    long before = cached.bytes();
    long written = precise(cached.write(at, from, offset, count));
    if (written <= 0) {
      return written;
    }
    try {
      wrote(at, written);
      return written;
    } catch (ErrnoException e) {
      // What the store did not take should not stay behind its end in the cache either.
      if (cached.bytes() > before) {
        var _ = cached.truncate(before);
      }
      throw e;
    }
  }

  @Override
  final void truncate(long sizeBytes, long nowNanos) throws ErrnoException {
    if (sizeBytes > MAX_BYTES) {
      throw new ErrnoException(Errno.EFBIG);
    }
    if (sizeBytes != sizeBytes()) {
      checkSeals(sizeBytes < sizeBytes() ? Fcntl.F_SEAL_SHRINK : Fcntl.F_SEAL_GROW);
    }
    prepareWrite(0, 0);
    AddressSpace cached = mapping();
    boolean grows = sizeBytes > sizeBytes();
    if (cached != null) {
      check(cached.truncate(sizeBytes));
    } else {
      try {
        setStoreBytes(sizeBytes);
      } catch (IOException e) {
        throw HostErrors.of(e);
      }
    }
    if (sizeBytes == 0 && !isShmem()) {
      cut = new CutFile();
    } else if (cut != null && !grows) {
      cut.free(sizeBytes, Long.MAX_VALUE);
    }
    wrote(sizeBytes, 0);
    if (!isOpen()) {
      closeStore();
    }
  }

  /** Throws what a call on the page cache ended with. */
  private void check(long result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException((int) -precise(result));
    }
  }

  /** A page is on its way to the disk. */
  final void wroteBack(long index) {
    if (cut != null) {
      cut.allocate(index << Ram.PAGE_SHIFT, Ram.PAGE_SIZE);
    }
  }

  /** Brings dirty pages to the store. */
  long writeBack() {
    AddressSpace cached = pages;
    return cached == null ? 0 : precise(cached.dirtyPages().writeBack());
  }

  /** Brings the bytes of the dirty pages of a range to the store; the pages stay dirty. */
  final void storeAhead(long at, long count) throws ErrnoException {
    AddressSpace cached = pages;
    if (cached != null) {
      check(cached.dirtyPages().storeAhead(at >> Ram.PAGE_SHIFT, (at + count) >> Ram.PAGE_SHIFT));
    }
  }

  /** The same for all of it: 0 or a negative errno. */
  final long storeAhead() {
    AddressSpace cached = pages;
    return cached == null ? 0 : precise(cached.dirtyPages().storeAhead(0, Long.MAX_VALUE));
  }

  final long seek(long from, boolean data) {
    if (from < 0 || from >= sizeBytes()) {
      return -Errno.ENXIO;
    }
    return seekStore(from, data, sizeBytes());
  }

  /**
   * {@code vfs_fallocate}, after its checks of the open file.
   *
   * @param mode 0, FALLOC_FL_KEEP_SIZE, or that with FALLOC_FL_PUNCH_HOLE
   */
  final void fallocate(int mode, long at, long count, long nowNanos) throws ErrnoException {
    if (mode == (Fcntl.FALLOC_FL_PUNCH_HOLE | Fcntl.FALLOC_FL_KEEP_SIZE)) {
      checkSeals(Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE);
      AddressSpace cached = mapping();
      punchStore(at, count);
      if (cut != null) {
        cut.free(at, count);
      }
      if (cached != null) {
        cached.punchHole(at, at + count);
      }
      wrote(at, 0);
      return;
    }
    if (mode != 0 && mode != Fcntl.FALLOC_FL_KEEP_SIZE) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    boolean longer = at + count > sizeBytes();
    if (longer) {
      checkSeals(Fcntl.F_SEAL_GROW);
    }
    reserveStore(at, count);
    if (cut != null) {
      cut.allocate(at, count);
    }
    if (longer && mode == 0) {
      truncate(at + count, nowNanos);
    }
  }

  private void checkSeals(int forbidding) throws ErrnoException {
    Seals own = seals();
    if (own != null) {
      own.check(forbidding);
    }
  }
}
