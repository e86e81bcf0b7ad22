package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.space.HugetlbPages;

/**
 * A file of huge pages, from memfd_create with MFD_HUGETLB; Linux {@code fs/hugetlbfs/inode.c}. The
 * pool is empty, so it is one hole, whatever its size is.
 */
final class HugetlbInode extends Inode {
  private static final long HUGETLBFS_MAGIC = 0x958458f6L;
  private static final int EXECUTABLE = 0111;

  private final HugetlbPages pages;
  private final Seals seals;

  /**
   * An empty file.
   *
   * @param dev the device number of its file system
   * @param pageBytes the size of its pages
   */
  HugetlbInode(PageCache cache, long dev, long ino, int mode, long pageBytes, Seals seals) {
    super(dev, ino, mode);
    this.seals = seals;
    this.pages = new HugetlbPages(cache, pageBytes, 0, false, () -> ino);
  }

  HugetlbPages pages() {
    return pages;
  }

  AddressSpace mapping() {
    return pages.mapping();
  }

  @Override
  Seals seals() {
    return seals;
  }

  @Override
  void addSeals(int wanted) throws ErrnoException {
    seals.add(wanted, (mode() & EXECUTABLE) != 0, mapping().mappings()::isWritable);
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.HUGETLB;
  }

  @Override
  void detach() {}

  @Override
  void destroyed(VfsCaches caches) {
    mapping().evict();
  }

  @Override
  public long sizeBytes() {
    return pages.bytes();
  }

  @Override
  public void getattr(Kstat out) {
    super.getattr(out);
    out.blockSizeBytes = (int) pages.pageBytes();
  }

  /** {@code hugetlbfs_setattr}: whole pages only. */
  @Override
  void truncate(long sizeBytes, long nowNanos) throws ErrnoException {
    long before = pages.bytes();
    if (sizeBytes > before && sizeBytes > RegularFile.MAX_BYTES) {
      throw new ErrnoException(Errno.EFBIG);
    }
    if ((sizeBytes & (pages.pageBytes() - 1)) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if (sizeBytes != before) {
      seals.check(sizeBytes < before ? Fcntl.F_SEAL_SHRINK : Fcntl.F_SEAL_GROW);
    }
    pages.setBytes(sizeBytes);
    mtimeNanos = nowNanos;
    ctimeNanos = nowNanos;
  }

  /** {@code hugetlbfs_fallocate}: holes are there already, and pages are not to be had. */
  void fallocate(int mode, long at, long bytes) throws ErrnoException {
    if ((mode & ~(Fcntl.FALLOC_FL_KEEP_SIZE | Fcntl.FALLOC_FL_PUNCH_HOLE)) != 0) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    if ((mode & Fcntl.FALLOC_FL_PUNCH_HOLE) != 0) {
      seals.check(Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE);
      return;
    }
    if (at + bytes > pages.bytes()) {
      seals.check(Fcntl.F_SEAL_GROW);
    }
    throw new ErrnoException(Errno.ENOSPC);
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) {
    return new HugetlbOpenFile(dentry, flags, this);
  }

  @Override
  void statfs(Kstatfs out) {
    out.type = HUGETLBFS_MAGIC;
    out.blockSizeBytes = (int) pages.pageBytes();
  }
}
