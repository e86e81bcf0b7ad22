package org.memarium.kernel.vfs;

import org.memarium.kernel.vfs.PathWalk.Last;
import org.memarium.kernel.vfs.PathWalk.LastLink;
import org.memarium.mm.Errno;

/**
 * The file calls that take a path and open it, tell of it, or go there, with Linux's order of
 * checks (Linux {@code fs/namei.c}, {@code fs/open.c}, {@code fs/stat.c}).
 *
 * <p>Paths are strings whose chars are bytes; the caller has copied them in and answers EFAULT
 * itself. {@code dirfd} is a descriptor or {@link Fcntl#AT_FDCWD}.
 */
public abstract sealed class PathCalls permits EntryCalls {

  final FsStruct fs;
  final FdTable fds;
  final FileSizeLimit sizeLimit;
  private Credentials credentials;

  PathCalls(FsStruct fs, FdTable fds, Credentials credentials, FileSizeLimit sizeLimit) {
    this.fs = fs;
    this.fds = fds;
    this.credentials = credentials;
    this.sizeLimit = sizeLimit;
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

  private static final int RESOLVE_ALL =
      Fcntl.RESOLVE_NO_XDEV
          | Fcntl.RESOLVE_NO_MAGICLINKS
          | Fcntl.RESOLVE_NO_SYMLINKS
          | Fcntl.RESOLVE_BENEATH
          | Fcntl.RESOLVE_IN_ROOT
          | Fcntl.RESOLVE_CACHED;

  /** The body of a call. */
  @FunctionalInterface
  interface Body {
    long run() throws ErrnoException;
  }

  /** The result of a call: a value, or the error as a negative number. */
  final long result(Body body) {
    beginCall();
    try {
      return body.run();
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  /** What walks have found until now may leave the dcache, unless it is held. */
  private void beginCall() {
    fs.root().dcache().beginCall();
  }

  // ---- Walking ----

  private Dentry start(int dirfd, String path) throws ErrnoException {
    if (path.isEmpty()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return path.startsWith("/") ? fs.root() : directoryOf(dirfd);
  }

  private Dentry directoryOf(int dirfd) throws ErrnoException {
    if (dirfd == Fcntl.AT_FDCWD) {
      return fs.pwd();
    }
    Dentry start = fds.require(dirfd).dentry();
    if (!start.inode().isDirectory()) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    return start;
  }

  final Last walk(int dirfd, String path, LastLink lastLink) throws ErrnoException {
    return new PathWalk(fs.root(), credentials).walk(start(dirfd, path), path, lastLink);
  }

  /** What a path names, with the AT_ flags that decide about links and empty paths. */
  final Dentry lookup(int dirfd, String path, int flags) throws ErrnoException {
    if (path.isEmpty() && (flags & Fcntl.AT_EMPTY_PATH) != 0) {
      return dirfd == Fcntl.AT_FDCWD ? fs.pwd() : fds.require(dirfd).dentry();
    }
    boolean stop = (flags & Fcntl.AT_SYMLINK_NOFOLLOW) != 0;
    return walk(dirfd, path, stop ? LastLink.STOP : LastLink.FOLLOW).require();
  }

  final void checkFlags(int flags, int known) throws ErrnoException {
    if ((flags & ~known) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
  }

  final void permission(Inode inode, int mask) throws ErrnoException {
    if (!credentials.may(mask, inode.mode(), inode.uid(), inode.gid())) {
      throw new ErrnoException(Errno.EACCES);
    }
  }

  final boolean owns(Inode inode) {
    return credentials.isRoot() || credentials.fsuid() == inode.uid();
  }

  /** {@code may_create}: an entry can be made in a directory. */
  final void mayCreate(Directory directory) throws ErrnoException {
    if (directory.isRemoved()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    permission(directory, FileMode.MAY_WRITE | FileMode.MAY_EXEC);
  }

  // ---- Opening ----

  /** openat(2): opens, and creates where asked; returns the descriptor. */
  public final long openat(int dirfd, String path, int flags, int mode) {
    int known = flags & Fcntl.VALID_OPEN_FLAGS;
    if ((known & Fcntl.O_PATH) != 0) {
      known &= Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_PATH | Fcntl.O_CLOEXEC;
    }
    boolean creates = (known & (Fcntl.O_CREAT | Fcntl.O_TMPFILE_BIT)) != 0;
    return openat2(dirfd, path, known, creates ? mode & FileMode.PERMISSIONS : 0, 0);
  }

  /**
   * openat2(2), where nothing that is wrong is overlooked.
   *
   * @param flags and {@code mode}, {@code resolve}: those of {@code struct open_how}
   */
  public final long openat2(int dirfd, String path, long flags, long mode, long resolve) {
    return result(() -> {
      checkHow(flags, mode, resolve);
      int fd = fds.unused(0);
      if (fd < 0) {
        return fd;
      }
      OpenFile file = withFilp(() -> open(dirfd, path, (int) flags, (int) mode, (int) resolve));
      boolean cloexec = (flags & Fcntl.O_CLOEXEC) != 0;
      return file instanceof PipeEnd end && end.awaitsPartner()
          ? awaitPartner(end, cloexec)
          : fds.install(file, cloexec);
    });
  }

  /** {@code build_open_flags}. */
  private static void checkHow(long flags, long mode, long resolve) throws ErrnoException {
    int scopes = Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_IN_ROOT;
    boolean tmpfile = (flags & Fcntl.O_TMPFILE_BIT) != 0;
    boolean creates = tmpfile || (flags & Fcntl.O_CREAT) != 0;
    int withPath = Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_PATH | Fcntl.O_CLOEXEC;
    boolean wrong =
        (flags & ~Fcntl.VALID_OPEN_FLAGS) != 0
            || (resolve & ~RESOLVE_ALL) != 0
            || (resolve & scopes) == scopes
            || (creates ? (mode & ~FileMode.PERMISSIONS) != 0 : mode != 0)
            || ((flags & Fcntl.O_PATH) != 0 && (flags & ~withPath) != 0)
            || (flags & (Fcntl.O_DIRECTORY | Fcntl.O_CREAT)) == (Fcntl.O_DIRECTORY | Fcntl.O_CREAT)
            || (tmpfile && (flags & Fcntl.O_DIRECTORY) == 0)
            || (tmpfile && (accessMask((int) flags) & FileMode.MAY_WRITE) == 0);
    if (wrong) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if ((resolve & Fcntl.RESOLVE_CACHED) != 0 && (creates || (flags & Fcntl.O_TRUNC) != 0)) {
      throw new ErrnoException(Errno.EAGAIN);
    }
  }

  /** Begins to wait for who opens the other end of a named pipe; {@link OpenFile#WOULD_BLOCK}. */
  abstract long awaitPartner(PipeEnd end, boolean cloexec);

  /** What makes an open file. */
  @FunctionalInterface
  interface Opening {
    OpenFile open() throws ErrnoException;
  }

  /**
   * {@code path_openat}: takes the object for an open file first, and then opens.
   *
   * @throws ErrnoException ENOMEM, or that of the opening; the object is given back
   */
  final OpenFile withFilp(Opening opening) throws ErrnoException {
    VfsCaches caches = fs.root().dcache().caches();
    long filp = OpenFile.allocate(caches);
    try {
      OpenFile file = opening.open();
      file.adopt(filp);
      return file;
    } catch (ErrnoException e) {
      VfsCaches.free(caches.filp, filp);
      throw e;
    }
  }

  private OpenFile open(int dirfd, String path, int flags, int mode, int resolve)
      throws ErrnoException {
    boolean create = (flags & Fcntl.O_CREAT) != 0;
    boolean exclusive = create && (flags & Fcntl.O_EXCL) != 0;
    boolean stop = (flags & Fcntl.O_NOFOLLOW) != 0 || exclusive;
    // Below a directory an absolute path starts there too.
    boolean scoped = (resolve & (Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_IN_ROOT)) != 0;
    Dentry start = scoped && !path.isEmpty() ? directoryOf(dirfd) : start(dirfd, path);
    Dentry root = scoped ? start : fs.root();
    if (create && path.endsWith("/")) {
      // What would be made is no directory, whatever is there.
      Last entry = new PathWalk(root, credentials, resolve).walk(start, path, LastLink.PARENT);
      if (entry.parent() != null) {
        throw new ErrnoException(Errno.EISDIR);
      }
    }
    Last last =
        new PathWalk(root, credentials, resolve)
            .walk(start, path, stop ? LastLink.STOP : LastLink.FOLLOW);
    if ((flags & Fcntl.O_TMPFILE_BIT) != 0) {
      return openTmpfile(last.require(), flags, mode);
    }
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

  /** {@code do_tmpfile}: a regular file without a name, on the file system of a directory. */
  private OpenFile openTmpfile(Dentry place, int flags, int mode) throws ErrnoException {
    if (!(place.inode() instanceof Directory directory)) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    permission(directory, FileMode.MAY_WRITE | FileMode.MAY_EXEC);
    int permissions = mode & ~fs.umask;
    boolean mayBeLinked = (flags & Fcntl.O_EXCL) == 0;
    Dentry made = directory.tmpfile(FileMode.S_IFREG | permissions, mayBeLinked, credentials);
    made.hold();
    try {
      return openFound(made, flags & ~Fcntl.O_TRUNC);
    } finally {
      made.release();
    }
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
    OpenFile file =
        isFifo(inode) ? PipeEnd.open(found, flags) : inode.open(found, flags, credentials);
    if ((flags & Fcntl.O_TRUNC) != 0 && inode.isRegular()) {
      long result = file.truncate(0);
      if (result < 0) {
        file.hold();
        file.release();
        throw new ErrnoException((int) -result);
      }
    }
    return file;
  }

  /** A pipe of the machine's; those of the host stay closed, but for standard streams. */
  private static boolean isFifo(Inode inode) {
    return inode.type() == FileMode.S_IFIFO
        && inode.isPipeOfMachine()
        && !(inode instanceof Stream);
  }

  /**
   * Makes a file for a core dump in the working directory. The caller {@linkplain OpenFile#hold
   * holds} the result, and releases it in the end.
   *
   * @throws ErrnoException EEXIST for what is there already; any other error of the walk, or of
   *     making the file
   */
  public final OpenFile openCore(String name) throws ErrnoException {
    beginCall();
    int flags = Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_WRONLY | Fcntl.O_LARGEFILE;
    OpenFile file = withFilp(() -> open(Fcntl.AT_FDCWD, name, flags, 0600, 0));
    file.hold();
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
    beginCall();
    return withFilp(() -> {
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
    });
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
      fs.setPwd(directoryToEnter(path));
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
      fs.setPwd(found);
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
      fs.setRoot(found);
      return 0;
    });
  }

  /** The working directory's path: getcwd(2) without the copying; ENOENT if it was removed. */
  public final String getcwd() throws ErrnoException {
    if (fs.pwd().isUnlinked()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return fs.pwd().path(fs.root());
  }

  /** umask(2). */
  public final long umask(int mask) {
    return fs.umask(mask);
  }
}
