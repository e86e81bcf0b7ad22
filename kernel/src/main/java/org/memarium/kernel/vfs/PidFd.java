package org.memarium.kernel.vfs;

import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** {@code pidfd_fops}: a file that stands for a process; Linux {@code fs/pidfs.c}. */
public final class PidFd extends OpenFile {
  /** {@code PIDFD_NONBLOCK}. */
  public static final int NONBLOCK = Fcntl.O_NONBLOCK;

  /** The process, as its descriptor sees it. */
  public interface Target {
    /** Whether its last thread has ended. */
    boolean hasEnded();

    /** Whether somebody has waited for it, too: nothing is left of it. */
    boolean isReaped();

    /** Woken when it ends. */
    WaitQueue ended();
  }

  private final Target target;
  private final boolean tellsOfReaping;

  /**
   * Opens.
   *
   * @param flags {@link #NONBLOCK} counts
   * @param tellsOfReaping whether poll says POLLHUP when it is reaped, as current kernels do
   */
  PidFd(Dentry dentry, int flags, Target target, boolean tellsOfReaping) {
    super(dentry, Fcntl.O_RDWR | (flags & NONBLOCK));
    this.target = target;
    this.tellsOfReaping = tellsOfReaping;
  }

  /** Whom it stands for. */
  public Target target() {
    return target;
  }

  @Override
  public long pread(byte[] buffer, int offset, int count, long at) {
    return -Errno.EINVAL;
  }

  @Override
  public long pwrite(byte[] buffer, int offset, int count, long at) {
    return -Errno.EINVAL;
  }

  @Override
  public int poll() {
    int ended = target.hasEnded() ? Fcntl.POLLIN | Fcntl.POLLRDNORM : 0;
    return tellsOfReaping && target.isReaped() ? ended | Fcntl.POLLHUP : ended;
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return target.ended();
  }
}
