package org.memarium.kernel.process;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.tty.Tty;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code do_exit}: a thread ends, with its last one the process; Linux {@code kernel/exit.c}.
 *
 * <pre>
 *   the thread     lets go of memory, files, places; its children get another thread as parent
 *   the last one   the children go to a subreaper or to init; the parent is told
 *   the parent     ignores SIGCHLD: all of the process goes at once
 *                  else: a zombie, until the parent waits for it
 * </pre>
 *
 * <p>Init is outside of the machine: whoever is its child is reaped at once.
 */
public final class TaskExit {
  private TaskExit() {}

  /** Ends the thread that runs. */
  public static void exit(Task task, Scheduler scheduler) {
    UserProcess process = task.process();
    leave(task);
    boolean dead = process.isDead();
    if (task.equals(scheduler.current())) {
      if (dead && process.session() == process.pid()) {
        // Whoever is in the foreground hears that the terminal's session has lost its leader.
        Tty.disassociate(new TaskJobControl(scheduler, task.machinery().tasks()));
      }
      scheduler.forgetCurrent();
    }
    if (dead) {
      process.timers().stop();
      process.ended().wakeUpAll();
    }
    forgetChildren(task, dead);
    if (!task.isLeader()) {
      process.usage().add(task);
      reap(task);
    }
    if (dead) {
      ProcessGroups.killOrphaned(task.machinery().tasks(), process, null);
      if (notifyParent(process)) {
        reap(process);
      }
    }
  }

  /** {@code exit_mm} and what follows it: the task lets go of all that it has. */
  private static void leave(Task task) {
    Trace trace = task.trace();
    if (trace.isOn()) {
      int status = task.process().exitCode();
      trace.emit(new TraceEvent.SchedProcessExit(task.pid(), task.comm(), status));
    }
    task.sleep().end();
    task.mmRelease().run();
    task.futexThread().die();
    SignalSender.retarget(task.process(), task, ~task.signals().blocked());
    release(task);
  }

  /**
   * {@code do_exit}: the address space, the files and the working directory go. What is left is a
   * zombie. A second time nothing happens.
   */
  public static void release(Task task) {
    if (task.isReleased()) {
      return;
    }
    UserProcess process = task.process();
    task.sleep().end();
    task.runState().end();
    MmStruct space = task.mm();
    if (space != null) {
      process.usage().noteRss(space.rss().peak());
      task.setMm(null);
      space.put();
    }
    if (process.isDead()) {
      task.machinery().ipc().exitProcess(process, process.pid());
    }
    task.machinery().ipc().exitThread(task);
    task.setExecutable(null);
    task.files().free();
    task.fs().free();
    task.signals().flush();
    task.signals().sighand().put();
    if (process.isDead()) {
      process.pending().flush(-1L);
    }
  }

  /** {@code release_task}: the parent has heard of the end, and the task's own objects go. */
  public static void reap(Task task) {
    if (!task.isReleased()) {
      throw new IllegalStateException(task + " is reaped alive");
    }
    task.machinery().tasks().remove(task);
    task.process().removeThread(task);
    task.descriptors().free();
  }

  /**
   * {@code de_thread}: ends all threads of a process but one, which becomes its first one. They do
   * not run any more: what each had to do at its end is done for it here.
   */
  static void endOtherThreads(Task survivor) {
    UserProcess process = survivor.process();
    Task leader = process.leader();
    for (Task thread : List.copyOf(process.threads())) {
      if (!thread.equals(survivor)) {
        leave(thread);
        process.usage().add(thread);
        forgetChildren(thread, false);
        reap(thread);
      }
    }
    if (!leader.equals(survivor)) {
      survivor.becomeLeader(leader);
    }
  }

  /** {@code forget_original_parent}. */
  private static void forgetChildren(Task task, boolean dead) {
    UserProcess process = task.process();
    UserProcess reaper = dead ? reaper(process) : process;
    Task thread = reaper == null ? null : anotherThread(reaper);
    for (UserProcess child : List.copyOf(process.children())) {
      if (!dead && !task.equals(child.parentThread())) {
        continue;
      }
      child.setParent(reaper, thread);
      for (Task each : List.copyOf(child.threads())) {
        if (each.attributes().parentDeathSignal() != 0) {
          child.send(SignalInfo.fromUser(each.attributes().parentDeathSignal(), 0, 0));
        }
      }
      if (dead) {
        child.setExitSignal(Signal.SIGCHLD);
        boolean forgotten = child.isDead() && notifyParent(child);
        ProcessGroups.killOrphaned(task.machinery().tasks(), child, process);
        if (forgotten) {
          reap(child);
        }
      }
    }
  }

  /** {@code find_new_reaper}: the nearest ancestor that asked for orphans; null: init. */
  private static @Nullable UserProcess reaper(UserProcess process) {
    UserProcess ancestor = process.parent();
    while (ancestor != null && (!ancestor.isSubreaper() || ancestor.isDead())) {
      ancestor = ancestor.parent();
    }
    return ancestor;
  }

  private static Task anotherThread(UserProcess process) {
    for (Task thread : process.threads()) {
      if (!thread.isReleased()) {
        return thread;
      }
    }
    throw new IllegalStateException(process + " has no thread that lives");
  }

  /**
   * {@code do_notify_parent}: a process has ended.
   *
   * @return whether nobody will wait for it
   */
  private static boolean notifyParent(UserProcess process) {
    UserProcess parent = process.parent();
    if (parent == null) {
      return true;
    }
    int signal = process.exitSignal();
    boolean forgotten = false;
    if (signal == Signal.SIGCHLD) {
      SignalAction action = parent.leader().signals().action(signal);
      boolean ignored = action.handler() == SignalAction.IGNORE;
      forgotten = ignored || action.has(SignalAction.SA_NOCLDWAIT);
      signal = ignored ? 0 : signal;
    }
    if (signal != 0 && signal <= Signal.COUNT) {
      parent.send(ChildStatus.ofEnd(process).info(signal, process));
    }
    parent.childExit().wakeUpAll();
    return forgotten;
  }

  /** {@code release_task}: nothing is left of the process. */
  public static void reap(UserProcess process) {
    UserProcess parent = process.parent();
    if (parent != null) {
      parent.childrenUsage().addAll(process);
    }
    process.setParent(null, null);
    reap(process.leader());
  }
}
