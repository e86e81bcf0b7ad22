package org.memarium.kernel.vfs;

import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code pidfd_fops}: a file that stands for a process; Linux {@code fs/pidfs.c}. Since 6.9 it is a
 * file of {@link PidFs}, which shows in what other calls answer; before it has no inode of its own.
 */
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
  private final boolean inPidFs;

  /**
   * Opens.
   *
   * @param flags {@link #NONBLOCK} counts
   * @param inPidFs whether the entry is one of {@link PidFs}
   */
  PidFd(Dentry dentry, int flags, Target target, boolean inPidFs) {
    super(dentry, Fcntl.O_RDWR | (flags & NONBLOCK));
    this.target = target;
    this.inPidFs = inPidFs;
  }

  /** Whom it stands for. */
  public Target target() {
    return target;
  }

  @Override
  public boolean hasRead() {
    return false;
  }

  @Override
  public boolean hasWrite() {
    return false;
  }

  @Override
  public boolean hasPositions() {
    return inPidFs;
  }

  /** Its file system is mounted without the right to execute. */
  @Override
  public boolean isNoExec() {
    return inPidFs;
  }

  @Override
  public long truncate(long sizeBytes) {
    return inPidFs ? -Errno.EOPNOTSUPP : super.truncate(sizeBytes);
  }

  @Override
  public int poll() {
    int ended = target.hasEnded() ? Fcntl.POLLIN | Fcntl.POLLRDNORM : 0;
    return inPidFs && target.isReaped() ? ended | Fcntl.POLLHUP : ended;
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return target.ended();
  }
}
