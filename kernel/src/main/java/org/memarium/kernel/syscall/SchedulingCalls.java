package org.memarium.kernel.syscall;

import static org.memarium.kernel.process.SchedulingParameters.MAX_NICE;
import static org.memarium.kernel.process.SchedulingParameters.MIN_NICE;
import static org.memarium.kernel.process.SchedulingParameters.SCHED_BATCH;
import static org.memarium.kernel.process.SchedulingParameters.SCHED_FIFO;
import static org.memarium.kernel.process.SchedulingParameters.SCHED_IDLE;
import static org.memarium.kernel.process.SchedulingParameters.SCHED_OTHER;
import static org.memarium.kernel.process.SchedulingParameters.SCHED_RR;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.SchedulingParameters;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;
import org.memarium.mm.space.RLimits;

/** How urgent tasks are, and where they may run; Linux {@code kernel/sched/core.c}. */
final class SchedulingCalls {
  private static final int RESET_ON_FORK = 0x4000_0000;
  private static final int SCHED_DEADLINE = 6;
  private static final int MAX_PRIORITY = 99;

  /** In {@link #set}: the policy stays. */
  private static final int SAME_POLICY = -1;

  /** {@code SCHED_ATTR_SIZE_VER0}, and with the hints of utilisation. */
  private static final int FIRST_ATTRIBUTE_BYTES = 48;

  private static final int ATTRIBUTE_BYTES = 56;
  private static final int KNOWN_ATTRIBUTE_FLAGS = 0x7f;
  private static final int ATTRIBUTE_RESET_ON_FORK = 1;

  /** {@code RR_TIMESLICE}. */
  private static final long ROUND_ROBIN_NANOS = 100_000_000;

  /** {@code sched_slice} of a lone task, in whole ticks. */
  private static final long FAIR_NANOS = 4_000_000;

  private final Kernel kernel;
  private final UserMemory memory;

  SchedulingCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
  }

  void enter(SystemCallTable table) {
    table.set("sched_yield", this::yieldTurn);
    table.set("sched_getaffinity", this::getAffinity);
    table.set("sched_setaffinity", this::setAffinity).remark("there is one processor");
    table.set("sched_getscheduler", this::getScheduler);
    table
        .set("sched_setscheduler", this::setScheduler)
        .remark("real-time tasks run before all others; no SCHED_DEADLINE: EINVAL");
    table.set("sched_getparam", this::getParam);
    table.set("sched_setparam", this::setParam);
    table.set("sched_get_priority_max", (int policy) -> priority(policy, MAX_PRIORITY));
    table.set("sched_get_priority_min", (int policy) -> priority(policy, 1));
    table.set("sched_rr_get_interval", (int pid, int to) -> interval(pid, to, Integer.BYTES));
    table.set("sched_rr_get_interval_time64", (int pid, int to) -> interval(pid, to, Long.BYTES));
    table.set("sched_getattr", this::getAttributes);
    table.set("sched_setattr", this::setAttributes).remark("no SCHED_DEADLINE: EINVAL");
  }

  /** {@code find_process_by_pid}. */
  private @Nullable Task find(int pid) {
    return pid == 0 ? kernel.task() : kernel.tasks().find(pid);
  }

  private long yieldTurn() {
    kernel.scheduler().yieldTurn();
    return 0;
  }

  /** {@code check_same_owner}. */
  private boolean owns(Task target) {
    Identity caller = kernel.task().identity();
    Identity owner = target.identity();
    return caller.isPrivileged() || caller.euid() == owner.euid() || caller.euid() == owner.uid();
  }

  // ---- Processors ----

  /** A mask of one processor, in a word of the kernel. */
  private long getAffinity(int pid, int bytes, int to) {
    int word = kernel.wordBytes();
    if (Integer.compareUnsigned(bytes, word) < 0 || bytes % word != 0) {
      return -Errno.EINVAL;
    }
    if (find(pid) == null) {
      return -Errno.ESRCH;
    }
    byte[] set = new byte[word];
    set[0] = 1;
    memory.write(Integer.toUnsignedLong(to), set);
    return word;
  }

  private long setAffinity(int pid, int bytes, int from) {
    byte[] first = memory.read(Integer.toUnsignedLong(from), bytes == 0 ? 0 : 1);
    Task target = find(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (!owns(target)) {
      return -Errno.EPERM;
    }
    return first.length == 1 && (first[0] & 1) != 0 ? 0 : -Errno.EINVAL;
  }

  // ---- Policies ----

  private long getScheduler(int pid) {
    if (pid < 0) {
      return -Errno.EINVAL;
    }
    Task target = find(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    SchedulingParameters parameters = target.scheduling();
    return parameters.policy() | (parameters.isResetOnFork() ? RESET_ON_FORK : 0);
  }

  private long getParam(int pid, int to) {
    if (to == 0 || pid < 0) {
      return -Errno.EINVAL;
    }
    Task target = find(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    memory.writeInt(Integer.toUnsignedLong(to), target.scheduling().realTimePriority());
    return 0;
  }

  private long setScheduler(int pid, int policy, int from) {
    return policy < 0 ? -Errno.EINVAL : doSetScheduler(pid, policy, from);
  }

  private long setParam(int pid, int from) {
    return doSetScheduler(pid, SAME_POLICY, from);
  }

  private long doSetScheduler(int pid, int policy, int from) {
    if (from == 0 || pid < 0) {
      return -Errno.EINVAL;
    }
    int priority = memory.readInt(Integer.toUnsignedLong(from));
    Task target = find(pid);
    return target == null ? -Errno.ESRCH : set(target, policy, priority, null);
  }

  /**
   * {@code __sched_setscheduler}.
   *
   * @param requested a policy, perhaps with {@link #RESET_ON_FORK}; {@link #SAME_POLICY}
   * @param nice null: stays
   */
  private long set(Task target, int requested, int priority, @Nullable Integer nice) {
    SchedulingParameters now = target.scheduling();
    boolean same = requested == SAME_POLICY;
    int policy = same ? now.policy() : requested & ~RESET_ON_FORK;
    boolean reset = same ? now.isResetOnFork() : (requested & RESET_ON_FORK) != 0;
    boolean known = policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
    boolean realTime = policy == SCHED_FIFO || policy == SCHED_RR;
    if (!(known || realTime)
        || priority < 0
        || priority > MAX_PRIORITY
        || realTime != (priority != 0)) {
      return -Errno.EINVAL;
    }
    if (!mayBecome(target, policy, priority, nice, reset)) {
      return -Errno.EPERM;
    }
    now.set(policy, priority, reset);
    if (nice != null && !realTime) {
      now.setNice(Math.clamp(nice, MIN_NICE, MAX_NICE));
    }
    if (realTime) {
      kernel.scheduler().expectRealTime();
    }
    return 0;
  }

  /** {@code user_check_sched_setscheduler}. */
  private boolean mayBecome(
      Task target, int policy, int priority, @Nullable Integer nice, boolean reset) {
    if (kernel.task().identity().isPrivileged()) {
      return true;
    }
    SchedulingParameters now = target.scheduling();
    if (policy == SCHED_FIFO || policy == SCHED_RR) {
      long limit = target.limits().soft(RLimits.RTPRIO);
      boolean changes = policy != now.policy() && limit == 0;
      if (changes
          || (priority > now.realTimePriority() && Long.compareUnsigned(priority, limit) > 0)) {
        return false;
      }
    } else if (nice != null && nice < now.nice() && !mayBeAsNiceAs(target, nice)) {
      return false;
    }
    boolean leavesIdle = now.policy() == SCHED_IDLE && policy != SCHED_IDLE;
    return owns(target)
        && (!leavesIdle || mayBeAsNiceAs(target, now.nice()))
        && (reset || !now.isResetOnFork());
  }

  /** {@code nice_to_rlimit} against RLIMIT_NICE. */
  static boolean mayBeAsNiceAs(Task target, int nice) {
    return Long.compareUnsigned(MAX_NICE + 1 - nice, target.limits().soft(RLimits.NICE)) <= 0;
  }

  /** SCHED_FIFO and SCHED_RR have priorities; OTHER, BATCH, IDLE and DEADLINE have none. */
  private static long priority(int policy, int ofRealTime) {
    return switch (policy) {
      case SCHED_FIFO, SCHED_RR -> ofRealTime;
      case SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE -> 0;
      default -> -Errno.EINVAL;
    };
  }

  private long interval(int pid, int to, int wordBytes) {
    if (pid < 0) {
      return -Errno.EINVAL;
    }
    Task target = find(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    long nanos =
        switch (target.scheduling().policy()) {
          case SCHED_FIFO -> 0;
          case SCHED_RR -> ROUND_ROBIN_NANOS;
          default -> FAIR_NANOS;
        };
    ByteBuffer out = ByteBuffer.allocate(2 * wordBytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(wordBytes, (int) nanos);
    memory.write(Integer.toUnsignedLong(to), out.array());
    return 0;
  }

  // ---- struct sched_attr ----

  /**
   * <pre>
   *   0      4        8       16     20         24        32         40       48         52
   *  +------+--------+-------+------+----------+---------+----------+--------+----------+----------+
   *  | size | policy | flags | nice | priority | runtime | deadline | period | util_min | util_max |
   *  +------+--------+-------+------+----------+---------+----------+--------+----------+----------+
   * </pre>
   */
  private long getAttributes(int pid, int to, int size, int flags) {
    if (to == 0
        || pid < 0
        || Integer.compareUnsigned(size, Ram.PAGE_SIZE) > 0
        || size < FIRST_ATTRIBUTE_BYTES
        || flags != 0) {
      return -Errno.EINVAL;
    }
    Task target = find(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    SchedulingParameters parameters = target.scheduling();
    ByteBuffer out = ByteBuffer.allocate(ATTRIBUTE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int bytes = Math.min(size, ATTRIBUTE_BYTES);
    out.putInt(bytes).putInt(parameters.policy());
    out.putLong(parameters.isResetOnFork() ? ATTRIBUTE_RESET_ON_FORK : 0);
    if (parameters.isRealTime()) {
      out.putInt(0).putInt(parameters.realTimePriority());
    } else {
      out.putInt(parameters.nice());
    }
    memory.write(Integer.toUnsignedLong(to), Arrays.copyOf(out.array(), bytes));
    return 0;
  }

  private long setAttributes(int pid, int from, int flags) {
    if (from == 0 || pid < 0 || flags != 0) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(from);
    int size = memory.readInt(at);
    size = size == 0 ? FIRST_ATTRIBUTE_BYTES : size;
    if (size < FIRST_ATTRIBUTE_BYTES || Integer.compareUnsigned(size, Ram.PAGE_SIZE) > 0) {
      memory.writeInt(at, ATTRIBUTE_BYTES);
      return -Errno.E2BIG;
    }
    ByteBuffer in = ByteBuffer.wrap(memory.read(at, size)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = ATTRIBUTE_BYTES; i < size; i++) {
      if (in.get(i) != 0) {
        memory.writeInt(at, ATTRIBUTE_BYTES);
        return -Errno.E2BIG;
      }
    }
    long attributeFlags = in.getLong(8);
    int policy = in.getInt(4);
    if (policy < 0 || (attributeFlags & ~KNOWN_ATTRIBUTE_FLAGS) != 0) {
      return -Errno.EINVAL;
    }
    Task target = find(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    boolean reset = (attributeFlags & ATTRIBUTE_RESET_ON_FORK) != 0;
    return set(target, policy | (reset ? RESET_ON_FORK : 0), in.getInt(20), in.getInt(16));
  }
}
