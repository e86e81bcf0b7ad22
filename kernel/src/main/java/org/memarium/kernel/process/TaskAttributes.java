package org.memarium.kernel.process;

/**
 * Small marks of a task that prctl(2), personality(2) and execve(2) set and fork hands on; and what
 * it has read and written.
 */
public final class TaskAttributes {
  private final TaskIo io = new TaskIo();
  private int personality;
  private int parentDeathSignal;
  private boolean noNewPrivileges;
  private boolean forkedOnly;
  private boolean randomized;

  TaskAttributes() {}

  /** {@code copy_process}; who hears of the parent's end is not handed on. */
  void inherit(TaskAttributes parent) {
    personality = parent.personality;
    noNewPrivileges = parent.noNewPrivileges;
    randomized = parent.randomized;
    forkedOnly = true;
  }

  /** {@code ioac}: what it has read and written. */
  public TaskIo io() {
    return io;
  }

  /** Bits of personality(2). */
  public int personality() {
    return personality;
  }

  /** Sets the bits of personality(2). */
  public void setPersonality(int bits) {
    personality = bits;
  }

  /** {@code PR_GET_PDEATHSIG}: what it is sent when its parent ends; 0 for nothing. */
  public int parentDeathSignal() {
    return parentDeathSignal;
  }

  /** See {@link #parentDeathSignal()}. */
  public void setParentDeathSignal(int signal) {
    parentDeathSignal = signal;
  }

  /** {@code PR_GET_NO_NEW_PRIVS}. */
  public boolean hasNoNewPrivileges() {
    return noNewPrivileges;
  }

  /** {@code PR_SET_NO_NEW_PRIVS}, for good. */
  public void setNoNewPrivileges() {
    noNewPrivileges = true;
  }

  /** {@code PF_FORKNOEXEC}: it was forked, and has not run a program since. */
  boolean isForkedOnly() {
    return forkedOnly;
  }

  /** See {@link #isForkedOnly()}. */
  void setForkedOnly(boolean value) {
    forkedOnly = value;
  }

  /** {@code PF_RANDOMIZE}: whether its program lies at random addresses. */
  boolean isRandomized() {
    return randomized;
  }

  /** See {@link #isRandomized()}. */
  public void setRandomized(boolean value) {
    randomized = value;
  }
}
