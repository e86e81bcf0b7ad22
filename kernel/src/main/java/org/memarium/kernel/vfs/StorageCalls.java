package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * Where a file's bytes lie: its size, its holes, what of it the page cache reads ahead and writes
 * back.
 *
 * <p>A step on the way to {@link FileCalls}, which has them all.
 */
public abstract sealed class StorageCalls extends DescriptorCalls permits FileCalls {
  StorageCalls(
      Vfs vfs, FsStruct fs, FdTable fds, Credentials credentials, FileSizeLimit sizeLimit) {
    super(vfs, fs, fds, credentials, sizeLimit);
  }

  final OpenFile readable(int fd) throws ErrnoException {
    OpenFile file = file(fd);
    if (!file.isReadable()) {
      throw new ErrnoException(Errno.EBADF);
    }
    return file;
  }

  /**
   * ftruncate(2), ftruncate64(2).
   *
   * @param small whether a size of more than 31 bits is refused unless the file has O_LARGEFILE
   */
  public long ftruncate(int fd, long sizeBytes, boolean small) {
    return result(() -> {
      if (sizeBytes < 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      OpenFile file = file(fd);
      if (!file.inode().isRegular() || !file.isWritable()) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (small
          && sizeBytes > RegularOpenFile.MAX_NON_LFS
          && (file.flags() & Fcntl.O_LARGEFILE) == 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      Inode inode = file.inode();
      if (inode instanceof RegularFile || inode instanceof PseudoFile || file.hugePages() != null) {
        sizeLimit.checkSize(file.inode(), sizeBytes);
      }
      dropPrivileges(file.inode());
      return file.truncate(sizeBytes);
    });
  }

  /**
   * fallocate(2).
   *
   * @param oneMode whether the kernel takes a mode for one of a list, as since 6.12, and not for
   *     bits that fit together or do not
   */
  public long fallocate(int fd, int mode, long at, long bytes, boolean oneMode) {
    return result(() -> {
      OpenFile file = file(fd);
      if (at < 0 || bytes <= 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (oneMode) {
        checkMode(mode);
      } else {
        checkAllocation(mode);
      }
      if (!file.isWritable()) {
        throw new ErrnoException(Errno.EBADF);
      }
      if (isLimited(file, mode)) {
        sizeLimit.checkSize(file.inode(), at + bytes < 0 ? Long.MAX_VALUE : at + bytes);
      }
      dropPrivileges(file.inode());
      return file.fallocate(mode, at, bytes);
    });
  }

  /**
   * Whether RLIMIT_FSIZE matters; {@code shmem_fallocate} and {@code hugetlbfs_fallocate} ask even
   * where the size stays.
   */
  private static boolean isLimited(OpenFile file, int mode) {
    boolean always =
        file.hugePages() != null
            || (file.inode() instanceof RegularFile regular && regular.isShmem());
    return (always || file.inode() instanceof RegularFile)
        && (mode == 0 || (mode == Fcntl.FALLOC_FL_KEEP_SIZE && always));
  }

  /** What {@code vfs_fallocate} of today says of a mode, whatever the file is. */
  private static void checkMode(int mode) throws ErrnoException {
    boolean keepsSize = (mode & Fcntl.FALLOC_FL_KEEP_SIZE) != 0;
    boolean fine =
        switch (mode & ~Fcntl.FALLOC_FL_KEEP_SIZE) {
          case 0, Fcntl.FALLOC_FL_UNSHARE_RANGE, Fcntl.FALLOC_FL_ZERO_RANGE -> true;
          case Fcntl.FALLOC_FL_PUNCH_HOLE -> keepsSize;
          case Fcntl.FALLOC_FL_COLLAPSE_RANGE,
              Fcntl.FALLOC_FL_INSERT_RANGE,
              Fcntl.FALLOC_FL_WRITE_ZEROES ->
              !keepsSize;
          default -> false;
        };
    if (!fine) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
  }

  /** What {@code vfs_fallocate} of 6.1 says of a mode. */
  private static void checkAllocation(int mode) throws ErrnoException {
    int known =
        Fcntl.FALLOC_FL_KEEP_SIZE
            | Fcntl.FALLOC_FL_PUNCH_HOLE
            | Fcntl.FALLOC_FL_COLLAPSE_RANGE
            | Fcntl.FALLOC_FL_ZERO_RANGE
            | Fcntl.FALLOC_FL_INSERT_RANGE
            | Fcntl.FALLOC_FL_UNSHARE_RANGE;
    int punchAndZero = Fcntl.FALLOC_FL_PUNCH_HOLE | Fcntl.FALLOC_FL_ZERO_RANGE;
    boolean punches = (mode & Fcntl.FALLOC_FL_PUNCH_HOLE) != 0;
    if ((mode & ~known) != 0
        || (mode & punchAndZero) == punchAndZero
        || (punches && (mode & Fcntl.FALLOC_FL_KEEP_SIZE) == 0)) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    boolean alone = Integer.bitCount(mode) == 1;
    int moving = Fcntl.FALLOC_FL_COLLAPSE_RANGE | Fcntl.FALLOC_FL_INSERT_RANGE;
    int unsharing = Fcntl.FALLOC_FL_UNSHARE_RANGE | Fcntl.FALLOC_FL_KEEP_SIZE;
    if (((mode & moving) != 0 && !alone)
        || ((mode & Fcntl.FALLOC_FL_UNSHARE_RANGE) != 0 && (mode & ~unsharing) != 0)) {
      throw new ErrnoException(Errno.EINVAL);
    }
  }

  /** fsync(2), fdatasync(2). */
  public long fsync(int fd) {
    return result(() -> file(fd).fsync());
  }

  /** syncfs(2): looks at the descriptor; the writing back is the caller's. */
  public long checkDescriptor(int fd) {
    return result(() -> {
      var _ = file(fd);
      return 0;
    });
  }

  /** posix_fadvise(2). */
  public long fadvise(int fd, long at, long bytes, int advice) {
    return result(() -> {
      OpenFile file = file(fd);
      if (file.inode().type() == FileMode.S_IFIFO) {
        throw new ErrnoException(Errno.ESPIPE);
      }
      // The six of POSIX_FADV_NORMAL to POSIX_FADV_NOREUSE.
      if (bytes < 0 || advice < 0 || advice > 5) {
        throw new ErrnoException(Errno.EINVAL);
      }
      file.advise(at, bytes, advice);
      return 0;
    });
  }

  /** readahead(2). */
  public long readahead(int fd, long at, long bytes) {
    return result(() -> {
      OpenFile file = readable(fd);
      if (!(file.inode() instanceof RegularFile)) {
        throw new ErrnoException(Errno.EINVAL);
      }
      file.advise(at, bytes, Fcntl.POSIX_FADV_WILLNEED);
      return 0;
    });
  }

  /** sync_file_range(2). */
  public long syncFileRange(int fd, long at, long bytes, int flags) {
    return result(() -> {
      OpenFile file = file(fd);
      if ((flags & ~7) != 0 || at < 0 || at + bytes < at) {
        throw new ErrnoException(Errno.EINVAL);
      }
      return switch (file.inode().type()) {
        case FileMode.S_IFREG -> file.syncRange(at, bytes, flags);
        case FileMode.S_IFDIR, FileMode.S_IFBLK, FileMode.S_IFLNK -> 0;
        default -> throw new ErrnoException(Errno.ESPIPE);
      };
    });
  }

  /**
   * {@code generic_copy_file_checks}: whether copy_file_range may copy between two files, and how
   * much.
   *
   * @param from position in the one file
   * @param to position in the other
   * @return how many bytes of {@code count} there are to copy
   */
  public long checkCopyRange(int in, long from, int out, long to, long count) {
    return result(() -> {
      OpenFile source = file(in);
      OpenFile target = file(out);
      if (source.inode().isDirectory() || target.inode().isDirectory()) {
        throw new ErrnoException(Errno.EISDIR);
      }
      if (!source.inode().isRegular() || !target.inode().isRegular()) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (!source.isReadable() || !target.isWritable() || (target.flags() & Fcntl.O_APPEND) != 0) {
        throw new ErrnoException(Errno.EBADF);
      }
      if (source.inode().dev() != target.inode().dev()) {
        throw new ErrnoException(Errno.EXDEV);
      }
      if (Long.compareUnsigned(from + count, from) < 0
          || Long.compareUnsigned(to + count, to) < 0) {
        throw new ErrnoException(Errno.EOVERFLOW);
      }
      long there = Math.clamp(source.inode().sizeBytes() - from, 0, count);
      boolean same = source.inode().equals(target.inode());
      if (same && to + there > from && to < from + there) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (from < 0 || to < 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      return there;
    });
  }
}
