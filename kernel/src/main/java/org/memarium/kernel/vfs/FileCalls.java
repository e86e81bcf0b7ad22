package org.memarium.kernel.vfs;

import java.util.Objects;
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

  private static final int LOCK_NB = 4;
  private static final int MAX_SIGNAL = 64;

  private static final int FIONCLEX = 0x5450;
  private static final int FIOCLEX = 0x5451;
  private static final int FIONBIO = 0x5421;
  private static final int FIOASYNC = 0x5452;
  private static final int FIONREAD = 0x541b;

  private final Vfs vfs;
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
    super(fs, fds, credentials, sizeLimit);
    this.vfs = vfs;
    this.anonymous = new AnonymousCalls(this, vfs);
    this.unix = new UnixCalls(this, vfs);
    this.internet = new InternetCalls(this, vfs);
  }

  @Override
  long nowNanos() {
    return vfs.nowNanos();
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
   * @return 0 or a negative errno
   */
  public long checkWrite(OpenFile file, long at, int count, boolean sealsToo) {
    return result(() -> {
      var _ = sizeLimit.writable(file.inode(), at, count);
      return file.checkWrite(at, count, sealsToo);
    });
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
      if (file.inode() instanceof RegularFile) {
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
      if (file.inode() instanceof RegularFile regular && isLimited(regular, mode)) {
        sizeLimit.checkSize(regular, at + bytes < 0 ? Long.MAX_VALUE : at + bytes);
      }
      dropPrivileges(file.inode());
      return file.fallocate(mode, at, bytes);
    });
  }

  /** Whether RLIMIT_FSIZE matters; {@code shmem_fallocate} asks even where the size stays. */
  private static boolean isLimited(RegularFile file, int mode) {
    return mode == 0 || (mode == Fcntl.FALLOC_FL_KEEP_SIZE && file.isShmem());
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
    if (!(file.inode() instanceof RegularFile regular) || !regular.hasSeals()) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if (command == Fcntl.F_GET_SEALS) {
      return regular.seals();
    }
    regular.addSeals(argument);
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

  /**
   * memfd_create(2), after its checks.
   *
   * @param flags {@code MFD_}, but for MFD_HUGETLB
   * @param sealsExecution whether the kernel knows F_SEAL_EXEC
   */
  public long memfdCreate(String name, int flags, boolean sealsExecution) {
    return result(() -> {
      int fd = fds.unused(0);
      if (fd < 0) {
        return fd;
      }
      Dentry memory = vfs.newMemfd(name, flags, sealsExecution, credentials());
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
