package org.memarium.kernel.vfs;

import java.util.Arrays;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.space.HugetlbPages;

/** {@code hugetlbfs_file_operations}: an open file of huge pages. It can be read, and mapped. */
final class HugetlbOpenFile extends OpenFile {
  private final HugetlbInode file;

  HugetlbOpenFile(Dentry dentry, int flags, HugetlbInode file) {
    super(dentry, flags);
    this.file = file;
  }

  @Override
  AddressSpace addressSpace() {
    return file.mapping();
  }

  @Override
  public HugetlbPages hugePages() {
    return file.pages();
  }

  @Override
  public boolean hasPositions() {
    return true;
  }

  @Override
  public boolean hasWrite() {
    return false;
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    long result = pread(buffer, offset, count, position);
    position += result;
    return result;
  }

  /** {@code hugetlbfs_read_iter}, of a hole. */
  @Override
  public long pread(byte[] buffer, int offset, int count, long at) {
    int inside = Math.clamp(file.sizeBytes() - at, 0, count);
    Arrays.fill(buffer, offset, offset + inside, (byte) 0);
    return inside;
  }

  /** {@code default_llseek}, which takes a file for one piece of data. */
  @Override
  public long lseek(long offset, int whence) {
    long size = file.sizeBytes();
    long target;
    switch (whence) {
      case Fcntl.SEEK_SET -> target = offset;
      case Fcntl.SEEK_CUR -> target = position + offset;
      case Fcntl.SEEK_END -> target = size + offset;
      case Fcntl.SEEK_DATA, Fcntl.SEEK_HOLE -> {
        if (offset >= size || offset < 0) {
          return -Errno.ENXIO;
        }
        target = whence == Fcntl.SEEK_DATA ? offset : size;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    if (target < 0) {
      return -Errno.EINVAL;
    }
    position = target;
    return target;
  }

  @Override
  public long truncate(long sizeBytes) {
    try {
      file.truncate(sizeBytes, file.mtimeNanos);
      return 0;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  @Override
  public long fallocate(int mode, long at, long bytes) {
    if (at > RegularFile.MAX_BYTES - bytes) {
      return -Errno.EFBIG;
    }
    try {
      file.fallocate(mode, at, bytes);
      return 0;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  @Override
  public boolean isSealedAgainstWriting() {
    return (file.seals().get() & Fcntl.F_SEAL_WRITE) != 0;
  }

  @Override
  public boolean isSealedAgainstFutureWriting() {
    return (file.seals().get() & Fcntl.F_SEAL_FUTURE_WRITE) != 0;
  }

  /** {@code noop_fsync}. */
  @Override
  public long fsync() {
    return 0;
  }
}
