package org.memarium.kernel.futex;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.Waiter;

/**
 * What a thread is to futexes, and what it holds of them: {@code robust_list}, {@code
 * pi_state_list}, {@code pi_blocked_on} and {@code futex_state} of {@code struct task_struct}.
 */
public final class FutexThread {
  /** The place of threads without a real-time priority: {@code MAX_RT_PRIO}. */
  public static final int NORMAL_PLACE = 100;

  private final int tid;
  private final Waiter waiter;

  /** The locks of which this is the owner, and for which others wait. */
  final List<PiState> owned = new ArrayList<>(0);

  /** The lock that this one waits for. */
  @Nullable PiState blockedOn;

  private int place = NORMAL_PLACE;
  private long robustList;
  private boolean dead;

  /**
   * A thread that holds nothing.
   *
   * @param tid what its futexes are marked with
   * @param waiter wakes it
   */
  public FutexThread(int tid, Waiter waiter) {
    this.tid = tid;
    this.waiter = waiter;
  }

  /** Its number. */
  public int tid() {
    return tid;
  }

  void wake() {
    waiter.wake(0);
  }

  /** Where it stands among those who wait: 0 to 98 real-time, the rest all alike. */
  public int place() {
    return place;
  }

  /** Sets {@link #place}: 99 less the priority, for SCHED_FIFO and SCHED_RR. */
  public void setPlace(int place) {
    this.place = place;
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
