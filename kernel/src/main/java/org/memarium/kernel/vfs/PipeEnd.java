package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * One end of a pipe. A read of an empty pipe ends with 0 if nobody writes any more; a write to a
 * pipe that nobody reads ends with EPIPE, and the caller sends SIGPIPE. A write may take fewer
 * bytes than were given; a caller that blocks goes on with the rest.
 */
final class PipeEnd extends OpenFile {

  private final Pipe pipe;

  /**
   * An end of a pipe.
   *
   * @param dentry of {@link Pipe#create}
   */
  PipeEnd(Dentry dentry, int flags) {
    super(dentry, flags);
    this.pipe = (Pipe) dentry.inode();
    if (isReadable()) {
      pipe.readers++;
    } else {
      pipe.writers++;
    }
  }

  @Override
  public boolean mayWait() {
    return true;
  }

  @Override
  void closed() {
    if (isReadable()) {
      pipe.readers--;
    } else {
      pipe.writers--;
    }
  }

  private long wouldBlock() {
    return isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    if (count == 0) {
      return 0;
    }
    if (pipe.filled() == 0) {
      return pipe.writers == 0 ? 0 : wouldBlock();
    }
    return pipe.take(buffer, offset, count);
  }

  @Override
  public long write(byte[] buffer, int offset, int count) {
    if (count == 0) {
      return 0;
    }
    if (pipe.readers == 0) {
      return -Errno.EPIPE;
    }
    int needed = count <= Pipe.ATOMIC_BYTES ? count : 1;
    return pipe.free() < needed ? wouldBlock() : pipe.put(buffer, offset, count);
  }

  @Override
  long bytesToRead() {
    return pipe.filled();
  }

  @Override
  public int poll() {
    if (isReadable()) {
      return (pipe.filled() > 0 ? Fcntl.POLLIN : 0) | (pipe.writers == 0 ? Fcntl.POLLHUP : 0);
    }
    return (pipe.free() >= Pipe.ATOMIC_BYTES ? Fcntl.POLLOUT : 0)
        | (pipe.readers == 0 ? Fcntl.POLLERR : 0);
  }
}
