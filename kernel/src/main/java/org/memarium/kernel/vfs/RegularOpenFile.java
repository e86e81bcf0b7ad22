package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;

/** An open regular file. */
final class RegularOpenFile extends OpenFile {

  /** Without O_LARGEFILE a file ends for the program at 2 GiB - 1 ({@code MAX_NON_LFS}). */
  static final long MAX_NON_LFS = Integer.MAX_VALUE;

  private final RegularFile file;

  RegularOpenFile(Dentry dentry, int flags, RegularFile file) {
    super(dentry, flags);
    this.file = file;
  }

  @Override
  void closed() {
    file.closed();
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    long result = file.readAt(position, buffer, offset, count);
    if (result > 0) {
      position += result;
    }
    return result;
  }

  @Override
  public long pread(byte[] buffer, int offset, int count, long at) {
    return file.readAt(at, buffer, offset, count);
  }

  @Override
  public long write(byte[] buffer, int offset, int count) {
    long at = (flags() & Fcntl.O_APPEND) != 0 ? file.sizeBytes() : position;
    long result = writeLimited(buffer, offset, count, at);
    if (result > 0) {
      position = at + result;
    }
    return result;
  }

  @Override
  public long pwrite(byte[] buffer, int offset, int count, long at) {
    // Linux appends here too if the file was opened so.
    long where = (flags() & Fcntl.O_APPEND) != 0 ? file.sizeBytes() : at;
    return writeLimited(buffer, offset, count, where);
  }

  @Override
  public boolean hasPositions() {
    return true;
  }

  @Override
  long checkWrite(long at, int count, boolean sealsToo) {
    if (isBehindLimit(at) || at >= RegularFile.MAX_BYTES) {
      return -Errno.EFBIG;
    }
    return sealsToo && file.seals() != 0 ? file.checkSealsToWrite(at, count) : 0;
  }

  @Override
  long writeNothing(long at) {
    return file.writeNothing(at);
  }

  /** Whether nothing can be written there for want of O_LARGEFILE. */
  private boolean isBehindLimit(long at) {
    return (flags() & Fcntl.O_LARGEFILE) == 0 && at >= MAX_NON_LFS;
  }

  private long writeLimited(byte[] buffer, int offset, int count, long at) {
    int inside = count;
    if ((flags() & Fcntl.O_LARGEFILE) == 0 && count > 0) {
      if (isBehindLimit(at)) {
        return -Errno.EFBIG;
      }
      inside = (int) Math.min(count, MAX_NON_LFS - at);
    }
    return file.writeAt(at, buffer, offset, inside);
  }

  @Override
  public long lseek(long offset, int whence) {
    long target;
    switch (whence) {
      case Fcntl.SEEK_SET -> target = offset;
      case Fcntl.SEEK_CUR -> target = position + offset;
      case Fcntl.SEEK_END -> target = file.sizeBytes() + offset;
      case Fcntl.SEEK_DATA, Fcntl.SEEK_HOLE -> {
        target = file.seek(offset, whence == Fcntl.SEEK_DATA);
        if (target < 0) {
          return target;
        }
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    if (target < 0 || target > RegularFile.MAX_BYTES) {
      return -Errno.EINVAL;
    }
    position = target;
    return target;
  }

  @Override
  public long truncate(long sizeBytes) {
    try {
      file.truncate(sizeBytes, file.view.nowNanos());
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
      file.fallocate(mode, at, bytes, file.view.nowNanos());
      return 0;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  @Override
  public boolean isSealedAgainstWriting() {
    return (file.seals() & Fcntl.F_SEAL_WRITE) != 0;
  }

  @Override
  public boolean isSealedAgainstFutureWriting() {
    return (file.seals() & Fcntl.F_SEAL_FUTURE_WRITE) != 0;
  }

  @Override
  public boolean hasSpliceRead() {
    return true;
  }

  @Override
  long bytesToRead() {
    // Behind the end it is negative, as Linux's int is; results below zero are errors here.
    return (file.sizeBytes() - position) & 0xffff_ffffL;
  }

  @Override
  public long fsync() {
    return file.writeBack();
  }

  @Override
  public @Nullable AddressSpace addressSpace() {
    return file.mapping();
  }
}
