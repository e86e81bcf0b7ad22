package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.VmStatItem;

/**
 * Whose the transfers of the disks are: what the machine's counters went up by while a task had the
 * processor is that task's. So nothing is counted twice, and the ways of the bytes know of no task.
 */
final class IoMeter {
  private static final int BYTES_PER_KIB = 1024;

  private final MemoryManager memory;
  private @Nullable TaskIo current;
  private long read;
  private long dirtied;
  private long cancelled;

  IoMeter(MemoryManager memory) {
    this.memory = memory;
  }

  /** Another task has the processor. */
  void switchTo(TaskIo next) {
    charge();
    current = next;
    next.setMeter(this);
  }

  /** The one that has it is told what it has done until now. */
  void charge() {
    long nowRead = memory.vmStat().get(VmStatItem.PGPGIN);
    long nowDirtied = memory.vmStat().get(VmStatItem.NR_DIRTIED);
    long nowCancelled = memory.pageCache().cancelledWrites();
    if (current != null) {
      current.moved(
          (nowRead - read) * BYTES_PER_KIB, nowDirtied - dirtied, nowCancelled - cancelled);
    }
    read = nowRead;
    dirtied = nowDirtied;
    cancelled = nowCancelled;
  }
}
