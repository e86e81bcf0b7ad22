package org.memarium.kernel.process;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Who runs: one task after the other, each for a quantum of instructions or until it sleeps. What
 * wakes up, and what is new, comes last. Nothing in it depends on the host, so equal runs switch at
 * equal instructions.
 */
public final class Scheduler {
  /** Instructions for which a task runs before the next one's turn, unless set otherwise. */
  public static final long DEFAULT_QUANTUM = 1_000_000;

  private final long quantum;
  private final ContextSwitch context;

  /** Those that could run, but for {@link #current}. */
  private final Deque<Task> queue = new ArrayDeque<>();

  /** Whose registers the processor holds; asleep perhaps, where nobody else could run since. */
  private @Nullable Task current;

  private long sliceLeft;
  private boolean yielded;
  private boolean hasRealTime;
  private long switches;

  /**
   * Nobody runs.
   *
   * @param quantum instructions, more than 0
   * @param context exchanges the state of the processor
   */
  public Scheduler(long quantum, ContextSwitch context) {
    this.quantum = quantum;
    this.context = context;
  }

  /** {@code current}: whose registers the processor holds, or null. */
  public @Nullable Task current() {
    return current;
  }

  /**
   * {@code current}, for whom a system call or a fault is answered.
   *
   * @throws IllegalStateException if nobody runs
   */
  public Task requireCurrent() {
    Task task = current;
    if (task == null) {
      throw new IllegalStateException("no task runs");
    }
    return task;
  }

  /** {@code wake_up_new_task}, {@code try_to_wake_up}: the task may run from now on. */
  void enqueue(Task task) {
    if (!task.equals(current)) {
      queue.addLast(task);
    }
  }

  /** The task is not in line any more. */
  void dequeue(Task task) {
    queue.remove(task);
  }

  /** {@code sched_yield}: the next one's turn, if there is one. */
  public void yieldTurn() {
    yielded = true;
  }

  /** How many tasks could run: {@code nr_running}. */
  public int runnable() {
    return queue.size() + (current != null && current.runState().isRunnable() ? 1 : 0);
  }

  /** {@code nr_context_switches}. */
  public long switches() {
    return switches;
  }

  /** Instructions that the current task may still run before the next one's turn. */
  public long sliceLeft() {
    return sliceLeft;
  }

  /** The current task has run for so many instructions. */
  public void ran(long instructions) {
    sliceLeft -= instructions;
  }

  /**
   * {@code schedule}: the task that runs next, with its state in the processor.
   *
   * @return null if nobody can run
   */
  public @Nullable Task schedule() {
    Task task = current;
    boolean goesOn = task != null && task.runState().isRunnable();
    if (queue.isEmpty()) {
      yielded = false;
      return goesOn ? goOn(task) : null;
    }
    Task next = hasRealTime ? mostUrgent() : queue.getFirst();
    if (goesOn && task != null) {
      int lead = urgency(task) - urgency(next);
      if (lead > 0 || (lead == 0 && !yielded && sliceLeft > 0)) {
        return goOn(task);
      }
      queue.addLast(task);
      task.runState().preempted();
    }
    yielded = false;
    switchTo(next);
    return next;
  }

  private @Nullable Task goOn(@Nullable Task task) {
    if (sliceLeft <= 0 && task != null) {
      sliceLeft = task.scheduling().slice(quantum);
    }
    return task;
  }

  private static int urgency(Task task) {
    return task.futexThread().priority();
  }

  /** {@code pick_next_task}: of those with the highest real-time priority the first in line. */
  private Task mostUrgent() {
    Task first = queue.getFirst();
    for (Task task : queue) {
      if (urgency(task) > urgency(first)) {
        first = task;
      }
    }
    return first;
  }

  /** Some task has a real-time priority from now on: who comes first is looked for at each turn. */
  public void expectRealTime() {
    hasRealTime = true;
  }

  /** {@code context_switch}, out of turn where the machine itself picks the task. */
  public void switchTo(Task next) {
    if (!next.equals(current)) {
      queue.remove(next);
      context.switchTo(current, next);
      current = next;
      switches++;
    }
    sliceLeft = next.scheduling().slice(quantum);
  }

  /** The holder of the machine says whose turn it is; the one that ran comes last. */
  public void pick(Task next) {
    Task task = current;
    if (next.equals(task)) {
      return;
    }
    if (task != null && task.runState().isRunnable()) {
      queue.addLast(task);
      task.runState().preempted();
    }
    switchTo(next);
  }

  /** The current task has ended: nobody's registers are in the processor. */
  public void forgetCurrent() {
    current = null;
  }
}
