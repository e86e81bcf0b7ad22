package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * The file calls of one process; addresses and structures are the caller's business.
 *
 * <p>Every result is a value that is not negative, or {@code -errno}. The calls that take a
 * descriptor are here, those that take a path in {@link PathCalls}, {@link EntryCalls} and {@link
 * AttributeCalls}.
 */
public final class FileCalls extends AttributeCalls {

  private static final int F_UNLCK = 2;
  private static final int F_GETLEASE = 1025;

  private static final int FIONCLEX = 0x5450;
  private static final int FIOCLEX = 0x5451;
  private static final int FIONBIO = 0x5421;
  private static final int FIOASYNC = 0x5452;
  private static final int FIONREAD = 0x541b;

  private final Vfs vfs;

  /**
   * The calls of a process.
   *
   * @param vfs the machine's tree of files
   * @param fs the process's root, working directory and umask
   * @param fds its open files
   * @param credentials its user
   */
  public FileCalls(Vfs vfs, FsStruct fs, FdTable fds, Credentials credentials) {
    super(fs, fds, credentials);
    this.vfs = vfs;
  }

  @Override
  long nowNanos() {
    return vfs.nowNanos();
  }

  /** The file of a descriptor that is more than a place in the tree (O_PATH). */
  private OpenFile file(int fd) throws ErrnoException {
    OpenFile file = fds.require(fd);
    if (file.isPathOnly()) {
      throw new ErrnoException(Errno.EBADF);
    }
    return file;
  }

  private OpenFile readable(int fd) throws ErrnoException {
    OpenFile file = file(fd);
    if (!file.isReadable()) {
      throw new ErrnoException(Errno.EBADF);
    }
    return file;
  }

  private OpenFile writable(int fd) throws ErrnoException {
    OpenFile file = file(fd);
    if (!file.isWritable()) {
      throw new ErrnoException(Errno.EBADF);
    }
    return file;
  }

  /** close(2). */
  public long close(int fd) {
    return fds.close(fd);
  }

  // ---- Reading and writing ----

  /** read(2). */
  public long read(int fd, byte[] buffer, int offset, int count) {
    return result(() -> readable(fd).read(buffer, offset, count));
  }

  /** write(2). */
  public long write(int fd, byte[] buffer, int offset, int count) {
    return result(() -> writable(fd).write(buffer, offset, count));
  }

  /** pread64(2). */
  public long pread64(int fd, byte[] buffer, int offset, int count, long at) {
    return result(() -> {
      if (at < 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      return readable(fd).pread(buffer, offset, count, at);
    });
  }

  /** pwrite64(2). */
  public long pwrite64(int fd, byte[] buffer, int offset, int count, long at) {
    return result(() -> {
      if (at < 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      return writable(fd).pwrite(buffer, offset, count, at);
    });
  }

  /** lseek(2) and _llseek(2): returns the new position. */
  public long lseek(int fd, long offset, int whence) {
    return result(() -> file(fd).lseek(offset, whence));
  }

  /** getdents(2): gives entries to the emitter until it has no more room; returns 0. */
  public long getdents(int fd, DirectoryEmitter emitter) {
    return result(() -> file(fd).iterateDirectory(emitter));
  }

  /** ftruncate64(2). */
  public long ftruncate(int fd, long sizeBytes) {
    return result(() -> {
      if (sizeBytes < 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      OpenFile file = file(fd);
      if (!file.inode().isRegular() || !file.isWritable()) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (sizeBytes > RegularOpenFile.MAX_NON_LFS && (file.flags() & Fcntl.O_LARGEFILE) == 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      return file.truncate(sizeBytes);
    });
  }

  /** fallocate(2). */
  public long fallocate(int fd, int mode, long at, long bytes) {
    return result(() -> {
      OpenFile file = file(fd);
      if (at < 0 || bytes <= 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (!file.isWritable()) {
        throw new ErrnoException(Errno.EBADF);
      }
      return file.fallocate(mode, at, bytes);
    });
  }

  /** fsync(2), fdatasync(2). */
  public long fsync(int fd) {
    return result(() -> file(fd).fsync());
  }

  // ---- Telling and changing ----

  /** fstat(2). */
  public long fstat(int fd, Kstat out) {
    return result(() -> {
      fds.require(fd).inode().getattr(out);
      return 0;
    });
  }

  /** fstatfs(2). */
  public long fstatfs(int fd, Kstatfs out) {
    return result(() -> {
      fds.require(fd).inode().statfs(out);
      return 0;
    });
  }

  /** fchmod(2). */
  public long fchmod(int fd, int mode) {
    return result(() -> {
      chmod(file(fd).inode(), mode);
      return 0;
    });
  }

  /** fchown(2). */
  public long fchown(int fd, int uid, int gid) {
    return result(() -> {
      chown(file(fd).inode(), uid, gid);
      return 0;
    });
  }

  // ---- Descriptors ----

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

  /**
   * fcntl64(2) with a number as argument. For F_GETLK, F_SETLK and their kin the caller copies
   * {@code struct flock}: one process always gets the lock, and F_GETLK answers F_UNLCK (2).
   */
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

  private static long fcntlOnFile(OpenFile file, int command, int argument) throws ErrnoException {
    return switch (command) {
      case Fcntl.F_SETFL -> {
        file.setStatusFlags(argument);
        yield 0;
      }
      case Fcntl.F_GETLK,
          Fcntl.F_SETLK,
          Fcntl.F_SETLKW,
          Fcntl.F_GETLK64,
          Fcntl.F_SETLK64,
          Fcntl.F_SETLKW64,
          Fcntl.F_SETOWN,
          Fcntl.F_GETOWN ->
          0;
      case F_GETLEASE -> F_UNLCK;
      case Fcntl.F_GETPIPE_SZ, Fcntl.F_SETPIPE_SZ -> {
        if (!(file instanceof PipeEnd)) {
          throw new ErrnoException(Errno.EBADF);
        }
        if (command == Fcntl.F_SETPIPE_SZ && argument > Pipe.BYTES) {
          throw new ErrnoException(Errno.EPERM);
        }
        yield Pipe.BYTES;
      }
      default -> throw new ErrnoException(Errno.EINVAL);
    };
  }

  /** flock(2): one process always gets the lock. */
  public long flock(int fd, int operation) {
    return result(() -> {
      // LOCK_SH 1, LOCK_EX 2, LOCK_UN 8, each perhaps with LOCK_NB 4.
      int kind = operation & ~4;
      if (kind != 1 && kind != 2 && kind != 8) {
        throw new ErrnoException(Errno.EINVAL);
      }
      var _ = file(fd);
      return 0;
    });
  }

  /** ioctl(2). */
  public long ioctl(int fd, int command, IoctlArgument argument) {
    return result(() -> {
      OpenFile file = file(fd);
      return switch (command) {
        case FIOCLEX, FIONCLEX -> {
          fds.setCloseOnExec(fd, command == FIOCLEX);
          yield 0;
        }
        case FIONBIO, FIOASYNC -> {
          byte[] on = new byte[4];
          if (!argument.copyFromUser(on)) {
            throw new ErrnoException(Errno.EFAULT);
          }
          int flag = command == FIONBIO ? Fcntl.O_NONBLOCK : Fcntl.FASYNC;
          boolean set = (on[0] | on[1] | on[2] | on[3]) != 0;
          file.setStatusFlags(set ? file.flags() | flag : file.flags() & ~flag);
          yield 0;
        }
        case FIONREAD -> {
          long count = file.bytesToRead();
          if (count < 0) {
            yield count;
          }
          yield argument.copyToUser(littleEndian((int) count)) ? 0 : -Errno.EFAULT;
        }
        default -> file.ioctl(command, argument);
      };
    });
  }

  static byte[] littleEndian(int value) {
    return new byte[] {
      (byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)
    };
  }

  /** pipe2(2): the read end goes to ends[0], the write end to ends[1]. */
  public long pipe2(int[] ends, int flags) {
    return result(() -> {
      if ((flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK | Fcntl.O_DIRECT)) != 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      boolean cloexec = (flags & Fcntl.O_CLOEXEC) != 0;
      int status = flags & ~Fcntl.O_CLOEXEC;
      Dentry pipe = vfs.newPipe(credentials());
      pipe.hold();
      OpenFile write = null;
      OpenFile read = null;
      try {
        write = withFilp(() -> new PipeEnd(pipe, Fcntl.O_WRONLY | status));
        read = withFilp(() -> new PipeEnd(pipe, Fcntl.O_RDONLY | status));
        return install(read, write, ends, cloexec);
      } finally {
        discardIfNotHeld(read);
        discardIfNotHeld(write);
        pipe.release();
      }
    });
  }

  /** Gives two files two descriptors, or none. */
  private long install(OpenFile first, OpenFile second, int[] fdsOut, boolean cloexec) {
    fdsOut[0] = fds.install(first, cloexec);
    if (fdsOut[0] < 0) {
      return fdsOut[0];
    }
    fdsOut[1] = fds.install(second, cloexec);
    if (fdsOut[1] < 0) {
      var _ = fds.close(fdsOut[0]);
      return fdsOut[1];
    }
    return 0;
  }

  private static void discardIfNotHeld(@Nullable OpenFile file) {
    if (file != null && !file.isClosed() && !file.isHeld()) {
      file.discard();
    }
  }

  /**
   * socket(2) in the UNIX domain.
   *
   * @param type a constant of {@link UnixSocket}
   * @param flags O_CLOEXEC and O_NONBLOCK
   */
  public long unixSocket(int type, int flags) {
    boolean cloexec = (flags & Fcntl.O_CLOEXEC) != 0;
    int status = flags & Fcntl.O_NONBLOCK;
    return result(() -> {
      Dentry socket = vfs.newSocket(credentials());
      socket.hold();
      try {
        int fd = fds.unused(0);
        return fd < 0
            ? fd
            : fds.install(withFilp(() -> new UnixSocket(socket, type, status)), cloexec);
      } finally {
        socket.release();
      }
    });
  }

  /** Which of POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL hold of a descriptor now. */
  public int poll(int fd) {
    OpenFile file = fds.get(fd);
    return file == null || file.isPathOnly() ? Fcntl.POLLNVAL : file.poll();
  }
}
