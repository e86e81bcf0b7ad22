package org.memarium.kernel.vfs;

import org.memarium.kernel.tty.Pty;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** The open master of a pseudo-terminal: what {@code /dev/ptmx} gives. */
final class PtyMaster extends OpenFile {
  private final Pty pty;
  private final Terminals terminals;

  PtyMaster(Dentry dentry, int flags, Pty pty, Terminals terminals) {
    super(dentry, flags);
    this.pty = pty;
    this.terminals = terminals;
  }

  @Override
  void closed() {
    terminals.masterClosed(pty);
  }

  @Override
  public boolean mayWait() {
    return true;
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return pty.queue();
  }

  private long orAgain(long result) {
    return result == WOULD_BLOCK && isNonBlocking() ? -Errno.EAGAIN : result;
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    return orAgain(pty.read(buffer, offset, count));
  }

  @Override
  public long write(byte[] buffer, int offset, int count) {
    return orAgain(pty.write(buffer, offset, count));
  }

  @Override
  long bytesToRead() {
    return pty.bytesToRead();
  }

  @Override
  public int poll() {
    int events = pty.isReadable() ? Fcntl.POLLIN | Fcntl.POLLRDNORM : 0;
    events |= pty.isSlaveGone() ? Fcntl.POLLHUP : 0;
    return events | (pty.isWritable() ? Fcntl.POLLOUT | Fcntl.POLLWRNORM : 0);
  }

  @Override
  public long ioctl(int command, IoctlArgument argument) {
    return TtyIoctl.ofMaster(pty, command, argument);
  }
}
