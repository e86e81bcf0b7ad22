package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserProcess;
import org.memarium.mm.Errno;

/** Sending signals to processes, groups and threads; Linux {@code kernel/signal.c}. */
final class KillCalls {
  /** {@code sizeof(siginfo_t)}. */
  private static final int INFO_BYTES = 128;

  private final Kernel kernel;

  KillCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("kill", this::kill);
    table.set("tkill", this::tkill);
    table.set("tgkill", this::tgkill);
    table.set("rt_sigqueueinfo", this::sigqueue);
    table.set("rt_tgsigqueueinfo", this::tgsigqueue);
  }

  private Task task() {
    return kernel.task();
  }

  /** {@code check_kill_permission}: 0 or {@code -errno}. */
  private long mayKill(Task target, SignalInfo info) {
    if (info.signal() < 0 || info.signal() > Signal.COUNT) {
      return -Errno.EINVAL;
    }
    boolean allowed = !info.isFromUser() || Permissions.maySignal(task(), target, info.signal());
    return allowed ? 0 : -Errno.EPERM;
  }

  /** {@code group_send_sig_info}. */
  long send(UserProcess process, SignalInfo info) {
    long refused = mayKill(process.leader(), info);
    return refused != 0 || info.signal() == 0 ? refused : process.send(info);
  }

  /** {@code do_send_sig_info} to one thread. */
  long send(Task thread, SignalInfo info) {
    long refused = mayKill(thread, info);
    return refused != 0 || info.signal() == 0 ? refused : thread.send(info);
  }

  /** {@code kill_something_info}. */
  private long kill(int pid, int signal) {
    SignalInfo info = SignalInfo.fromUser(signal, task().process().pid(), task().identity().uid());
    if (pid > 0) {
      return toProcess(pid, info);
    }
    if (pid == Integer.MIN_VALUE) {
      return -Errno.ESRCH;
    }
    return pid == -1
        ? toAll(info)
        : toGroup(pid == 0 ? task().process().processGroup() : -pid, info);
  }

  private long toProcess(int pid, SignalInfo info) {
    UserProcess process = kernel.tasks().findProcess(pid);
    return process == null ? -Errno.ESRCH : send(process, info);
  }

  /** {@code __kill_pgrp_info}: good if anybody could be sent it. */
  long toGroup(int group, SignalInfo info) {
    boolean sent = false;
    long result = -Errno.ESRCH;
    for (UserProcess process : kernel.tasks().processes()) {
      if (process.processGroup() == group) {
        result = send(process, info);
        sent |= result == 0;
      }
    }
    return sent ? 0 : result;
  }

  /** Everybody but init and the caller itself. */
  private long toAll(SignalInfo info) {
    int count = 0;
    long result = 0;
    for (UserProcess process : kernel.tasks().processes()) {
      if (!process.equals(task().process())) {
        count++;
        long one = send(process, info);
        result = one == -Errno.EPERM ? result : one;
      }
    }
    return count == 0 ? -Errno.ESRCH : result;
  }

  /** {@code do_send_specific}; a group of 0 or less: whatever group the thread is in. */
  private long toThread(int tgid, int tid, SignalInfo info) {
    @Nullable Task target = kernel.tasks().find(tid);
    if (target == null || (tgid > 0 && target.process().pid() != tgid)) {
      return -Errno.ESRCH;
    }
    return send(target, info);
  }

  private SignalInfo fromThread(int signal) {
    int pid = task().process().pid();
    return new SignalInfo(signal, 0, SignalInfo.TKILL, pid, task().identity().uid(), 0, 0, 0);
  }

  private long tkill(int tid, int signal) {
    return tid <= 0 ? -Errno.EINVAL : toThread(0, tid, fromThread(signal));
  }

  private long tgkill(int tgid, int tid, int signal) {
    return tid <= 0 || tgid <= 0 ? -Errno.EINVAL : toThread(tgid, tid, fromThread(signal));
  }

  /** What a program says itself of the signal that it sends; the number is not its to say. */
  SignalInfo info(int signal, int address) {
    byte[] bytes = kernel.memory().read(Integer.toUnsignedLong(address), INFO_BYTES);
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new SignalInfo(
        signal,
        in.getInt(4),
        in.getInt(8),
        in.getInt(12),
        in.getInt(16),
        in.getInt(20),
        in.getInt(24),
        in.getInt(28));
  }

  /** Nobody may pretend to others to be the kernel, or kill. */
  boolean pretends(SignalInfo info, int pid) {
    return (info.code() >= 0 || info.code() == SignalInfo.TKILL) && task().pid() != pid;
  }

  private long sigqueue(int pid, int signal, int address) {
    SignalInfo info = info(signal, address);
    return pretends(info, pid) ? -Errno.EPERM : toProcess(pid, info);
  }

  private long tgsigqueue(int tgid, int tid, int signal, int address) {
    SignalInfo info = info(signal, address);
    if (tid <= 0 || tgid <= 0) {
      return -Errno.EINVAL;
    }
    return pretends(info, tid) ? -Errno.EPERM : toThread(tgid, tid, info);
  }
}
