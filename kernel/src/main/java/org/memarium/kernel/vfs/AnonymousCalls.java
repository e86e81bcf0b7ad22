package org.memarium.kernel.vfs;

import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;

/**
 * The calls that make files which are nothing but what they do: eventfd, epoll, timerfd, signalfd,
 * pidfd.
 */
public final class AnonymousCalls {
  private final FileCalls calls;
  private final Vfs vfs;

  AnonymousCalls(FileCalls calls, Vfs vfs) {
    this.calls = calls;
    this.vfs = vfs;
  }

  /** What makes the file, on its nameless entry. */
  @FunctionalInterface
  private interface Making {
    OpenFile make(Dentry dentry) throws ErrnoException;
  }

  /** What makes the nameless entry. */
  @FunctionalInterface
  private interface Naming {
    Dentry make() throws ErrnoException;
  }

  private long install(String name, int flags, Making making) throws ErrnoException {
    return install(() -> vfs.newAnonymous(name), flags, making);
  }

  private long install(Naming naming, int flags, Making making) throws ErrnoException {
    int fd = calls.fds().unused(0);
    if (fd < 0) {
      return fd;
    }
    Dentry dentry = naming.make();
    dentry.hold();
    try {
      OpenFile file = calls.withFilp(() -> making.make(dentry));
      return calls.fds().install(file, (flags & Fcntl.O_CLOEXEC) != 0);
    } finally {
      dentry.release();
    }
  }

  /** eventfd2(2). */
  public long eventfd2(int count, int flags) {
    return calls.result(() -> {
      calls.checkFlags(flags, Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK | EventFd.SEMAPHORE);
      return install("[eventfd]", flags, dentry -> new EventFd(dentry, count, flags));
    });
  }

  /**
   * {@code pidfd_create}; such a descriptor is always closed by execve.
   *
   * @param flags {@link PidFd#NONBLOCK} or 0
   * @param inPidFs whether the kernel has {@link PidFs}
   */
  public long pidfd(int flags, PidFd.Target target, boolean inPidFs) {
    return calls.result(() ->
        install(
            () -> inPidFs ? vfs.newPidFd(target) : vfs.newAnonymous("[pidfd]"),
            flags | Fcntl.O_CLOEXEC,
            dentry -> new PidFd(dentry, flags, target, inPidFs)));
  }

  /** epoll_create1(2). */
  public long epollCreate1(int flags) {
    return calls.result(() -> {
      calls.checkFlags(flags, Fcntl.O_CLOEXEC);
      return install("[eventpoll]", flags, EventPoll::new);
    });
  }

  /**
   * timerfd_create(2).
   *
   * @param clock a {@code clockid_t}
   * @param timers the machine's
   */
  public long timerfdCreate(int clock, int flags, Timers timers, TimerFd.Clocks clocks) {
    return calls.result(() -> {
      calls.checkFlags(flags, Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK);
      if (!TimerFd.isClock(clock)) {
        throw new ErrnoException(Errno.EINVAL);
      }
      if (TimerFd.needsPrivilege(clock) && !calls.credentials().isRoot()) {
        throw new ErrnoException(Errno.EPERM);
      }
      return install(
          "[timerfd]", flags, dentry -> new TimerFd(dentry, clock, flags, timers, clocks));
    });
  }

  /**
   * signalfd4(2).
   *
   * @param fd of a file to change; -1 for another one
   * @param mask the signals that can be read
   */
  public long signalfd(int fd, long mask, int flags, SignalFd.Source source) {
    return calls.result(() -> {
      calls.checkFlags(flags, Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK);
      if (fd == -1) {
        return install("[signalfd]", flags, dentry -> new SignalFd(dentry, mask, flags, source));
      }
      OpenFile file = calls.fds().get(fd);
      if (file == null || file.isPathOnly()) {
        throw new ErrnoException(Errno.EBADF);
      }
      if (!(file instanceof SignalFd signals)) {
        throw new ErrnoException(Errno.EINVAL);
      }
      signals.setMask(mask);
      return fd;
    });
  }
}
