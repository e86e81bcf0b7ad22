package org.memarium.kernel.process;

import org.memarium.mm.space.MmStruct;

/**
 * How a task changes its user and groups: {@code prepare_creds} and {@code commit_creds} of Linux
 * {@code kernel/cred.c}. The {@link Identity} itself is changed in between.
 */
public final class TaskCred {
  private final Task task;

  /** The identity as it was when it last changed. */
  private Identity committed;

  /** The real user under which the table counts the task. */
  private int countedUser;

  TaskCred(Task task) {
    this.task = task;
    this.committed = task.identity().copy();
    this.countedUser = task.identity().uid();
  }

  /** {@code prepare_creds}: false if there is no memory to change users or groups. */
  public boolean prepare() {
    return task.descriptors().renewCred();
  }

  /**
   * {@code commit_creds}, after a change of {@link Task#identity}: files are judged by it from now
   * on, and others of the new user may not look into what the old one had.
   */
  public void commit() {
    Identity identity = task.identity();
    if (!identity.hasRightsOf(committed)) {
      task.process().setDumpable(false);
      task.attributes().setParentDeathSignal(0);
    }
    committed = identity.copy();
    task.fileCalls().credentials(identity.forFiles());
    MmStruct memory = task.mm();
    if (memory != null) {
      memory.setPrivileged(identity.isPrivileged());
    }
    int user = identity.uid();
    if (user != countedUser) {
      task.machinery().tasks().userChanged(countedUser, user);
      countedUser = user;
    }
  }
}
