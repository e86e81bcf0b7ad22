package org.memarium.kernel.syscall;

import org.memarium.kernel.ipc.IpcResult;
import org.memarium.kernel.ipc.SharedMemory;
import org.memarium.kernel.ipc.ShmSegment;
import org.memarium.mm.Errno;

/** {@code shmget}, {@code shmat}, {@code shmdt} and {@code shmctl}; Linux {@code ipc/shm.c}. */
final class ShmCalls {
  private static final int IPC_RMID = 0;
  private static final int IPC_SET = 1;
  private static final int IPC_STAT = 2;
  private static final int IPC_INFO = 3;
  private static final int SHM_LOCK = 11;
  private static final int SHM_UNLOCK = 12;
  private static final int SHM_STAT = 13;
  private static final int SHM_INFO = 14;
  private static final int SHM_STAT_ANY = 15;

  private static final int DS_BYTES = 84;
  private static final int OLD_DS_BYTES = 48;
  private static final int SHMINFO_BYTES = 36;
  private static final int OLD_SHMINFO_BYTES = 20;
  private static final int SHM_INFO_BYTES = 24;

  private final Kernel kernel;
  private final SharedMemory shm;

  ShmCalls(Kernel kernel) {
    this.kernel = kernel;
    this.shm = kernel.ipc().sharedMemory();
  }

  void enter(SystemCallTable table) {
    table.set("shmget", this::shmget);
    table.set("shmat", this::shmat);
    table.set("shmdt", this::shmdt);
    table.set("shmctl", (int id, int command, int buffer) -> shmctl(id, command, buffer, false));
  }

  private TaskAsIpcCaller caller() {
    return new TaskAsIpcCaller(kernel.task());
  }

  long shmget(int key, int bytes, int flags) {
    return shm.shmget(caller(), key, Integer.toUnsignedLong(bytes), flags);
  }

  long shmat(int id, int address, int flags) {
    return shm.shmat(caller(), id, Integer.toUnsignedLong(address), flags);
  }

  long shmdt(int address) {
    return shm.shmdt(caller(), Integer.toUnsignedLong(address));
  }

  /**
   * {@code ksys_shmctl}.
   *
   * @param old whether the structures are those of old
   */
  long shmctl(int id, int command, int buffer, boolean old) {
    if (command < 0 || id < 0) {
      return -Errno.EINVAL;
    }
    return switch (command) {
      case IPC_INFO -> ipcInfo(buffer, old);
      case SHM_INFO -> shmInfo(buffer);
      case IPC_STAT -> stat(shm.stat(caller(), id), buffer, old, false);
      case SHM_STAT -> stat(shm.statAt(caller(), id, false), buffer, old, true);
      case SHM_STAT_ANY -> stat(shm.statAt(caller(), id, true), buffer, old, true);
      case IPC_SET -> {
        int size = IpcStruct.permBytes(kernel, old ? OLD_DS_BYTES : DS_BYTES, old);
        IpcStruct.Wanted wanted = IpcStruct.Wanted.copyIn(kernel.memory(), buffer, size, old);
        yield shm.set(caller(), id, wanted.uid(), wanted.gid(), wanted.mode());
      }
      case IPC_RMID -> shm.remove(caller(), id);
      case SHM_LOCK, SHM_UNLOCK -> shm.lock(caller(), id, command == SHM_LOCK);
      default -> -Errno.EINVAL;
    };
  }

  /**
   * {@code copy_shminfo_to_user}: the largest segment is told as an {@code int} in the structure of
   * old, and, by a 64-bit kernel, in any.
   */
  private long ipcInfo(int buffer, boolean old) {
    long most = shm.maxBytes();
    boolean narrow = old || kernel.wordBytes() > 4;
    if (narrow && Long.compareUnsigned(most, Integer.MAX_VALUE) > 0) {
      most = Integer.MAX_VALUE;
    }
    new IpcStruct(old ? OLD_SHMINFO_BYTES : SHMINFO_BYTES)
        .word(most)
        .word(1)
        .word(shm.maxSegments())
        .word(shm.maxSegments())
        .word(shm.maxTotalPages())
        .copyOut(kernel.memory(), buffer);
    return shm.ids().maxIndex();
  }

  private long shmInfo(int buffer) {
    long resident = 0;
    long swapped = 0;
    for (ShmSegment segment : shm.ids().all()) {
      resident += segment.residentPages();
      swapped += segment.swappedPages();
    }
    new IpcStruct(SHM_INFO_BYTES)
        .word(shm.ids().inUse())
        .word(shm.totalPages())
        .word(resident)
        .word(swapped)
        .copyOut(kernel.memory(), buffer);
    return shm.ids().maxIndex();
  }

  /**
   * {@code copy_shmid_to_user}.
   *
   * <pre>
   *   struct shmid64_ds                                    struct shmid_ds
   *   0     36    40    48    56    64   68   72     76    0     16    20    24    28    32   34   36
   *  +-----+-----+-----+-----+-----+----+----+------+---  +-----+-----+-----+-----+-----+----+----+------
   *  |perm |segsz|atime|dtime|ctime|cpid|lpid|nattch| -   |perm |segsz|atime|dtime|ctime|cpid|lpid|nattch
   *  +-----+-----+-----+-----+-----+----+----+------+---  +-----+-----+-----+-----+-----+----+----+------
   * </pre>
   */
  private long stat(IpcResult<ShmSegment> found, int buffer, boolean old, boolean tellsId) {
    ShmSegment segment = found.object();
    if (segment == null) {
      return found.error();
    }
    IpcStruct out = new IpcStruct(old ? OLD_DS_BYTES : DS_BYTES);
    out.perm(segment, old).word(segment.bytes());
    if (old) {
      out.word(segment.attachSeconds()).word(segment.detachSeconds());
      out.word(segment.changeSeconds());
      out.half(segment.creatorPid()).half(segment.lastPid()).half(segment.attached());
    } else {
      out.seconds(segment.attachSeconds()).seconds(segment.detachSeconds());
      out.seconds(segment.changeSeconds());
      out.word(segment.creatorPid()).word(segment.lastPid()).word(segment.attached());
    }
    out.copyOut(kernel.memory(), buffer);
    return tellsId ? segment.id() : 0;
  }
}
