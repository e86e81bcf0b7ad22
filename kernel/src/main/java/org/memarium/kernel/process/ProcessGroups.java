package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;

/** Process groups and sessions, as job control has them (Linux {@code kernel/exit.c}). */
public final class ProcessGroups {
  private ProcessGroups() {}

  /** {@code session_of_pgrp}: whether a group has a member in a session. */
  public static boolean isInSession(TaskTable tasks, int group, int session) {
    for (UserProcess process : tasks.processes()) {
      if (process.processGroup() == group && process.session() == session) {
        return true;
      }
    }
    return false;
  }

  /** Whether a group has a member. */
  public static boolean exists(TaskTable tasks, int group) {
    for (UserProcess process : tasks.processes()) {
      if (process.processGroup() == group) {
        return true;
      }
    }
    return false;
  }

  /**
   * {@code is_current_pgrp_orphaned}: whether no member of a group has a parent in another group of
   * the same session, who could let it go on after a stop.
   */
  public static boolean isOrphaned(TaskTable tasks, int group) {
    return isOrphaned(tasks, group, null);
  }

  /** {@code will_become_orphaned_pgrp}: the same, as if one process were not there. */
  private static boolean isOrphaned(TaskTable tasks, int group, @Nullable UserProcess ignored) {
    for (UserProcess process : tasks.processes()) {
      UserProcess parent = process.parent();
      if (process.processGroup() == group
          && !process.equals(ignored)
          && !process.isDead()
          && parent != null
          && parent.processGroup() != group
          && parent.session() == process.session()) {
        return false;
      }
    }
    return true;
  }

  private static boolean hasStoppedJobs(TaskTable tasks, int group) {
    for (UserProcess process : tasks.processes()) {
      if (process.processGroup() == group && process.isStopped()) {
        return true;
      }
    }
    return false;
  }

  /**
   * {@code kill_orphaned_pgrp}: a group in which somebody is stopped, and which nobody is left to
   * look after, gets SIGHUP and SIGCONT.
   *
   * @param process that ends, or whose parent ends
   * @param formerParent of a process whose parent ends; null: the process itself ends
   */
  static void killOrphaned(
      TaskTable tasks, UserProcess process, @Nullable UserProcess formerParent) {
    UserProcess parent = formerParent == null ? process.parent() : formerParent;
    int group = process.processGroup();
    if (parent != null
        && parent.processGroup() != group
        && parent.session() == process.session()
        && isOrphaned(tasks, group, formerParent == null ? process : null)
        && hasStoppedJobs(tasks, group)) {
      send(tasks, group, SignalInfo.kernel(Signal.SIGHUP));
      send(tasks, group, SignalInfo.kernel(Signal.SIGCONT));
    }
  }

  /** {@code kill_pgrp}: sends a signal to all members of a group. */
  public static void send(TaskTable tasks, int group, SignalInfo info) {
    for (UserProcess process : tasks.processes()) {
      if (process.processGroup() == group && !process.isDead()) {
        process.send(info);
      }
    }
  }
}
