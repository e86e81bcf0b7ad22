package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.tty.JobControl;
import org.memarium.kernel.tty.Tty;

/**
 * Processes that come to be after the tree of files. Until then, and without a machine, there is
 * one caller in a session of its own, and nobody to signal.
 */
final class LateJobControl implements JobControl {
  private static final int NOBODY = 1;

  private @Nullable JobControl jobs;

  void set(JobControl processes) {
    jobs = processes;
  }

  @Override
  public int session() {
    return jobs == null ? NOBODY : jobs.session();
  }

  @Override
  public int processGroup() {
    return jobs == null ? NOBODY : jobs.processGroup();
  }

  @Override
  public boolean isSessionLeader() {
    return jobs != null && jobs.isSessionLeader();
  }

  @Override
  public boolean isPrivileged() {
    return jobs != null && jobs.isPrivileged();
  }

  @Override
  public @Nullable Tty terminal() {
    return jobs == null ? null : jobs.terminal();
  }

  @Override
  public void setTerminal(@Nullable Tty tty) {
    if (jobs != null) {
      jobs.setTerminal(tty);
    }
  }

  @Override
  public void clearTerminal(int session) {
    if (jobs != null) {
      jobs.clearTerminal(session);
    }
  }

  @Override
  public boolean isBlockedOrIgnored(int signal) {
    return jobs != null && jobs.isBlockedOrIgnored(signal);
  }

  @Override
  public boolean isOrphaned() {
    return jobs == null || jobs.isOrphaned();
  }

  @Override
  public boolean hasGroup(int processGroup) {
    return jobs != null && jobs.hasGroup(processGroup);
  }

  @Override
  public boolean isInSession(int processGroup, int session) {
    return jobs != null && jobs.isInSession(processGroup, session);
  }

  @Override
  public void signalGroup(int processGroup, int signal) {
    if (jobs != null) {
      jobs.signalGroup(processGroup, signal);
    }
  }

  @Override
  public void signalLeader(int session, int signal) {
    if (jobs != null) {
      jobs.signalLeader(session, signal);
    }
  }
}
