package org.memarium.kernel.vfs;

import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * An open end of a pipe, or both ends of a named one. A read of an empty pipe ends with 0 if nobody
 * writes any more; a write to a pipe that nobody reads ends with EPIPE, and the caller sends
 * SIGPIPE. A write may take fewer bytes than were given; a caller that blocks goes on with the
 * rest.
 */
final class PipeEnd extends OpenFile {

  private final Pipe pipe;
  private final boolean reads;
  private final boolean writes;

  /** {@code f_version}: how often the pipe was opened for writing when this began to read. */
  private int writerOpensSeen;

  /**
   * An end of a pipe.
   *
   * @param flags the access mode says which
   */
  PipeEnd(Dentry dentry, Pipe pipe, int flags) {
    super(dentry, flags);
    this.pipe = pipe;
    this.reads = isReadable();
    this.writes = isWritable();
    pipe.opened(reads, writes);
    boolean mayWaitForWriter = pipe.writers() == 0 && !(inode() instanceof PipeInode);
    writerOpensSeen = mayWaitForWriter ? pipe.writerOpens() : -1;
  }

  /**
   * {@code fifo_open}: opens a named pipe, or /proc/PID/fd of any.
   *
   * @throws ErrnoException ENXIO for O_WRONLY and O_NONBLOCK without a reader; ENOMEM
   */
  static PipeEnd open(Dentry dentry, int flags) throws ErrnoException {
    Inode inode = dentry.inode();
    Pipe pipe = inode.pipe;
    boolean writesOnly = (flags & Fcntl.O_ACCMODE) == Fcntl.O_WRONLY;
    boolean noReader = pipe == null || pipe.readers() == 0;
    if (writesOnly && (flags & Fcntl.O_NONBLOCK) != 0 && noReader) {
      throw new ErrnoException(Errno.ENXIO);
    }
    if (pipe == null) {
      pipe = new Pipe(dentry.dcache().caches(), Errno.ENOMEM);
      inode.pipe = pipe;
    }
    return new PipeEnd(dentry, pipe, flags);
  }

  Pipe pipe() {
    return pipe;
  }

  /** Whether the opening of a named pipe waits until somebody opens its other end. */
  boolean awaitsPartner() {
    if (isNonBlocking() || reads == writes || inode() instanceof PipeInode) {
      return false;
    }
    return reads ? pipe.writers() == 0 : pipe.readers() == 0;
  }

  /** How often the other end was opened; it changes when the partner has come. */
  int partnerOpens() {
    return reads ? pipe.writerOpens() : pipe.readerOpens();
  }

  @Override
  public boolean mayWait() {
    return true;
  }

  @Override
  void closed() {
    if (pipe.closed(reads, writes)) {
      inode().pipe = null;
    }
  }

  @Override
  public WaitQueue waitQueue(int events) {
    boolean forReading = reads && (!writes || (events & Fcntl.POLLIN) != 0);
    return forReading ? pipe.readWait : pipe.writeWait;
  }

  private long wouldBlock() {
    return isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    if (count == 0) {
      return 0;
    }
    if (pipe.isEmpty()) {
      return pipe.writers() == 0 ? 0 : wouldBlock();
    }
    return pipe.read(buffer, offset, count);
  }

  @Override
  public long write(byte[] buffer, int offset, int count) {
    if (count == 0) {
      return 0;
    }
    if (pipe.readers() == 0) {
      return -Errno.EPIPE;
    }
    int put = pipe.write(buffer, offset, count, (flags() & Fcntl.O_DIRECT) != 0);
    return put == 0 ? wouldBlock() : put;
  }

  @Override
  long bytesToRead() {
    return pipe.bytes();
  }

  @Override
  public int poll() {
    int events = 0;
    if (reads) {
      events |= pipe.isEmpty() ? 0 : Fcntl.POLLIN | Fcntl.POLLRDNORM;
      boolean neverHadWriter = writerOpensSeen == pipe.writerOpens();
      events |= pipe.writers() == 0 && !neverHadWriter ? Fcntl.POLLHUP : 0;
    }
    if (writes) {
      events |= pipe.isFull() ? 0 : Fcntl.POLLOUT | Fcntl.POLLWRNORM;
      events |= pipe.readers() == 0 ? Fcntl.POLLERR : 0;
    }
    return events;
  }
}
