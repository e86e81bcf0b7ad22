package org.memarium.kernel.futex;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.Waiter;

/**
 * What a thread is to futexes, and what it holds of them: {@code robust_list}, {@code
 * pi_state_list}, {@code pi_blocked_on} and {@code futex_state} of {@code struct task_struct}.
 */
public final class FutexThread {
  private final int tid;
  private final Waiter waiter;

  /** The locks of which this is the owner, and for which others wait. */
  final List<PiState> owned = new ArrayList<>(0);

  /** The lock that this one waits for. */
  @Nullable PiState blockedOn;

  private final IntSupplier realTimePriority;
  private long robustList;
  private boolean dead;

  /**
   * A thread that holds nothing.
   *
   * @param tid what its futexes are marked with
   * @param waiter wakes it
   * @param realTimePriority 1 to 99, for SCHED_FIFO and SCHED_RR; 0 for others
   */
  public FutexThread(int tid, Waiter waiter, IntSupplier realTimePriority) {
    this.tid = tid;
    this.waiter = waiter;
    this.realTimePriority = realTimePriority;
  }

  /** Its number. */
  public int tid() {
    return tid;
  }

  void wake() {
    waiter.wake(0);
  }

  /**
   * {@code rt_mutex_setprio}: its priority, or that of a thread which waits for it to let a lock
   * go, directly or through others, whatever is higher.
   */
  public int priority() {
    int highest = realTimePriority.getAsInt();
    for (PiState state : owned) {
      FutexWaiter top = state.topWaiter();
      if (top != null) {
        // Nobody waits for himself: that would have been a deadlock.
        highest = Math.max(highest, top.thread.priority());
      }
    }
    return highest;
  }

  /** Linear address of {@code struct robust_list_head}, or 0. */
  public long robustList() {
    return robustList;
  }

  /** {@code set_robust_list}. */
  public void setRobustList(long linearAddress) {
    robustList = linearAddress;
  }

  /** {@code FUTEX_STATE_DEAD}: it has given back what it held, and gets nothing more. */
  boolean isDead() {
    return dead;
  }

  /** {@code futex_exit_release}: it has left its memory for good. */
  public void die() {
    dead = true;
  }
}
