package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * Descriptors and the open files behind them: dup, fcntl, and the locks of fcntl and flock.
 *
 * <p>A step on the way to {@link FileCalls}, which has them all.
 */
public abstract sealed class DescriptorCalls extends AttributeCalls permits StorageCalls {
  private static final int LOCK_NB = 4;
  private static final int MAX_SIGNAL = 64;

  final Vfs vfs;

  DescriptorCalls(
      Vfs vfs, FsStruct fs, FdTable fds, Credentials credentials, FileSizeLimit sizeLimit) {
    super(fs, fds, credentials, sizeLimit);
    this.vfs = vfs;
  }

  /** dup(2). */
  public long dup(int fd) {
    return result(() -> fds.install(fds.require(fd), false));
  }

  /** dup2(2): the same descriptor twice is no error. */
  public long dup2(int oldFd, int newFd) {
    if (oldFd == newFd) {
      return fds.get(oldFd) == null ? -Errno.EBADF : newFd;
    }
    return dup3(oldFd, newFd, 0);
  }

  /** dup3(2): flags may be O_CLOEXEC. */
  public long dup3(int oldFd, int newFd, int flags) {
    return result(() -> {
      if ((flags & ~Fcntl.O_CLOEXEC) != 0 || oldFd == newFd) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (newFd < 0 || newFd >= fds.limit()) {
        throw new ErrnoException(Errno.EBADF);
      }
      return fds.installAt(newFd, fds.require(oldFd), flags != 0);
    });
  }

  /** fcntl64(2) with a number as argument; locks and F_SETOWN_EX have calls of their own. */
  public long fcntl(int fd, int command, int argument) {
    return result(() -> {
      OpenFile file = fds.require(fd);
      return switch (command) {
        case Fcntl.F_DUPFD, Fcntl.F_DUPFD_CLOEXEC -> {
          if (argument < 0 || argument >= fds.limit()) {
            throw new ErrnoException(Errno.EINVAL);
          }
          yield fds.install(file, argument, command == Fcntl.F_DUPFD_CLOEXEC);
        }
        case Fcntl.F_GETFD -> fds.isCloseOnExec(fd) ? Fcntl.FD_CLOEXEC : 0;
        case Fcntl.F_SETFD -> {
          fds.setCloseOnExec(fd, (argument & Fcntl.FD_CLOEXEC) != 0);
          yield 0;
        }
        case Fcntl.F_GETFL -> file.flags();
        default -> fcntlOnFile(file(fd), command, argument);
      };
    });
  }

  private long fcntlOnFile(OpenFile file, int command, int argument) throws ErrnoException {
    return switch (command) {
      case Fcntl.F_SETFL -> {
        file.setStatusFlags(argument);
        yield 0;
      }
      case Fcntl.F_SETOWN -> {
        if (argument == Integer.MIN_VALUE) {
          throw new ErrnoException(Errno.EINVAL);
        }
        file.setOwner(argument < 0 ? Fcntl.F_OWNER_PGRP : Fcntl.F_OWNER_PID, Math.abs(argument));
        yield 0;
      }
      case Fcntl.F_GETOWN ->
          file.ownerType() == Fcntl.F_OWNER_PGRP ? -file.ownerId() : file.ownerId();
      case Fcntl.F_GETSIG -> file.ownerSignal();
      case Fcntl.F_SETSIG -> {
        if (argument < 0 || argument > MAX_SIGNAL) {
          throw new ErrnoException(Errno.EINVAL);
        }
        file.setOwnerSignal(argument);
        yield 0;
      }
      case Fcntl.F_GETLEASE -> FileLock.UNLOCK;
      case Fcntl.F_SETLEASE ->
          throw new ErrnoException(argument == FileLock.UNLOCK ? Errno.EAGAIN : Errno.EINVAL);
      case Fcntl.F_ADD_SEALS, Fcntl.F_GET_SEALS -> seals(file, command, argument);
      case Fcntl.F_GETPIPE_SZ, Fcntl.F_SETPIPE_SZ -> {
        if (!(file instanceof PipeEnd end)) {
          throw new ErrnoException(Errno.EBADF);
        }
        yield command == Fcntl.F_GETPIPE_SZ
            ? end.pipe().capacityBytes()
            : end.pipe().resize(argument, credentials().isRoot());
      }
      default -> throw new ErrnoException(Errno.EINVAL);
    };
  }

  /** {@code memfd_fcntl}. */
  private static long seals(OpenFile file, int command, int argument) throws ErrnoException {
    if (command == Fcntl.F_ADD_SEALS && !file.isWritable()) {
      throw new ErrnoException(Errno.EPERM);
    }
    Seals seals = file.inode().seals();
    if (seals == null) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if (command == Fcntl.F_GET_SEALS) {
      return seals.get();
    }
    file.inode().addSeals(argument);
    return 0;
  }

  /** fcntl(2) with F_SETOWN_EX, after the caller has looked whether there is such a process. */
  public long setOwnerEx(int fd, int type, int id) {
    return result(() -> {
      OpenFile file = file(fd);
      if (type < Fcntl.F_OWNER_TID || type > Fcntl.F_OWNER_PGRP) {
        throw new ErrnoException(Errno.EINVAL);
      }
      file.setOwner(type, id);
      return 0;
    });
  }

  /**
   * fcntl(2) with F_GETOWN_EX.
   *
   * @param typeAndId what is to be told
   */
  public long getOwnerEx(int fd, int[] typeAndId) {
    return result(() -> {
      OpenFile file = file(fd);
      typeAndId[0] = file.ownerType();
      typeAndId[1] = file.ownerId();
      return 0;
    });
  }

  // ---- Locks ----

  /**
   * fcntl(2) with F_GETLK or F_OFD_GETLK: tells of a lock that is in the way of one.
   *
   * @param ofd whether the lock would be the open file's
   */
  public long getLock(int fd, boolean ofd, Flock lock) {
    return result(() -> {
      OpenFile file = file(fd);
      if (lock.type != FileLock.READ && lock.type != FileLock.WRITE) {
        throw new ErrnoException(Errno.EINVAL);
      }
      FileLock wanted = toLock(file, ofd, lock, 0);
      FileLock inTheWay = file.inode().locks(vfs.caches()).conflict(wanted);
      if (inTheWay == null) {
        lock.type = FileLock.UNLOCK;
        lock.pid = ofd ? 0 : lock.pid;
      } else {
        lock.tell(inTheWay);
      }
      return 0;
    });
  }

  private FileLock toLock(OpenFile file, boolean ofd, Flock lock, int pid) throws ErrnoException {
    if (ofd && lock.pid != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    return ofd
        ? lock.toLock(file, FileLock.Kind.OFD, file, -1)
        : lock.toLock(file, FileLock.Kind.POSIX, fds, pid);
  }

  /**
   * fcntl(2) with F_SETLK, F_SETLKW and their kin: the request, to be tried at once.
   *
   * @param ofd whether the lock is the open file's, and not the process's
   * @param mayWait whether it waits for others to let go
   * @param pid of the process
   */
  public LockCall setLock(int fd, boolean ofd, Flock lock, boolean mayWait, int pid)
      throws ErrnoException {
    OpenFile file = file(fd);
    FileLock wanted = toLock(file, ofd, lock, pid);
    boolean allowed =
        switch (lock.type) {
          case FileLock.READ -> file.isReadable();
          case FileLock.WRITE -> file.isWritable();
          default -> true;
        };
    if (!allowed) {
      throw new ErrnoException(Errno.EBADF);
    }
    return new LockCall(vfs, fds, fd, file, wanted, mayWait);
  }

  /**
   * flock(2): the request, to be tried at once.
   *
   * @param operation LOCK_SH 1, LOCK_EX 2 or LOCK_UN 8, perhaps with LOCK_NB 4
   * @param pid of the process
   */
  public LockCall flock(int fd, int operation, int pid) throws ErrnoException {
    int type =
        switch (operation & ~LOCK_NB) {
          case 1 -> FileLock.READ;
          case 2 -> FileLock.WRITE;
          case 8 -> FileLock.UNLOCK;
          default -> throw new ErrnoException(Errno.EINVAL);
        };
    OpenFile file = file(fd);
    if (type != FileLock.UNLOCK && !file.isReadable() && !file.isWritable()) {
      throw new ErrnoException(Errno.EBADF);
    }
    FileLock wanted = new FileLock(FileLock.Kind.FLOCK, file, pid, type, 0, FileLock.TO_THE_END);
    boolean mayWait = (operation & LOCK_NB) == 0;
    return new LockCall(vfs, fds, fd, file, wanted, mayWait);
  }
}
