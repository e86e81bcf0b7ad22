package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * A request for a lock, by fcntl or flock, which may have to wait until others let go; Linux {@code
 * fs/locks.c}, {@code do_lock_file_wait} and {@code flock_lock_inode_wait}.
 */
public final class LockCall implements SleepingCall {
  /** {@code MAX_DEADLK_ITERATIONS}: a longer circle of waiting owners is not looked for. */
  private static final int MOST_OWNERS = 10;

  /** {@code blocked_hash}: the requests of a machine that wait, in order of arrival. */
  static final class Blocked {
    private final List<LockCall> calls = new ArrayList<>();

    /** How many objects of {@code file_lock_cache} they are. */
    int size() {
      return calls.size();
    }

    /** {@code what_owner_is_waiting_for}: the lock that keeps the owner of another one waiting. */
    private @Nullable FileLock blockerOf(FileLock lock) {
      for (LockCall call : calls) {
        if (call.wanted.kind() == FileLock.Kind.POSIX && call.wanted.isOf(lock)) {
          return call.blocker;
        }
      }
      return null;
    }

    /** {@code posix_locks_deadlock}: whether waiting would close a circle that never ends. */
    private boolean wouldDeadlock(FileLock wanted, FileLock blocker) {
      FileLock at = wanted.kind() == FileLock.Kind.POSIX ? blockerOf(blocker) : null;
      for (int i = 0; at != null && i < MOST_OWNERS; i++) {
        if (at.isOf(wanted)) {
          return true;
        }
        at = blockerOf(at);
      }
      return false;
    }
  }

  private final Vfs vfs;
  private final FdTable fds;
  private final int fd;
  private final OpenFile file;
  private final FileLock wanted;
  private final boolean mayWait;
  private final VfsCaches caches;
  private @Nullable FileLock blocker;
  private long slot;
  private boolean waiting;

  LockCall(Vfs vfs, FdTable fds, int fd, OpenFile file, FileLock wanted, boolean mayWait) {
    this.vfs = vfs;
    this.fds = fds;
    this.fd = fd;
    this.file = file;
    this.wanted = wanted;
    this.mayWait = mayWait;
    this.caches = file.dentry().dcache().caches();
  }

  private FileLocks locks() {
    return file.inode().locks(caches);
  }

  /** Where those wait who want a lock on this file, in order of arrival. */
  public WaitQueue queue() {
    return locks().waiters();
  }

  @Override
  public long tryAgain() {
    try {
      return attempt();
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  private long attempt() throws ErrnoException {
    FileLocks locks = locks();
    if (wanted.kind() == FileLock.Kind.FLOCK) {
      // The old lock does not come back if the new one cannot be had.
      locks.beginConversion(wanted);
    }
    FileLock inTheWay = wanted.type() == FileLock.UNLOCK ? null : locks.conflict(wanted);
    if (inTheWay == null) {
      locks.apply(wanted);
      return closedMeanwhile() ? -Errno.EBADF : 0;
    }
    if (!mayWait) {
      return -Errno.EAGAIN;
    }
    if (vfs.blockedLocks().wouldDeadlock(wanted, inTheWay)) {
      return -Errno.EDEADLK;
    }
    blocker = inTheWay;
    if (!waiting) {
      slot = VfsCaches.alloc(caches.fileLock, Errno.ENOLCK);
      waiting = true;
      vfs.fget(file);
      vfs.blockedLocks().calls.add(this);
    }
    return ASLEEP;
  }

  /** Another thread closed the descriptor while this one waited: nobody would let go any more. */
  @SuppressWarnings("ReferenceEquality") // this very open file
  private boolean closedMeanwhile() throws ErrnoException {
    if (!waiting || wanted.kind() != FileLock.Kind.POSIX || fds.get(fd) == file) {
      return false;
    }
    locks().apply(wanted.unlocking());
    return true;
  }

  @Override
  public void ended() {
    if (waiting) {
      waiting = false;
      vfs.blockedLocks().calls.remove(this);
      VfsCaches.free(caches.fileLock, slot);
      vfs.fput(file);
    }
  }

  @Override
  public String what() {
    return "lock of fd %d (%s)".formatted(fd, file.dentry());
  }
}
