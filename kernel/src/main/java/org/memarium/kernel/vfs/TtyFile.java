package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.tty.Pty;
import org.memarium.kernel.tty.Tty;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** An open terminal; Linux {@code drivers/tty/tty_io.c}. */
final class TtyFile extends OpenFile {
  private final Tty tty;
  private final @Nullable Pty pty;
  private final boolean hasKeyboard;

  /**
   * Opens.
   *
   * @param pty whose slave it is; null: it is the host's terminal
   * @param hasKeyboard whether somebody outside of the machine types
   */
  TtyFile(Dentry dentry, int flags, Tty tty, @Nullable Pty pty, boolean hasKeyboard) {
    super(dentry, flags);
    this.tty = tty;
    this.pty = pty;
    this.hasKeyboard = hasKeyboard;
    if (pty != null) {
      pty.slaveOpened();
    }
  }

  @Override
  void closed() {
    if (pty != null) {
      pty.slaveClosed();
    }
  }

  @Override
  public boolean mayWait() {
    return true;
  }

  @Override
  public boolean isPacket() {
    // A read takes one line at most.
    return true;
  }

  @Override
  public boolean waitsForOutside() {
    return hasKeyboard;
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return (events & Fcntl.POLLIN) != 0 ? tty.readWait() : tty.writeWait();
  }

  @Override
  public long timeoutNanos(boolean send) {
    return send ? 0 : tty.readTimeoutNanos();
  }

  @Override
  public long timedOut() {
    return 0;
  }

  private long orAgain(long result) {
    return result == WOULD_BLOCK && isNonBlocking() ? -Errno.EAGAIN : result;
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    return orAgain(tty.read(buffer, offset, count));
  }

  @Override
  public long write(byte[] buffer, int offset, int count) {
    return orAgain(tty.write(buffer, offset, count));
  }

  @Override
  long bytesToRead() {
    return tty.bytesToRead();
  }

  @Override
  public int poll() {
    int events = tty.isReadable() ? Fcntl.POLLIN | Fcntl.POLLRDNORM : 0;
    events |= tty.isClosed() ? Fcntl.POLLHUP : 0;
    return events | (tty.isWritable() ? Fcntl.POLLOUT | Fcntl.POLLWRNORM : 0);
  }

  @Override
  public long ioctl(int command, IoctlArgument argument) {
    return TtyIoctl.ofTerminal(tty, command, argument);
  }
}
