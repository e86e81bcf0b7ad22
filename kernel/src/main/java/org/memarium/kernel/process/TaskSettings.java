package org.memarium.kernel.process;

import org.memarium.kernel.procfs.ProcessSettings;

/** What files of {@code /proc/<pid>} set: some of it is the process's, some the thread's. */
public final class TaskSettings implements ProcessSettings {
  private final Task task;
  private long timerSlackNanos = DEFAULT_TIMER_SLACK_NANOS;
  private long defaultSlackNanos = DEFAULT_TIMER_SLACK_NANOS;

  TaskSettings(Task task) {
    this.task = task;
  }

  /** {@code copy_process}: what the maker has is the default of the new task. */
  void inherit(TaskSettings parent) {
    timerSlackNanos = parent.timerSlackNanos;
    defaultSlackNanos = parent.timerSlackNanos;
  }

  private OomScore score() {
    return task.process().oomScore();
  }

  @Override
  public int oomScoreAdj() {
    return score().adjustment;
  }

  @Override
  public void setOomScoreAdj(int value, boolean isRoot) {
    score().adjustment = value;
    if (isRoot) {
      score().minimum = value;
    }
  }

  @Override
  public int oomScoreAdjMin() {
    return score().minimum;
  }

  @Override
  public int coredumpFilter() {
    return score().coredumpFilter;
  }

  @Override
  public void setCoredumpFilter(int bits) {
    score().coredumpFilter = bits;
  }

  @Override
  public int hugePagesDisabled() {
    return score().hugePagesDisabled;
  }

  @Override
  public void setHugePagesDisabled(int bits) {
    score().hugePagesDisabled = bits;
  }

  @Override
  public long timerSlackNanos() {
    return timerSlackNanos;
  }

  @Override
  public void setTimerSlackNanos(long nanos) {
    timerSlackNanos = nanos == 0 ? defaultSlackNanos : nanos;
  }

  @Override
  public void setComm(String name) {
    task.setComm(name);
  }
}
