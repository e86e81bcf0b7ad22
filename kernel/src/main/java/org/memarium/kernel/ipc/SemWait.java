package org.memarium.kernel.ipc;

import org.memarium.kernel.wait.WaitQueue;

/**
 * {@code struct sem_queue}: somebody whose operations wait. Who changes values does them for it.
 */
public final class SemWait {
  private final SemSet set;
  private final SemOperation[] operations;
  private final Object process;
  private final int tgid;
  private final WaitQueue queue = new WaitQueue();
  private boolean finished;
  private long result;

  SemWait(SemSet set, SemOperation[] operations, Object process, int tgid) {
    this.set = set;
    this.operations = operations;
    this.process = process;
    this.tgid = tgid;
  }

  SemOperation[] operations() {
    return operations;
  }

  Object process() {
    return process;
  }

  int tgid() {
    return tgid;
  }

  boolean isAltering() {
    for (SemOperation operation : operations) {
      if (operation.change() != 0) {
        return true;
      }
    }
    return false;
  }

  void finish(long withResult) {
    finished = true;
    result = withResult;
    queue.wakeUpAll();
  }

  /** Where the one who waits is woken. */
  public WaitQueue queue() {
    return queue;
  }

  /** Whether there is a result. */
  public boolean isFinished() {
    return finished;
  }

  /** 0 or a negative errno, once {@link #isFinished}. */
  public long result() {
    return result;
  }

  /** Nobody waits any more. */
  public void giveUp() {
    set.pending.remove(this);
  }
}
