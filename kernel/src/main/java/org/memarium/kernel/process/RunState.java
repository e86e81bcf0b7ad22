package org.memarium.kernel.process;

import org.memarium.kernel.wait.Waiter;

/**
 * {@code __state} of {@code struct task_struct}: whether the scheduler may pick a task, and if not,
 * what brings it back.
 *
 * <pre>
 *   R   runs, or could              sleeps in a call -> S   waits for a device -> D   is stopped -> T
 *   S   sleeps in a call            a wake-up -> R
 *   D   waits for a device          the device, or its end -> R
 *   T   stopped by a signal         SIGCONT, or its end -> R
 *   Z   has let go of all it had    nothing
 * </pre>
 */
public final class RunState implements Waiter {
  private static final char RUNNING = 'R';
  private static final char SLEEPING = 'S';
  private static final char WAITING = 'D';
  private static final char STOPPED = 'T';
  private static final char ZOMBIE = 'Z';

  private final Task task;
  private final Scheduler scheduler;
  private char state = RUNNING;
  private long voluntarySwitches;
  private long involuntarySwitches;

  RunState(Task task, Scheduler scheduler) {
    this.task = task;
    this.scheduler = scheduler;
  }

  /** R for running, S for sleeping, D for a device, T for stopped, Z for a zombie. */
  public char letter() {
    return state;
  }

  /** Whether the scheduler may pick it. */
  public boolean isRunnable() {
    return state == RUNNING;
  }

  /** The call has not got what it waits for: the task does not run until something wakes it. */
  public void fallAsleep() {
    giveUp(SLEEPING);
  }

  /** {@code try_to_wake_up}. */
  @Override
  public boolean wake(int events) {
    if (state != SLEEPING) {
      return false;
    }
    goOn();
    return true;
  }

  /** See {@link DeviceWait}. */
  void waitForDevice() {
    giveUp(WAITING);
  }

  /** Returns whether it still waited. */
  boolean deviceDone() {
    boolean waited = state == WAITING;
    if (waited) {
      goOn();
    }
    return waited;
  }

  /** {@code TASK_STOPPED}: does not run before {@link #resume}; nothing stops who is ending. */
  void stop() {
    if (state != ZOMBIE && !task.isEnded()) {
      giveUp(STOPPED);
    }
  }

  /** Ends a stop. */
  void resume() {
    if (state == STOPPED) {
      task.signals().notice();
      goOn();
    }
  }

  /** Whether it is stopped. */
  public boolean isStopped() {
    return state == STOPPED;
  }

  /** It has ended, and never runs again. */
  void end() {
    giveUp(ZOMBIE);
  }

  /** Whether it has ended. */
  boolean isZombie() {
    return state == ZOMBIE;
  }

  private void giveUp(char reason) {
    state = reason;
    voluntarySwitches++;
    scheduler.dequeue(task);
  }

  private void goOn() {
    state = RUNNING;
    scheduler.enqueue(task);
  }

  /** {@code rseq_preempt}: others run though it could. */
  void preempted() {
    task.rseq().preempt();
    involuntarySwitches++;
  }

  /** {@code nvcsw}: how often it stopped running because it had to wait, stopped, or ended. */
  public long voluntarySwitches() {
    return voluntarySwitches;
  }

  /** {@code nivcsw}: how often another one ran though it could have gone on. */
  public long involuntarySwitches() {
    return involuntarySwitches;
  }

  @Override
  public String toString() {
    return task.toString();
  }
}
