package org.memarium.kernel.tty;

import org.jspecify.annotations.Nullable;

/** What terminals ask of processes, and tell them. "The caller" is the process that runs. */
public interface JobControl {
  /** The caller's session. */
  int session();

  /** The caller's process group. */
  int processGroup();

  /** Whether the caller leads its session. */
  boolean isSessionLeader();

  /** Whether the caller may do what only root may. */
  boolean isPrivileged();

  /** The caller's controlling terminal, or null. */
  @Nullable Tty terminal();

  /** Gives the caller a controlling terminal, or takes it away. */
  void setTerminal(@Nullable Tty tty);

  /** Takes the terminal away from all processes of a session. */
  void clearTerminal(int session);

  /** Whether the caller blocks or ignores a signal. */
  boolean isBlockedOrIgnored(int signal);

  /** {@code is_current_pgrp_orphaned}: whether nobody is left who could continue the caller. */
  boolean isOrphaned();

  /** Whether a process group has a member. */
  boolean hasGroup(int processGroup);

  /** {@code session_of_pgrp}: whether a group has a member in a session. */
  boolean isInSession(int processGroup, int session);

  /** {@code kill_pgrp}: sends a signal to all of a group, on the kernel's own account. */
  void signalGroup(int processGroup, int signal);

  /** Sends a signal to the leader of a session. */
  void signalLeader(int session, int signal);
}
