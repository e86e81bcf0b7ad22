package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.tty.JobControl;
import org.memarium.kernel.tty.Tty;

/** What terminals ask of the machine's processes. */
public final class TaskJobControl implements JobControl {
  private final Scheduler scheduler;
  private final TaskTable tasks;

  /**
   * The processes of a machine.
   *
   * @param scheduler knows the caller
   * @param tasks all of them
   */
  public TaskJobControl(Scheduler scheduler, TaskTable tasks) {
    this.scheduler = scheduler;
    this.tasks = tasks;
  }

  /** Null: somebody outside of the machine looks at its files. */
  private @Nullable UserProcess caller() {
    Task current = scheduler.current();
    return current == null ? null : current.process();
  }

  @Override
  public int session() {
    UserProcess caller = caller();
    return caller == null ? 0 : caller.session();
  }

  @Override
  public int processGroup() {
    UserProcess caller = caller();
    return caller == null ? 0 : caller.processGroup();
  }

  @Override
  public boolean isSessionLeader() {
    UserProcess caller = caller();
    return caller != null && caller.session() == caller.pid();
  }

  @Override
  public boolean isPrivileged() {
    Task current = scheduler.current();
    return current != null && current.identity().isPrivileged();
  }

  @Override
  public @Nullable Tty terminal() {
    UserProcess caller = caller();
    return caller == null ? null : caller.terminal();
  }

  @Override
  public void setTerminal(@Nullable Tty tty) {
    UserProcess caller = caller();
    if (caller != null) {
      caller.setTerminal(tty);
    }
  }

  @Override
  public void clearTerminal(int session) {
    for (UserProcess process : tasks.processes()) {
      if (process.session() == session) {
        process.setTerminal(null);
      }
    }
  }

  @Override
  public boolean isBlockedOrIgnored(int signal) {
    Task current = scheduler.current();
    if (current == null) {
      return false;
    }
    SignalState signals = current.signals();
    return (signals.blocked() & Signal.bit(signal)) != 0
        || signals.action(signal).handler() == SignalAction.IGNORE;
  }

  @Override
  public boolean isOrphaned() {
    return ProcessGroups.isOrphaned(tasks, processGroup());
  }

  @Override
  public boolean hasGroup(int processGroup) {
    for (UserProcess process : tasks.processes()) {
      if (process.processGroup() == processGroup) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean isInSession(int processGroup, int session) {
    return ProcessGroups.isInSession(tasks, processGroup, session);
  }

  @Override
  public void signalGroup(int processGroup, int signal) {
    ProcessGroups.send(tasks, processGroup, fromKernel(signal));
  }

  @Override
  public void signalLeader(int session, int signal) {
    UserProcess leader = tasks.findProcess(session);
    if (leader != null && !leader.isDead()) {
      leader.send(fromKernel(signal));
    }
  }

  private static SignalInfo fromKernel(int signal) {
    return SignalInfo.kernel(signal);
  }
}
