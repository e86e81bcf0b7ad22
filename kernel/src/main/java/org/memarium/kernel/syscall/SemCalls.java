package org.memarium.kernel.syscall;

import org.memarium.kernel.ipc.IpcResult;
import org.memarium.kernel.ipc.SemOperation;
import org.memarium.kernel.ipc.SemSet;
import org.memarium.kernel.ipc.SemWait;
import org.memarium.kernel.ipc.Semaphores;
import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;

/**
 * {@code semget}, {@code semop}, {@code semtimedop} and {@code semctl}; Linux {@code ipc/sem.c}.
 */
final class SemCalls {
  private static final int IPC_RMID = 0;
  private static final int IPC_SET = 1;
  private static final int IPC_STAT = 2;
  private static final int IPC_INFO = 3;
  private static final int GETPID = 11;
  private static final int GETVAL = 12;
  private static final int GETALL = 13;
  private static final int GETNCNT = 14;
  private static final int GETZCNT = 15;
  private static final int SETVAL = 16;
  private static final int SETALL = 17;
  private static final int SEM_STAT = 18;
  private static final int SEM_INFO = 19;
  private static final int SEM_STAT_ANY = 20;

  private static final int DS_BYTES = 64;
  private static final int OLD_DS_BYTES = 44;
  private static final int INFO_BYTES = 40;
  private static final int SEMBUF_BYTES = 6;
  private static final int SEMUSZ = 20;

  private final Kernel kernel;
  private final Semaphores semaphores;

  SemCalls(Kernel kernel) {
    this.kernel = kernel;
    this.semaphores = kernel.ipc().semaphores();
  }

  void enter(SystemCallTable table) {
    table.set("semget", this::semget);
    int ignored = IpcStruct.ignoredIn(kernel);
    table.set(
        "semctl", (id, at, command, arg, e, f) -> semctl(id, at, command & ~ignored, arg, false));
    table.set(
        "semtimedop_time64",
        (id, operations, count, timeout, e, f) -> semop(id, operations, count, timeout, 8));
  }

  private TaskAsIpcCaller caller() {
    return new TaskAsIpcCaller(kernel.task());
  }

  long semget(int key, int count, int flags) {
    return semaphores.semget(caller(), key, count, flags);
  }

  // ---- semop ----

  /**
   * {@code ksys_semtimedop}.
   *
   * @param timeout address of a {@code struct timespec}; 0: none
   * @param wordBytes of its words
   */
  long semop(int id, int address, int count, int timeout, int wordBytes) {
    long atNanos = Timers.NEVER;
    long span = -1;
    CallFailedException badTime = null;
    if (timeout != 0) {
      try {
        span = new TimeFormat(kernel.memory()).readTimespec(timeout, wordBytes);
      } catch (CallFailedException outOfRange) {
        // Its place in memory is looked at before all else, its value after the operations.
        badTime = outOfRange;
      }
    }
    if (Integer.compareUnsigned(count, semaphores.maxOperations()) > 0) {
      return -Errno.E2BIG;
    }
    if (count < 1) {
      return -Errno.EINVAL;
    }
    SemOperation[] operations = copyIn(address, count);
    if (id < 0) {
      return -Errno.EINVAL;
    }
    if (badTime != null) {
      throw badTime;
    }
    if (span >= 0) {
      long now = kernel.clock().uptimeNanos();
      atNanos = span > Timers.NEVER - now ? Timers.NEVER : now + span;
    }
    Semaphores.Outcome outcome = semaphores.semop(caller(), id, operations);
    SemWait wait = outcome.waiting();
    if (wait == null) {
      return outcome.result();
    }
    Deadline deadline = new Deadline(atNanos, kernel.clock()::uptimeNanos);
    return kernel.sleepUntil(atNanos, new Sleep(wait, deadline), wait.queue());
  }

  private SemOperation[] copyIn(int address, int count) {
    byte[] bytes = kernel.memory().read(Integer.toUnsignedLong(address), count * SEMBUF_BYTES);
    SemOperation[] operations = new SemOperation[count];
    for (int i = 0; i < count; i++) {
      int at = i * SEMBUF_BYTES;
      operations[i] =
          new SemOperation(
              half(bytes, at) & 0xffff, half(bytes, at + 2), half(bytes, at + 4) & 0xffff);
    }
    return operations;
  }

  private static short half(byte[] bytes, int at) {
    return (short) ((bytes[at] & 0xff) | bytes[at + 1] << Byte.SIZE);
  }

  /** A sleep until somebody has done the operations. */
  private record Sleep(SemWait waiting, Deadline deadline) implements SleepingCall {
    @Override
    public long tryAgain() {
      if (waiting.isFinished()) {
        return waiting.result();
      }
      return deadline.hasPassed() ? -Errno.EAGAIN : ASLEEP;
    }

    @Override
    public long interrupted() {
      return waiting.isFinished() ? waiting.result() : -Errno.EINTR;
    }

    @Override
    public void ended() {
      waiting.giveUp();
    }

    @Override
    public String what() {
      return "semaphores of System V";
    }
  }

  // ---- semctl ----

  /**
   * {@code ksys_semctl}.
   *
   * @param argument {@code union semun}
   * @param old whether the structures are those of old
   */
  long semctl(int id, int semaphore, int command, int argument, boolean old) {
    if (id < 0) {
      return -Errno.EINVAL;
    }
    return switch (command) {
      case IPC_INFO, SEM_INFO -> info(argument, command == SEM_INFO);
      case IPC_STAT -> stat(semaphores.stat(caller(), id), argument, old, false);
      case SEM_STAT -> stat(semaphores.statAt(caller(), id, false), argument, old, true);
      case SEM_STAT_ANY -> stat(semaphores.statAt(caller(), id, true), argument, old, true);
      case GETALL, GETVAL, GETPID, GETNCNT, GETZCNT -> get(id, semaphore, command, argument);
      case SETALL -> setAll(id, argument);
      case SETVAL -> semaphores.setValue(caller(), id, semaphore, argument);
      case IPC_SET -> {
        int size = IpcStruct.permBytes(kernel, old ? OLD_DS_BYTES : DS_BYTES, old);
        IpcStruct.Wanted wanted = IpcStruct.Wanted.copyIn(kernel.memory(), argument, size, old);
        yield semaphores.set(caller(), id, wanted.uid(), wanted.gid(), wanted.mode());
      }
      case IPC_RMID -> semaphores.remove(caller(), id);
      default -> -Errno.EINVAL;
    };
  }

  /** {@code semctl_info}: {@code struct seminfo}, of whose ten numbers two have two meanings. */
  private long info(int buffer, boolean present) {
    int[] limits = semaphores.limits();
    new IpcStruct(INFO_BYTES)
        .word(32_000L * 32_000)
        .word(limits[3])
        .word(limits[1])
        .word(32_000L * 32_000)
        .word(limits[0])
        .word(limits[2])
        .word(500)
        .word(present ? semaphores.ids().inUse() : SEMUSZ)
        .word(Semaphores.MAX_VALUE)
        .word(present ? semaphores.total() : Semaphores.MAX_VALUE)
        .copyOut(kernel.memory(), buffer);
    return semaphores.ids().maxIndex();
  }

  private long get(int id, int semaphore, int command, int argument) {
    IpcResult<SemSet> found = semaphores.open(caller(), id, false);
    SemSet set = found.object();
    if (set == null) {
      return found.error();
    }
    if (command == GETALL) {
      IpcStruct out = new IpcStruct(2 * set.semaphores());
      for (int i = 0; i < set.semaphores(); i++) {
        out.half(Semaphores.value(set, i));
      }
      out.copyOut(kernel.memory(), argument);
      return 0;
    }
    if (semaphore < 0 || semaphore >= set.semaphores()) {
      return -Errno.EINVAL;
    }
    return switch (command) {
      case GETVAL -> Semaphores.value(set, semaphore);
      case GETPID -> Semaphores.lastPid(set, semaphore);
      default -> Semaphores.waiting(set, semaphore, command == GETZCNT);
    };
  }

  private long setAll(int id, int argument) {
    IpcResult<SemSet> found = semaphores.open(caller(), id, true);
    SemSet set = found.object();
    if (set == null) {
      return found.error();
    }
    byte[] bytes = kernel.memory().read(Integer.toUnsignedLong(argument), 2 * set.semaphores());
    int[] values = new int[set.semaphores()];
    for (int i = 0; i < values.length; i++) {
      values[i] = half(bytes, 2 * i) & 0xffff;
    }
    return semaphores.setAll(caller(), set, values);
  }

  /**
   * {@code copy_semid_to_user}.
   *
   * <pre>
   *   struct semid64_ds                  struct semid_ds
   *   0     36    44    52     56  64    0     16    20    24        40     44
   *  +-----+-----+-----+------+---+     +-----+-----+-----+---------+------+
   *  |perm |otime|ctime|nsems | - |     |perm |otime|ctime| nothing |nsems |
   *  +-----+-----+-----+------+---+     +-----+-----+-----+---------+------+
   * </pre>
   */
  private long stat(IpcResult<SemSet> found, int buffer, boolean old, boolean tellsId) {
    SemSet set = found.object();
    if (set == null) {
      return found.error();
    }
    IpcStruct out = new IpcStruct(old ? OLD_DS_BYTES : DS_BYTES);
    out.perm(set, old);
    if (old) {
      out.word(set.operationSeconds()).word(set.changeSeconds());
      out.word(0).word(0).word(0).word(0).half(set.semaphores());
    } else {
      out.seconds(set.operationSeconds()).seconds(set.changeSeconds()).word(set.semaphores());
    }
    out.copyOut(kernel.memory(), buffer);
    return tellsId ? set.id() : 0;
  }
}
