package org.memarium.kernel.syscall;

import org.memarium.mm.Errno;

/**
 * {@code ipc}: one number for all calls of System V, as i386 had it from the beginning; Linux
 * {@code ipc/syscall.c}.
 */
final class IpcCalls {
  private static final int SEMOP = 1;
  private static final int SEMGET = 2;
  private static final int SEMCTL = 3;
  private static final int SEMTIMEDOP = 4;
  private static final int MSGSND = 11;
  private static final int MSGRCV = 12;
  private static final int MSGGET = 13;
  private static final int MSGCTL = 14;
  private static final int SHMAT = 21;
  private static final int SHMDT = 22;
  private static final int SHMGET = 23;
  private static final int SHMCTL = 24;

  private static final int VERSION_SHIFT = 16;

  private final Kernel kernel;
  private final ShmCalls shm;
  private final SemCalls sem;
  private final MsgCalls msg;

  IpcCalls(Kernel kernel) {
    this.kernel = kernel;
    this.shm = new ShmCalls(kernel);
    this.sem = new SemCalls(kernel);
    this.msg = new MsgCalls(kernel);
  }

  void enter(SystemCallTable table) {
    shm.enter(table);
    sem.enter(table);
    msg.enter(table);
    table.set("ipc", this::ipc);
  }

  private long ipc(int call, int first, int second, int third, int pointer, int fifth) {
    int version = call >>> VERSION_SHIFT;
    boolean old = (second & IpcStruct.IPC_64) == 0;
    int command = second & ~IpcStruct.IPC_64;
    return switch (call & 0xffff) {
      case SEMOP -> sem.semop(first, pointer, second, 0, Integer.BYTES);
      case SEMTIMEDOP -> sem.semop(first, pointer, second, fifth, Integer.BYTES);
      case SEMGET -> sem.semget(first, second, third);
      case SEMCTL -> semctl(first, second, third, pointer);
      case MSGSND -> msg.msgsnd(first, pointer, second, third);
      case MSGRCV -> msgrcv(version, first, second, third, pointer, fifth);
      case MSGGET -> msg.msgget(first, second);
      case MSGCTL -> msg.msgctl(first, command, pointer, old);
      case SHMAT -> shmat(version, first, second, third, pointer);
      case SHMDT -> shm.shmdt(pointer);
      case SHMGET -> shm.shmget(first, second, third);
      case SHMCTL -> shm.shmctl(first, command, pointer, old);
      default -> -Errno.ENOSYS;
    };
  }

  /** The argument is in memory, whatever the command makes of it. */
  private long semctl(int id, int semaphore, int command, int pointer) {
    if (pointer == 0) {
      return -Errno.EINVAL;
    }
    int argument = kernel.memory().readInt(Integer.toUnsignedLong(pointer));
    boolean old = (command & IpcStruct.IPC_64) == 0;
    return sem.semctl(id, semaphore, command & ~IpcStruct.IPC_64, argument, old);
  }

  /** {@code struct ipc_kludge}: of old, buffer and type were told in memory. */
  private long msgrcv(int version, int id, int bytes, int flags, int pointer, int type) {
    if (version != 0) {
      return msg.msgrcv(id, pointer, bytes, type, flags);
    }
    if (pointer == 0) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(pointer);
    int buffer = kernel.memory().readInt(at);
    return msg.msgrcv(id, buffer, bytes, kernel.memory().readInt(at + Integer.BYTES), flags);
  }

  /** The address is told in memory; it stays attached even where that cannot be written. */
  private long shmat(int version, int id, int flags, int told, int address) {
    if (version == 1) {
      return -Errno.EINVAL;
    }
    long result = shm.shmat(id, address, flags);
    if (Errno.isError(result)) {
      return result;
    }
    kernel.memory().writeInt(Integer.toUnsignedLong(told), (int) result);
    return 0;
  }
}
