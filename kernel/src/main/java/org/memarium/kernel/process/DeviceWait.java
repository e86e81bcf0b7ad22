package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.Timers;
import org.memarium.kernel.wait.Timers.Timer;
import org.memarium.mm.trace.IoWait;

/**
 * {@code TASK_KILLABLE}: a task waits for a page that a device brings, and makes the access again
 * that needs it when it is there. Others run meanwhile.
 */
public final class DeviceWait {
  private final Task task;
  private final Timers timers;
  private final Timer timer = new Timer(this::end);
  private Runnable onEnd = () -> {};
  private IoWait what = IoWait.SWAP_READ;
  private boolean tried;

  DeviceWait(Task task, Timers timers) {
    this.task = task;
    this.timers = timers;
  }

  /**
   * The task does not run before a moment.
   *
   * @param nanos since boot
   * @param device what it waits for
   * @param listener told of the end
   */
  public void begin(long nanos, IoWait device, Runnable listener) {
    what = device;
    onEnd = listener;
    tried = true;
    task.runState().waitForDevice();
    timers.start(timer, nanos);
  }

  /** What the task waits for; null: it does not. */
  public @Nullable IoWait what() {
    return timer.isActive() ? what : null;
  }

  /** {@code TASK_KILLABLE}: the task is to die, and need not wait. */
  void breakOff() {
    timers.cancel(timer);
    end();
  }

  private void end() {
    if (task.runState().deviceDone()) {
      onEnd.run();
    }
  }

  /** {@code FAULT_FLAG_TRIED}: whether the task has waited for the fault at hand; only once. */
  public boolean takeTried() {
    boolean was = tried;
    tried = false;
    return was;
  }
}
