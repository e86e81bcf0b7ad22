package org.memarium.kernel.process;

import org.memarium.kernel.futex.FutexThread;
import org.memarium.kernel.futex.FutexWords;
import org.memarium.kernel.futex.Futexes;
import org.memarium.kernel.futex.RobustList;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.space.MmStruct;

/**
 * {@code mm_release}: how a thread leaves its address space, and who hears of it (Linux {@code
 * kernel/fork.c}).
 */
public final class MmRelease {
  private final Task task;
  private long clearChildTid;
  private boolean vforked;
  private boolean done;
  private final WaitQueue vforkDone = new WaitQueue();

  MmRelease(Task task) {
    this.task = task;
  }

  /** {@code set_tid_address}: where to write 0 when the thread ends; 0 for nowhere. */
  public long clearChildTid() {
    return clearChildTid;
  }

  /** See {@link #clearChildTid()}. */
  public void setClearChildTid(long linearAddress) {
    clearChildTid = linearAddress;
  }

  /** {@code CLONE_VFORK}: whether its parent waits, and lends it its memory. */
  void setVforked(boolean value) {
    vforked = value;
  }

  /** {@code vfork_done}: woken when {@link #run} has happened. */
  public WaitQueue vforkDone() {
    return vforkDone;
  }

  /** Whether {@link #run} has happened. */
  public boolean isDone() {
    return done;
  }

  /** {@code in_vfork}: it runs in the memory of its parent, which waits for it. */
  public boolean isInVfork() {
    Task parent = task.process().parentThread();
    MmStruct mm = task.mm();
    return vforked && !done && mm != null && parent != null && mm.equals(parent.mm());
  }

  /**
   * The thread leaves, by its end or for another program. Locks that it holds go to others, and
   * whoever waits for its end hears of it. Only while it runs.
   */
  void run() {
    MmStruct space = task.mm();
    if (space == null) {
      return;
    }
    Futexes futexes = task.machinery().futexes();
    FutexThread thread = task.futexThread();
    FutexWords words = task.futexWords();
    try {
      RobustList.walk(futexes, words, thread);
    } catch (UserFaultException notThere) {
      // A list that leads nowhere is the program's own affair.
      thread.setRobustList(0);
    }
    futexes.inheritLocks(thread);
    if (clearChildTid != 0 && space.users() > 1) {
      try {
        task.machinery().memory().writeInt(clearChildTid, 0);
        futexes.wake(words.key(clearChildTid, true, false), 1, Futexes.MATCH_ANY);
      } catch (UserFaultException notThere) {
        // Nobody can wait there either.
      }
    }
    clearChildTid = 0;
    done = true;
    vforkDone.wakeUpAll();
  }
}
