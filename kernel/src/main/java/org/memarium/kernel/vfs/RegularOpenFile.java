package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.BackingDev;
import org.memarium.mm.file.FileRa;

/** An open regular file. */
final class RegularOpenFile extends OpenFile {

  /** Without O_LARGEFILE a file ends for the program at 2 GiB - 1 ({@code MAX_NON_LFS}). */
  static final long MAX_NON_LFS = Integer.MAX_VALUE;

  private final RegularFile file;

  private final FileRa readahead;

  /** {@code f_wb_err}: up to where errors of writing back were told to this opening. */
  private int toldErrors;

  RegularOpenFile(Dentry dentry, int flags, RegularFile file) {
    super(dentry, flags);
    this.file = file;
    AddressSpace pages = file.mapping();
    this.readahead = pages == null ? new FileRa(BackingDev.DEFAULT) : pages.newReadahead();
    this.toldErrors = pages == null ? 0 : pages.dirtyPages().errors().sample();
  }

  @Override
  void closed() {
    file.closed();
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    long result = file.readAt(position, buffer, offset, count, readahead);
    if (result > 0) {
      position += result;
    }
    return result;
  }

  @Override
  public long pread(byte[] buffer, int offset, int count, long at) {
    return file.readAt(at, buffer, offset, count, readahead);
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
    long room = sealsToo && file.sealBits() != 0 ? file.checkSealsToWrite(at, count) : count;
    return Math.min(room, (isLarge() ? RegularFile.MAX_BYTES : MAX_NON_LFS) - at);
  }

  @Override
  long writeNothing(long at) {
    return file.writeNothing(at);
  }

  /** Whether nothing can be written there for want of O_LARGEFILE. */
  private boolean isBehindLimit(long at) {
    return !isLarge() && at >= MAX_NON_LFS;
  }

  private boolean isLarge() {
    return (flags() & Fcntl.O_LARGEFILE) != 0;
  }

  private long writeLimited(byte[] buffer, int offset, int count, long at) {
    int inside = count;
    if (!isLarge() && count > 0) {
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
    boolean hole = (mode & Fcntl.FALLOC_FL_PUNCH_HOLE) != 0;
    if (at > (hole ? file.maxBytes() : RegularFile.MAX_BYTES) - bytes) {
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
    return (file.sealBits() & Fcntl.F_SEAL_WRITE) != 0;
  }

  @Override
  public boolean isSealedAgainstFutureWriting() {
    return (file.sealBits() & Fcntl.F_SEAL_FUTURE_WRITE) != 0;
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
    long result = file.writeBack();
    long told = tellErrors();
    return result != 0 ? result : told;
  }

  @Override
  public long fsync(long first, long last) {
    long result = mapping().dirtyPages().writeBack(first, last);
    long told = tellErrors();
    return result != 0 ? result : told;
  }

  /** {@code file_check_and_advance_wb_err}: 0, or an error that this opening was not told yet. */
  private long tellErrors() {
    AddressSpace pages = file.mapping();
    if (pages == null) {
      return 0;
    }
    long error = pages.dirtyPages().errors().since(toldErrors);
    toldErrors = pages.dirtyPages().errors().advance();
    return error;
  }

  @Override
  void advise(long at, long bytes, int advice) {
    AddressSpace pages = file.mapping();
    if (pages == null || !pages.store().isPersistent()) {
      return;
    }
    long end = bytes == 0 || at + bytes < at ? Long.MAX_VALUE : at + bytes - 1;
    switch (advice) {
      case Fcntl.POSIX_FADV_NORMAL -> readahead.adviseNormal();
      case Fcntl.POSIX_FADV_RANDOM -> readahead.adviseRandom();
      case Fcntl.POSIX_FADV_SEQUENTIAL -> readahead.adviseSequential();
      case Fcntl.POSIX_FADV_WILLNEED -> {
        long first = at >> Ram.PAGE_SHIFT;
        pages.readAhead(first, (end >> Ram.PAGE_SHIFT) - first + 1);
      }
      case Fcntl.POSIX_FADV_DONTNEED -> dontNeed(pages, at, end);
      default -> {} // POSIX_FADV_NOREUSE is taken note of, and no more.
    }
  }

  /** Pages of which only a part is not needed stay. */
  private static void dontNeed(AddressSpace pages, long at, long end) {
    if (at < 0) {
      return; // behind the end of every file, as the kernel counts pages
    }
    long first = (at + Ram.PAGE_SIZE - 1) >> Ram.PAGE_SHIFT;
    boolean wholeLast = (end + 1) % Ram.PAGE_SIZE == 0 || end == pages.bytes() - 1;
    long last = (end >> Ram.PAGE_SHIFT) - (wholeLast || end == Long.MAX_VALUE ? 0 : 1);
    var _ = pages.dirtyPages().startWriteBack(at >> Ram.PAGE_SHIFT, end >> Ram.PAGE_SHIFT);
    if (last >= first) {
      pages.invalidate(first, last);
    }
  }

  @Override
  long syncRange(long at, long bytes, int flags) {
    AddressSpace pages = file.mapping();
    if (pages == null || flags == 0) {
      return 0;
    }
    long first = at >> Ram.PAGE_SHIFT;
    long last = bytes == 0 ? Long.MAX_VALUE : (at + bytes - 1) >> Ram.PAGE_SHIFT;
    if ((flags & Fcntl.SYNC_FILE_RANGE_WAIT_BEFORE) != 0) {
      pages.dirtyPages().await();
    }
    long result = 0;
    if ((flags & Fcntl.SYNC_FILE_RANGE_WRITE) != 0) {
      result = pages.dirtyPages().startWriteBack(first, last);
    }
    if ((flags & Fcntl.SYNC_FILE_RANGE_WAIT_AFTER) != 0) {
      pages.dirtyPages().await();
    }
    long told = flags == Fcntl.SYNC_FILE_RANGE_WRITE ? 0 : tellErrors();
    return result != 0 ? result : told;
  }

  @Override
  public FileRa readahead() {
    return readahead;
  }

  @Override
  public @Nullable AddressSpace addressSpace() {
    return file.mapping();
  }
}
