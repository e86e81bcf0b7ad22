package org.memarium.kernel.procfs;

/** What files of {@code /proc/<pid>} set, where a process or a thread keeps it. */
public interface ProcessSettings {
  /** {@code OOM_SCORE_ADJ_MAX}, and the negative of {@code OOM_SCORE_ADJ_MIN}. */
  int MAX_OOM_SCORE_ADJ = 1000;

  /** {@code MMF_DUMP_FILTER_DEFAULT}: anonymous memory, ELF headers and private huge pages. */
  int DEFAULT_DUMP_FILTER = 0x33;

  /** {@code init_task.timer_slack_ns}. */
  long DEFAULT_TIMER_SLACK_NANOS = 50_000;

  /** {@code signal->oom_score_adj}: from -1000, never killed, to 1000. */
  int oomScoreAdj();

  /**
   * Sets it.
   *
   * @param isRoot whether CAP_SYS_RESOURCE sets it: then the limit below follows
   */
  void setOomScoreAdj(int value, boolean isRoot);

  /** {@code signal->oom_score_adj_min}: below it only root may set it. */
  int oomScoreAdjMin();

  /** {@code MMF_DUMP_FILTER_MASK}: what a core file would have. */
  int coredumpFilter();

  /** See {@link #coredumpFilter()}. */
  void setCoredumpFilter(int bits);

  /**
   * What PR_GET_THP_DISABLE answers: 0; 1, it has no transparent huge pages; 3, only where it asks
   * for them.
   */
  int hugePagesDisabled();

  /** See {@link #hugePagesDisabled()}. */
  void setHugePagesDisabled(int bits);

  /** {@code task->timer_slack_ns}: how late its timers may be; here they are exact. */
  long timerSlackNanos();

  /** See {@link #timerSlackNanos()}; 0 is the default. */
  void setTimerSlackNanos(long nanos);

  /** {@code set_task_comm}: the program's name; each char is one byte, only 15 count. */
  void setComm(String name);
}
