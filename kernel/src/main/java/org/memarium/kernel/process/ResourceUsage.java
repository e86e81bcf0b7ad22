package org.memarium.kernel.process;

import org.memarium.kernel.procfs.ProcessView;

/** {@code struct rusage}, as far as it is counted here: of tasks that have ended, summed up. */
public final class ResourceUsage {
  private final TaskIo io = new TaskIo();
  private long userNanos;
  private long systemNanos;
  private long minorFaults;
  private long majorFaults;
  private long maxRssPages;
  private long voluntarySwitches;
  private long involuntarySwitches;

  /** {@code __exit_signal}: a thread ends. */
  public void add(Task task) {
    userNanos += task.userNanos();
    systemNanos += task.systemNanos();
    minorFaults += task.faults().minor();
    majorFaults += task.faults().major();
    voluntarySwitches += task.runState().voluntarySwitches();
    involuntarySwitches += task.runState().involuntarySwitches();
    io.add(task.attributes().io());
  }

  /** {@code wait_task_zombie}: a child is reaped. */
  void add(ResourceUsage other) {
    userNanos += other.userNanos;
    systemNanos += other.systemNanos;
    minorFaults += other.minorFaults;
    majorFaults += other.majorFaults;
    voluntarySwitches += other.voluntarySwitches;
    involuntarySwitches += other.involuntarySwitches;
    io.add(other.io);
    noteRss(other.maxRssPages);
  }

  /** {@code getrusage(RUSAGE_BOTH)}: what a process used, and its children. */
  public void addAll(UserProcess process) {
    add(process.ownUsage());
    add(process.childrenUsage());
  }

  /** {@code setmax_mm_hiwater_rss}. */
  public void noteRss(long pages) {
    maxRssPages = Math.max(maxRssPages, pages);
  }

  /** For {@code /proc}. */
  ProcessView.Usage view() {
    return new ProcessView.Usage(minorFaults, majorFaults, userNanos, systemNanos);
  }

  /** {@code ru_utime}. */
  public long userNanos() {
    return userNanos;
  }

  /** {@code ru_stime}. */
  public long systemNanos() {
    return systemNanos;
  }

  /** {@code ru_minflt}. */
  public long minorFaults() {
    return minorFaults;
  }

  /** {@code ru_majflt}. */
  public long majorFaults() {
    return majorFaults;
  }

  /** {@code ru_inblock}. */
  public long inBlocks() {
    return io.inBlocks();
  }

  /** {@code ru_oublock}. */
  public long outBlocks() {
    return io.outBlocks();
  }

  /** For {@code /proc}. */
  TaskIo io() {
    return io;
  }

  /** {@code ru_nvcsw}. */
  public long voluntarySwitches() {
    return voluntarySwitches;
  }

  /** {@code ru_nivcsw}. */
  public long involuntarySwitches() {
    return involuntarySwitches;
  }

  /** {@code ru_maxrss}, in pages: the largest of one process. */
  public long maxRssPages() {
    return maxRssPages;
  }
}
