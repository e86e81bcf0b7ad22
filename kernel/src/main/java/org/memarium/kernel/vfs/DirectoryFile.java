package org.memarium.kernel.vfs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * An open directory. Position 0 is {@code .}, 1 is {@code ..}, and 2 + n the nth entry in ascending
 * order of names: an order that is the same everywhere, unlike that of the host's file systems.
 *
 * <p>The list is made at the first read and anew after a rewind, so that entries made or removed
 * meanwhile shift no positions, as POSIX leaves open.
 */
final class DirectoryFile extends OpenFile {

  private final Directory directory;
  private @Nullable List<Directory.Entry> entries;

  DirectoryFile(Dentry dentry, int flags, Directory directory) {
    super(dentry, flags);
    this.directory = directory;
  }

  @Override
  public boolean hasPositions() {
    return true;
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    return -Errno.EISDIR;
  }

  @Override
  public long pread(byte[] buffer, int offset, int count, long at) {
    return -Errno.EISDIR;
  }

  @Override
  public long lseek(long offset, int whence) {
    long target =
        switch (whence) {
          case Fcntl.SEEK_SET -> offset;
          case Fcntl.SEEK_CUR -> position + offset;
          default -> -1;
        };
    if (target < 0) {
      return -Errno.EINVAL;
    }
    position = target;
    return target;
  }

  @Override
  public long iterateDirectory(DirectoryEmitter emitter) {
    if (directory.isRemoved()) {
      return -Errno.ENOENT;
    }
    List<Directory.Entry> list = entries;
    if (list == null || position == 0) {
      try {
        list = directory.entries();
      } catch (ErrnoException e) {
        return e.result();
      }
      entries = list;
    }
    if (position == 0) {
      if (!emitter.entry(".", directory.ino(), FileMode.S_IFDIR >> 12, 1)) {
        return 0;
      }
      position = 1;
    }
    if (position == 1) {
      Dentry parent = directory.dentry().parent();
      long ino = parent == null ? directory.ino() : parent.inode().ino();
      if (!emitter.entry("..", ino, FileMode.S_IFDIR >> 12, 2)) {
        return 0;
      }
      position = 2;
    }
    while (position - 2 < list.size()) {
      Directory.Entry entry = list.get((int) position - 2);
      if (!emitter.entry(entry.name(), entry.ino(), entry.type(), position + 1)) {
        break;
      }
      position++;
    }
    return 0;
  }

  @Override
  public long fsync() {
    return 0;
  }
}
