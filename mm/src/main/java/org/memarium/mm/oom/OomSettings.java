package org.memarium.mm.oom;

/** What {@code /proc/sys/vm} sets of the OOM killer (Linux {@code mm/oom_kill.c}). */
public final class OomSettings {
  private int panicOnOom;
  private int killAllocatingTask;
  private int dumpTasks = 1;

  /** {@code panic_on_oom}: 0 kill; 1 end the machine; 2 also where a group has too little. */
  public int panicOnOom() {
    return panicOnOom;
  }

  /** See {@link #panicOnOom()}. */
  public void setPanicOnOom(int value) {
    panicOnOom = value;
  }

  /** {@code oom_kill_allocating_task}: if not 0, who asks for memory is killed without a search. */
  public int killAllocatingTask() {
    return killAllocatingTask;
  }

  /** See {@link #killAllocatingTask()}. */
  public void setKillAllocatingTask(int value) {
    killAllocatingTask = value;
  }

  /** {@code oom_dump_tasks}: if not 0, the report lists every process. */
  public int dumpTasks() {
    return dumpTasks;
  }

  /** See {@link #dumpTasks()}. */
  public void setDumpTasks(int value) {
    dumpTasks = value;
  }
}
