package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/** {@code struct flock64}: a lock as fcntl(2) takes it and tells of it. */
public final class Flock {
  /** {@code l_type}: F_RDLCK 0, F_WRLCK 1, F_UNLCK 2. */
  public int type;

  /** {@code l_whence}: what {@code start} counts from. */
  public int whence;

  /** {@code l_start}, in bytes. */
  public long start;

  /** {@code l_len}, in bytes; 0: to the end, wherever that will be. */
  public long length;

  /** {@code l_pid}. */
  public int pid;

  /**
   * {@code flock64_to_posix_lock}.
   *
   * @param owner whose the lock is, or would be
   * @param ownerPid its process
   */
  FileLock toLock(OpenFile file, FileLock.Kind kind, Object owner, int ownerPid)
      throws ErrnoException {
    long base =
        switch (whence) {
          case Fcntl.SEEK_SET -> 0;
          case Fcntl.SEEK_CUR -> file.position();
          case Fcntl.SEEK_END -> file.inode().sizeBytes();
          default -> throw new ErrnoException(Errno.EINVAL);
        };
    if (start > Long.MAX_VALUE - base) {
      throw new ErrnoException(Errno.EOVERFLOW);
    }
    long first = base + start;
    if (first < 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    long last = FileLock.TO_THE_END;
    if (length > 0) {
      if (length - 1 > Long.MAX_VALUE - first) {
        throw new ErrnoException(Errno.EOVERFLOW);
      }
      last = first + length - 1;
    } else if (length < 0) {
      if (first + length < 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      last = first - 1;
      first += length;
    }
    if (type != FileLock.READ && type != FileLock.WRITE && type != FileLock.UNLOCK) {
      throw new ErrnoException(Errno.EINVAL);
    }
    return new FileLock(kind, owner, ownerPid, type, first, last);
  }

  /** {@code posix_lock_to_flock64}. */
  void tell(FileLock lock) {
    type = lock.type();
    whence = Fcntl.SEEK_SET;
    start = lock.start();
    length = lock.end() == FileLock.TO_THE_END ? 0 : lock.end() - lock.start() + 1;
    pid = lock.pid();
  }
}
