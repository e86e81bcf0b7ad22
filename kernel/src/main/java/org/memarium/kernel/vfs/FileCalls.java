package org.memarium.kernel.vfs;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * The file calls of one process; addresses and structures are the caller's business.
 *
 * <p>Every result is a value that is not negative, or {@code -errno}. The calls that read, write
 * and ask a descriptor are here; what changes descriptors themselves is in {@link DescriptorCalls},
 * what changes where a file's bytes lie in {@link StorageCalls}, and the calls that take a path are
 * in {@link PathCalls}, {@link EntryCalls} and {@link AttributeCalls}.
 */
public final class FileCalls extends StorageCalls {

  private static final int FIONCLEX = 0x5450;
  private static final int FIOCLEX = 0x5451;
  private static final int FIONBIO = 0x5421;
  private static final int FIOASYNC = 0x5452;
  private static final int FIONREAD = 0x541b;

  private final AnonymousCalls anonymous;
  private final UnixCalls unix;
  private final InternetCalls internet;

  /**
   * The calls of a process.
   *
   * @param vfs the machine's tree of files
   * @param fs the process's root, working directory and umask
   * @param fds its open files
   * @param credentials its user
   * @param sizeLimit how large it may make files
   */
  public FileCalls(
      Vfs vfs, FsStruct fs, FdTable fds, Credentials credentials, FileSizeLimit sizeLimit) {
    super(vfs, fs, fds, credentials, sizeLimit);
    this.anonymous = new AnonymousCalls(this, vfs);
    this.unix = new UnixCalls(this, vfs);
    this.internet = new InternetCalls(this, vfs);
  }

  @Override
  long nowNanos() {
    return vfs.nowNanos();
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
    return result(() -> write(writable(fd), buffer, offset, count));
  }

  /** write(2) to an open file that is writable. */
  public long write(OpenFile file, byte[] buffer, int offset, int count) {
    return result(() -> {
      Inode inode = file.inode();
      boolean appends = (file.flags() & Fcntl.O_APPEND) != 0;
      long at = appends ? inode.sizeBytes() : file.position();
      int room = sizeLimit.writable(inode, at, count);
      dropPrivileges(inode);
      return file.write(buffer, offset, room);
    });
  }

  /** pwrite64(2) to an open file that is writable, at 0 or more. */
  public long pwrite(OpenFile file, byte[] buffer, int offset, int count, long at) {
    return result(() -> {
      Inode inode = file.inode();
      boolean appends = (file.flags() & Fcntl.O_APPEND) != 0;
      int room = sizeLimit.writable(inode, appends ? inode.sizeBytes() : at, count);
      dropPrivileges(inode);
      return file.pwrite(buffer, offset, room, at);
    });
  }

  /**
   * {@code generic_write_checks}: what a write looks at before it takes the program's bytes.
   *
   * @param file is writable, and has a page cache
   * @param at where they would go
   * @param count how many there are in this piece
   * @param sealsToo whether the page is made ready, too, before the bytes are looked at
   * @return how many of them may be written, at least one, or a negative errno
   */
  public long checkWrite(OpenFile file, long at, int count, boolean sealsToo) {
    return result(() -> file.checkWrite(at, sizeLimit.writable(file.inode(), at, count), sealsToo));
  }

  /**
   * What is left of a write to a page cache that has begun, and whose bytes cannot be had.
   *
   * @return 0 or a negative errno
   */
  public long writeNothing(OpenFile file, long at) {
    return result(() -> {
      dropPrivileges(file.inode());
      return file.writeNothing(at);
    });
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
      return pwrite(writable(fd), buffer, offset, count, at);
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

  // ---- Files without a place in the tree ----

  /**
   * memfd_create(2), after its checks.
   *
   * @param flags {@code MFD_}
   * @param hugePageBytes the size of its pages, for MFD_HUGETLB; else 0
   * @param sealsExecution whether the kernel knows F_SEAL_EXEC
   */
  public long memfdCreate(String name, int flags, long hugePageBytes, boolean sealsExecution) {
    return result(() -> {
      int fd = fds.unused(0);
      if (fd < 0) {
        return fd;
      }
      Dentry memory = vfs.newMemfd(name, flags, hugePageBytes, sealsExecution, credentials());
      memory.hold();
      try {
        int access = Fcntl.O_RDWR | Fcntl.O_LARGEFILE;
        return fds.install(
            withFilp(() -> memory.inode().open(memory, access, credentials())),
            (flags & Fcntl.MFD_CLOEXEC) != 0);
      } finally {
        memory.release();
      }
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

  /** The calls that make files without a place in the tree. */
  public AnonymousCalls anonymous() {
    return anonymous;
  }

  private @Nullable FifoOpening unfinished;

  @Override
  long awaitPartner(PipeEnd end, boolean cloexec) {
    unfinished = new FifoOpening(vfs, fds, end, cloexec);
    return OpenFile.WOULD_BLOCK;
  }

  /** What the openat that answered {@link OpenFile#WOULD_BLOCK} just now waits for. */
  public FifoOpening takeUnfinishedOpening() {
    FifoOpening opening = Objects.requireNonNull(unfinished);
    unfinished = null;
    return opening;
  }

  /** pipe2(2): the read end goes to ends[0], the write end to ends[1]. */
  public long pipe2(int[] ends, int flags) {
    return result(() -> {
      if ((flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK | Fcntl.O_DIRECT)) != 0) {
        throw new ErrnoException(Errno.EINVAL);
      }
      boolean cloexec = (flags & Fcntl.O_CLOEXEC) != 0;
      int status = flags & ~Fcntl.O_CLOEXEC;
      int blocking = status & ~Fcntl.O_NONBLOCK; // nobody reads when the writer's end is opened
      Dentry pipe = vfs.newPipe(credentials());
      pipe.hold();
      OpenFile write = null;
      OpenFile read = null;
      try {
        write = withFilp(() -> PipeEnd.open(pipe, Fcntl.O_WRONLY | blocking));
        read = withFilp(() -> PipeEnd.open(pipe, Fcntl.O_RDONLY | blocking));
        write.setStatusFlags(status);
        read.setStatusFlags(status);
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

  /** The calls on sockets. */
  public UnixCalls unix() {
    return unix;
  }

  /** Those that sockets of the Internet have of their own. */
  public InternetCalls internet() {
    return internet;
  }

  /** Which of POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL hold of a descriptor now. */
  public int poll(int fd) {
    OpenFile file = fds.get(fd);
    return file == null || file.isPathOnly() ? Fcntl.POLLNVAL : file.poll();
  }
}
