package org.memarium.kernel.syscall;

import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.TaskIo;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileMode;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.Errno;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;

/**
 * Bytes between files and user memory; Linux {@code fs/read_write.c}.
 *
 * <p>They go through a buffer of the kernel's. Where the program's own memory ends the copy early,
 * a call answers with what was copied, and with EFAULT only if that is nothing; the position of a
 * regular file then is behind what was copied.
 */
final class ReadWriteCalls {
  private static final int CHUNK_BYTES = 64 * 1024;

  /** What a message of a socket may have at most; longer ones are refused by their length. */
  private static final int PACKET_BYTES = 512 * 1024;

  private static final long NO_POSITION = -1;

  private static final int RWF_HIPRI = 0x01;

  /** {@code RWF_DSYNC} and {@code RWF_SYNC}. */
  private static final int RWF_SYNC = 0x06;

  private static final int RWF_APPEND = 0x10;
  private static final String NOWAIT = "RWF_NOWAIT is refused, as by tmpfs: EOPNOTSUPP";

  private final Kernel kernel;

  /** Used within one step of a call only. */
  private final byte[] buffer = new byte[CHUNK_BYTES];

  ReadWriteCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("read", (int fd, int to, int count) -> read("read", fd, () -> one(to, count)));
    table.set("write", (int fd, int from, int count) -> write("write", fd, () -> one(from, count)));
    table.set(
        "pread64",
        (int fd, int to, int count, int low, int high) ->
            readAt("pread64", fd, () -> one(to, count), position(low, high)));
    table.set(
        "pwrite64",
        (int fd, int from, int count, int low, int high) ->
            writeAt("pwrite64", fd, () -> one(from, count), position(low, high)));
    table.set("readv", (int fd, int vector, int n) -> read("readv", fd, () -> many(vector, n)));
    table.set("writev", (int fd, int vector, int n) -> write("writev", fd, () -> many(vector, n)));
    table.set(
        "preadv",
        (int fd, int vector, int n, int low, int high) ->
            readAt("preadv", fd, () -> many(vector, n), position(low, high)));
    table.set(
        "pwritev",
        (int fd, int vector, int n, int low, int high) ->
            writeAt("pwritev", fd, () -> many(vector, n), position(low, high)));
    table
        .set(
            "preadv2",
            (fd, vector, n, low, high, flags) ->
                vector2(false, fd, vector, n, position(low, high), flags))
        .remark(NOWAIT);
    table
        .set(
            "pwritev2",
            (fd, vector, n, low, high, flags) ->
                vector2(true, fd, vector, n, position(low, high), flags))
        .remark(NOWAIT);
  }

  private static long position(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }

  private UserBuffer one(int address, int count) {
    return UserBuffer.of(kernel.memory(), address, count);
  }

  private UserBuffer many(int vector, int count) {
    return UserBuffer.vector(kernel.memory(), vector, count);
  }

  /** Makes the buffer when the checks that come before it are done. */
  @FunctionalInterface
  private interface Pieces {
    UserBuffer get();
  }

  private long readAt(String name, int fd, Pieces pieces, long position) {
    if (position < 0) {
      return -Errno.EINVAL;
    }
    return read(name, fd, pieces, position);
  }

  private long writeAt(String name, int fd, Pieces pieces, long position) {
    if (position < 0) {
      return -Errno.EINVAL;
    }
    return write(name, fd, pieces, position);
  }

  /** {@code kiocb_set_rw_flags}; the position -1 is the file's own. */
  private long vector2(boolean write, int fd, int vector, int count, long position, int flags) {
    if (position < NO_POSITION) {
      return -Errno.EINVAL;
    }
    if ((flags & ~(RWF_HIPRI | RWF_SYNC | RWF_APPEND)) != 0) {
      return -Errno.EOPNOTSUPP;
    }
    OpenFile file = kernel.task().files().get(fd);
    long at = position;
    if (write && (flags & RWF_APPEND) != 0 && file != null && isRegular(file)) {
      at = position == NO_POSITION ? position : file.inode().sizeBytes();
      if (position == NO_POSITION) {
        kernel.files().lseek(fd, 0, Fcntl.SEEK_END);
      }
    }
    Pieces pieces = () -> many(vector, count);
    long result = write ? write("pwritev2", fd, pieces, at) : read("preadv2", fd, pieces, at);
    if (write && result > 0 && (flags & RWF_SYNC) != 0) {
      long synced = kernel.files().fsync(fd);
      return synced < 0 ? synced : result;
    }
    return result;
  }

  // ---- Reading ----

  private long read(String name, int fd, Pieces to) {
    return read(name, fd, to, NO_POSITION);
  }

  private long read(String name, int fd, Pieces to, long position) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || file.isPathOnly()) {
      return -Errno.EBADF;
    }
    if (position != NO_POSITION && !file.hasPositions()) {
      return -Errno.ESPIPE;
    }
    if (!file.isReadable()) {
      return -Errno.EBADF;
    }
    if (!file.hasRead()) {
      return -Errno.EINVAL;
    }
    return new Read(name, fd, file, to.get(), position).begin();
  }

  private final class Read extends FileTransfer {
    private final UserBuffer to;
    private final long position;
    private final boolean mapsFile;

    Read(String name, int fd, OpenFile file, UserBuffer to, long position) {
      super(ReadWriteCalls.this.kernel, name, fd, file, false);
      this.to = to;
      this.position = position;
      this.mapsFile = SelfCopy.isPossible(mm(), to, file);
    }

    @Override
    void account(TaskIo io) {
      io.read(done);
    }

    @Override
    long step() {
      byte[] bytes = chunkFor(file, to.left());
      long pause = done + STEP_BYTES;
      do {
        if (done >= pause) {
          return GOES_ON;
        }
        int chunk = (int) Math.min(to.left(), file.copiesByPage() ? Ram.PAGE_SIZE : bytes.length);
        if (mapsFile && chunk > 0) {
          long at = position == NO_POSITION ? file.position() : position + done;
          chunk = SelfCopy.piece(mm(), to, file, at, false, chunk);
        }
        long got =
            position == NO_POSITION
                ? file.read(bytes, 0, chunk)
                : file.pread(bytes, 0, chunk, position + done);
        if (got <= 0) {
          return orDone(got);
        }
        int copied = to.copyOut(bytes, 0, (int) got);
        done += copied;
        if (copied < got) {
          if (position == NO_POSITION && isRegular(file)) {
            file.lseek(copied - got, 1);
          }
          return file.copiesByPage() ? -Errno.EFAULT : orDone(-Errno.EFAULT);
        }
        if (got < chunk || file.isPacket()) {
          return done;
        }
      } while (to.left() > 0);
      return done;
    }

    /** Only what kills breaks off a transfer that does not wait, except from devices. */
    @Override
    public boolean isKillable() {
      return !isWaiting() && isRegular(file);
    }
  }

  // ---- Writing ----

  private long write(String name, int fd, Pieces from) {
    return write(name, fd, from, NO_POSITION);
  }

  private long write(String name, int fd, Pieces from, long position) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || file.isPathOnly()) {
      return -Errno.EBADF;
    }
    if (position != NO_POSITION && !file.hasPositions()) {
      return -Errno.ESPIPE;
    }
    if (!file.isWritable()) {
      return -Errno.EBADF;
    }
    if (!file.hasWrite()) {
      return -Errno.EINVAL;
    }
    UserBuffer bytes = from.get();
    if (file.ignoresBytes()) {
      long swallowed = file.write(buffer, 0, (int) bytes.left());
      kernel.task().attributes().io().wrote(Math.max(swallowed, 0));
      return swallowed;
    }
    return new Write(name, fd, file, bytes, position).begin();
  }

  private final class Write extends FileTransfer {
    private final UserBuffer from;
    private final long position;

    /** Whether it goes to the page cache. */
    private final boolean cached;

    private final boolean mapsFile;

    Write(String name, int fd, OpenFile file, UserBuffer from, long position) {
      super(ReadWriteCalls.this.kernel, name, fd, file, true);
      this.from = from;
      this.position = position;
      this.cached = file.mmapKind() == MappedFile.MmapKind.PAGE_CACHE;
      this.mapsFile = SelfCopy.isPossible(mm(), from, file);
    }

    /** Where the next byte goes. */
    private long at() {
      if ((file.flags() & Fcntl.O_APPEND) != 0) {
        return file.inode().sizeBytes();
      }
      return position == NO_POSITION ? file.position() : position + done;
    }

    /** How many bytes to take at once; pieces of a file end where its pages do. */
    private int chunk(int most) {
      int chunk = (int) Math.min(from.left(), most);
      if (!cached || chunk == 0) {
        return Math.min(chunk, file.mostWrittenBytes());
      }
      long at = at();
      return mapsFile
          ? SelfCopy.piece(mm(), from, file, at, true, chunk)
          : Math.min(chunk, most - (int) (at & (Ram.PAGE_SIZE - 1)));
    }

    @Override
    void account(TaskIo io) {
      io.wrote(done);
    }

    @Override
    long step() {
      byte[] bytes = chunkFor(file, from.left());
      long pause = done + STEP_BYTES;
      do {
        if (done >= pause) {
          return GOES_ON;
        }
        int chunk = chunk(bytes.length);
        boolean beginsFirst = cached && chunk > 0 && mm().layout().beginsWritesFirst();
        boolean isLast = false;
        if (cached && chunk > 0) {
          // What lies behind a limit is not even looked at.
          long room = kernel.files().checkWrite(file, at(), chunk, beginsFirst);
          if (room < 0) {
            return failed(room);
          }
          isLast = room < chunk;
          chunk = (int) room;
        }
        // What is not there is brought in when the page that it goes to is in the cache.
        boolean late = beginsFirst && (mapsFile ? !isPresent() : isOverlooked());
        int copied = late ? 0 : from.copyIn(bytes, 0, chunk);
        if (copied == 0 && beginsFirst) {
          // The file may become longer by this, and what the program gave was behind its end.
          long begun = kernel.files().writeNothing(file, at());
          if (begun < 0) {
            return failed(begun);
          }
          copied = isOverlooked() ? 0 : from.copyIn(bytes, 0, chunk);
        }
        boolean whole = file.copiesByPage() || file.mostWrittenBytes() < Integer.MAX_VALUE;
        if (copied < chunk && whole) {
          return -Errno.EFAULT;
        }
        if (copied < chunk && (copied == 0 || file.isPacket())) {
          return orDone(-Errno.EFAULT);
        }
        long put =
            position == NO_POSITION
                ? kernel.files().write(file, bytes, 0, copied)
                : kernel.files().pwrite(file, bytes, 0, copied, position + done);
        if (put < 0) {
          from.back(copied);
          return failed(put);
        }
        done += put;
        if (put < copied) {
          from.back(copied - put);
          if (file.copiesByPage()) {
            // The rest is copied in before it is clear that it has no place.
            continue;
          }
          // What waits takes the rest later, unless it must not wait.
          if (!file.mayWait() || (file.flags() & Fcntl.O_NONBLOCK) != 0) {
            return done;
          }
        } else if (copied < chunk ? !cached : isLast || takesNoMore(copied)) {
          return done;
        }
      } while (from.left() > 0);
      return done;
    }

    /**
     * {@code fault_in_readable} of today brings nothing in from address 0 on; what is there already
     * is copied all the same.
     */
    private boolean isOverlooked() {
      return from.address() == 0 && !isPresent();
    }

    /** Whether a file that takes only so many bytes at once has had them, or takes none. */
    private boolean takesNoMore(int copied) {
      return copied == 0 || (copied == file.mostWrittenBytes() && !file.copiesByPage());
    }

    /** Whether the next byte lies in a page that is mapped. */
    private boolean isPresent() {
      return Pte.isPresent(mm().pages().tables().pte(from.address()));
    }

    /** Only what kills breaks off a transfer that does not wait, except from devices. */
    @Override
    public boolean isKillable() {
      return !isWaiting() && isRegular(file);
    }

    /** A broken pipe is a signal too. */
    private long failed(long result) {
      if (result == OpenFile.WOULD_BLOCK) {
        return result;
      }
      if (result == -Errno.EPIPE) {
        kernel.sendToSelf(Signal.SIGPIPE);
      }
      return orDone(result);
    }
  }

  /** A message is one piece; all else goes in chunks. */
  private byte[] chunkFor(OpenFile file, long left) {
    return file.isPacket() && left > CHUNK_BYTES
        ? new byte[(int) Math.min(left, PACKET_BYTES)]
        : buffer;
  }

  private MmStruct mm() {
    return kernel.task().requireMm();
  }

  private static boolean isRegular(OpenFile file) {
    return (file.inode().mode() & FileMode.S_IFMT) == FileMode.S_IFREG;
  }
}
