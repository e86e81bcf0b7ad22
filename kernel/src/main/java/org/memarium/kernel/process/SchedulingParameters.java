package org.memarium.kernel.process;

/**
 * How the scheduler treats a task: {@code policy}, {@code rt_priority} and {@code static_prio} of
 * {@code task_struct} (Linux {@code kernel/sched/core.c}).
 *
 * <p>A task with a real-time policy runs before all that have none. Of the others, each runs for a
 * part of the quantum as large as Linux's weight of its nice value, compared with that of nice 0.
 */
public final class SchedulingParameters {
  public static final int SCHED_OTHER = 0;
  public static final int SCHED_FIFO = 1;
  public static final int SCHED_RR = 2;
  public static final int SCHED_BATCH = 3;
  public static final int SCHED_IDLE = 5;

  public static final int MIN_NICE = -20;
  public static final int MAX_NICE = 19;

  private static final int NICE_0_WEIGHT = 1024;
  private static final int IDLE_WEIGHT = 3;

  /** {@code sched_prio_to_weight}: from nice -20 on, each step about a quarter less. */
  private static final int[] WEIGHTS = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
    9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
    1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
    110, 87, 70, 56, 45, 36, 29, 23, 18, 15
  };

  private int policy = SCHED_OTHER;
  private int realTimePriority;
  private int nice;
  private boolean resetOnFork;

  /** {@code sched_fork}: those of a task that this one's task makes. */
  SchedulingParameters fork() {
    SchedulingParameters child = new SchedulingParameters();
    if (resetOnFork) {
      boolean realTime = isRealTime();
      child.nice = realTime ? 0 : Math.max(nice, 0);
      child.policy = realTime ? SCHED_OTHER : policy;
    } else {
      child.policy = policy;
      child.realTimePriority = realTimePriority;
      child.nice = nice;
    }
    return child;
  }

  /** One of the constants here. */
  public int policy() {
    return policy;
  }

  /** From 1 to 99 for SCHED_FIFO and SCHED_RR, else 0. */
  public int realTimePriority() {
    return realTimePriority;
  }

  /** {@code SCHED_RESET_ON_FORK}. */
  public boolean isResetOnFork() {
    return resetOnFork;
  }

  /** Sets policy and priority. */
  public void set(int newPolicy, int newPriority, boolean newResetOnFork) {
    policy = newPolicy;
    realTimePriority = newPriority;
    resetOnFork = newResetOnFork;
  }

  /** From {@link #MIN_NICE}, which gets most, to {@link #MAX_NICE}. */
  public int nice() {
    return nice;
  }

  /** Sets {@link #nice}. */
  public void setNice(int value) {
    nice = value;
  }

  /** Whether it runs before all tasks without a real-time policy. */
  public boolean isRealTime() {
    return policy == SCHED_FIFO || policy == SCHED_RR;
  }

  /** {@code task_prio}, as {@code /proc/PID/stat} shows it. */
  public int shownPriority() {
    return isRealTime() ? -1 - realTimePriority : nice - MIN_NICE;
  }

  /** For how many instructions a task runs at a time: never less than one. */
  long slice(long quantum) {
    if (policy == SCHED_FIFO) {
      return Long.MAX_VALUE;
    }
    if (policy == SCHED_RR) {
      return quantum;
    }
    int weight = policy == SCHED_IDLE ? IDLE_WEIGHT : WEIGHTS[nice - MIN_NICE];
    return Math.max(
        1, quantum / NICE_0_WEIGHT * weight + quantum % NICE_0_WEIGHT * weight / NICE_0_WEIGHT);
  }
}
