package org.memarium.kernel.syscall;

import org.memarium.mm.Errno;

/**
 * {@code ipc}: one number for all calls of System V, as i386 had it from the beginning; Linux
 * {@code ipc/syscall.c}.
 */
final class IpcCalls {
  private static final int SHMAT = 21;
  private static final int SHMDT = 22;
  private static final int SHMGET = 23;
  private static final int SHMCTL = 24;

  private static final int VERSION_SHIFT = 16;

  private final Kernel kernel;
  private final ShmCalls shm;

  IpcCalls(Kernel kernel) {
    this.kernel = kernel;
    this.shm = new ShmCalls(kernel);
  }

  void enter(SystemCallTable table) {
    shm.enter(table);
    table.set("ipc", this::ipc);
  }

  private long ipc(int call, int first, int second, int third, int pointer, int fifth) {
    int version = call >>> VERSION_SHIFT;
    return switch (call & 0xffff) {
      case SHMAT -> shmat(version, first, second, third, pointer);
      case SHMDT -> shm.shmdt(pointer);
      case SHMGET -> shm.shmget(first, second, third);
      case SHMCTL ->
          shm.shmctl(first, second & ~IpcStruct.IPC_64, pointer, (second & IpcStruct.IPC_64) == 0);
      default -> -Errno.ENOSYS;
    };
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
