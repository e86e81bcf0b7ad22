package org.memarium.kernel.syscall;

import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileMode;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.Errno;

/**
 * Bytes between files and user memory; Linux {@code fs/read_write.c}.
 *
 * <p>They go through a buffer of the kernel's. Where the program's own memory ends the copy early,
 * a call answers with what was copied, and with EFAULT only if that is nothing; the position of a
 * regular file then is behind what was copied.
 */
final class ReadWriteCalls {
  /** {@code MAX_RW_COUNT}: the most that one call moves. */
  private static final long MAX_RW_COUNT = Integer.MAX_VALUE & -4096;

  /** {@code UIO_MAXIOV}. */
  private static final int MAX_VECTOR = 1024;

  private static final int CHUNK_BYTES = 64 * 1024;
  private static final long NO_POSITION = -1;
  private static final int RWF_HIPRI = 0x01;

  /** {@code RWF_DSYNC} and {@code RWF_SYNC}. */
  private static final int RWF_SYNC = 0x06;

  private static final int RWF_APPEND = 0x10;
  private static final String NOWAIT = "RWF_NOWAIT is refused, as by tmpfs: EOPNOTSUPP";

  private final Kernel kernel;
  private final byte[] buffer = new byte[CHUNK_BYTES];

  ReadWriteCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("read", this::read);
    table.set("write", this::write);
    table.set(
        "pread64",
        (int fd, int address, int count, int low, int high) ->
            at(position(low, high), p -> transfer(false, fd, address, count, p)));
    table.set(
        "pwrite64",
        (int fd, int address, int count, int low, int high) ->
            at(position(low, high), p -> transfer(true, fd, address, count, p)));
    table.set("readv", (int fd, int vector, int n) -> vector(false, fd, vector, n, NO_POSITION));
    table.set("writev", (int fd, int vector, int n) -> vector(true, fd, vector, n, NO_POSITION));
    table.set(
        "preadv",
        (int fd, int vector, int n, int low, int high) ->
            at(position(low, high), p -> vector(false, fd, vector, n, p)));
    table.set(
        "pwritev",
        (int fd, int vector, int n, int low, int high) ->
            at(position(low, high), p -> vector(true, fd, vector, n, p)));
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
    table.set("sendfile", (int out, int in, int offset, int n) -> sendfile(out, in, offset, n, 4));
    table.set(
        "sendfile64", (int out, int in, int offset, int n) -> sendfile(out, in, offset, n, 8));
  }

  private static long position(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }

  private static long at(long position, java.util.function.LongUnaryOperator call) {
    return position < 0 ? -Errno.EINVAL : call.applyAsLong(position);
  }

  private long read(int fd, int address, int count) {
    return transfer(false, fd, address, count, NO_POSITION);
  }

  private long write(int fd, int address, int count) {
    return transfer(true, fd, address, count, NO_POSITION);
  }

  private long transfer(boolean write, int fd, int address, int count, long position) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || !(write ? file.isWritable() : file.isReadable())) {
      return -Errno.EBADF;
    }
    long start = Integer.toUnsignedLong(address);
    long asked = Integer.toUnsignedLong(count);
    if (!kernel.memory().isUserRange(start, asked)) {
      return -Errno.EFAULT;
    }
    long bytes = Math.min(asked, MAX_RW_COUNT);
    return write
        ? writeFrom(fd, file, start, bytes, position)
        : readInto(fd, file, start, bytes, position);
  }

  private long readInto(int fd, OpenFile file, long address, long count, long position) {
    long done = 0;
    do {
      int chunk = (int) Math.min(count - done, CHUNK_BYTES);
      long got =
          position == NO_POSITION
              ? kernel.files().read(fd, buffer, 0, chunk)
              : kernel.files().pread64(fd, buffer, 0, chunk, position + done);
      if (got <= 0) {
        return done > 0 ? done : waited(got, fd, file, "read");
      }
      int copied = kernel.memory().copyToUser(address + done, buffer, 0, (int) got);
      if (copied < got) {
        if (position == NO_POSITION && isRegular(file)) {
          kernel.files().lseek(fd, copied - got, 1);
        }
        done += copied;
        return done > 0 ? done : -Errno.EFAULT;
      }
      done += got;
      if (got < chunk || file.mayWait()) {
        break;
      }
    } while (done < count);
    return done;
  }

  private long writeFrom(int fd, OpenFile file, long address, long count, long position) {
    long done = 0;
    do {
      int chunk = (int) Math.min(count - done, CHUNK_BYTES);
      int copied = kernel.memory().copyFromUser(address + done, buffer, 0, chunk);
      if (copied == 0 && chunk > 0) {
        return done > 0 ? done : -Errno.EFAULT;
      }
      long put =
          position == NO_POSITION
              ? kernel.files().write(fd, buffer, 0, copied)
              : kernel.files().pwrite64(fd, buffer, 0, copied, position + done);
      if (put < 0) {
        return done > 0 ? done : waited(put, fd, file, "write");
      }
      done += put;
      if (put < chunk) {
        break;
      }
    } while (done < count);
    return done;
  }

  /** A broken pipe is a signal too; a pipe that only this process could serve never will be. */
  private long waited(long result, int fd, OpenFile file, String what) {
    if (result == OpenFile.WOULD_BLOCK) {
      kernel
          .task()
          .deadlock(
              "%s of fd %d (%s) waits for this process itself".formatted(what, fd, file.dentry()));
      return -Errno.EINTR;
    }
    if (result == -Errno.EPIPE) {
      kernel.sendToSelf(org.memarium.kernel.process.Signal.SIGPIPE);
    }
    return result;
  }

  private static boolean isRegular(OpenFile file) {
    return (file.inode().mode() & FileMode.S_IFMT) == FileMode.S_IFREG;
  }

  /** {@code import_iovec}, then one transfer after the other until one falls short. */
  private long vector(boolean write, int fd, int vector, int count, long position) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || !(write ? file.isWritable() : file.isReadable())) {
      return -Errno.EBADF;
    }
    if (count < 0 || count > MAX_VECTOR) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(vector);
    int[] bases = new int[count];
    int[] lengths = new int[count];
    long total = 0;
    for (int i = 0; i < count; i++) {
      bases[i] = kernel.memory().readInt(at + 8L * i);
      lengths[i] = kernel.memory().readInt(at + 8L * i + 4);
      if (lengths[i] < 0) {
        return -Errno.EINVAL;
      }
      if (!kernel.memory().isUserRange(Integer.toUnsignedLong(bases[i]), lengths[i])) {
        return -Errno.EFAULT;
      }
      lengths[i] = (int) Math.min(lengths[i], MAX_RW_COUNT - total);
      total += lengths[i];
    }
    long done = 0;
    for (int i = 0; i < count; i++) {
      if (lengths[i] == 0) {
        continue;
      }
      long here = position == NO_POSITION ? NO_POSITION : position + done;
      long moved = transfer(write, fd, bases[i], lengths[i], here);
      if (moved < 0) {
        return done > 0 ? done : moved;
      }
      done += moved;
      if (moved < lengths[i]) {
        break;
      }
    }
    return done;
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
    long result = vector(write, fd, vector, count, at);
    if (write && result > 0 && (flags & RWF_SYNC) != 0) {
      long synced = kernel.files().fsync(fd);
      return synced < 0 ? synced : result;
    }
    return result;
  }

  /** Linux {@code do_sendfile}: a position given in memory is moved, and the file's own is not. */
  private long sendfile(int outFd, int inFd, int offsetAddress, int count, int offsetBytes) {
    OpenFile in = kernel.task().files().get(inFd);
    if (in == null || !in.isReadable()) {
      return -Errno.EBADF;
    }
    OpenFile out = kernel.task().files().get(outFd);
    if (out == null || !out.isWritable()) {
      return -Errno.EBADF;
    }
    if (count < 0 && kernel.wordBytes() == Integer.BYTES) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(offsetAddress);
    boolean explicit = offsetAddress != 0;
    long position = 0;
    if (explicit) {
      position = offsetBytes == 4 ? kernel.memory().readInt(at) : kernel.memory().readLong(at);
    }
    if (position < 0) {
      return -Errno.EINVAL;
    }
    int mode = in.inode().mode() & FileMode.S_IFMT;
    if (mode == FileMode.S_IFIFO) {
      return explicit ? -Errno.ESPIPE : -Errno.EINVAL;
    }
    if (!in.hasSpliceRead() || (out.flags() & Fcntl.O_APPEND) != 0) {
      return -Errno.EINVAL;
    }
    long bytes = Math.min(Integer.toUnsignedLong(count), MAX_RW_COUNT);
    long done = 0;
    while (done < bytes) {
      int chunk = (int) Math.min(bytes - done, CHUNK_BYTES);
      long got =
          explicit
              ? kernel.files().pread64(inFd, buffer, 0, chunk, position + done)
              : kernel.files().read(inFd, buffer, 0, chunk);
      if (got <= 0) {
        if (done == 0) {
          return got;
        }
        break;
      }
      long put = kernel.files().write(outFd, buffer, 0, (int) got);
      if (put < got && !explicit) {
        kernel.files().lseek(inFd, Math.max(put, 0) - got, 1);
      }
      if (put < 0) {
        if (done == 0) {
          return waited(put, outFd, out, "sendfile");
        }
        break;
      }
      done += put;
      if (put < got) {
        break;
      }
    }
    if (explicit && offsetBytes == 4) {
      kernel.memory().writeInt(at, (int) (position + done));
    } else if (explicit) {
      kernel.memory().writeLong(at, position + done);
    }
    return done;
  }
}
