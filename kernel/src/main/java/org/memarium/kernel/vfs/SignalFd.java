package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code signalfd}: a file from which whoever reads takes its own signals; Linux {@code
 * fs/signalfd.c}.
 */
public final class SignalFd extends AnonymousFile {
  /** {@code sizeof(struct signalfd_siginfo)}. */
  public static final int INFO_BYTES = 128;

  /** {@code sizeof(struct signalfd_ctx)}. */
  private static final int CONTEXT_BYTES = 8;

  /** The signals of the task that runs: whoever opened the file does not matter. */
  public interface Source {
    /** Those that wait. */
    long pending();

    /** Takes one of a set, as {@code struct signalfd_siginfo}; null if none waits. */
    byte @Nullable [] take(long set);

    /** Woken when another comes. */
    WaitQueue queue();
  }

  private final Source source;
  private long mask;

  SignalFd(Dentry dentry, long mask, int flags, Source source) throws ErrnoException {
    super(dentry, flags, CONTEXT_BYTES);
    this.source = source;
    this.mask = mask;
  }

  /** Other signals count from now on. */
  void setMask(long signals) {
    mask = signals;
    source.queue().wakeUp();
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return source.queue();
  }

  @Override
  public boolean hasWrite() {
    return false;
  }

  @Override
  public long read(byte[] buffer, int offset, int bytes) {
    if (bytes < INFO_BYTES) {
      return -Errno.EINVAL;
    }
    int done = 0;
    while (bytes - done >= INFO_BYTES) {
      byte[] info = source.take(mask);
      if (info == null) {
        break;
      }
      System.arraycopy(info, 0, buffer, offset + done, INFO_BYTES);
      done += INFO_BYTES;
    }
    return done != 0 ? done : isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
  }

  @Override
  public int poll() {
    return (source.pending() & mask) != 0 ? Fcntl.POLLIN : 0;
  }
}
