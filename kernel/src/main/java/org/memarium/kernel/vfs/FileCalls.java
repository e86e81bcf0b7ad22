package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;

/**
 * The file calls of one process, with Linux's order of checks; addresses and structures are the
 * caller's business.
 *
 * <p>Every result is a value that is not negative, or {@code -errno}. Paths and names are strings
 * whose chars are bytes; the caller has copied them in, and answers EFAULT and ENAMETOOLONG (for a
 * path of {@link Fcntl#PATH_MAX} bytes or more) itself. {@code dirfd} is a descriptor or {@link
 * Fcntl#AT_FDCWD}.
 */
public final class FileCalls {

  private final FsStruct fs;
  private final FdTable fds;
  private Credentials credentials;

  /**
   * The calls of a process.
   *
   * @param fs its root, working directory and umask
   * @param fds its open files
   * @param credentials its user
   */
  public FileCalls(FsStruct fs, FdTable fds, Credentials credentials) {
    this.fs = fs;
    this.fds = fds;
    this.credentials = credentials;
  }

  /** Root, working directory and umask. */
  public FsStruct fs() {
    return fs;
  }

  /** The open files. */
  public FdTable fds() {
    return fds;
  }

  /** The user whose rights count. */
  public Credentials credentials() {
    return credentials;
  }

  /** Changes the user whose rights count. */
  public void credentials(Credentials value) {
    credentials = value;
  }

  /** openat(2): opens, and creates where asked; returns the descriptor. */
  public long openat(int dirfd, String path, int flags, int mode) {
    throw new UnsupportedOperationException();
  }

  /**
   * Opens a program for execve: a regular file that the user may run. The caller owns the result
   * ({@link OpenFile#hold} it, {@link OpenFile#release} it).
   *
   * @throws ErrnoException EACCES for what is no regular file or may not be run, or any of the walk
   */
  public OpenFile openExecutable(int dirfd, String path, int flags) throws ErrnoException {
    throw new UnsupportedOperationException();
  }

  /** close(2). */
  public long close(int fd) {
    return fds.close(fd);
  }

  /** read(2). */
  public long read(int fd, byte[] buffer, int offset, int count) {
    throw new UnsupportedOperationException();
  }

  /** write(2). */
  public long write(int fd, byte[] buffer, int offset, int count) {
    throw new UnsupportedOperationException();
  }

  /** pread64(2). */
  public long pread64(int fd, byte[] buffer, int offset, int count, long at) {
    throw new UnsupportedOperationException();
  }

  /** pwrite64(2). */
  public long pwrite64(int fd, byte[] buffer, int offset, int count, long at) {
    throw new UnsupportedOperationException();
  }

  /** lseek(2) and _llseek(2): returns the new position. */
  public long lseek(int fd, long offset, int whence) {
    throw new UnsupportedOperationException();
  }

  /** getdents(2): gives entries to the emitter until it has no more room; returns 0. */
  public long getdents(int fd, DirectoryEmitter emitter) {
    throw new UnsupportedOperationException();
  }

  /** newfstatat(2), stat(2), lstat(2), statx(2): follows a link unless AT_SYMLINK_NOFOLLOW. */
  public long fstatat(int dirfd, String path, int flags, Kstat out) {
    throw new UnsupportedOperationException();
  }

  /** fstat(2). */
  public long fstat(int fd, Kstat out) {
    throw new UnsupportedOperationException();
  }

  /** statfs(2). */
  public long statfs(String path, Kstatfs out) {
    throw new UnsupportedOperationException();
  }

  /** fstatfs(2). */
  public long fstatfs(int fd, Kstatfs out) {
    throw new UnsupportedOperationException();
  }

  /** faccessat2(2), access(2): mode is a mask of R_OK 4, W_OK 2, X_OK 1. */
  public long faccessat2(int dirfd, String path, int mode, int flags) {
    throw new UnsupportedOperationException();
  }

  /** readlinkat(2): returns how many bytes of the target went into the buffer. */
  public long readlinkat(int dirfd, String path, byte[] buffer) {
    throw new UnsupportedOperationException();
  }

  /** mkdirat(2). */
  public long mkdirat(int dirfd, String path, int mode) {
    throw new UnsupportedOperationException();
  }

  /** mknodat(2): regular files and named pipes. */
  public long mknodat(int dirfd, String path, int mode, long dev) {
    throw new UnsupportedOperationException();
  }

  /** unlinkat(2), unlink(2), rmdir(2): a directory with AT_REMOVEDIR. */
  public long unlinkat(int dirfd, String path, int flags) {
    throw new UnsupportedOperationException();
  }

  /** symlinkat(2). */
  public long symlinkat(String target, int dirfd, String path) {
    throw new UnsupportedOperationException();
  }

  /** linkat(2). */
  public long linkat(int oldDirfd, String oldPath, int newDirfd, String newPath, int flags) {
    throw new UnsupportedOperationException();
  }

  /** renameat2(2). */
  public long renameat2(int oldDirfd, String oldPath, int newDirfd, String newPath, int flags) {
    throw new UnsupportedOperationException();
  }

  /** fchmodat2(2), chmod(2). */
  public long fchmodat(int dirfd, String path, int mode, int flags) {
    throw new UnsupportedOperationException();
  }

  /** fchmod(2). */
  public long fchmod(int fd, int mode) {
    throw new UnsupportedOperationException();
  }

  /** fchownat(2), chown(2), lchown(2): -1 leaves a part as it is. */
  public long fchownat(int dirfd, String path, int uid, int gid, int flags) {
    throw new UnsupportedOperationException();
  }

  /** fchown(2). */
  public long fchown(int fd, int uid, int gid) {
    throw new UnsupportedOperationException();
  }

  /**
   * utimensat(2), futimens: a null path means {@code dirfd} itself.
   *
   * @param atimeSeconds and the others: times, with {@link Fcntl#UTIME_NOW} or {@link
   *     Fcntl#UTIME_OMIT} as nanoseconds where asked for
   */
  public long utimensat(
      int dirfd,
      @Nullable String path,
      long atimeSeconds,
      long atimeNanos,
      long mtimeSeconds,
      long mtimeNanos,
      int flags) {
    throw new UnsupportedOperationException();
  }

  /** truncate64(2). */
  public long truncate(String path, long sizeBytes) {
    throw new UnsupportedOperationException();
  }

  /** ftruncate64(2). */
  public long ftruncate(int fd, long sizeBytes) {
    throw new UnsupportedOperationException();
  }

  /** fallocate(2). */
  public long fallocate(int fd, int mode, long at, long bytes) {
    throw new UnsupportedOperationException();
  }

  /** fsync(2), fdatasync(2). */
  public long fsync(int fd) {
    throw new UnsupportedOperationException();
  }

  /** dup(2). */
  public long dup(int fd) {
    throw new UnsupportedOperationException();
  }

  /** dup2(2): the same descriptor twice is no error. */
  public long dup2(int oldFd, int newFd) {
    throw new UnsupportedOperationException();
  }

  /** dup3(2): flags may be O_CLOEXEC. */
  public long dup3(int oldFd, int newFd, int flags) {
    throw new UnsupportedOperationException();
  }

  /**
   * fcntl64(2) with a number as argument; for F_GETLK, F_SETLK and their kin the caller copies
   * {@code struct flock}: one process always gets the lock, and F_GETLK answers F_UNLCK (2).
   */
  public long fcntl(int fd, int command, int argument) {
    throw new UnsupportedOperationException();
  }

  /** flock(2): one process always gets the lock. */
  public long flock(int fd, int operation) {
    throw new UnsupportedOperationException();
  }

  /** ioctl(2). */
  public long ioctl(int fd, int command, IoctlArgument argument) {
    throw new UnsupportedOperationException();
  }

  /** pipe2(2): the read end goes to fds[0], the write end to fds[1]. */
  public long pipe2(int[] ends, int flags) {
    throw new UnsupportedOperationException();
  }

  /** Which of POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL hold of a descriptor now. */
  public int poll(int fd) {
    throw new UnsupportedOperationException();
  }

  /** chdir(2). */
  public long chdir(String path) {
    throw new UnsupportedOperationException();
  }

  /** fchdir(2). */
  public long fchdir(int fd) {
    throw new UnsupportedOperationException();
  }

  /** chroot(2). */
  public long chroot(String path) {
    throw new UnsupportedOperationException();
  }

  /** The working directory's path: getcwd(2) without the copying; ENOENT if it was removed. */
  public String getcwd() throws ErrnoException {
    throw new UnsupportedOperationException();
  }

  /** umask(2). */
  public long umask(int mask) {
    return fs.umask(mask);
  }
}
