package org.memarium.kernel.syscall;

import static org.memarium.kernel.process.SchedulingParameters.MAX_NICE;
import static org.memarium.kernel.process.SchedulingParameters.MIN_NICE;

import java.util.ArrayList;
import java.util.List;
import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.SchedulingParameters;
import org.memarium.kernel.process.Task;
import org.memarium.mm.Errno;

/** nice, getpriority and setpriority; Linux {@code kernel/sys.c}. */
final class PriorityCalls {
  private static final int PRIO_PROCESS = 0;
  private static final int PRIO_PGRP = 1;
  private static final int PRIO_USER = 2;

  /** {@code NICE_WIDTH}. */
  private static final int MOST_STEPS = 40;

  private final Kernel kernel;

  PriorityCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("nice", this::nice);
    table.set("getpriority", this::getPriority);
    table.set("setpriority", this::setPriority);
  }

  private long nice(int increment) {
    Task task = kernel.task();
    SchedulingParameters parameters = task.scheduling();
    int steps = Math.clamp(increment, -MOST_STEPS, MOST_STEPS);
    int value = Math.clamp((long) parameters.nice() + steps, MIN_NICE, MAX_NICE);
    if (increment < 0 && !mayBecome(task, value)) {
      return -Errno.EPERM;
    }
    parameters.setNice(value);
    return 0;
  }

  /** {@code can_nice}. */
  private boolean mayBecome(Task target, int value) {
    return kernel.task().identity().isPrivileged() || SchedulingCalls.mayBeAsNiceAs(target, value);
  }

  /** Whom a call is about. */
  private List<Task> chosen(int which, int who) {
    Task caller = kernel.task();
    List<Task> chosen = new ArrayList<>();
    int group = who == 0 ? caller.process().processGroup() : who;
    int user = who == 0 ? caller.identity().uid() : who;
    for (Task task : kernel.tasks().all()) {
      boolean fits =
          switch (which) {
            case PRIO_PROCESS -> task.pid() == (who == 0 ? caller.pid() : who);
            case PRIO_PGRP -> task.process().processGroup() == group;
            default -> task.identity().uid() == user;
          };
      if (fits) {
        chosen.add(task);
      }
    }
    return chosen;
  }

  /** Answers 20 less the nice value, of several tasks the largest. */
  private long getPriority(int which, int who) {
    if (which < PRIO_PROCESS || which > PRIO_USER) {
      return -Errno.EINVAL;
    }
    long best = -Errno.ESRCH;
    for (Task task : chosen(which, who)) {
      best = Math.max(best, MAX_NICE + 1L - task.scheduling().nice());
    }
    return best;
  }

  private long setPriority(int which, int who, int nice) {
    if (which < PRIO_PROCESS || which > PRIO_USER) {
      return -Errno.EINVAL;
    }
    int value = Math.clamp(nice, MIN_NICE, MAX_NICE);
    long result = -Errno.ESRCH;
    for (Task task : chosen(which, who)) {
      result = setOne(task, value, result);
    }
    return result;
  }

  /** {@code set_one_prio}: the result so far, or what this task makes of it. */
  private long setOne(Task target, int value, long soFar) {
    Identity caller = kernel.task().identity();
    Identity owner = target.identity();
    if (!caller.isPrivileged() && owner.uid() != caller.euid() && owner.euid() != caller.euid()) {
      return -Errno.EPERM;
    }
    if (value < target.scheduling().nice() && !mayBecome(target, value)) {
      return -Errno.EACCES;
    }
    target.scheduling().setNice(value);
    return soFar == -Errno.ESRCH ? 0 : soFar;
  }
}
