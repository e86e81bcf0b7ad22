package org.memarium.kernel.process;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code do_exit}: a thread ends, with its last one the process; Linux {@code kernel/exit.c}. The
 * machine's first program has no parent here: it is reaped at once.
 */
public final class TaskExit {
  private TaskExit() {}

  /** Ends the thread that runs. */
  public static void exit(Task task, Scheduler scheduler) {
    UserProcess process = task.process();
    Trace trace = task.trace();
    if (trace.isOn()) {
      int status = process.exitCode();
      trace.emit(new TraceEvent.SchedProcessExit(task.pid(), task.comm(), status));
    }
    task.stopSleeping();
    task.mmRelease();
    task.futexThread().die();
    task.release();
    if (task.equals(scheduler.current())) {
      scheduler.forgetCurrent();
    }
    if (!task.isLeader()) {
      task.reap();
    }
    if (process.isDead()) {
      forgetChildren(process);
      notifyParent(process);
    }
  }

  /** {@code forget_original_parent}: the children go to init, which reaps the dead among them. */
  private static void forgetChildren(UserProcess process) {
    for (UserProcess child : List.copyOf(process.children())) {
      child.setParent(null);
      if (child.isDead()) {
        reap(child);
      }
    }
  }

  /** {@code exit_notify}. */
  private static void notifyParent(UserProcess process) {
    @Nullable UserProcess parent = process.parent();
    if (parent == null) {
      reap(process);
      return;
    }
    parent.childExit().wakeUpAll();
  }

  /** {@code release_task}: nothing is left of the process. */
  public static void reap(UserProcess process) {
    process.setParent(null);
    process.leader().reap();
  }
}
