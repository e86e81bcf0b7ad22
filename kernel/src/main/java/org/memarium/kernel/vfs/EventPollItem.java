package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.kernel.wait.Waiter;

/** {@code struct epitem}: one file that an {@link EventPoll} watches. */
final class EventPollItem implements Waiter {
  final EventPoll poll;
  final OpenFile file;
  final int fd;

  /** What for, and how: bits of poll(2), and those of epoll above them. */
  int events;

  long data;

  private final @Nullable WaitQueue forReading;
  private final @Nullable WaitQueue forWriting;

  // ---- Objects of eventpoll_epi, and of eventpoll_pwq for each queue ----
  private final long slot;
  private long readingSlot;
  private long writingSlot;

  /**
   * Hangs on the file's queues.
   *
   * @throws ErrnoException ENOMEM
   */
  EventPollItem(EventPoll poll, OpenFile file, int fd, int events, long data)
      throws ErrnoException {
    this.poll = poll;
    this.file = file;
    this.fd = fd;
    this.events = events;
    this.data = data;
    VfsCaches caches = caches();
    slot = VfsCaches.alloc(caches.eventPollItem);
    forReading = file.waitQueue(Fcntl.POLLIN);
    WaitQueue other = file.waitQueue(Fcntl.POLLOUT);
    forWriting = other == null || other.equals(forReading) ? null : other;
    try {
      readingSlot = VfsCaches.alloc(caches.eventPollEntry);
      writingSlot = forWriting == null ? 0 : VfsCaches.alloc(caches.eventPollEntry);
    } catch (ErrnoException e) {
      VfsCaches.free(caches.eventPollEntry, readingSlot);
      VfsCaches.free(caches.eventPollItem, slot);
      throw e;
    }
    hang(forReading);
    hang(forWriting);
    file.watchers().add(this);
  }

  private VfsCaches caches() {
    return poll.dentry().dcache().caches();
  }

  private void hang(@Nullable WaitQueue queue) {
    if (queue == null) {
      return;
    }
    if ((events & EventPoll.EXCLUSIVE) != 0) {
      queue.addExclusive(this);
    } else {
      queue.add(this);
    }
  }

  /** How many queues it hangs on. */
  int queues() {
    return forWriting == null ? 1 : 2;
  }

  /** {@code ep_item_poll}: which of the events that are asked for hold now. */
  int pending() {
    return file.poll() & events;
  }

  @Override
  public boolean wake(int happened) {
    return poll.happened(this, happened);
  }

  /** Leaves the queues and gives its objects back. */
  void free() {
    file.watchers().remove(this);
    if (forReading != null) {
      forReading.remove(this);
    }
    if (forWriting != null) {
      forWriting.remove(this);
    }
    VfsCaches caches = caches();
    VfsCaches.free(caches.eventPollEntry, readingSlot);
    VfsCaches.free(caches.eventPollEntry, writingSlot);
    VfsCaches.free(caches.eventPollItem, slot);
  }
}
