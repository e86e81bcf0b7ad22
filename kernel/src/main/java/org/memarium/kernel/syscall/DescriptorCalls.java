package org.memarium.kernel.syscall;

import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.IoctlArgument;
import org.memarium.mm.Errno;

/** The calls that work on descriptors: closing, duplicating, flags, positions, devices, pipes. */
final class DescriptorCalls {
  private static final int CLOSE_RANGE_UNSHARE = 2;
  private static final int CLOSE_RANGE_CLOEXEC = 4;

  private final Kernel kernel;

  DescriptorCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  private FdTable fds() {
    return kernel.task().files();
  }

  private FileCalls files() {
    return kernel.files();
  }

  void enter(SystemCallTable table) {
    table.set("close", (int fd) -> files().close(fd));
    table.set("close_range", this::closeRange);
    table.set("dup", (int fd) -> files().dup(fd));
    table.set("dup2", (int fd, int to) -> files().dup2(fd, to));
    table.set("dup3", (int fd, int to, int flags) -> files().dup3(fd, to, flags));
    table.set("ioctl", this::ioctl);
    table.set("lseek", this::lseek);
    table.set("_llseek", this::llseek);
    table.set("pipe", (int ends) -> pipe(ends, 0));
    table.set("pipe2", this::pipe);
  }

  private long closeRange(int first, int last, int flags) {
    if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0
        || Integer.compareUnsigned(first, last) > 0) {
      return -Errno.EINVAL;
    }
    for (int fd : fds().openDescriptors()) {
      if (Integer.compareUnsigned(fd, first) >= 0 && Integer.compareUnsigned(fd, last) <= 0) {
        if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
          fds().setCloseOnExec(fd, true);
        } else {
          fds().close(fd);
        }
      }
    }
    return 0;
  }

  private long ioctl(int fd, int command, int argument) {
    long at = Integer.toUnsignedLong(argument);
    return files()
        .ioctl(
            fd,
            command,
            new IoctlArgument() {
              @Override
              public int value() {
                return argument;
              }

              @Override
              public boolean copyFromUser(byte[] bytes) {
                return kernel.memory().copyFromUser(at, bytes, 0, bytes.length) == bytes.length;
              }

              @Override
              public long address() {
                return at;
              }

              @Override
              public boolean copyToUser(long to, byte[] bytes) {
                return kernel.memory().copyToUser(to, bytes, 0, bytes.length) == bytes.length;
              }

              @Override
              public boolean copyToUser(byte[] bytes) {
                return copyToUser(at, bytes);
              }
            });
  }

  /** A position that does not fit into 31 bits is told as an error, and moved to all the same. */
  private long lseek(int fd, int offset, int whence) {
    long position = files().lseek(fd, offset, whence);
    boolean fits = position <= Integer.MAX_VALUE || kernel.wordBytes() == Long.BYTES;
    return fits ? position : -Errno.EOVERFLOW;
  }

  private long llseek(int fd, int high, int low, int result, int whence) {
    long offset = (long) high << 32 | Integer.toUnsignedLong(low);
    long position = files().lseek(fd, offset, whence);
    if (position < 0) {
      return position;
    }
    kernel.memory().writeLong(Integer.toUnsignedLong(result), position);
    return 0;
  }

  private long pipe(int to, int flags) {
    int[] ends = new int[2];
    long result = files().pipe2(ends, flags);
    if (result < 0) {
      return result;
    }
    byte[] bytes = new byte[8];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (ends[i / 4] >>> (8 * (i % 4)));
    }
    if (kernel.memory().copyToUser(Integer.toUnsignedLong(to), bytes, 0, 8) < 8) {
      fds().close(ends[0]);
      fds().close(ends[1]);
      return -Errno.EFAULT;
    }
    return 0;
  }
}
