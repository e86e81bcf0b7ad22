package org.memarium.kernel.futex;

import java.util.ArrayList;
import java.util.List;
import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** {@code futex_waitv}: at several futexes at once. Its result says which one woke. */
public final class FutexWaitVector implements SleepingCall {
  private final FutexTable table;
  private final List<FutexWaiter> waiters = new ArrayList<>();
  private final Deadline deadline;

  /** Waits from now on: all words were found as they should be. */
  public FutexWaitVector(
      Futexes futexes, FutexThread thread, List<FutexKey> keys, Deadline deadline) {
    this.table = futexes.table;
    this.deadline = deadline;
    for (FutexKey key : keys) {
      FutexWaiter waiter = new FutexWaiter(thread, key, Futexes.MATCH_ANY, null);
      waiters.add(waiter);
      table.queue(waiter);
    }
  }

  @Override
  public long tryAgain() {
    // Of several that woke, the last counts, as in futex_unqueue_multiple.
    for (int i = waiters.size() - 1; i >= 0; i--) {
      if (!waiters.get(i).queued) {
        return i;
      }
    }
    return deadline.hasPassed() ? -Errno.ETIMEDOUT : ASLEEP;
  }

  @Override
  public void ended() {
    waiters.forEach(table::unqueue);
  }

  @Override
  public String what() {
    return "futex_waitv of " + waiters.size();
  }
}
