package org.memarium.kernel.vfs;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.Shmem;

/**
 * {@code struct shmem_inode_info}: a regular file of a {@link Tmpfs}, or one of memfd_create. Its
 * bytes are the pages of its page cache and, if RAM is short, of swap; a page that is in neither is
 * a hole.
 */
final class TmpfsFile extends RegularFile {
  private static final int EXECUTABLE = 0111;

  private final Tmpfs fileSystem;

  private final Seals seals;
  private long storeBytes;

  /**
   * A new, empty file.
   *
   * @param seals what it is sealed against, and may be
   */
  TmpfsFile(Tmpfs fileSystem, int mode, Credentials owner, Seals seals) {
    super(fileSystem.view(), fileSystem.dev(), fileSystem.newIno(), mode);
    this.fileSystem = fileSystem;
    this.seals = seals;
    born(owner, view.nowNanos());
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.SHMEM;
  }

  @Override
  boolean isShmem() {
    return true;
  }

  @Override
  long maxBytes() {
    return fileSystem.maxBytes();
  }

  @Override
  boolean chargePage() {
    return fileSystem.chargePage();
  }

  @Override
  void unchargePage() {
    fileSystem.unchargePage();
  }

  @Override
  void detach() {}

  // ---- The store: what is not in the page cache is zeroes ----

  @Override
  long storeBytes() {
    return storeBytes;
  }

  @Override
  long blocks512() {
    Shmem shmem = shmem();
    return shmem == null ? 0 : shmem.allocatedPages() * (Ram.PAGE_SIZE / 512);
  }

  private @Nullable Shmem shmem() {
    AddressSpace cached = mapping();
    return cached == null ? null : cached.shmem();
  }

  @Override
  void readStore(long at, byte[] to, int offset, int count) {
    Arrays.fill(to, offset, offset + count, (byte) 0);
  }

  @Override
  void writeStore(long at, byte[] from, int offset, int count) {
    throw new IllegalStateException("a file in memory is not written back");
  }

  @Override
  void setStoreBytes(long bytes) {
    storeBytes = bytes;
  }

  @Override
  void prepareWrite(long at, long count) throws ErrnoException {
    // The pages are charged one by one as they come, and what fits is written.
    AddressSpace cached = mapping();
    boolean there = cached != null && cached.hasEntry(at >>> Ram.PAGE_SHIFT);
    if (count > 0 && fileSystem.freePages() == 0 && !there) {
      throw new ErrnoException(Errno.ENOSPC);
    }
  }

  /** Whether a page reads as zeroes: there is none, or one that fallocate took. */
  @Override
  boolean isHole(long index) {
    AddressSpace cached = mapping();
    return cached == null || (cached.findPage(index) < 0 && !cached.isSwapped(index));
  }

  @Override
  void reserveStore(long at, long count) throws ErrnoException {
    Shmem shmem = shmem();
    long first = at >>> Ram.PAGE_SHIFT;
    long end = (at + count + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    if (shmem == null || end - first > fileSystem.mostPages()) {
      throw new ErrnoException(Errno.ENOSPC);
    }
    long error = shmem.fallocate(first, end);
    if (error != 0) {
      throw new ErrnoException((int) -error);
    }
  }

  @Override
  void punchStore(long at, long count) {}

  @Override
  void wrote(long at, long count) {
    mtimeNanos = view.nowNanos();
    ctimeNanos = mtimeNanos;
  }

  @Override
  long seekStore(long from, boolean data, long size) {
    AddressSpace cached = mapping();
    long index = from >>> Ram.PAGE_SHIFT;
    long end = (size + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    while (index < end && data == isHole(index)) {
      // From hole to data in one step, as far as there are no pages.
      long next = data && cached != null ? cached.nextEntry(index + 1) : index + 1;
      index = next < 0 ? end : next;
    }
    if (data && index >= end) {
      return -Errno.ENXIO;
    }
    return Math.min(size, Math.max(from, index << Ram.PAGE_SHIFT));
  }

  // ---- Its life ----

  @Override
  void openStore(boolean forReading, boolean forWriting) {}

  @Override
  void closeStore() {}

  @Override
  void destroyed(VfsCaches caches) {
    dropCache();
  }

  // ---- Seals ----

  @Override
  Seals seals() {
    return seals;
  }

  @Override
  void addSeals(int wanted) throws ErrnoException {
    AddressSpace cached = mapping();
    seals.add(
        wanted, (mode() & EXECUTABLE) != 0, () -> cached != null && cached.mappings().isWritable());
  }

  /** {@code shmem_setattr}: F_SEAL_EXEC keeps the right to execute as it is. */
  @Override
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    if ((seals.get() & Fcntl.F_SEAL_EXEC) != 0 && ((mode() ^ permissions) & EXECUTABLE) != 0) {
      throw new ErrnoException(Errno.EPERM);
    }
    super.chmod(permissions, nowNanos);
  }

  @Override
  void statfs(Kstatfs out) {
    fileSystem.statfs(out);
  }
}
