package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.memarium.kernel.process.ResourceUsage;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.mm.Errno;
import org.memarium.mm.space.RLimits;

/** Limits and use of resources; Linux {@code kernel/sys.c}. */
final class ResourceCalls {
  private static final long INFINITY_32 = 0xffff_ffffL;
  private static final long INFINITY_OLD = 0x7fff_ffffL;
  private static final int RUSAGE_SELF = 0;
  private static final int RUSAGE_CHILDREN = -1;
  private static final int RUSAGE_THREAD = 1;
  private static final int KIB_PER_PAGE = 4;

  private final Kernel kernel;

  ResourceCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  private Task task() {
    return kernel.task();
  }

  void enter(SystemCallTable table) {
    table.set("getrlimit", this::oldGetrlimit);
    table.set("ugetrlimit", this::getrlimit);
    table.set("setrlimit", this::setrlimit);
    table.set("prlimit64", this::prlimit64);
    table.set("getrusage", this::getrusage);
  }

  private static boolean exists(int resource) {
    return resource >= 0 && resource < RLimits.COUNT;
  }

  private long getrlimit(int resource, int to) {
    if (!exists(resource)) {
      return -Errno.EINVAL;
    }
    kernel.memory().write(Integer.toUnsignedLong(to), both(resource, INFINITY_32));
    return 0;
  }

  /** The call of old: a 64-bit kernel writes the two one by one, each whole or not at all. */
  private long oldGetrlimit(int resource, int to) {
    if (!exists(resource)) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(to);
    byte[] both = both(resource, INFINITY_OLD);
    if (kernel.wordBytes() == 4) {
      kernel.memory().write(at, both);
      return 0;
    }
    UserMemory memory = kernel.memory();
    for (int i = 0; i < both.length; i += 4) {
      if (!memory.canWrite(at + i) || !memory.canWrite(at + i + 3)) {
        return -Errno.EFAULT;
      }
      memory.write(at + i, Arrays.copyOfRange(both, i, i + 4));
    }
    return 0;
  }

  private byte[] both(int resource, long infinity) {
    byte[] both = new byte[8];
    ByteBuffer.wrap(both)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt((int) clamp(task().limits().soft(resource), infinity))
        .putInt((int) clamp(task().limits().hard(resource), infinity));
    return both;
  }

  private static long clamp(long limit, long infinity) {
    return Long.compareUnsigned(limit, infinity) > 0 ? infinity : limit;
  }

  private long setrlimit(int resource, int from) {
    long at = Integer.toUnsignedLong(from);
    long soft = kernel.memory().readUnsignedInt(at);
    long hard = kernel.memory().readUnsignedInt(at + 4);
    return set(
        task(),
        resource,
        soft == INFINITY_32 ? RLimits.INFINITY : soft,
        hard == INFINITY_32 ? RLimits.INFINITY : hard);
  }

  /** {@code do_prlimit}: the limits of {@code target}'s process. */
  private long set(Task target, int resource, long soft, long hard) {
    if (!exists(resource) || Long.compareUnsigned(soft, hard) > 0) {
      return -Errno.EINVAL;
    }
    if (resource == RLimits.NOFILE && Long.compareUnsigned(hard, FdTable.NR_OPEN) > 0) {
      return -Errno.EPERM;
    }
    if (Long.compareUnsigned(hard, target.limits().hard(resource)) > 0
        && !task().identity().isPrivileged()) {
      return -Errno.EPERM;
    }
    target.limits().set(resource, soft, hard);
    if (resource == RLimits.CPU) {
      target.process().timers().limitChanged();
    }
    return 0;
  }

  private long prlimit64(int pid, int resource, int newLimit, int oldLimit) {
    long soft = 0;
    long hard = 0;
    if (newLimit != 0) {
      soft = kernel.memory().readLong(Integer.toUnsignedLong(newLimit));
      hard = kernel.memory().readLong(Integer.toUnsignedLong(newLimit) + 8);
    }
    Task target = pid == 0 ? task() : kernel.tasks().find(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (!Permissions.mayLimit(task(), target)) {
      return -Errno.EPERM;
    }
    if (!exists(resource)) {
      return -Errno.EINVAL;
    }
    long softBefore = target.limits().soft(resource);
    long hardBefore = target.limits().hard(resource);
    if (newLimit != 0) {
      long result = set(target, resource, soft, hard);
      if (result < 0) {
        return result;
      }
    }
    if (oldLimit != 0) {
      kernel.memory().writeLong(Integer.toUnsignedLong(oldLimit), softBefore);
      kernel.memory().writeLong(Integer.toUnsignedLong(oldLimit) + 8, hardBefore);
    }
    return 0;
  }

  /**
   * <pre>
   *   0       8       16       20    32       36       40      44        48        52    64      68
   *  +-------+-------+--------+-----+--------+--------+-------+---------+---------+-----+-------+--------+
   *  | utime | stime | maxrss |  0  | minflt | majflt | nswap | inblock | oublock |  0  | nvcsw | nivcsw |
   *  +-------+-------+--------+-----+--------+--------+-------+---------+---------+-----+-------+--------+
   * </pre>
   */
  private long getrusage(int who, int to) {
    UserProcess process = task().process();
    byte[] usage;
    switch (who) {
      case RUSAGE_SELF -> usage = format(process.ownUsage());
      case RUSAGE_CHILDREN -> usage = format(process.childrenUsage());
      case RUSAGE_THREAD -> {
        ResourceUsage own = new ResourceUsage();
        own.add(task());
        own.noteRss(task().requireMm().rss().peak());
        usage = format(own);
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    kernel.memory().write(Integer.toUnsignedLong(to), usage);
    return 0;
  }

  /** {@code struct rusage} as a program sees it. */
  static byte[] format(ResourceUsage usage) {
    ByteBuffer out = ByteBuffer.allocate(72).order(ByteOrder.LITTLE_ENDIAN);
    putTime(out, usage.userNanos());
    putTime(out, usage.systemNanos());
    out.putInt((int) usage.maxRssPages() * KIB_PER_PAGE);
    out.putInt(32, (int) usage.minorFaults()).putInt(36, (int) usage.majorFaults());
    out.putInt(44, (int) usage.inBlocks()).putInt(48, (int) usage.outBlocks());
    out.putInt(64, (int) usage.voluntarySwitches()).putInt(68, (int) usage.involuntarySwitches());
    return out.array();
  }

  private static void putTime(ByteBuffer out, long nanos) {
    out.putInt((int) (nanos / TimeFormat.NANOS)).putInt((int) (nanos % TimeFormat.NANOS / 1000));
  }
}
