package org.memarium.kernel.process;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Every task of the machine by its number: what {@code find_task_by_vpid} looks in. */
public final class TaskTable {
  /** {@code PID_MAX_DEFAULT}: numbers are below it. */
  public static final int PID_MAX = 32_768;

  /** {@code RESERVED_PIDS}: where the numbers go on after the last. */
  private static final int RESERVED_PIDS = 300;

  private final TreeMap<Integer, Task> tasks = new TreeMap<>();

  /** By real user: how many tasks it has. */
  private final TreeMap<Integer, Integer> counts = new TreeMap<>();

  private IntConsumer removed = pid -> {};
  private long made;
  private int last = UserProcess.FIRST_PID - 1;

  /**
   * {@code alloc_pid}: the next number that nobody has, as thread, process, group or session.
   *
   * @return 0 if all are taken
   */
  public int allocatePid() {
    for (int tried = 0; tried < PID_MAX; tried++) {
      last = last + 1 < PID_MAX ? last + 1 : RESERVED_PIDS;
      if (!isTaken(last)) {
        return last;
      }
    }
    return 0;
  }

  /** Whether somebody has the number, as thread, process, group or session. */
  boolean isTaken(int number) {
    return tasks.containsKey(number) || isGroup(number);
  }

  private boolean isGroup(int number) {
    // The ordinary case without a look at every process: numbers rise.
    if (tasks.isEmpty() || number > tasks.lastKey()) {
      return false;
    }
    for (UserProcess process : processes()) {
      if (process.processGroup() == number || process.session() == number) {
        return true;
      }
    }
    return false;
  }

  /** Enters a task under its number. */
  public void add(Task task) {
    if (tasks.putIfAbsent(task.pid(), task) != null) {
      throw new IllegalStateException("two tasks have the number " + task.pid());
    }
    count(task.identity().uid(), 1);
    made++;
  }

  /** {@code total_forks}: how many tasks were entered since boot. */
  public long made() {
    return made;
  }

  /** The number that was given last. */
  public int last() {
    return last;
  }

  /** Names who is told of every number that nobody has any more: {@code /proc}. */
  public void setRemoved(IntConsumer listener) {
    removed = listener;
  }

  /** {@code __unhash_process}: nobody finds the task any more. */
  public void remove(Task task) {
    tasks.remove(task.pid());
    removed.accept(task.pid());
    count(task.identity().uid(), -1);
  }

  private void count(int uid, int change) {
    counts.merge(uid, change, Integer::sum);
  }

  /** {@code set_cred_ucounts}: a task has another real user from now on. */
  void userChanged(int before, int now) {
    count(before, -1);
    count(now, 1);
  }

  /** {@code UCOUNT_RLIMIT_NPROC}: how many tasks a user has; zombies count. */
  int countOf(int uid) {
    return counts.getOrDefault(uid, 0);
  }

  /** {@code nr_threads}. */
  public int size() {
    return tasks.size();
  }

  /** The thread of a number, or null. */
  public @Nullable Task find(int tid) {
    return tasks.get(tid);
  }

  /** The process of a number, or null; not found by the number of another of its threads. */
  public @Nullable UserProcess findProcess(int pid) {
    Task task = tasks.get(pid);
    return task != null && task.process().pid() == pid ? task.process() : null;
  }

  /** Every thread, by number. */
  public Collection<Task> all() {
    return Collections.unmodifiableCollection(tasks.values());
  }

  /** Every process, by number; zombies are among them. */
  public Set<UserProcess> processes() {
    Set<UserProcess> processes = new LinkedHashSet<>();
    for (Task task : tasks.values()) {
      if (task.isLeader()) {
        processes.add(task.process());
      }
    }
    return processes;
  }
}
