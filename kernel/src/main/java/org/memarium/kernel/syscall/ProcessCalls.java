package org.memarium.kernel.syscall;

import java.util.function.ToLongFunction;
import org.memarium.kernel.process.ProcessGroups;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserProcess;
import org.memarium.mm.Errno;

/** The end of a process, its numbers, its group and its session; Linux {@code kernel/sys.c}. */
final class ProcessCalls {
  private final Kernel kernel;

  ProcessCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  private Task task() {
    return kernel.task();
  }

  void enter(SystemCallTable table) {
    table.set("exit", this::exit);
    table.set("exit_group", this::exitGroup);
    table.set("getpid", () -> task().process().pid());
    table.set("gettid", () -> task().pid());
    table.set("getppid", () -> task().process().parentPid());
    table.set("getpgrp", () -> task().process().processGroup());
    table.set("getpgid", (int pid) -> ask(pid, task -> task.process().processGroup()));
    table.set("getsid", (int pid) -> ask(pid, task -> task.process().session()));
    table.set("setpgid", this::setpgid);
    table.set("setsid", this::setsid);
    table.set("personality", this::personality);
    table.set("restart_syscall", () -> task().call().restart());
  }

  private long exit(int status) {
    task().exit((status & 0xff) << 8);
    return 0;
  }

  private long exitGroup(int status) {
    task().process().exitGroup((status & 0xff) << 8);
    return 0;
  }

  private long ask(int pid, ToLongFunction<Task> question) {
    Task target = pid == 0 ? task() : kernel.tasks().find(pid);
    return target == null ? -Errno.ESRCH : question.applyAsLong(target);
  }

  private long setpgid(int pid, int group) {
    UserProcess caller = task().process();
    int number = pid == 0 ? caller.pid() : pid;
    int wanted = group == 0 ? number : group;
    if (wanted < 0) {
      return -Errno.EINVAL;
    }
    Task found = kernel.tasks().find(number);
    if (found == null) {
      return -Errno.ESRCH;
    }
    UserProcess target = found.process();
    if (target.pid() != number) {
      return -Errno.EINVAL;
    }
    if (caller.equals(target.parent())) {
      if (target.session() != caller.session()) {
        return -Errno.EPERM;
      }
      if (target.hasExecuted()) {
        return -Errno.EACCES;
      }
    } else if (!target.equals(caller)) {
      return -Errno.ESRCH;
    }
    if (target.isSessionLeader()
        || (wanted != number
            && !ProcessGroups.isInSession(kernel.tasks(), wanted, caller.session()))) {
      return -Errno.EPERM;
    }
    target.setProcessGroup(wanted);
    return 0;
  }

  private long setsid() {
    UserProcess process = task().process();
    if (process.isSessionLeader() || ProcessGroups.exists(kernel.tasks(), process.pid())) {
      return -Errno.EPERM;
    }
    process.startSession();
    return process.session();
  }

  private long personality(int bits) {
    int before = task().attributes().personality();
    if (bits != -1) {
      task().attributes().setPersonality(bits);
    }
    return Integer.toUnsignedLong(before);
  }
}
