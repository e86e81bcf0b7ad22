package org.memarium.kernel.process;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.kernel.wait.Timers.Timer;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.kernel.wait.Waiter;

/** The call in which a task sleeps, and all that wakes it there. */
public final class Sleep {
  private final Waiter sleeper;
  private final Timers timers;
  private @Nullable SleepingCall call;
  private final List<WaitQueue> queues = new ArrayList<>(1);
  private @Nullable Timer wakeUp;
  private boolean pausing;

  Sleep(Waiter sleeper, Timers timers) {
    this.sleeper = sleeper;
    this.timers = timers;
  }

  /** The call that the task sleeps in, or has been woken in and not gone on with; or null. */
  public @Nullable SleepingCall call() {
    return call;
  }

  /** The task sleeps in a call when it next gives up the processor; then come the wake-ups. */
  public void begin(SleepingCall calls) {
    if (call != null) {
      throw new IllegalStateException(sleeper + " sleeps already: " + call.what());
    }
    call = calls;
  }

  /**
   * Whether the task does not sleep in its call, but only lets others have their turn before it
   * goes on.
   */
  public boolean isPausing() {
    return pausing;
  }

  /** Says so, or that it does sleep. */
  public void setPausing(boolean goesOn) {
    pausing = goesOn;
  }

  /** Whatever wakes a queue wakes this sleep, too. */
  public void waitOn(WaitQueue queue) {
    queue.add(sleeper);
    queues.add(queue);
  }

  /** The same, as one of those of whom a wake-up is for one. */
  public void waitOnExclusive(WaitQueue queue) {
    queue.addExclusive(sleeper);
    queues.add(queue);
  }

  /**
   * A moment wakes this sleep, too.
   *
   * @param atNanos since boot; {@link Timers#NEVER} for none
   */
  public void waitUntil(long atNanos) {
    if (wakeUp == null) {
      wakeUp = new Timer(() -> sleeper.wake(0));
    }
    timers.start(wakeUp, atNanos);
  }

  /** The call is over, or broken off: nothing wakes the task any more. */
  public void end() {
    for (WaitQueue queue : queues) {
      queue.remove(sleeper);
    }
    queues.clear();
    if (wakeUp != null) {
      timers.cancel(wakeUp);
    }
    SleepingCall ended = call;
    call = null;
    if (ended != null) {
      ended.ended();
    }
  }
}
