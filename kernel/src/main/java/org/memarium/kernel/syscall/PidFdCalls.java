package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.PidFd;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MmStruct;

/**
 * Processes by descriptors: pidfd_open and what takes such a descriptor (Linux {@code
 * kernel/pid.c}, {@code kernel/signal.c}, {@code mm/madvise.c}).
 */
final class PidFdCalls {
  /** {@code PIDFD_SELF_THREAD} and {@code PIDFD_SELF_THREAD_GROUP}, of current kernels. */
  private static final int PIDFD_SELF_THREAD = -10_000;

  private static final int PIDFD_SELF_THREAD_GROUP = -10_001;

  // ---- Whom pidfd_send_signal reaches, since 6.9; a descriptor of a process: the process ----
  private static final int SIGNAL_THREAD = 1;
  private static final int SIGNAL_PROCESS_GROUP = 4;
  private static final int SIGNAL_FLAGS = 7;

  private final Kernel kernel;
  private final KillCalls kill;

  PidFdCalls(Kernel kernel, KillCalls kill) {
    this.kernel = kernel;
    this.kill = kill;
  }

  void enter(SystemCallTable table) {
    table
        .set("pidfd_open", this::open)
        .partly("no PIDFD_THREAD; waitid waits in spite of PIDFD_NONBLOCK");
    table
        .set("pidfd_send_signal", this::sendSignal)
        .partly("no directory of /proc in the place of a pidfd");
    table.set("pidfd_getfd", this::getFd);
    table.set("process_madvise", this::processMadvise);
    table.set("process_mrelease", this::processMrelease);
  }

  /** A process, for its descriptors. */
  private record Target(UserProcess process, Kernel kernel) implements PidFd.Target {
    @Override
    public boolean hasEnded() {
      return process.isDead();
    }

    @Override
    public boolean isReaped() {
      UserProcess found = kernel.tasks().findProcess(process.pid());
      return found == null || !found.equals(process);
    }

    @Override
    public WaitQueue ended() {
      return process.ended();
    }
  }

  private Layout layout() {
    return kernel.task().requireMm().layout();
  }

  /** {@code pidfd_open}. */
  private long open(int pid, int flags) {
    if ((flags & ~PidFd.NONBLOCK) != 0 || pid <= 0) {
      return -Errno.EINVAL;
    }
    Task task = kernel.tasks().find(pid);
    if (task == null) {
      return -Errno.ESRCH;
    }
    boolean current = layout().hasCurrentPidFds();
    if (task.process().pid() != pid) {
      return current ? -Errno.ENOENT : -Errno.EINVAL;
    }
    return openOf(kernel, task.process(), flags);
  }

  /** {@code pidfd_prepare}: a descriptor of a process, for the task that runs. */
  static long openOf(Kernel kernel, UserProcess process, int flags) {
    boolean current = kernel.task().requireMm().layout().hasCurrentPidFds();
    return kernel.files().anonymous().pidfd(flags, new Target(process, kernel), current);
  }

  /** {@code pidfd_to_pid}: the process of a descriptor, reaped or not; null if it is none. */
  static @Nullable UserProcess process(Kernel kernel, int fd) {
    OpenFile file = kernel.task().files().get(fd);
    return file instanceof PidFd pidfd && pidfd.target() instanceof Target(UserProcess process, _)
        ? process
        : null;
  }

  private boolean isReaped(UserProcess process) {
    return new Target(process, kernel).isReaped();
  }

  /** {@code pidfd_send_signal}. */
  private long sendSignal(int fd, int signal, int info, int flags) {
    int known = layout().hasCurrentPidFds() ? SIGNAL_FLAGS : 0;
    if ((flags & ~known) != 0 || Integer.bitCount(flags) > 1) {
      return -Errno.EINVAL;
    }
    UserProcess process = process(kernel, fd);
    if (process == null) {
      return -Errno.EBADF;
    }
    Task caller = kernel.task();
    SignalInfo sent =
        info == 0
            ? SignalInfo.fromUser(signal, caller.process().pid(), caller.identity().uid())
            : kill.info(signal, info);
    if (info != 0) {
      if (kernel.memory().readInt(Integer.toUnsignedLong(info)) != signal) {
        return -Errno.EINVAL;
      }
      if (kill.pretends(sent, process.pid())) {
        return -Errno.EPERM;
      }
    }
    if (isReaped(process)) {
      return -Errno.ESRCH;
    }
    return switch (flags) {
      case SIGNAL_THREAD -> kill.send(process.leader(), sent);
      case SIGNAL_PROCESS_GROUP -> kill.toGroup(process.pid(), sent);
      default -> kill.send(process, sent);
    };
  }

  /** {@code pidfd_getfd}. */
  private long getFd(int fd, int wanted, int flags) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    UserProcess process = process(kernel, fd);
    if (process == null) {
      return -Errno.EBADF;
    }
    if (isReaped(process)) {
      return -Errno.ESRCH;
    }
    Task leader = process.leader();
    if (!Permissions.mayInspect(kernel.task(), leader)) {
      return -Errno.EPERM;
    }
    if (process.isDead()) {
      return -Errno.ESRCH;
    }
    OpenFile file = leader.files().get(wanted);
    return file == null ? -Errno.EBADF : kernel.task().files().install(file, true);
  }

  /** {@code pidfd_get_task}, whose errors are EBADF (null here) and ESRCH (of one reaped). */
  private @Nullable UserProcess processOrSelf(int fd) {
    boolean self =
        layout().hasCurrentPidFds() && (fd == PIDFD_SELF_THREAD || fd == PIDFD_SELF_THREAD_GROUP);
    return self ? kernel.task().process() : process(kernel, fd);
  }

  /**
   * {@code process_mrelease} ({@code mm/oom_kill.c}): takes the memory of a process that was killed
   * before it comes to its end.
   */
  private long processMrelease(int fd, int flags) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    UserProcess process = processOrSelf(fd);
    if (process == null) {
      return -Errno.EBADF;
    }
    MmStruct mm = process.isDead() ? null : process.leader().mm();
    if (mm == null) {
      return -Errno.ESRCH;
    }
    if (mm.isOomSkipped()) {
      return 0;
    }
    for (UserProcess other : kernel.tasks().processes()) {
      if (mm.equals(other.leader().mm()) && !isEnding(other)) {
        return -Errno.EINVAL;
      }
    }
    mm.oomReap();
    return 0;
  }

  /** {@code __task_will_free_mem}: it has been told to end. */
  private static boolean isEnding(UserProcess process) {
    return process.isExiting()
        || (process.leader().signals().pending() & Signal.bit(Signal.SIGKILL)) != 0;
  }

  /** {@code process_madvise}. */
  private long processMadvise(int fd, int vector, int count, int advice, int flags) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    UserBuffer pieces = UserBuffer.vector(kernel.memory(), vector, count);
    UserProcess process = processOrSelf(fd);
    if (process == null) {
      return -Errno.EBADF;
    }
    if (isReaped(process)) {
      return -Errno.ESRCH;
    }
    Task leader = process.leader();
    if (!Permissions.mayInspect(kernel.task(), leader)) {
      return -Errno.EPERM;
    }
    MmStruct mm = process.isDead() ? null : leader.mm();
    if (mm == null) {
      return -Errno.ESRCH;
    }
    boolean own = mm.equals(kernel.task().mm()) && layout().letsProcessesAdviseThemselves();
    if (!own && !MmStruct.isAdviceForOthers(advice)) {
      return -Errno.EINVAL;
    }
    if (!own && !kernel.task().identity().isPrivileged()) {
      return -Errno.EPERM;
    }
    return advise(mm, pieces, advice);
  }

  /** {@code vector_madvise}: bytes that were advised before the first error. */
  private long advise(MmStruct mm, UserBuffer pieces, int advice) {
    long done = 0;
    for (int i = 0; done < pieces.left(); i++) {
      if (i > 0 && pieces.length(i) == 0) {
        continue; // iov_iter_advance passes over what is empty, but nobody has advanced to the
        // first.
      }
      long error =
          mm.madvise(pieces.address(i), pieces.length(i), advice, AdviceCalls.files(kernel));
      if (error < 0) {
        return done > 0 ? done : error;
      }
      done += pieces.length(i);
    }
    return done;
  }
}
