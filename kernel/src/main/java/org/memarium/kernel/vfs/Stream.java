package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** A stream of the host that the machine was given as standard input or output, seen as a pipe. */
final class Stream extends Inode {

  private static final long PIPEFS_MAGIC = 0x50495045;

  private final @Nullable ReadableByteChannel in;
  private final @Nullable WritableByteChannel out;
  private final WaitQueue never = new WaitQueue();

  /**
   * A stream.
   *
   * @param in where reads come from; null: at its end
   * @param out where writes go; null: nowhere
   */
  Stream(long dev, long ino, @Nullable ReadableByteChannel in, @Nullable WritableByteChannel out) {
    super(dev, ino, FileMode.S_IFIFO | 0600);
    this.in = in;
    this.out = out;
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) {
    return new Opened(dentry, flags);
  }

  @Override
  void detach() {}

  @Override
  void statfs(Kstatfs out) {
    out.type = PIPEFS_MAGIC;
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

    /** It can be watched, and is ready at once: a read or a write waits for the host. */
    @Override
    public WaitQueue waitQueue(int events) {
      return never;
    }
  }
}
