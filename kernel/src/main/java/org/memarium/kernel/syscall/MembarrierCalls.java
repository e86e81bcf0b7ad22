package org.memarium.kernel.syscall;

import org.memarium.mm.Errno;
import org.memarium.mm.space.MmStruct;

/**
 * {@code membarrier}: on one processor all that other threads did is seen already, so only the
 * rules are left; Linux {@code kernel/sched/membarrier.c}.
 *
 * <pre>
 *   bit  command                        bit  command
 *   0    GLOBAL                         5    PRIVATE_EXPEDITED_SYNC_CORE
 *   1    GLOBAL_EXPEDITED               6    its registration
 *   2    its registration               7    PRIVATE_EXPEDITED_RSEQ
 *   3    PRIVATE_EXPEDITED              8    its registration
 *   4    its registration
 * </pre>
 */
final class MembarrierCalls {
  private static final int QUERY = 0;
  private static final int GLOBAL = 1;
  private static final int GLOBAL_EXPEDITED = 1 << 1;
  private static final int PRIVATE_EXPEDITED_RSEQ = 1 << 7;
  private static final int ALL = 0x1ff;
  private static final int REGISTRATIONS = 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8;

  /** {@code MEMBARRIER_CMD_FLAG_CPU}: only on the processor that is named. */
  private static final int FLAG_CPU = 1;

  private final Kernel kernel;

  MembarrierCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("membarrier", (int command, int flags) -> membarrier(command, flags));
  }

  private long membarrier(int command, int flags) {
    if (flags != 0 && (command != PRIVATE_EXPEDITED_RSEQ || flags != FLAG_CPU)) {
      return -Errno.EINVAL;
    }
    if (command == QUERY) {
      return ALL;
    }
    if (Integer.bitCount(command) != 1 || (command & ALL) == 0) {
      return -Errno.EINVAL;
    }
    MmStruct mm = kernel.task().requireMm();
    if ((command & REGISTRATIONS) != 0) {
      mm.registerMembarrier(command);
      return 0;
    }
    boolean free = command == GLOBAL || command == GLOBAL_EXPEDITED;
    return free || mm.hasMembarrier(command << 1) ? 0 : -Errno.EPERM;
  }
}
