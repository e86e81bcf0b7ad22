package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.space.MappedFile;

/**
 * {@code struct file}: an open file; position and flags are shared by all descriptors that were
 * duplicated from one another.
 *
 * <p>Counts that are not negative are bytes; errors are {@code -errno}. What a kind of file cannot
 * do answers with the error that Linux has for it; each method's default is that error.
 */
public abstract class OpenFile implements MappedFile {

  /**
   * Result of a read or write that would have to wait: the caller sleeps on {@link #waitQueue} and
   * tries again. Never seen on a file with O_NONBLOCK, which answers EAGAIN.
   */
  public static final long WOULD_BLOCK = SleepingCall.ASLEEP;

  /** Flags that fcntl(F_SETFL) may change. */
  static final int SETFL_MASK =
      Fcntl.O_APPEND | Fcntl.O_NONBLOCK | Fcntl.FASYNC | Fcntl.O_DIRECT | Fcntl.O_NOATIME;

  private static final int FLAGS_OF_OPEN_ONLY =
      Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOCTTY | Fcntl.O_TRUNC | Fcntl.O_CLOEXEC;

  private final Dentry dentry;
  private int flags;
  private int references;

  private boolean closed;

  /** The object of the cache {@code filp}. */
  private long slot;

  /** {@code f_ep}: what watches it by epoll; null until something does. */
  private @Nullable List<EventPollItem> watchers;

  /** Offset of the next read or write in bytes. */
  long position;

  /** {@code f_owner}: who is told by a signal that something can be read or written; 0: nobody. */
  private int ownerId;

  /** What {@link #ownerId} is: F_OWNER_TID, F_OWNER_PID or F_OWNER_PGRP. */
  private int ownerType;

  /** {@code f_owner.signum}: by which signal; 0: SIGIO. */
  private int ownerSignal;

  /**
   * Opens.
   *
   * @param dentry what was opened
   * @param flags of open(2)
   */
  OpenFile(Dentry dentry, int flags) {
    this.dentry = dentry;
    this.flags = flags & ~FLAGS_OF_OPEN_ONLY;
    dentry.hold();
  }

  /**
   * {@code alloc_empty_file}: Linux takes the object before it looks for the file.
   *
   * @throws ErrnoException ENOMEM
   */
  static long allocate(VfsCaches caches) throws ErrnoException {
    return VfsCaches.alloc(caches.filp);
  }

  /** The file takes over an object of {@link #allocate}. */
  final void adopt(long filp) {
    slot = filp;
  }

  /**
   * Takes memory for what hangs on the file, while it is made.
   *
   * @throws ErrnoException ENOMEM; what was opened is let go then
   */
  final long allocateOrLetGo(long bytes) throws ErrnoException {
    try {
      return dentry.dcache().caches().kmalloc(bytes, Errno.ENOMEM);
    } catch (ErrnoException e) {
      dentry.release();
      throw e;
    }
  }

  /** What watches it by epoll. */
  final List<EventPollItem> watchers() {
    if (watchers == null) {
      watchers = new ArrayList<>(1);
    }
    return watchers;
  }

  /** What was opened: its name, directory and inode. */
  public final Dentry dentry() {
    return dentry;
  }

  /** The inode that was opened. */
  public final Inode inode() {
    return dentry.inode();
  }

  /** Access mode and status flags, as F_GETFL tells them. */
  public final int flags() {
    return flags;
  }

  final void setStatusFlags(int value) {
    flags = (flags & ~SETFL_MASK) | (value & SETFL_MASK);
  }

  /** The position of the next read or write. */
  public final long position() {
    return position;
  }

  /** Whether it was opened for reading. */
  @Override
  public boolean isReadable() {
    int mode = flags & Fcntl.O_ACCMODE;
    return mode == Fcntl.O_RDONLY || mode == Fcntl.O_RDWR;
  }

  /** Whether it was opened for writing. */
  @Override
  public boolean isWritable() {
    int mode = flags & Fcntl.O_ACCMODE;
    return mode == Fcntl.O_WRONLY || mode == Fcntl.O_RDWR;
  }

  /** {@code f_setown}. */
  final void setOwner(int type, int id) {
    ownerType = type;
    ownerId = id;
  }

  final int ownerType() {
    return ownerType;
  }

  final int ownerId() {
    return ownerId;
  }

  final int ownerSignal() {
    return ownerSignal;
  }

  final void setOwnerSignal(int signal) {
    ownerSignal = signal;
  }

  final boolean isNonBlocking() {
    return (flags & Fcntl.O_NONBLOCK) != 0;
  }

  /** Whether it was opened with O_PATH. */
  public boolean isPathOnly() {
    return false;
  }

  /** How many bytes could be read at once (FIONREAD), or {@code -ENOTTY}. */
  long bytesToRead() {
    return -Errno.ENOTTY;
  }

  /** One more owner: a descriptor, or a mapping. */
  public final void hold() {
    references++;
  }

  /** One owner less; the last one closes. */
  public final void release() {
    if (references <= 0) {
      throw new IllegalStateException("released more often than held: " + dentry.name());
    }
    if (--references == 0) {
      free();
    }
  }

  /** {@code __fput}. */
  private void free() {
    closed = true;
    inode().unlockAllOf(this);
    if (watchers != null) {
      for (EventPollItem item : List.copyOf(watchers)) {
        item.poll.forget(item);
      }
    }
    closed();
    VfsCaches.free(dentry.dcache().caches().filp, slot);
    dentry.release();
  }

  /** {@code filp_close}: a process has closed a descriptor of it, and so lost its locks on it. */
  final void closedBy(FdTable fds) {
    if (!isPathOnly()) {
      inode().unlockAllOf(fds);
    }
    release();
  }

  final int references() {
    return references;
  }

  final boolean isHeld() {
    return references > 0;
  }

  final boolean isClosed() {
    return closed;
  }

  /** Closes a file that nobody owns yet: what was to own it could not be had. */
  final void discard() {
    if (references != 0) {
      throw new IllegalStateException("discarded, and held: " + dentry.name());
    }
    free();
  }

  /** Called when the last owner is gone: the place to give back what the kind of file has. */
  void closed() {}

  /** Its page cache, or null if it has none. */
  @Nullable AddressSpace addressSpace() {
    return null;
  }

  @Override
  public MmapKind mmapKind() {
    return addressSpace() != null ? MmapKind.PAGE_CACHE : MmapKind.NONE;
  }

  @Override
  public final AddressSpace mapping() {
    AddressSpace pages = addressSpace();
    if (pages == null) {
      throw new IllegalStateException("a file without page cache is mapped: " + dentry);
    }
    return pages;
  }

  @Override
  public final String path() {
    return dentry.path();
  }

  @Override
  public final void get() {
    hold();
  }

  @Override
  public final void put() {
    release();
  }

  /** {@code FMODE_CAN_READ}: whether reading is an operation of this kind of file; else EINVAL. */
  public boolean hasRead() {
    return true;
  }

  /** {@code FMODE_CAN_WRITE}: whether writing is an operation of this kind of file; else EINVAL. */
  public boolean hasWrite() {
    return true;
  }

  /** {@code write_null}: whether a write is answered without a look at the bytes. */
  public boolean ignoresBytes() {
    return false;
  }

  /**
   * {@code mem_rw}: whether a transfer goes by pages, counted from its beginning, and is EFAULT as
   * a whole where the program's own memory ends it.
   */
  public boolean copiesByPage() {
    return false;
  }

  /**
   * How many bytes one write looks at, and takes, at most; of a file that {@link #copiesByPage},
   * each of its pieces.
   */
  public int mostWrittenBytes() {
    return Integer.MAX_VALUE;
  }

  /** {@code FMODE_PREAD}, {@code FMODE_PWRITE}: whether a position can be given; else ESPIPE. */
  public boolean hasPositions() {
    return false;
  }

  /** Reads at the position and moves it; 0 at the end of the file. */
  public long read(byte[] buffer, int offset, int count) {
    return -Errno.EINVAL;
  }

  /** Writes at the position, or at the end with O_APPEND, and moves it. */
  public long write(byte[] buffer, int offset, int count) {
    return -Errno.EINVAL;
  }

  /** Reads at a given position; ESPIPE where there are no positions. */
  public long pread(byte[] buffer, int offset, int count, long at) {
    return -Errno.ESPIPE;
  }

  /** Writes at a given position; ESPIPE where there are no positions. */
  public long pwrite(byte[] buffer, int offset, int count, long at) {
    return -Errno.ESPIPE;
  }

  /**
   * Whether bytes can be written to a file with a page cache; what is asked before there are any.
   *
   * @param sealsToo whether seals count already
   * @return how many of them may be, at least one, or a negative errno
   */
  long checkWrite(long at, int count, boolean sealsToo) {
    return count;
  }

  /**
   * {@code write_begin} and {@code write_end} of no bytes: what is left of a write whose bytes
   * cannot be had, where that is found out last.
   *
   * @param at where it would have begun
   * @return 0 or a negative errno
   */
  long writeNothing(long at) {
    return 0;
  }

  /**
   * Whether the file has {@code splice_read}, so that sendfile takes bytes from it. Programs fall
   * back to read and a buffer where it has not, which shows in their maps.
   */
  public boolean hasSpliceRead() {
    return false;
  }

  /**
   * Whether a transfer may have to wait for somebody: pipes and terminals. All others move as many
   * bytes as they are asked for, up to their end.
   */
  public boolean mayWait() {
    return false;
  }

  /**
   * Whether each read takes one message, and each write makes one: then a transfer is never more
   * than one call of {@link #read} or {@link #write}.
   */
  public boolean isPacket() {
    return false;
  }

  /** Moves the position; returns the new one. */
  public long lseek(long offset, int whence) {
    return -Errno.ESPIPE;
  }

  /** Gives entries from the position on, until the emitter has no more room; returns 0. */
  public long iterateDirectory(DirectoryEmitter emitter) {
    return -Errno.ENOTDIR;
  }

  /** Sets the length. */
  public long truncate(long sizeBytes) {
    return -Errno.EINVAL;
  }

  /** Reserves or frees room, fallocate(2). */
  public long fallocate(int mode, long at, long bytes) {
    return switch (inode().mode() & FileMode.S_IFMT) {
      case FileMode.S_IFIFO -> -Errno.ESPIPE;
      case FileMode.S_IFDIR -> -Errno.EISDIR;
      case FileMode.S_IFREG -> -Errno.EOPNOTSUPP;
      default -> -Errno.ENODEV;
    };
  }

  /**
   * {@code generic_fadvise}: says how the file will be used.
   *
   * @param bytes from {@code at} on; 0: to the end
   * @param advice one of {@code POSIX_FADV_}
   */
  void advise(long at, long bytes, int advice) {}

  /**
   * {@code sync_file_range}.
   *
   * @param flags of {@code SYNC_FILE_RANGE_}
   */
  long syncRange(long at, long bytes, int flags) {
    return 0;
  }

  @Override
  public final long punchHole(long at, long bytes) {
    return fallocate(Fcntl.FALLOC_FL_PUNCH_HOLE | Fcntl.FALLOC_FL_KEEP_SIZE, at, bytes);
  }

  /**
   * {@code inode_owner_or_capable} or {@code file_permission} for {@code MAY_WRITE}: whether
   * somebody owns the file or could open it for writing.
   */
  public final boolean mayBeWrittenBy(Credentials credentials) {
    Inode inode = inode();
    return credentials.isRoot()
        || credentials.fsuid() == inode.uid()
        || credentials.may(FileMode.MAY_WRITE, inode.mode(), inode.uid(), inode.gid());
  }

  /** Brings what was written to where it stays. */
  public long fsync() {
    return -Errno.EINVAL;
  }

  /** Device-specific requests. */
  public long ioctl(int command, IoctlArgument argument) {
    return -Errno.ENOTTY;
  }

  /** Which of POLLIN, POLLOUT, POLLERR and their kin hold now. */
  public int poll() {
    return Fcntl.POLLIN | Fcntl.POLLOUT | Fcntl.POLLRDNORM | Fcntl.POLLWRNORM;
  }

  /** How long a read or a write waits at most: SO_RCVTIMEO, SO_SNDTIMEO; 0: as long as it takes. */
  public long timeoutNanos(boolean send) {
    return 0;
  }

  /** What a transfer answers when that time is over: {@code -EAGAIN}, or 0 for an end. */
  public long timedOut() {
    return -Errno.EAGAIN;
  }

  /** Whether what it waits for may come from outside of the machine: what somebody types. */
  public boolean waitsForOutside() {
    return false;
  }

  /**
   * Where it is announced that what {@link #poll} says may have changed: {@code poll_wait}.
   *
   * @param events POLLIN or POLLOUT: who waits for which
   * @return null: it never changes
   */
  public @Nullable WaitQueue waitQueue(int events) {
    return null;
  }
}
