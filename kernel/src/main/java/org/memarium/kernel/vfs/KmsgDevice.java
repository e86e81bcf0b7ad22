package org.memarium.kernel.vfs;

import java.nio.charset.StandardCharsets;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;
import org.memarium.mm.trace.KernelLog;

/**
 * {@code /dev/kmsg}: a record of the kernel's log for each read, and a line for each write (Linux
 * {@code kernel/printk/printk.c}, {@code kmsg_fops}). Only the superuser reads it: {@code
 * kernel.dmesg_restrict} is 1, as Debian sets it.
 */
final class KmsgDevice extends DeviceNode {
  private static final int MAJOR = 1;
  private static final int MINOR = 11;

  private final KernelMessages messages;

  KmsgDevice(PseudoFileSystem fileSystem, KernelMessages messages) {
    super(fileSystem, 0644, MAJOR, MINOR);
    this.messages = messages;
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    if ((flags & Fcntl.O_ACCMODE) != Fcntl.O_WRONLY && !credentials.isRoot()) {
      throw new ErrnoException(Errno.EPERM);
    }
    return new Opened(dentry, flags);
  }

  /** {@code struct devkmsg_user}. */
  private final class Opened extends OpenFile {
    /** The number of the next line to read. */
    private long sequence;

    Opened(Dentry dentry, int flags) {
      super(dentry, flags);
      sequence = messages.log().first();
    }

    @Override
    public boolean hasPositions() {
      return true;
    }

    @Override
    public boolean mayWait() {
      return true;
    }

    @Override
    public boolean isPacket() {
      return true;
    }

    @Override
    public WaitQueue waitQueue(int events) {
      return messages.queue();
    }

    @Override
    public long read(byte[] buffer, int offset, int count) {
      KernelLog log = messages.log();
      if (sequence >= log.written()) {
        return isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
      }
      if (sequence < log.first()) {
        // What came next was overwritten: told once.
        sequence = log.first();
        return -Errno.EPIPE;
      }
      byte[] record = KernelMessages.record(log.line(sequence));
      if (record.length > count) {
        return -Errno.EINVAL;
      }
      System.arraycopy(record, 0, buffer, offset, record.length);
      sequence++;
      return record.length;
    }

    @Override
    public long write(byte[] buffer, int offset, int count) {
      if (count > KernelMessages.MOST_WRITTEN_BYTES) {
        return -Errno.EINVAL;
      }
      messages.write(new String(buffer, offset, count, StandardCharsets.ISO_8859_1));
      return count;
    }

    @Override
    public long pread(byte[] buffer, int offset, int count, long at) {
      return read(buffer, offset, count);
    }

    @Override
    public long pwrite(byte[] buffer, int offset, int count, long at) {
      return write(buffer, offset, count);
    }

    /** {@code devkmsg_llseek}. */
    @Override
    public long lseek(long offset, int whence) {
      if (offset != 0) {
        return -Errno.ESPIPE;
      }
      KernelLog log = messages.log();
      switch (whence) {
        case Fcntl.SEEK_SET -> sequence = log.first();
        case Fcntl.SEEK_DATA -> sequence = log.cleared();
        case Fcntl.SEEK_END -> sequence = log.written();
        default -> {
          return -Errno.EINVAL;
        }
      }
      return 0;
    }

    @Override
    public int poll() {
      KernelLog log = messages.log();
      if (sequence >= log.written()) {
        return 0;
      }
      int lost = sequence < log.first() ? Fcntl.POLLERR | Fcntl.POLLPRI : 0;
      return Fcntl.POLLIN | Fcntl.POLLRDNORM | lost;
    }
  }
}
