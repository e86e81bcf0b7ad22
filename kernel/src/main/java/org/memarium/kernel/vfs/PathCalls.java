package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.PathWalk.Last;
import org.memarium.kernel.vfs.PathWalk.LastLink;
import org.memarium.mm.Errno;

/**
 * The file calls that take a path, with Linux's order of checks (Linux {@code fs/namei.c}, {@code
 * fs/open.c}, {@code fs/stat.c}).
 *
 * <p>Paths are strings whose chars are bytes; the caller has copied them in and answers EFAULT
 * itself. {@code dirfd} is a descriptor or {@link Fcntl#AT_FDCWD}.
 */
public abstract sealed class PathCalls permits FileCalls {

  final FsStruct fs;
  final FdTable fds;
  private Credentials credentials;

  PathCalls(FsStruct fs, FdTable fds, Credentials credentials) {
    this.fs = fs;
    this.fds = fds;
    this.credentials = credentials;
  }

  /** Root, working directory and umask. */
  public final FsStruct fs() {
    return fs;
  }

  /** The open files. */
  public final FdTable fds() {
    return fds;
  }

  /** The user whose rights count. */
  public final Credentials credentials() {
    return credentials;
  }

  /** Changes the user whose rights count. */
  public final void credentials(Credentials value) {
    credentials = value;
  }

  /** The body of a call. */
  @FunctionalInterface
  interface Body {
    long run() throws ErrnoException;
  }

  /** The result of a call: a value, or the error as a negative number. */
  static long result(Body body) {
    try {
      return body.run();
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  // ---- Walking ----

  private Dentry start(int dirfd, String path) throws ErrnoException {
    if (path.startsWith("/")) {
      return fs.root;
    }
    if (dirfd == Fcntl.AT_FDCWD) {
      return fs.pwd;
    }
    Dentry start = fds.require(dirfd).dentry();
    if (!start.inode().isDirectory() && !path.isEmpty()) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    return start;
  }

  private Last walk(int dirfd, String path, LastLink lastLink) throws ErrnoException {
    return new PathWalk(fs.root, credentials).walk(start(dirfd, path), path, lastLink);
  }

  /** What a path names, with the AT_ flags that decide about links and empty paths. */
  private Dentry lookup(int dirfd, String path, int flags) throws ErrnoException {
    if (path.isEmpty() && (flags & Fcntl.AT_EMPTY_PATH) != 0) {
      return dirfd == Fcntl.AT_FDCWD ? fs.pwd : fds.require(dirfd).dentry();
    }
    boolean stop = (flags & Fcntl.AT_SYMLINK_NOFOLLOW) != 0;
    return walk(dirfd, path, stop ? LastLink.STOP : LastLink.FOLLOW).require();
  }

  private void checkFlags(int flags, int known) throws ErrnoException {
    if ((flags & ~known) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
  }

  private void permission(Inode inode, int mask) throws ErrnoException {
    if (!credentials.may(mask, inode.mode(), inode.uid(), inode.gid())) {
      throw new ErrnoException(Errno.EACCES);
    }
  }

  private boolean owns(Inode inode) {
    return credentials.isRoot() || credentials.fsuid() == inode.uid();
  }

  /** {@code may_create}: an entry can be made in a directory. */
  private void mayCreate(Directory directory) throws ErrnoException {
    if (directory.isRemoved()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    permission(directory, FileMode.MAY_WRITE | FileMode.MAY_EXEC);
  }

  /** {@code may_delete}: an entry can be removed from a directory, or be replaced there. */
  private void mayDelete(Directory directory, Dentry victim, boolean asDirectory)
      throws ErrnoException {
    permission(directory, FileMode.MAY_WRITE | FileMode.MAY_EXEC);
    boolean sticky = (directory.mode() & FileMode.S_ISVTX) != 0;
    if (sticky && !owns(directory) && !owns(victim.inode())) {
      throw new ErrnoException(Errno.EPERM);
    }
    boolean isDirectory = victim.inode().isDirectory();
    if (asDirectory && !isDirectory) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    if (!asDirectory && isDirectory) {
      throw new ErrnoException(Errno.EISDIR);
    }
  }

  // ---- Opening ----

  /** openat(2): opens, and creates where asked; returns the descriptor. */
  public final long openat(int dirfd, String path, int flags, int mode) {
    return result(() -> {
      if (!fds.hasRoom()) {
        throw new ErrnoException(Errno.EMFILE);
      }
      OpenFile file = open(dirfd, path, flags, mode);
      return fds.install(file, (flags & Fcntl.O_CLOEXEC) != 0);
    });
  }

  private OpenFile open(int dirfd, String path, int givenFlags, int mode) throws ErrnoException {
    int flags = givenFlags;
    if ((flags & Fcntl.O_PATH) != 0) {
      flags &= Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_PATH | Fcntl.O_CLOEXEC;
    } else if ((flags & Fcntl.O_TMPFILE_BIT) != 0) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    boolean create = (flags & Fcntl.O_CREAT) != 0;
    boolean exclusive = create && (flags & Fcntl.O_EXCL) != 0;
    if (create && (flags & Fcntl.O_DIRECTORY) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    boolean stop = (flags & Fcntl.O_NOFOLLOW) != 0 || exclusive;
    Last last = walk(dirfd, path, stop ? LastLink.STOP : LastLink.FOLLOW);
    if (create && last.parent() != null && last.trailingSlash()) {
      throw new ErrnoException(Errno.EISDIR);
    }
    if (last.found() == null && create) {
      Directory directory = last.directory(Errno.EISDIR);
      mayCreate(directory);
      int permissions = mode & FileMode.PERMISSIONS & ~fs.umask;
      Dentry made = directory.create(last.name(), FileMode.S_IFREG | permissions, credentials);
      return openFound(made, flags & ~Fcntl.O_TRUNC);
    }
    Dentry found = last.require();
    if (exclusive) {
      throw new ErrnoException(Errno.EEXIST);
    }
    Inode inode = found.inode();
    if (create && inode.isDirectory()) {
      throw new ErrnoException(Errno.EISDIR);
    }
    if ((flags & Fcntl.O_DIRECTORY) != 0 && !inode.isDirectory()) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    if ((flags & Fcntl.O_PATH) != 0) {
      return new PathFile(found, flags);
    }
    if (inode.isSymlink()) {
      throw new ErrnoException(Errno.ELOOP);
    }
    int mask = accessMask(flags);
    if (inode.isDirectory() && (mask & FileMode.MAY_WRITE) != 0) {
      throw new ErrnoException(Errno.EISDIR);
    }
    permission(inode, mask);
    if ((flags & Fcntl.O_NOATIME) != 0 && !owns(inode)) {
      throw new ErrnoException(Errno.EPERM);
    }
    return openFound(found, flags);
  }

  private static int accessMask(int flags) {
    int mask =
        switch (flags & Fcntl.O_ACCMODE) {
          case Fcntl.O_RDONLY -> FileMode.MAY_READ;
          case Fcntl.O_WRONLY -> FileMode.MAY_WRITE;
          default -> FileMode.MAY_READ | FileMode.MAY_WRITE;
        };
    return (flags & Fcntl.O_TRUNC) != 0 ? mask | FileMode.MAY_WRITE : mask;
  }

  /** Opens what was found and checked, and cuts it off if that was asked for. */
  private OpenFile openFound(Dentry found, int flags) throws ErrnoException {
    Inode inode = found.inode();
    boolean large = (flags & Fcntl.O_LARGEFILE) != 0;
    if (inode.isRegular() && !large && inode.sizeBytes() > RegularOpenFile.MAX_NON_LFS) {
      throw new ErrnoException(Errno.EOVERFLOW);
    }
    OpenFile file = inode.open(found, flags, credentials);
    if ((flags & Fcntl.O_TRUNC) != 0 && inode.isRegular()) {
      long result = file.truncate(0);
      if (result < 0) {
        file.hold();
        file.release();
        throw new ErrnoException((int) -result);
      }
    }
    Dentry parent = found.parent();
    if (parent != null && parent.inode() instanceof Directory directory) {
      directory.opened(found);
    }
    return file;
  }

  /**
   * Opens a program for execve: a regular file that the user may run. The caller {@linkplain
   * OpenFile#hold holds} the result, and releases it in the end.
   *
   * @throws ErrnoException EACCES for what is no regular file or may not be run, or for what the
   *     host does not let the user read; any error of the walk
   */
  public final OpenFile openExecutable(int dirfd, String path, int flags) throws ErrnoException {
    checkFlags(flags, Fcntl.AT_EMPTY_PATH | Fcntl.AT_SYMLINK_NOFOLLOW);
    Dentry found = lookup(dirfd, path, flags);
    if (found.inode().isSymlink()) {
      throw new ErrnoException(Errno.ELOOP);
    }
    if (!found.inode().isRegular()) {
      throw new ErrnoException(Errno.EACCES);
    }
    permission(found.inode(), FileMode.MAY_EXEC);
    return openFound(found, Fcntl.O_RDONLY | Fcntl.O_LARGEFILE);
  }

  // ---- Telling ----

  /** newfstatat(2), stat(2), lstat(2), statx(2): follows a link unless AT_SYMLINK_NOFOLLOW. */
  public final long fstatat(int dirfd, String path, int flags, Kstat out) {
    return result(() -> {
      checkFlags(
          flags,
          Fcntl.AT_SYMLINK_NOFOLLOW
              | Fcntl.AT_NO_AUTOMOUNT
              | Fcntl.AT_EMPTY_PATH
              | Fcntl.AT_STATX_SYNC_TYPE);
      lookup(dirfd, path, flags).inode().getattr(out);
      return 0;
    });
  }

  /** statfs(2). */
  public final long statfs(String path, Kstatfs out) {
    return result(() -> {
      lookup(Fcntl.AT_FDCWD, path, 0).inode().statfs(out);
      return 0;
    });
  }

  /** faccessat2(2), access(2): mode is a mask of R_OK 4, W_OK 2, X_OK 1. */
  public final long faccessat2(int dirfd, String path, int mode, int flags) {
    return result(() -> {
      checkFlags(mode, 7);
      checkFlags(flags, Fcntl.AT_EACCESS | Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
      Credentials effective = credentials;
      if ((flags & Fcntl.AT_EACCESS) == 0) {
        credentials = effective.real();
      }
      try {
        permission(lookup(dirfd, path, flags).inode(), mode);
      } finally {
        credentials = effective;
      }
      return 0;
    });
  }

  /** readlinkat(2): returns how many bytes of the target went into the buffer. */
  public final long readlinkat(int dirfd, String path, byte[] buffer) {
    return result(() -> {
      if (buffer.length == 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      int flags = Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH;
      Dentry found = lookup(dirfd, path, flags);
      if (!found.inode().isSymlink()) {
        throw new ErrnoException(path.isEmpty() ? Errno.ENOENT : Errno.EINVAL);
      }
      byte[] target = HostNames.toBytes(found.inode().readlink());
      int count = Math.min(target.length, buffer.length);
      System.arraycopy(target, 0, buffer, 0, count);
      return count;
    });
  }

  // ---- Making ----

  /** {@code filename_create}: the place for a new entry. */
  private Last freePlace(int dirfd, String path, boolean asDirectory) throws ErrnoException {
    Last last = walk(dirfd, path, LastLink.ENTRY);
    if (last.parent() == null || last.found() != null) {
      throw new ErrnoException(Errno.EEXIST);
    }
    if (last.trailingSlash() && !asDirectory) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return last;
  }

  /** mkdirat(2). */
  public final long mkdirat(int dirfd, String path, int mode) {
    return result(() -> {
      Last last = freePlace(dirfd, path, true);
      Directory directory = last.directory(Errno.EEXIST);
      mayCreate(directory);
      int permissions = mode & (0777 | FileMode.S_ISVTX) & ~fs.umask;
      var _ = directory.mkdir(last.name(), FileMode.S_IFDIR | permissions, credentials);
      return 0;
    });
  }

  /** mknodat(2): regular files and named pipes; EPERM for devices. */
  public final long mknodat(int dirfd, String path, int mode, long dev) {
    return result(() -> {
      int type = mode & FileMode.S_IFMT;
      if (type == FileMode.S_IFDIR) {
        throw new ErrnoException(Errno.EPERM);
      }
      Last last = freePlace(dirfd, path, false);
      Directory directory = last.directory(Errno.EEXIST);
      mayCreate(directory);
      switch (type) {
        case 0, FileMode.S_IFREG, FileMode.S_IFIFO, FileMode.S_IFSOCK -> {
          int permissions = mode & FileMode.PERMISSIONS & ~fs.umask;
          int made = type == 0 ? FileMode.S_IFREG : type;
          var _ = directory.create(last.name(), made | permissions, credentials);
        }
        case FileMode.S_IFCHR, FileMode.S_IFBLK -> throw new ErrnoException(Errno.EPERM);
        default -> throw new ErrnoException(Errno.EINVAL);
      }
      return 0;
    });
  }

  /** symlinkat(2). */
  public final long symlinkat(String target, int dirfd, String path) {
    return result(() -> {
      if (target.isEmpty()) {
        throw new ErrnoException(Errno.ENOENT);
      }
      Last last = freePlace(dirfd, path, false);
      Directory directory = last.directory(Errno.EEXIST);
      mayCreate(directory);
      directory.symlink(last.name(), target, credentials);
      return 0;
    });
  }

  /** linkat(2). */
  public final long linkat(int oldDirfd, String oldPath, int newDirfd, String newPath, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.AT_SYMLINK_FOLLOW | Fcntl.AT_EMPTY_PATH);
      boolean follow = (flags & Fcntl.AT_SYMLINK_FOLLOW) != 0;
      int lookupFlags = (flags & Fcntl.AT_EMPTY_PATH) | (follow ? 0 : Fcntl.AT_SYMLINK_NOFOLLOW);
      Dentry existing = lookup(oldDirfd, oldPath, lookupFlags);
      Last last = freePlace(newDirfd, newPath, false);
      Directory directory = last.directory(Errno.EEXIST);
      Dentry parent = existing.parent();
      if (parent == null
          || !(parent.inode() instanceof Directory from)
          || !from.mountIdentity().equals(directory.mountIdentity())) {
        throw new ErrnoException(Errno.EXDEV);
      }
      mayCreate(directory);
      if (existing.inode().isDirectory()) {
        throw new ErrnoException(Errno.EPERM);
      }
      if (existing.isUnlinked()) {
        throw new ErrnoException(Errno.ENOENT);
      }
      directory.link(last.name(), existing);
      return 0;
    });
  }

  // ---- Removing and moving ----

  /** unlinkat(2), unlink(2), rmdir(2): a directory with AT_REMOVEDIR. */
  public final long unlinkat(int dirfd, String path, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.AT_REMOVEDIR);
      boolean rmdir = (flags & Fcntl.AT_REMOVEDIR) != 0;
      Last last = walk(dirfd, path, LastLink.ENTRY);
      Dentry found = last.found();
      if (last.parent() == null) {
        throw new ErrnoException(rmdir ? notAnEntry(last.name()) : Errno.EISDIR);
      }
      if (found == null) {
        throw new ErrnoException(Errno.ENOENT);
      }
      Directory directory = last.directory(Errno.EISDIR);
      if (!rmdir && last.trailingSlash()) {
        throw new ErrnoException(found.inode().isDirectory() ? Errno.EISDIR : Errno.ENOTDIR);
      }
      mayDelete(directory, found, rmdir);
      if (directory.isMountPoint(found.name())) {
        throw new ErrnoException(Errno.EBUSY);
      }
      if (rmdir) {
        if (!((Directory) found.inode()).isEmpty()) {
          throw new ErrnoException(Errno.ENOTEMPTY);
        }
        directory.rmdir(found);
      } else {
        directory.unlink(found);
      }
      return 0;
    });
  }

  private static int notAnEntry(String name) {
    return switch (name) {
      case "." -> Errno.EINVAL;
      case ".." -> Errno.ENOTEMPTY;
      default -> Errno.EBUSY;
    };
  }

  /** renameat2(2). */
  public final long renameat2(
      int oldDirfd, String oldPath, int newDirfd, String newPath, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.RENAME_NOREPLACE | Fcntl.RENAME_EXCHANGE);
      boolean exchange = (flags & Fcntl.RENAME_EXCHANGE) != 0;
      boolean noReplace = (flags & Fcntl.RENAME_NOREPLACE) != 0;
      if (exchange && noReplace) {
        throw new ErrnoException(Errno.EINVAL);
      }
      Last from = walk(oldDirfd, oldPath, LastLink.ENTRY);
      Last to = walk(newDirfd, newPath, LastLink.ENTRY);
      Directory fromDirectory = from.directory(Errno.EBUSY);
      Directory toDirectory = to.directory(noReplace ? Errno.EEXIST : Errno.EBUSY);
      if (!fromDirectory.mountIdentity().equals(toDirectory.mountIdentity())) {
        throw new ErrnoException(Errno.EXDEV);
      }
      rename(from, fromDirectory, to, toDirectory, noReplace, exchange);
      return 0;
    });
  }

  private void rename(
      Last from,
      Directory fromDirectory,
      Last to,
      Directory toDirectory,
      boolean noReplace,
      boolean exchange)
      throws ErrnoException {
    Dentry moved = from.found();
    Dentry replaced = to.found();
    if (moved == null || (exchange && replaced == null)) {
      throw new ErrnoException(Errno.ENOENT);
    }
    if (noReplace && replaced != null) {
      throw new ErrnoException(Errno.EEXIST);
    }
    boolean isDirectory = moved.inode().isDirectory();
    if (!isDirectory && (from.trailingSlash() || (!exchange && to.trailingSlash()))) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    if (isAbove(moved, toDirectory.dentry())) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if (replaced != null && isAbove(replaced, fromDirectory.dentry())) {
      throw new ErrnoException(exchange ? Errno.EINVAL : Errno.ENOTEMPTY);
    }
    if (replaced != null && replaced.inode().equals(moved.inode())) {
      return;
    }
    mayDelete(fromDirectory, moved, isDirectory);
    if (replaced == null) {
      mayCreate(toDirectory);
    } else {
      mayDelete(toDirectory, replaced, exchange ? replaced.inode().isDirectory() : isDirectory);
    }
    if (isDirectory && !fromDirectory.equals(toDirectory)) {
      // Its .. changes.
      permission(moved.inode(), FileMode.MAY_WRITE);
    }
    if (fromDirectory.isMountPoint(moved.name())
        || (replaced != null && toDirectory.isMountPoint(replaced.name()))) {
      throw new ErrnoException(Errno.EBUSY);
    }
    if (!exchange
        && replaced != null
        && replaced.inode() instanceof Directory emptied
        && !emptied.isEmpty()) {
      throw new ErrnoException(Errno.ENOTEMPTY);
    }
    fromDirectory.rename(moved, toDirectory, to.name(), replaced, exchange);
  }

  /** Whether a dentry is an ancestor of a directory, or the directory itself. */
  private static boolean isAbove(Dentry upper, Dentry directory) {
    for (Dentry at = directory; at != null; at = at.parent()) {
      if (at == upper) {
        return true;
      }
    }
    return false;
  }

  // ---- Attributes ----

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
    if (!credentials.isRoot() && !credentials.inGroup(inode.gid())) {
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
    if (!credentials.isRoot()) {
      boolean owner = credentials.fsuid() == inode.uid();
      boolean sameUid = uid == -1 || (owner && uid == inode.uid());
      boolean allowedGid = gid == -1 || (owner && (gid == inode.gid() || credentials.inGroup(gid)));
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

  // ---- Where paths start ----

  private Dentry directoryToEnter(String path) throws ErrnoException {
    Dentry found = lookup(Fcntl.AT_FDCWD, path, 0);
    if (!found.inode().isDirectory()) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    permission(found.inode(), FileMode.MAY_EXEC);
    return found;
  }

  /** chdir(2). */
  public final long chdir(String path) {
    return result(() -> {
      fs.pwd = directoryToEnter(path);
      return 0;
    });
  }

  /** fchdir(2). */
  public final long fchdir(int fd) {
    return result(() -> {
      Dentry found = fds.require(fd).dentry();
      if (!found.inode().isDirectory()) {
        throw new ErrnoException(Errno.ENOTDIR);
      }
      permission(found.inode(), FileMode.MAY_EXEC);
      fs.pwd = found;
      return 0;
    });
  }

  /** chroot(2): for root only. */
  public final long chroot(String path) {
    return result(() -> {
      Dentry found = directoryToEnter(path);
      if (!credentials.isRoot()) {
        throw new ErrnoException(Errno.EPERM);
      }
      fs.root = found;
      return 0;
    });
  }

  /** The working directory's path: getcwd(2) without the copying; ENOENT if it was removed. */
  public final String getcwd() throws ErrnoException {
    if (fs.pwd.isUnlinked()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return fs.pwd.path(fs.root);
  }

  /** umask(2). */
  public final long umask(int mask) {
    return fs.umask(mask);
  }
}
