package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.Flock;
import org.memarium.kernel.vfs.LockCall;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** {@code fcntl} in its two widths, and {@code flock}; Linux {@code fs/fcntl.c}, locks.c. */
final class FcntlCalls {
  private static final int SHORT_LOCK_BYTES = 16;
  private static final int LONG_LOCK_BYTES = 24;
  private static final int F_UNLCK = 2;
  private static final int LOCK_MAND = 32;

  private final Kernel kernel;

  FcntlCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    String leases = "leases (F_SETLEASE), F_NOTIFY and write hints are refused: EINVAL";
    table.set("fcntl", this::fcntl).remark(leases);
    table.set("fcntl64", this::fcntl).remark(leases);
    table.set("flock", this::flock);
  }

  private FileCalls files() {
    return kernel.files();
  }

  private long fcntl(int fd, int command, int argument) {
    FdTable fds = kernel.task().files();
    return switch (command) {
      case Fcntl.F_GETLK -> getLock(fds, fd, false, argument, SHORT_LOCK_BYTES);
      case Fcntl.F_GETLK64 -> getLock(fds, fd, false, argument, LONG_LOCK_BYTES);
      case Fcntl.F_OFD_GETLK -> getLock(fds, fd, true, argument, LONG_LOCK_BYTES);
      case Fcntl.F_SETLK -> setLock(fds, fd, false, argument, SHORT_LOCK_BYTES, false);
      case Fcntl.F_SETLKW -> setLock(fds, fd, false, argument, SHORT_LOCK_BYTES, true);
      case Fcntl.F_SETLK64 -> setLock(fds, fd, false, argument, LONG_LOCK_BYTES, false);
      case Fcntl.F_SETLKW64 -> setLock(fds, fd, false, argument, LONG_LOCK_BYTES, true);
      case Fcntl.F_OFD_SETLK -> setLock(fds, fd, true, argument, LONG_LOCK_BYTES, false);
      case Fcntl.F_OFD_SETLKW -> setLock(fds, fd, true, argument, LONG_LOCK_BYTES, true);
      case Fcntl.F_SETOWN -> {
        boolean there = argument == Integer.MIN_VALUE || exists(argument);
        yield there || fds.get(fd) == null ? files().fcntl(fd, command, argument) : -Errno.ESRCH;
      }
      case Fcntl.F_SETOWN_EX -> setOwnerEx(fd, Integer.toUnsignedLong(argument));
      case Fcntl.F_GETOWN_EX -> getOwnerEx(fd, Integer.toUnsignedLong(argument));
      default -> files().fcntl(fd, command, argument);
    };
  }

  // ---- Locks ----

  /** {@code struct flock}: two short numbers, start and length in 32 or 64 bits, and the pid. */
  private Flock readLock(long address, int bytes) {
    ByteBuffer in =
        ByteBuffer.wrap(kernel.memory().read(address, bytes)).order(ByteOrder.LITTLE_ENDIAN);
    boolean wide = bytes == LONG_LOCK_BYTES;
    Flock lock = new Flock();
    lock.type = in.getShort();
    lock.whence = in.getShort();
    lock.start = wide ? in.getLong() : in.getInt();
    lock.length = wide ? in.getLong() : in.getInt();
    lock.pid = in.getInt();
    return lock;
  }

  private long getLock(FdTable fds, int fd, boolean ofd, int argument, int bytes) {
    if (fds.get(fd) == null) {
      return -Errno.EBADF;
    }
    long address = Integer.toUnsignedLong(argument);
    Flock lock = readLock(address, bytes);
    long result = files().getLock(fd, ofd, lock);
    if (result < 0) {
      return result;
    }
    boolean wide = bytes == LONG_LOCK_BYTES;
    if (!wide && lock.type != F_UNLCK && lock.start + lock.length > Integer.MAX_VALUE) {
      return -Errno.EOVERFLOW;
    }
    ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putShort((short) lock.type).putShort((short) lock.whence);
    if (wide) {
      out.putLong(lock.start).putLong(lock.length);
    } else {
      out.putInt((int) lock.start).putInt((int) lock.length);
    }
    kernel.memory().write(address, out.putInt(lock.pid).array());
    return 0;
  }

  private long setLock(FdTable fds, int fd, boolean ofd, int argument, int bytes, boolean mayWait) {
    if (fds.get(fd) == null) {
      return -Errno.EBADF;
    }
    Flock lock = readLock(Integer.toUnsignedLong(argument), bytes);
    try {
      return begin(files().setLock(fd, ofd, lock, mayWait, pid()));
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  private long flock(int fd, int operation) {
    if ((operation & LOCK_MAND) != 0) {
      // Linux has no such locks any more, and lets those who ask believe.
      return 0;
    }
    try {
      return begin(files().flock(fd, operation, pid()));
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  private long begin(LockCall call) {
    long result = call.tryAgain();
    if (result == SleepingCall.ASLEEP) {
      kernel.sleep(call);
      kernel.task().sleep().waitOnExclusive(call.queue());
    }
    return result;
  }

  private int pid() {
    return kernel.task().process().pid();
  }

  // ---- Who is told by a signal ----

  /** Whether there is such a task, or, for a negative number, such a process group. */
  private boolean exists(int id) {
    if (id >= 0) {
      return id == 0 || kernel.tasks().find(id) != null;
    }
    return kernel.tasks().processes().stream().anyMatch(p -> p.processGroup() == -id);
  }

  private long setOwnerEx(int fd, long address) {
    int type = kernel.memory().readInt(address);
    int id = kernel.memory().readInt(address + 4);
    return type >= 0 && type <= Fcntl.F_OWNER_PGRP && !exists(type == Fcntl.F_OWNER_PGRP ? -id : id)
        ? -Errno.ESRCH
        : files().setOwnerEx(fd, type, id);
  }

  private long getOwnerEx(int fd, long address) {
    int[] owner = new int[2];
    long result = files().getOwnerEx(fd, owner);
    if (result == 0) {
      kernel.memory().writeInt(address, owner[0]);
      kernel.memory().writeInt(address + 4, owner[1]);
    }
    return result;
  }
}
