package org.memarium.kernel.syscall;

import java.util.ArrayList;
import java.util.List;
import org.memarium.kernel.futex.FutexKey;
import org.memarium.kernel.futex.FutexLock;
import org.memarium.kernel.futex.FutexThread;
import org.memarium.kernel.futex.FutexWait;
import org.memarium.kernel.futex.FutexWaitRequeue;
import org.memarium.kernel.futex.FutexWaitVector;
import org.memarium.kernel.futex.FutexWords;
import org.memarium.kernel.futex.Futexes;
import org.memarium.kernel.futex.RobustList;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;

/** Futexes and robust lists; Linux {@code kernel/futex/syscalls.c}. */
final class FutexCalls {
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;
  private static final int FUTEX_REQUEUE = 3;
  private static final int FUTEX_CMP_REQUEUE = 4;
  private static final int FUTEX_WAKE_OP = 5;
  private static final int FUTEX_LOCK_PI = 6;
  private static final int FUTEX_UNLOCK_PI = 7;
  private static final int FUTEX_TRYLOCK_PI = 8;
  private static final int FUTEX_WAIT_BITSET = 9;
  private static final int FUTEX_WAKE_BITSET = 10;
  private static final int FUTEX_WAIT_REQUEUE_PI = 11;
  private static final int FUTEX_CMP_REQUEUE_PI = 12;
  private static final int FUTEX_LOCK_PI2 = 13;
  private static final int FUTEX_PRIVATE_FLAG = 128;
  private static final int FUTEX_CLOCK_REALTIME = 256;
  private static final int FUTEX_CMD_MASK = ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);

  private static final int CLOCK_REALTIME = 0;
  private static final int CLOCK_MONOTONIC = 1;

  /** {@code FUTEX_WAITV_MAX}. */
  private static final int VECTOR_MAX = 128;

  private static final int VECTOR_ENTRY_BYTES = 24;

  /** In an entry of a vector: a futex of 32 bits. Linux 6.1 has no others. */
  private static final int FUTEX_32 = 2;

  private final Kernel kernel;
  private final UserMemory memory;
  private final Futexes futexes;
  private final TimeFormat format;

  FutexCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
    this.futexes = kernel.futexes();
    this.format = new TimeFormat(memory);
  }

  void enter(SystemCallTable table) {
    table.set("futex", (a, op, value, b, c, d) -> futex(a, op, value, b, c, d, 4));
    table.set("futex_time64", (a, op, value, b, c, d) -> futex(a, op, value, b, c, d, 8));
    table.set("futex_waitv", this::waitVector);
    table.set("set_robust_list", this::setRobustList);
    table.set("get_robust_list", this::getRobustList);
  }

  private FutexWords words() {
    return kernel.task().futexWords();
  }

  private FutexThread thread() {
    return kernel.task().futexThread();
  }

  /**
   * {@code do_futex}.
   *
   * @param timeout a pointer to a time; where the operation has none, a second count
   */
  private long futex(
      int address, int operation, int value, int timeout, int second, int third, int wordBytes) {
    int command = operation & FUTEX_CMD_MASK;
    boolean shared = (operation & FUTEX_PRIVATE_FLAG) == 0;
    boolean realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
    long atNanos = hasTimeout(command) ? timeout(command, realtime, timeout, wordBytes) : 0;
    if (realtime
        && command != FUTEX_WAIT_BITSET
        && command != FUTEX_WAIT_REQUEUE_PI
        && command != FUTEX_LOCK_PI2) {
      return -Errno.ENOSYS;
    }
    long at = Integer.toUnsignedLong(address);
    long at2 = Integer.toUnsignedLong(second);
    return switch (command) {
      case FUTEX_WAIT -> waitFor(at, shared, value, atNanos, Futexes.MATCH_ANY);
      case FUTEX_WAIT_BITSET -> waitFor(at, shared, value, atNanos, third);
      case FUTEX_WAKE -> wake(at, shared, value, Futexes.MATCH_ANY);
      case FUTEX_WAKE_BITSET -> wake(at, shared, value, third);
      case FUTEX_REQUEUE -> requeue(at, at2, shared, value, timeout);
      case FUTEX_CMP_REQUEUE -> compareRequeue(at, at2, shared, value, timeout, third);
      case FUTEX_CMP_REQUEUE_PI -> requeueToLock(at, at2, shared, value, timeout, third);
      case FUTEX_WAKE_OP -> {
        FutexKey first = key(at, shared, false);
        yield futexes.wakeOp(words(), first, value, key(at2, shared, true), at2, timeout, third);
      }
      case FUTEX_LOCK_PI, FUTEX_LOCK_PI2 -> lock(at, shared, atNanos, true);
      case FUTEX_TRYLOCK_PI -> lock(at, shared, Timers.NEVER, false);
      case FUTEX_UNLOCK_PI -> unlock(at, shared);
      case FUTEX_WAIT_REQUEUE_PI -> waitRequeue(at, at2, shared, value, atNanos);
      default -> -Errno.ENOSYS;
    };
  }

  private static boolean hasTimeout(int command) {
    return switch (command) {
      case FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI ->
          true;
      default -> false;
    };
  }

  /**
   * {@code futex_init_timeout}: FUTEX_WAIT tells a span, all others a moment; FUTEX_LOCK_PI always
   * one of the real time.
   *
   * @return since boot
   */
  private long timeout(int command, boolean realtime, int address, int wordBytes) {
    if (address == 0) {
      return Timers.NEVER;
    }
    long nanos = format.readTimespec(address, wordBytes);
    if (command == FUTEX_WAIT) {
      return kernel.clock().uptimeAfter(nanos);
    }
    return realtime || command == FUTEX_LOCK_PI ? kernel.clock().uptimeAt(nanos) : nanos;
  }

  private Deadline deadline(long atNanos) {
    return new Deadline(atNanos, kernel.clock()::uptimeNanos);
  }

  /** {@code get_futex_key}, and what it refuses at once. */
  private FutexKey key(long address, boolean shared, boolean writes) {
    if ((address & 3) != 0) {
      throw new CallFailedException(Errno.EINVAL);
    }
    if (address >>> 32 != 0) {
      throw new CallFailedException(Errno.EFAULT);
    }
    return words().key(address, shared, writes);
  }

  private long waitFor(long at, boolean shared, int value, long atNanos, int bitset) {
    if (bitset == 0) {
      return -Errno.EINVAL;
    }
    FutexKey key = key(at, shared, false);
    if (words().read(at) != value) {
      return -Errno.EAGAIN;
    }
    kernel.task().call().setRestart(() -> waitFor(at, shared, value, atNanos, bitset));
    Deadline deadline = deadline(atNanos);
    return kernel.sleepUntil(atNanos, new FutexWait(futexes, thread(), key, at, bitset, deadline));
  }

  private long wake(long at, boolean shared, int count, int bitset) {
    return bitset == 0 ? -Errno.EINVAL : futexes.wake(key(at, shared, false), count, bitset);
  }

  private long requeue(long from, long to, boolean shared, int wakes, int moves) {
    if (wakes < 0 || moves < 0) {
      return -Errno.EINVAL;
    }
    return futexes.requeue(key(from, shared, false), wakes, key(to, shared, false), moves);
  }

  private long compareRequeue(
      long from, long to, boolean shared, int wakes, int moves, int expected) {
    if (wakes < 0 || moves < 0) {
      return -Errno.EINVAL;
    }
    FutexKey first = key(from, shared, false);
    FutexKey second = key(to, shared, false);
    return words().read(from) != expected
        ? -Errno.EAGAIN
        : futexes.requeue(first, wakes, second, moves);
  }

  private long requeueToLock(
      long from, long to, boolean shared, int wakes, int moves, int expected) {
    if (wakes != 1 || moves < 0 || from == to) {
      return -Errno.EINVAL;
    }
    FutexKey first = key(from, shared, false);
    FutexKey second = key(to, shared, true);
    if (first.equals(second)) {
      return -Errno.EINVAL;
    }
    return words().read(from) != expected
        ? -Errno.EAGAIN
        : futexes.requeueToLock(words(), first, wakes, second, to, moves);
  }

  private long lock(long at, boolean shared, long atNanos, boolean waits) {
    FutexKey key = key(at, shared, true);
    FutexLock call = new FutexLock(futexes, words(), thread(), key, at, deadline(atNanos));
    long result = call.begin(waits);
    return result == SleepingCall.ASLEEP ? kernel.sleepUntil(atNanos, call) : result;
  }

  private long unlock(long at, boolean shared) {
    if ((words().read(at) & RobustList.TID_MASK) != thread().tid()) {
      return -Errno.EPERM;
    }
    return futexes.unlock(words(), thread(), at, key(at, shared, true));
  }

  private long waitRequeue(long from, long to, boolean shared, int value, long atNanos) {
    if (from == to) {
      return -Errno.EINVAL;
    }
    FutexKey lock = key(to, shared, true);
    FutexKey key = key(from, shared, false);
    if (words().read(from) != value) {
      return -Errno.EAGAIN;
    }
    if (key.equals(lock)) {
      return -Errno.EINVAL;
    }
    return kernel.sleepUntil(
        atNanos,
        new FutexWaitRequeue(futexes, words(), thread(), key, lock, to, deadline(atNanos)));
  }

  /**
   * {@code futex_waitv}.
   *
   * <pre>
   *   struct futex_waitv
   *   0       8         16      20
   *  +-------+---------+-------+----------+
   *  | value | address | flags | reserved |  8, 8, 4 and 4 bytes
   *  +-------+---------+-------+----------+
   * </pre>
   */
  private long waitVector(int vector, int count, int flags, int timeout, int clock) {
    if (flags != 0 || count <= 0 || count > VECTOR_MAX || vector == 0) {
      return -Errno.EINVAL;
    }
    long atNanos = Timers.NEVER;
    if (timeout != 0) {
      if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        return -Errno.EINVAL;
      }
      long nanos = format.readTimespec(timeout, 8);
      atNanos = clock == CLOCK_REALTIME ? kernel.clock().uptimeAt(nanos) : nanos;
    }
    List<FutexKey> keys = new ArrayList<>();
    int[] values = new int[count];
    long[] addresses = new long[count];
    for (int i = 0; i < count; i++) {
      long at = Integer.toUnsignedLong(vector) + (long) i * VECTOR_ENTRY_BYTES;
      int kind = memory.readInt(at + 16);
      if ((kind & ~FUTEX_PRIVATE_FLAG) != FUTEX_32 || memory.readInt(at + 20) != 0) {
        return -Errno.EINVAL;
      }
      values[i] = memory.readInt(at);
      long address = memory.readLong(at + 8);
      // A pointer of the kernel's: 64 bits of it count where that has them.
      addresses[i] = kernel.wordBytes() == Integer.BYTES ? address & 0xffff_ffffL : address;
      keys.add(key(addresses[i], (kind & FUTEX_PRIVATE_FLAG) == 0, false));
    }
    for (int i = 0; i < count; i++) {
      if (words().read(addresses[i]) != values[i]) {
        return -Errno.EAGAIN;
      }
    }
    return kernel.sleepUntil(
        atNanos, new FutexWaitVector(futexes, thread(), keys, deadline(atNanos)));
  }

  private long setRobustList(int head, int bytes) {
    if (bytes != RobustList.HEAD_BYTES) {
      return -Errno.EINVAL;
    }
    thread().setRobustList(Integer.toUnsignedLong(head));
    return 0;
  }

  private long getRobustList(int tid, int head, int bytes) {
    Task task = tid == 0 ? kernel.task() : kernel.tasks().find(tid);
    if (task == null) {
      return -Errno.ESRCH;
    }
    if (!Permissions.mayInspect(kernel.task(), task)) {
      return -Errno.EPERM;
    }
    memory.writeInt(Integer.toUnsignedLong(bytes), RobustList.HEAD_BYTES);
    memory.writeInt(Integer.toUnsignedLong(head), (int) task.futexThread().robustList());
    return 0;
  }
}
