package org.memarium.kernel.vfs;

import org.memarium.kernel.wait.WaitQueue;

/**
 * An open(2) of a named pipe that waits until somebody opens the other end: {@code
 * wait_for_partner}. It counts as a reader or writer already.
 */
public final class FifoOpening {
  private final Vfs vfs;
  private final FdTable fds;
  private final PipeEnd end;
  private final boolean cloexec;
  private final int partnersBefore;

  FifoOpening(Vfs vfs, FdTable fds, PipeEnd end, boolean cloexec) {
    this.vfs = vfs;
    this.fds = fds;
    this.end = end;
    this.cloexec = cloexec;
    this.partnersBefore = end.partnerOpens();
    vfs.fget(end);
  }

  /** Where it is announced that the partner came. */
  public WaitQueue queue() {
    return end.waitQueue(end.isReadable() ? Fcntl.POLLIN : Fcntl.POLLOUT);
  }

  /** Whether somebody has opened the other end, even if it is closed again. */
  public boolean hasPartner() {
    return end.partnerOpens() != partnersBefore;
  }

  /** Installs the descriptor, and returns it, or {@code -EMFILE} or {@code -ENOMEM}. */
  public long finish() {
    long fd = fds.install(end, cloexec);
    giveUp();
    return fd;
  }

  /** Ends the wait; without {@link #finish}, the pipe is closed again. */
  public void giveUp() {
    vfs.fput(end);
  }

  @Override
  public String toString() {
    return "open of " + end.path();
  }
}
