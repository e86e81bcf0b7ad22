package org.memarium.kernel.vfs;

import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** {@code struct eventfd_ctx}: a counter that one waits for; Linux {@code fs/eventfd.c}. */
final class EventFd extends AnonymousFile {
  /** EFD_SEMAPHORE: a read takes one, not all. */
  static final int SEMAPHORE = 1;

  /** {@code sizeof(struct eventfd_ctx)} on 32 bits. */
  private static final int CONTEXT_BYTES = 40;

  private static final int COUNT_BYTES = 8;

  /** The counter as an unsigned number; it stays below this. */
  private static final long MAX = -1L;

  private final boolean semaphore;
  private final WaitQueue queue = new WaitQueue();
  private long count;

  /**
   * {@code do_eventfd}.
   *
   * @param initial unsigned
   * @param flags O_NONBLOCK, SEMAPHORE
   * @throws ErrnoException ENOMEM
   */
  EventFd(Dentry dentry, int initial, int flags) throws ErrnoException {
    super(dentry, flags, CONTEXT_BYTES);
    semaphore = (flags & SEMAPHORE) != 0;
    count = Integer.toUnsignedLong(initial);
  }

  @Override
  void closed() {
    // Whoever still hangs on it in an epoll is taken off by the file's end.
    queue.wakeUp(Fcntl.POLLHUP, Integer.MAX_VALUE);
    super.closed();
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return queue;
  }

  @Override
  public long read(byte[] buffer, int offset, int bytes) {
    if (bytes < COUNT_BYTES) {
      return -Errno.EINVAL;
    }
    if (count == 0) {
      return isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
    }
    long taken = semaphore ? 1 : count;
    count -= taken;
    putLong(buffer, offset, taken);
    queue.wakeUp(Fcntl.POLLOUT, Integer.MAX_VALUE);
    return COUNT_BYTES;
  }

  @Override
  public long write(byte[] buffer, int offset, int bytes) {
    if (bytes < COUNT_BYTES) {
      return -Errno.EINVAL;
    }
    long added = getLong(buffer, offset);
    if (added == MAX) {
      return -Errno.EINVAL;
    }
    if (Long.compareUnsigned(MAX - count, added) <= 0) {
      return isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
    }
    count += added;
    queue.wakeUp(Fcntl.POLLIN, Integer.MAX_VALUE);
    return COUNT_BYTES;
  }

  /** {@code noop_llseek}. */
  @Override
  public long lseek(long offset, int whence) {
    return 0;
  }

  @Override
  public int poll() {
    int events = count != 0 ? Fcntl.POLLIN : 0;
    events |= count == MAX ? Fcntl.POLLERR : 0;
    return events | (Long.compareUnsigned(MAX - 1, count) > 0 ? Fcntl.POLLOUT : 0);
  }

  static long getLong(byte[] from, int at) {
    long value = 0;
    for (int i = COUNT_BYTES - 1; i >= 0; i--) {
      value = value << 8 | (from[at + i] & 0xff);
    }
    return value;
  }

  static void putLong(byte[] to, int at, long value) {
    for (int i = 0; i < COUNT_BYTES; i++) {
      to[at + i] = (byte) (value >>> (8 * i));
    }
  }
}
