package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/** The file calls that change attributes by path (Linux {@code fs/open.c}, {@code fs/utimes.c}). */
public abstract sealed class AttributeCalls extends EntryCalls permits FileCalls {

  AttributeCalls(FsStruct fs, FdTable fds, Credentials credentials) {
    super(fs, fds, credentials);
  }

  /** fchmodat2(2), chmod(2). */
  public final long fchmodat(int dirfd, String path, int mode, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
      chmod(lookup(dirfd, path, flags).inode(), mode);
      return 0;
    });
  }

  final void chmod(Inode inode, int mode) throws ErrnoException {
    if (!owns(inode)) {
      throw new ErrnoException(Errno.EPERM);
    }
    int permissions = mode & FileMode.PERMISSIONS;
    if (!credentials().isRoot() && !credentials().inGroup(inode.gid())) {
      permissions &= ~FileMode.S_ISGID;
    }
    inode.chmod(permissions, nowNanos());
  }

  /** fchownat(2), chown(2), lchown(2): -1 leaves a part as it is. */
  public final long fchownat(int dirfd, String path, int uid, int gid, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
      chown(lookup(dirfd, path, flags).inode(), uid, gid);
      return 0;
    });
  }

  final void chown(Inode inode, int uid, int gid) throws ErrnoException {
    if (!credentials().isRoot()) {
      boolean owner = credentials().fsuid() == inode.uid();
      boolean sameUid = uid == -1 || (owner && uid == inode.uid());
      boolean allowedGid =
          gid == -1 || (owner && (gid == inode.gid() || credentials().inGroup(gid)));
      if (!sameUid || !allowedGid) {
        throw new ErrnoException(Errno.EPERM);
      }
    }
    int mode = inode.mode();
    inode.chown(uid, gid, nowNanos());
    // Who gives a program away does not give its privileges away.
    int drop = FileMode.S_ISUID | ((mode & 010) != 0 ? FileMode.S_ISGID : 0);
    if (inode.isRegular() && (mode & drop) != 0) {
      inode.chmod(mode & FileMode.PERMISSIONS & ~drop, nowNanos());
    }
  }

  /**
   * utimensat(2), futimens: a null path means {@code dirfd} itself.
   *
   * @param atimeSeconds and the others: times, with {@link Fcntl#UTIME_NOW} or {@link
   *     Fcntl#UTIME_OMIT} as nanoseconds where asked for
   */
  public final long utimensat(
      int dirfd,
      @Nullable String path,
      long atimeSeconds,
      long atimeNanos,
      long mtimeSeconds,
      long mtimeNanos,
      int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
      if (!isNanos(atimeNanos) || !isNanos(mtimeNanos)) {
        throw new ErrnoException(Errno.EINVAL);
      }
      Inode inode = path == null ? fds.require(dirfd).inode() : lookup(dirfd, path, flags).inode();
      boolean bothNow = atimeNanos == Fcntl.UTIME_NOW && mtimeNanos == Fcntl.UTIME_NOW;
      boolean bothOmit = atimeNanos == Fcntl.UTIME_OMIT && mtimeNanos == Fcntl.UTIME_OMIT;
      if (bothOmit) {
        return 0;
      }
      if (!owns(inode)) {
        if (!bothNow) {
          throw new ErrnoException(Errno.EPERM);
        }
        permission(inode, FileMode.MAY_WRITE);
      }
      inode.refresh();
      inode.utimens(
          time(atimeSeconds, atimeNanos, inode.atimeNanos),
          time(mtimeSeconds, mtimeNanos, inode.mtimeNanos),
          nowNanos());
      return 0;
    });
  }

  private static boolean isNanos(long nanos) {
    return nanos == Fcntl.UTIME_NOW
        || nanos == Fcntl.UTIME_OMIT
        || (nanos >= 0 && nanos < 1_000_000_000L);
  }

  private long time(long seconds, long nanos, long before) {
    if (nanos == Fcntl.UTIME_OMIT) {
      return before;
    }
    return nanos == Fcntl.UTIME_NOW ? nowNanos() : seconds * 1_000_000_000L + nanos;
  }

  /** The machine's clock. */
  abstract long nowNanos();

  /** truncate64(2). */
  public final long truncate(String path, long sizeBytes) {
    return result(() -> {
      if (sizeBytes < 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      Inode inode = lookup(Fcntl.AT_FDCWD, path, 0).inode();
      if (inode.isDirectory()) {
        throw new ErrnoException(Errno.EISDIR);
      }
      if (!inode.isRegular()) {
        throw new ErrnoException(Errno.EINVAL);
      }
      permission(inode, FileMode.MAY_WRITE);
      inode.truncate(sizeBytes, nowNanos());
      return 0;
    });
  }
}
