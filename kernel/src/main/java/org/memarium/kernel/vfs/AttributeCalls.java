package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/** The file calls that change attributes by path (Linux {@code fs/open.c}, {@code fs/utimes.c}). */
public abstract sealed class AttributeCalls extends EntryCalls permits DescriptorCalls {

  AttributeCalls(FsStruct fs, FdTable fds, Credentials credentials, FileSizeLimit sizeLimit) {
    super(fs, fds, credentials, sizeLimit);
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

  /** {@code file_remove_privs}: who changes a program does not change what runs with privileges. */
  final void dropPrivileges(Inode inode) throws ErrnoException {
    int privileged = inode.mode() & (FileMode.S_ISUID | FileMode.S_ISGID);
    if (privileged != 0 && inode.isRegular() && !credentials().isRoot()) {
      int drop = FileMode.S_ISUID | ((inode.mode() & 010) != 0 ? FileMode.S_ISGID : 0);
      if ((inode.mode() & drop) != 0) {
        inode.chmod(inode.mode() & FileMode.PERMISSIONS & ~drop, nowNanos());
      }
    }
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
      boolean bothNow = atimeNanos == Fcntl.UTIME_NOW && mtimeNanos == Fcntl.UTIME_NOW;
      if (atimeNanos == Fcntl.UTIME_OMIT && mtimeNanos == Fcntl.UTIME_OMIT) {
        return 0;
      }
      if (!isNanos(atimeNanos) || !isNanos(mtimeNanos)) {
        throw new ErrnoException(Errno.EINVAL);
      }
      Inode inode = path == null ? stamped(dirfd, flags) : stamped(dirfd, path, flags);
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

  private Inode stamped(int fd, int flags) throws ErrnoException {
    if (fd == Fcntl.AT_FDCWD) {
      throw new ErrnoException(Errno.EFAULT);
    }
    checkFlags(flags, 0);
    return file(fd).inode();
  }

  private Inode stamped(int dirfd, String path, int flags) throws ErrnoException {
    checkFlags(flags, Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
    return lookup(dirfd, path, flags).inode();
  }

  /** The file of a descriptor that is more than a place in the tree (O_PATH). */
  final OpenFile file(int fd) throws ErrnoException {
    OpenFile file = fds.require(fd);
    if (file.isPathOnly()) {
      throw new ErrnoException(Errno.EBADF);
    }
    return file;
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
      sizeLimit.checkSize(inode, sizeBytes);
      dropPrivileges(inode);
      inode.truncate(sizeBytes, nowNanos());
      return 0;
    });
  }

  // ---- Extended attributes; no file system here has any ----

  /** What is done with an extended attribute. */
  public enum XattrAccess {
    READ,
    WRITE
  }

  /** getxattr(2), setxattr(2), removexattr(2): what they say where nothing is stored. */
  public final long xattr(XattrAccess access, String path, int flags, String name) {
    return result(() -> xattr(access, lookup(Fcntl.AT_FDCWD, path, flags).inode(), name));
  }

  /** fgetxattr(2) and its kin. */
  public final long fxattr(XattrAccess access, int fd, String name) {
    return result(() -> xattr(access, file(fd).inode(), name));
  }

  /** {@code xattr_permission}, and {@code xattr_resolve_name} of a file system without handlers. */
  private long xattr(XattrAccess access, Inode inode, String name) throws ErrnoException {
    boolean write = access == XattrAccess.WRITE;
    int denied = write ? Errno.EPERM : Errno.ENODATA;
    if (name.startsWith("trusted.") && !credentials().isRoot()) {
      throw new ErrnoException(denied);
    }
    if (name.startsWith("user.")) {
      if (!inode.isRegular() && !inode.isDirectory()) {
        throw new ErrnoException(denied);
      }
      boolean sticky = inode.isDirectory() && (inode.mode() & FileMode.S_ISVTX) != 0;
      if (write && sticky && !owns(inode)) {
        throw new ErrnoException(Errno.EPERM);
      }
    }
    if (!name.startsWith("security.") && !name.startsWith("system.")) {
      permission(inode, write ? FileMode.MAY_WRITE : FileMode.MAY_READ);
    }
    throw new ErrnoException(Errno.EOPNOTSUPP);
  }

  /** listxattr(2): there are none. */
  public final long listxattr(String path, int flags) {
    return result(() -> {
      var _ = lookup(Fcntl.AT_FDCWD, path, flags);
      return 0;
    });
  }

  /** flistxattr(2). */
  public final long flistxattr(int fd) {
    return result(() -> {
      var _ = file(fd);
      return 0;
    });
  }
}
