package org.memarium.kernel.vfs;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;

/**
 * {@code struct shmem_inode_info}: a regular file of a {@link Tmpfs}, or one of memfd_create. Its
 * bytes are the pages of its page cache and nowhere else; a page that is not there is a hole.
 */
final class TmpfsFile extends RegularFile {
  /** What F_SEAL_EXEC brings with it for a file that may be executed: it stays what it is. */
  private static final int SEALS_OF_PROGRAM =
      Fcntl.F_SEAL_SHRINK | Fcntl.F_SEAL_GROW | Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE;

  private static final int ALL_SEALS = Fcntl.F_SEAL_SEAL | SEALS_OF_PROGRAM;

  private static final int EXECUTABLE = 0111;

  private final Tmpfs fileSystem;

  private final int knownSeals;
  private int seals;
  private long storeBytes;

  /**
   * A new, empty file.
   *
   * @param seals {@code F_SEAL_}: F_SEAL_SEAL alone for a file that can have no others
   * @param sealsExecution whether the kernel knows F_SEAL_EXEC
   */
  TmpfsFile(Tmpfs fileSystem, int mode, Credentials owner, int seals, boolean sealsExecution) {
    super(fileSystem.view(), fileSystem.dev(), fileSystem.newIno(), mode);
    this.fileSystem = fileSystem;
    this.seals = seals;
    this.knownSeals = ALL_SEALS | (sealsExecution ? Fcntl.F_SEAL_EXEC : 0);
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
    return cachedPages() * (Ram.PAGE_SIZE / 512);
  }

  private long cachedPages() {
    AddressSpace cached = mapping();
    return cached == null ? 0 : cached.cachedPages();
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
    boolean there = cached != null && cached.hasPage(at >>> Ram.PAGE_SHIFT);
    if (count > 0 && fileSystem.freePages() == 0 && !there) {
      throw new ErrnoException(Errno.ENOSPC);
    }
  }

  /** Whether a page reads as zeroes: there is none, or one that fallocate took. */
  private boolean isHole(long index) {
    AddressSpace cached = mapping();
    return cached == null || cached.findPage(index) < 0;
  }

  @Override
  void reserveStore(long at, long count) throws ErrnoException {
    AddressSpace cached = mapping();
    long first = at >>> Ram.PAGE_SHIFT;
    long end = (at + count + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    if (cached == null || end - first > fileSystem.mostPages()) {
      throw new ErrnoException(Errno.ENOSPC);
    }
    Deque<Long> taken = new ArrayDeque<>();
    for (long index = first; index < end; index++) {
      boolean taking = !cached.hasPage(index);
      int pfn = cached.allocatePage(index);
      if (pfn < 0) {
        // shmem_undo_range
        taken.forEach(
            page -> cached.punchHole(page << Ram.PAGE_SHIFT, (page + 1) << Ram.PAGE_SHIFT));
        throw new ErrnoException(pfn == -Errno.ENOMEM ? Errno.ENOMEM : Errno.ENOSPC);
      }
      if (taking) {
        taken.add(index);
      }
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
      long next = data && cached != null ? cached.nextPage(index + 1) : index + 1;
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

  // ---- Seals; Linux mm/memfd.c ----

  @Override
  boolean hasSeals() {
    return true;
  }

  @Override
  int seals() {
    return seals;
  }

  @Override
  void addSeals(int wanted) throws ErrnoException {
    if ((wanted & ~knownSeals) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if ((seals & Fcntl.F_SEAL_SEAL) != 0) {
      throw new ErrnoException(Errno.EPERM);
    }
    boolean program = (wanted & Fcntl.F_SEAL_EXEC) != 0 && (mode() & EXECUTABLE) != 0;
    int more = wanted | (program ? SEALS_OF_PROGRAM : 0);
    AddressSpace cached = mapping();
    if ((more & ~seals & Fcntl.F_SEAL_WRITE) != 0 && cached != null && cached.isMappedWritable()) {
      throw new ErrnoException(Errno.EBUSY);
    }
    seals |= more;
  }

  /** {@code shmem_setattr}: F_SEAL_EXEC keeps the right to execute as it is. */
  @Override
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    if ((seals & Fcntl.F_SEAL_EXEC) != 0 && ((mode() ^ permissions) & EXECUTABLE) != 0) {
      throw new ErrnoException(Errno.EPERM);
    }
    super.chmod(permissions, nowNanos);
  }

  @Override
  void statfs(Kstatfs out) {
    fileSystem.statfs(out);
  }
}
