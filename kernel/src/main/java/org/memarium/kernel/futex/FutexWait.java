package org.memarium.kernel.futex;

import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** {@code FUTEX_WAIT} and {@code FUTEX_WAIT_BITSET}: {@code futex_wait}. */
public final class FutexWait implements SleepingCall {
  private final FutexTable table;
  private final FutexWaiter waiter;
  private final Deadline deadline;
  private final long address;

  /**
   * Waits from now on: the word was found as it should be.
   *
   * @param address linear, for people
   */
  public FutexWait(
      Futexes futexes,
      FutexThread thread,
      FutexKey key,
      long address,
      int bitset,
      Deadline deadline) {
    this.table = futexes.table;
    this.waiter = new FutexWaiter(thread, key, bitset, null);
    this.deadline = deadline;
    this.address = address;
    table.queue(waiter);
  }

  @Override
  public long tryAgain() {
    if (!waiter.queued) {
      return 0;
    }
    return deadline.hasPassed() ? -Errno.ETIMEDOUT : ASLEEP;
  }

  @Override
  public long interrupted() {
    return deadline.exists() ? -Restart.BLOCK : -Restart.SYS;
  }

  @Override
  public void ended() {
    table.unqueue(waiter);
  }

  @Override
  public String what() {
    return "futex wait at 0x%08x".formatted(address);
  }
}
