package org.memarium.kernel.syscall;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskIo;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileMode;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.Splice;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * Bytes from file to file without the program: sendfile, splice, tee, vmsplice; Linux {@code
 * fs/splice.c}. Between two pipes pages are handed on; all else is copied.
 */
final class SpliceCalls {
  private static final int CHUNK_BYTES = 64 * 1024;

  /** SPLICE_F_MOVE, NONBLOCK, MORE, GIFT. */
  private static final int SPLICE_FLAGS = 0xf;

  private static final int SPLICE_F_NONBLOCK = 2;

  private final Kernel kernel;

  /** Used within one step of a call only. */
  private final byte[] buffer = new byte[CHUNK_BYTES];

  SpliceCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("sendfile", (int out, int in, int offset, int n) -> sendfile(out, in, offset, n, 4));
    table.set(
        "sendfile64", (int out, int in, int offset, int n) -> sendfile(out, in, offset, n, 8));
    table.set("splice", this::splice);
    table.set("tee", this::tee);
    table.set("vmsplice", this::vmsplice);
  }

  private OpenFile readable(int fd) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || !file.isReadable()) {
      throw new CallFailedException(Errno.EBADF);
    }
    return file;
  }

  private OpenFile writable(int fd) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || !file.isWritable()) {
      throw new CallFailedException(Errno.EBADF);
    }
    return file;
  }

  private static boolean isNonBlocking(OpenFile file, int flags) {
    return (flags & SPLICE_F_NONBLOCK) != 0 || (file.flags() & Fcntl.O_NONBLOCK) != 0;
  }

  private long orSigpipe(long result) {
    if (result == -Errno.EPIPE) {
      kernel.sendToSelf(Signal.SIGPIPE);
    }
    return result;
  }

  // ---- sendfile ----

  /** Linux {@code do_sendfile}: a position given in memory is moved, and the file's own is not. */
  private long sendfile(int outFd, int inFd, int offsetAddress, int count, int offsetBytes) {
    OpenFile in = readable(inFd);
    OpenFile out = writable(outFd);
    if (count < 0 && kernel.wordBytes() == Integer.BYTES) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(offsetAddress);
    boolean explicit = offsetAddress != 0;
    long position = in.position();
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
    long bytes = Math.min(Integer.toUnsignedLong(count), UserBuffer.MAX_RW_COUNT);
    return new SendFile(in, outFd, out, position, bytes, at, explicit ? offsetBytes : 0).begin();
  }

  private final class SendFile extends FileTransfer {
    private final OpenFile in;
    private final long start;
    private final long bytes;
    private final long offsetAddress;
    private final int offsetBytes;

    SendFile(
        OpenFile in,
        int outFd,
        OpenFile out,
        long start,
        long bytes,
        long offsetAddress,
        int offsetBytes) {
      super(SpliceCalls.this.kernel, "sendfile", outFd, out, true);
      this.in = in;
      this.start = start;
      this.bytes = bytes;
      this.offsetAddress = offsetAddress;
      this.offsetBytes = offsetBytes;
    }

    @Override
    OpenFile other() {
      return in;
    }

    @Override
    void account(TaskIo io) {
      io.read(done);
      io.wrote(done);
    }

    @Override
    long step() {
      long pause = done + STEP_BYTES;
      while (done < bytes) {
        if (done >= pause) {
          return GOES_ON;
        }
        int chunk = (int) Math.min(bytes - done, CHUNK_BYTES);
        long got = in.pread(buffer, 0, chunk, start + done);
        if (got <= 0) {
          return over(got);
        }
        long put = kernel.files().write(file, buffer, 0, (int) got);
        if (put == OpenFile.WOULD_BLOCK) {
          return put;
        }
        if (put < 0) {
          return over(orSigpipe(put));
        }
        done += put;
        boolean waitsForNobody = !file.mayWait() || isNonBlocking(file, 0);
        if (put < got && waitsForNobody && !file.inode().isRegular()) {
          return over(0);
        }
        // A regular file is asked once more, and tells why: over RLIMIT_FSIZE by a signal.
      }
      return over(0);
    }

    /** The position, wherever it is kept, is behind what was sent. */
    private long over(long result) {
      if (offsetBytes == Integer.BYTES) {
        kernel.memory().writeInt(offsetAddress, (int) (start + done));
      } else if (offsetBytes != 0) {
        kernel.memory().writeLong(offsetAddress, start + done);
      } else if (done > 0) {
        in.lseek(start + done, Fcntl.SEEK_SET);
      }
      return orDone(result);
    }

    @Override
    public long interrupted() {
      try {
        return done > 0 ? over(0) : super.interrupted();
      } catch (UserFaultException notWritable) {
        return -Errno.EFAULT;
      }
    }
  }

  // ---- splice and tee ----

  private long splice(int inFd, int inOffset, int outFd, int outOffset, int count, int flags) {
    if ((flags & ~SPLICE_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    if (count == 0) {
      return 0;
    }
    OpenFile in = readable(inFd);
    OpenFile out = writable(outFd);
    boolean fromPipe = Splice.isPipe(in);
    boolean toPipe = Splice.isPipe(out);
    if ((fromPipe && inOffset != 0) || (toPipe && outOffset != 0)) {
      return -Errno.ESPIPE;
    }
    int most = (int) Math.min(Integer.toUnsignedLong(count), UserBuffer.MAX_RW_COUNT);
    if (fromPipe && toPipe) {
      return pipeToPipe("splice", inFd, in, out, most, flags, false);
    }
    if (fromPipe) {
      if ((out.flags() & Fcntl.O_APPEND) != 0) {
        return -Errno.EINVAL;
      }
      return new FromPipe(inFd, in, out, outOffset, most, flags).begin();
    }
    if (toPipe) {
      return in.hasSpliceRead()
          ? new ToPipe(outFd, in, inOffset, out, most, flags).begin()
          : -Errno.EINVAL;
    }
    return -Errno.EINVAL;
  }

  private long tee(int inFd, int outFd, int count, int flags) {
    if ((flags & ~SPLICE_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    if (count == 0) {
      return 0;
    }
    OpenFile in = readable(inFd);
    OpenFile out = writable(outFd);
    int most = (int) Math.min(Integer.toUnsignedLong(count), UserBuffer.MAX_RW_COUNT);
    return Splice.isPipe(in) && Splice.isPipe(out)
        ? pipeToPipe("tee", inFd, in, out, most, flags, true)
        : -Errno.EINVAL;
  }

  private long pipeToPipe(
      String name, int inFd, OpenFile in, OpenFile out, int most, int flags, boolean keep) {
    if (Splice.isSamePipe(in, out)) {
      return -Errno.EINVAL;
    }
    boolean nonBlocking = isNonBlocking(in, flags) || isNonBlocking(out, 0);
    return new TwoFiles(name, inFd, in, out) {
      @Override
      long step() {
        long moved = Splice.pipeToPipe(in, out, most, keep);
        return moved == OpenFile.WOULD_BLOCK && nonBlocking ? -Errno.EAGAIN : orSigpipe(moved);
      }
    }.begin();
  }

  /** Waits for bytes in the first, or for room in the second. */
  private abstract class TwoFiles extends FileTransfer {
    private final OpenFile out;

    TwoFiles(String name, int inFd, OpenFile in, OpenFile out) {
      super(SpliceCalls.this.kernel, name, inFd, in, false);
      this.out = out;
    }

    @Override
    OpenFile other() {
      return out;
    }

    @Override
    void waitOnQueues(Task task) {
      task.sleep().waitOn(require(file.waitQueue(Fcntl.POLLIN)));
      // A stream of the host may keep the machine waiting, and so is never waited for here.
      WaitQueue room = out.waitQueue(Fcntl.POLLOUT);
      if (room != null) {
        task.sleep().waitOn(room);
      }
    }
  }

  /** {@code splice_from_pipe}: what is in the pipe goes into a file. */
  private final class FromPipe extends TwoFiles {
    private final OpenFile out;
    private final int outOffset;
    private final int most;
    private final boolean nonBlocking;

    /** What was taken from the pipe and did not go into the file yet. */
    private byte[] pending = {};

    FromPipe(int inFd, OpenFile in, OpenFile out, int outOffset, int most, int flags) {
      super("splice", inFd, in, out);
      this.out = out;
      this.outOffset = outOffset;
      this.most = most;
      this.nonBlocking = isNonBlocking(in, flags);
    }

    @Override
    long step() {
      while (true) {
        if (pending.length == 0) {
          if (done == most) {
            return done;
          }
          int chunk = (int) Math.min(most - done, CHUNK_BYTES);
          long got = file.read(buffer, 0, chunk);
          if (got <= 0) {
            boolean waits = got == OpenFile.WOULD_BLOCK && done == 0;
            return waits ? nonBlocking ? -Errno.EAGAIN : got : orDone(got);
          }
          pending = Arrays.copyOf(buffer, (int) got);
        }
        long put = write();
        if (put == OpenFile.WOULD_BLOCK) {
          return put;
        }
        if (put <= 0) {
          return orDone(orSigpipe(put));
        }
        pending = Arrays.copyOfRange(pending, (int) put, pending.length);
        done += put;
      }
    }

    private long write() {
      if (outOffset == 0) {
        return out.write(pending, 0, pending.length);
      }
      long at = Integer.toUnsignedLong(outOffset);
      long position = kernel.memory().readLong(at);
      long put = position < 0 ? -Errno.EINVAL : out.pwrite(pending, 0, pending.length, position);
      if (put > 0) {
        kernel.memory().writeLong(at, position + put);
      }
      return put == -Errno.ESPIPE ? -Errno.EINVAL : put;
    }
  }

  /** {@code splice_file_to_pipe}: as much of a file as there is room for. */
  private final class ToPipe extends FileTransfer {
    private final OpenFile in;
    private final int inOffset;
    private final int most;
    private final boolean nonBlocking;

    ToPipe(int outFd, OpenFile in, int inOffset, OpenFile out, int most, int flags) {
      super(SpliceCalls.this.kernel, "splice", outFd, out, true);
      this.in = in;
      this.inOffset = inOffset;
      this.most = most;
      this.nonBlocking = isNonBlocking(out, flags);
    }

    @Override
    @Nullable OpenFile other() {
      return in;
    }

    @Override
    long step() {
      long room = Splice.room(file);
      if (room < 0) {
        return orSigpipe(room);
      }
      if (room == 0) {
        return nonBlocking ? -Errno.EAGAIN : OpenFile.WOULD_BLOCK;
      }
      int chunk = (int) Math.min(Math.min(room, most), CHUNK_BYTES);
      long at = Integer.toUnsignedLong(inOffset);
      long position = inOffset == 0 ? 0 : kernel.memory().readLong(at);
      if (position < 0) {
        return -Errno.EINVAL;
      }
      long got = inOffset == 0 ? in.read(buffer, 0, chunk) : in.pread(buffer, 0, chunk, position);
      if (got <= 0) {
        return got == -Errno.ESPIPE ? -Errno.EINVAL : got;
      }
      if (inOffset != 0) {
        kernel.memory().writeLong(at, position + got);
      }
      return file.write(buffer, 0, (int) got);
    }
  }

  // ---- vmsplice ----

  /** The bytes are copied, whether they were a gift or not. */
  private long vmsplice(int fd, int vector, int count, int flags) {
    if ((flags & ~SPLICE_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || !Splice.isPipe(file)) {
      return -Errno.EBADF;
    }
    UserBuffer user = UserBuffer.vector(kernel.memory(), vector, count);
    if (user.left() == 0) {
      return 0;
    }
    boolean nonBlocking = isNonBlocking(file, flags);
    boolean write = file.isWritable();
    return new FileTransfer(kernel, "vmsplice", fd, file, write) {
      @Override
      long step() {
        long moved = write ? put(user, file) : get(user, file);
        return moved == OpenFile.WOULD_BLOCK && nonBlocking ? -Errno.EAGAIN : moved;
      }
    }.begin();
  }

  private long put(UserBuffer from, OpenFile pipe) {
    int copied = from.copyIn(buffer, 0, (int) Math.min(from.left(), CHUNK_BYTES));
    if (copied == 0) {
      return -Errno.EFAULT;
    }
    long put = pipe.write(buffer, 0, copied);
    from.back(put < 0 ? copied : copied - put);
    return orSigpipe(put);
  }

  private long get(UserBuffer to, OpenFile pipe) {
    long got = pipe.read(buffer, 0, (int) Math.min(to.left(), CHUNK_BYTES));
    if (got <= 0) {
      return got;
    }
    int copied = to.copyOut(buffer, 0, (int) got);
    return copied == 0 ? -Errno.EFAULT : copied;
  }
}
