package org.memarium.kernel.syscall;

import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.EventPoll;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.TimerFd;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;

/**
 * epoll, eventfd and timerfd; Linux {@code fs/eventpoll.c}, {@code fs/eventfd.c}, {@code
 * fs/timerfd.c}.
 */
final class EventCalls {
  private static final int CTL_DEL = 2;

  /** {@code struct epoll_event} on i386: events, 32 bits; data, 64 bits. */
  private static final int EVENT_BYTES = 12;

  /** {@code EP_MAX_EVENTS}. */
  private static final int MAX_EVENTS = Integer.MAX_VALUE / EVENT_BYTES;

  private final Kernel kernel;
  private final TimeFormat times;
  private final SignalMasks masks;

  EventCalls(Kernel kernel) {
    this.kernel = kernel;
    this.times = new TimeFormat(kernel.memory());
    this.masks = new SignalMasks(kernel);
  }

  void enter(SystemCallTable table) {
    table.set("eventfd", (int count) -> kernel.files().anonymous().eventfd2(count, 0));
    table.set(
        "eventfd2", (int count, int flags) -> kernel.files().anonymous().eventfd2(count, flags));
    table.set("epoll_create", (int size) -> size <= 0 ? -Errno.EINVAL : epollCreate(0));
    table.set("epoll_create1", this::epollCreate);
    table.set("epoll_ctl", this::epollControl);
    table.set(
        "epoll_wait",
        (int fd, int events, int most, int millis) ->
            epollWait(fd, events, most, deadlineOfMillis(millis), 0, 0));
    table.set(
        "epoll_pwait",
        (fd, events, most, millis, mask, bytes) ->
            epollWait(fd, events, most, deadlineOfMillis(millis), mask, bytes));
    table.set(
        "epoll_pwait2",
        (fd, events, most, timeout, mask, bytes) ->
            epollWait(fd, events, most, deadlineOfTimespec(timeout), mask, bytes));
    table.set("timerfd_create", this::timerfdCreate);
    table.set(
        "timerfd_settime",
        (int fd, int flags, int value, int old) -> timerfdSettime(fd, flags, value, old, 4));
    table.set(
        "timerfd_settime64",
        (int fd, int flags, int value, int old) -> timerfdSettime(fd, flags, value, old, 8));
    table.set("timerfd_gettime", (int fd, int value) -> timerfdGettime(fd, value, 4));
    table.set("timerfd_gettime64", (int fd, int value) -> timerfdGettime(fd, value, 8));
  }

  // ---- epoll ----

  private long epollCreate(int flags) {
    return kernel.files().anonymous().epollCreate1(flags);
  }

  private long epollControl(int epollFd, int operation, int fd, int event) {
    int events = 0;
    long data = 0;
    if (operation != CTL_DEL) {
      byte[] raw = kernel.memory().read(Integer.toUnsignedLong(event), EVENT_BYTES);
      events = Bytes.getInt(raw, 0);
      data = Bytes.getLong(raw, 4);
    }
    OpenFile epoll = kernel.task().files().get(epollFd);
    OpenFile file = kernel.task().files().get(fd);
    if (epoll == null || file == null || epoll.isPathOnly() || file.isPathOnly()) {
      return -Errno.EBADF;
    }
    if (!(epoll instanceof EventPoll poll)) {
      return file.waitQueue(Fcntl.POLLIN) == null ? -Errno.EPERM : -Errno.EINVAL;
    }
    return poll.ctl(operation, fd, file, events, data);
  }

  private long deadlineOfMillis(int millis) {
    return millis < 0 ? Timers.NEVER : kernel.clock().uptimeNanos() + millis * 1_000_000L;
  }

  private long deadlineOfTimespec(int timeout) {
    if (timeout == 0) {
      return Timers.NEVER;
    }
    long now = kernel.clock().uptimeNanos();
    return now + Math.min(times.readTimespec(timeout, 8), Timers.NEVER - now);
  }

  private long epollWait(int fd, int events, int most, long deadline, int mask, int maskBytes) {
    masks.set(mask, maskBytes);
    long result = epollWait(fd, events, most, deadline);
    if (result != SleepingCall.ASLEEP) {
      masks.restore();
    }
    return result;
  }

  private long epollWait(int fd, int events, int most, long deadline) {
    long at = Integer.toUnsignedLong(events);
    if (most <= 0 || most > MAX_EVENTS) {
      return -Errno.EINVAL;
    }
    if (!kernel.memory().isUserRange(at, (long) most * EVENT_BYTES)) {
      return -Errno.EFAULT;
    }
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || file.isPathOnly()) {
      return -Errno.EBADF;
    }
    if (!(file instanceof EventPoll poll)) {
      return -Errno.EINVAL;
    }
    EpollWait wait = new EpollWait(poll, at, most, deadline);
    long result = wait.look();
    if (result != SleepingCall.ASLEEP) {
      return result;
    }
    kernel.vfs().fget(poll);
    Task task = kernel.task();
    task.sleep().begin(wait);
    task.sleep().waitOnExclusive(poll.waiters());
    if (deadline != Timers.NEVER) {
      task.sleep().waitUntil(deadline);
    }
    return SleepingCall.ASLEEP;
  }

  /** {@code ep_poll}. */
  private final class EpollWait implements SleepingCall {
    private final EventPoll poll;
    private final long at;
    private final int most;
    private final long deadline;
    private int stored;

    EpollWait(EventPoll poll, long at, int most, long deadline) {
      this.poll = poll;
      this.at = at;
      this.most = most;
      this.deadline = deadline;
    }

    long look() {
      if (poll.hasReady()) {
        stored = 0;
        long result = poll.collect(most, this::store);
        if (result != 0) {
          return result;
        }
      }
      return kernel.clock().uptimeNanos() >= deadline ? 0 : ASLEEP;
    }

    private boolean store(int events, long data) {
      long to = at + (long) EVENT_BYTES * stored++;
      try {
        kernel.memory().writeInt(to, events);
        kernel.memory().writeLong(to + 4, data);
        return true;
      } catch (UserFaultException notWritable) {
        return false;
      }
    }

    @Override
    public long tryAgain() {
      long result = look();
      if (result != ASLEEP) {
        masks.restore();
      }
      return result;
    }

    @Override
    public long interrupted() {
      return -Errno.EINTR;
    }

    @Override
    public boolean waitsForOutside() {
      return poll.waitsForOutside();
    }

    @Override
    public void ended() {
      kernel.vfs().fput(poll);
    }

    @Override
    public String what() {
      return "an event (epoll)";
    }
  }

  // ---- timerfd ----

  private long timerfdCreate(int clock, int flags) {
    TimerFd.Clocks clocks =
        new TimerFd.Clocks() {
          @Override
          public long realtimeNanos() {
            return kernel.clock().realtimeNanos();
          }

          @Override
          public long uptimeNanos() {
            return kernel.clock().uptimeNanos();
          }
        };
    return kernel.files().anonymous().timerfdCreate(clock, flags, kernel.timers(), clocks);
  }

  private TimerFd timer(int fd) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null) {
      throw new CallFailedException(Errno.EBADF);
    }
    if (!(file instanceof TimerFd timer)) {
      throw new CallFailedException(Errno.EINVAL);
    }
    return timer;
  }

  /** {@code struct itimerspec}: the interval first, then the value. */
  private long timerfdSettime(int fd, int flags, int value, int old, int wordBytes) {
    long interval = times.readTimespec(value, wordBytes);
    long first = times.readTimespec(value + 2 * wordBytes, wordBytes);
    try {
      TimerFd.Setting before = timer(fd).settime(flags, first, interval);
      if (old != 0) {
        write(old, before, wordBytes);
      }
      return 0;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  private long timerfdGettime(int fd, int value, int wordBytes) {
    write(value, timer(fd).gettime(), wordBytes);
    return 0;
  }

  private void write(int to, TimerFd.Setting setting, int wordBytes) {
    times.writeTimespec(to, wordBytes, setting.intervalNanos());
    times.writeTimespec(to + 2 * wordBytes, wordBytes, setting.leftNanos());
  }
}
