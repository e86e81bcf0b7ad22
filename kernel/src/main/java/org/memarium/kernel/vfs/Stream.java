package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * A stream of the host that the machine was given as standard input or output, seen as a pipe or as
 * a terminal.
 */
final class Stream extends Inode {

  private static final int UNIX98_PTY_SLAVE_MAJOR = 136;
  private static final long DEVPTS_SUPER_MAGIC = 0x1cd1;

  private final @Nullable ReadableByteChannel in;
  private final @Nullable WritableByteChannel out;
  private final @Nullable Terminal terminal;

  /**
   * A stream.
   *
   * @param in where reads come from; null: at its end
   * @param out where writes go; null: nowhere
   * @param terminal what makes it a terminal; null: it is a pipe
   */
  Stream(
      long dev,
      long ino,
      @Nullable ReadableByteChannel in,
      @Nullable WritableByteChannel out,
      @Nullable Terminal terminal) {
    super(dev, ino, terminal == null ? FileMode.S_IFIFO | 0600 : FileMode.S_IFCHR | 0620);
    this.in = in;
    this.out = out;
    this.terminal = terminal;
    if (terminal != null) {
      rdev = DeviceNumber.of(UNIX98_PTY_SLAVE_MAJOR, 0);
    }
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) {
    return new Opened(dentry, flags);
  }

  @Override
  void detach() {}

  @Override
  void statfs(Kstatfs out) {
    out.type = DEVPTS_SUPER_MAGIC;
    out.blockSizeBytes = 4096;
  }

  private final class Opened extends OpenFile {

    Opened(Dentry dentry, int flags) {
      super(dentry, flags);
    }

    @Override
    public boolean mayWait() {
      return true;
    }

    @Override
    public long read(byte[] buffer, int offset, int count) {
      if (in == null || count == 0) {
        return 0;
      }
      try {
        return Math.max(0, in.read(ByteBuffer.wrap(buffer, offset, count)));
      } catch (IOException e) {
        return -HostErrors.errno(e);
      }
    }

    @Override
    public long write(byte[] buffer, int offset, int count) {
      if (out == null) {
        return count;
      }
      ByteBuffer bytes = ByteBuffer.wrap(buffer, offset, count);
      try {
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        return count;
      } catch (IOException e) {
        int written = bytes.position() - offset;
        return written > 0 ? written : -HostErrors.errno(e);
      }
    }

    @Override
    public long fsync() {
      return -Errno.EINVAL;
    }

    @Override
    public long ioctl(int command, IoctlArgument argument) {
      return terminal == null ? -Errno.ENOTTY : terminal.ioctl(command, argument);
    }
  }
}
