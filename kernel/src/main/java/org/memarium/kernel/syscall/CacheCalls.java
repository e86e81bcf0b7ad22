package org.memarium.kernel.syscall;

import org.memarium.kernel.process.TaskIo;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.Errno;
import org.memarium.mm.space.MmStruct;

/**
 * The calls between files and the page cache: bringing pages to where they stay, advice, copying
 * inside the kernel, and files that are nothing but pages; Linux {@code fs/sync.c}, {@code
 * mm/fadvise.c}, {@code fs/read_write.c}, {@code mm/memfd.c}.
 */
final class CacheCalls {
  private static final long MAX_RW_COUNT = Integer.MAX_VALUE & -4096;
  private static final int CHUNK_BYTES = 64 * 1024;

  private static final int MFD_HUGE_SHIFT = 26;
  private static final int MFD_HUGE_MASK = 0x3f;

  /** {@code MFD_NAME_MAX_LEN}, and the NUL. */
  private static final int MEMFD_NAME_BYTES = 250;

  private final Kernel kernel;
  private final byte[] buffer = new byte[CHUNK_BYTES];

  CacheCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("fsync", (int fd) -> files().fsync(fd));
    table.set("fdatasync", (int fd) -> files().fsync(fd));
    table.set("sync", this::sync);
    table.set("syncfs", this::syncfs);
    table.set(
        "sync_file_range",
        (fd, low, high, bytesLow, bytesHigh, flags) ->
            files().syncFileRange(fd, number(low, high), number(bytesLow, bytesHigh), flags));
    table.set(
        "fadvise64",
        (int fd, int low, int high, int bytes, int advice) ->
            files().fadvise(fd, number(low, high), Integer.toUnsignedLong(bytes), advice));
    table.set(
        "fadvise64_64",
        (fd, low, high, bytesLow, bytesHigh, advice) ->
            files().fadvise(fd, number(low, high), number(bytesLow, bytesHigh), advice));
    table.set(
        "readahead",
        (int fd, int low, int high, int bytes) ->
            files().readahead(fd, number(low, high), Integer.toUnsignedLong(bytes)));
    table.set("copy_file_range", this::copyFileRange);
    table.set("memfd_create", this::memfdCreate);
  }

  private FileCalls files() {
    return kernel.files();
  }

  private static long number(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }

  /** Brings what is in the page cache to the writable folders; tells nobody of what fails. */
  private long sync() {
    kernel.vfs().sync();
    return 0;
  }

  private long syncfs(int fd) {
    long result = files().checkDescriptor(fd);
    return result < 0 ? result : kernel.vfs().sync();
  }

  /** {@code ksys_copy_file_range}: positions in memory are moved, or else those of the files. */
  private long copyFileRange(
      int in, int inPosition, int out, int outPosition, int count, int flags) {
    FdTable fds = kernel.task().files();
    OpenFile source = fds.get(in);
    OpenFile target = fds.get(out);
    if (source == null || target == null) {
      return -Errno.EBADF;
    }
    long from = position(in, inPosition);
    long to = position(out, outPosition);
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    long bytes = files().checkCopyRange(in, from, out, to, Integer.toUnsignedLong(count));
    if (bytes <= 0) {
      return bytes;
    }
    long most = Math.min(bytes, MAX_RW_COUNT);
    return new CopyRange(in, source, inPosition, from, target, outPosition, to, most).begin();
  }

  private long position(int fd, int address) {
    return address == 0
        ? files().lseek(fd, 0, Fcntl.SEEK_CUR)
        : kernel.memory().readLong(Integer.toUnsignedLong(address));
  }

  private void move(OpenFile file, int address, long position) {
    if (address == 0) {
      file.lseek(position, Fcntl.SEEK_SET);
    } else {
      kernel.memory().writeLong(Integer.toUnsignedLong(address), position);
    }
  }

  /** {@code vfs_copy_file_range}, by reading and writing. */
  private final class CopyRange extends FileTransfer {
    private final int inPosition;
    private final long from;
    private final OpenFile target;
    private final int outPosition;
    private final long to;
    private final long bytes;

    CopyRange(
        int fd,
        OpenFile source,
        int inPosition,
        long from,
        OpenFile target,
        int outPosition,
        long to,
        long bytes) {
      super(CacheCalls.this.kernel, "copy_file_range", fd, source, false);
      this.inPosition = inPosition;
      this.from = from;
      this.target = target;
      this.outPosition = outPosition;
      this.to = to;
      this.bytes = bytes;
    }

    @Override
    OpenFile other() {
      return target;
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
        long got = file.pread(buffer, 0, chunk, from + done);
        long put = got <= 0 ? got : files().pwrite(target, buffer, 0, (int) got, to + done);
        if (put <= 0) {
          return over(put);
        }
        done += put;
        if (put < chunk) {
          return over(0);
        }
      }
      return over(0);
    }

    /** Both positions, wherever they are kept, are behind what was copied. */
    private long over(long result) {
      if (done > 0) {
        move(file, inPosition, from + done);
        move(target, outPosition, to + done);
      }
      return orDone(result);
    }

    @Override
    public long interrupted() {
      return over(super.interrupted());
    }
  }

  /** {@code memfd_create}; Linux {@code mm/memfd.c}. */
  private long memfdCreate(int name, int flags) {
    MmStruct mm = kernel.task().requireMm();
    boolean sealsExecution = mm.layout().sealsExecution();
    int executing = Fcntl.MFD_EXEC | Fcntl.MFD_NOEXEC_SEAL;
    int known =
        Fcntl.MFD_CLOEXEC
            | Fcntl.MFD_ALLOW_SEALING
            | Fcntl.MFD_HUGETLB
            | (sealsExecution ? executing : 0);
    boolean huge = (flags & Fcntl.MFD_HUGETLB) != 0;
    if ((flags & ~(known | (huge ? MFD_HUGE_MASK << MFD_HUGE_SHIFT : 0))) != 0
        || (flags & executing) == executing) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(name);
    String text =
        mm.layout().copiesMemfdNamesByWords()
            ? kernel.memory().readName(at, MEMFD_NAME_BYTES)
            : kernel.memory().readString(at, MEMFD_NAME_BYTES);
    if (text == null) {
      return -Errno.EINVAL;
    }
    long hugePageBytes = 0;
    if (huge) {
      hugePageBytes = mm.hugePageBytes(flags >>> MFD_HUGE_SHIFT & MFD_HUGE_MASK);
      if (hugePageBytes == 0) {
        // The descriptor comes before the file.
        int fd = kernel.task().files().unused(0);
        return fd < 0 ? fd : -Errno.ENODEV;
      }
    }
    return files().memfdCreate(text, flags, hugePageBytes, sealsExecution);
  }
}
