package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code struct eventpoll}: files that one waits for together; Linux {@code fs/eventpoll.c}.
 *
 * <p>Each file that is watched has an {@link EventPollItem}, which hangs on the file's wait queue.
 * A wake-up puts the item on the ready list; whether the event really is there is asked when
 * somebody collects it.
 */
public final class EventPoll extends OpenFile {
  /** EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT, EPOLLET: how to watch, not what for. */
  static final int EXCLUSIVE = 1 << 28;

  static final int WAKEUP = 1 << 29;
  static final int ONESHOT = 1 << 30;
  static final int EDGE_TRIGGERED = 1 << 31;
  static final int PRIVATE_BITS = WAKEUP | ONESHOT | EDGE_TRIGGERED | EXCLUSIVE;

  /** {@code EPOLLEXCLUSIVE_OK_BITS}: all that may stand beside EPOLLEXCLUSIVE. */
  private static final int EXCLUSIVE_OK =
      Fcntl.POLLIN
          | Fcntl.POLLOUT
          | Fcntl.POLLERR
          | Fcntl.POLLHUP
          | WAKEUP
          | EDGE_TRIGGERED
          | EXCLUSIVE;

  private static final int CTL_ADD = 1;
  private static final int CTL_DEL = 2;
  private static final int CTL_MOD = 3;

  /** {@code EP_MAX_NESTS}: so deep may epolls watch epolls. */
  private static final int MAX_NESTS = 4;

  /** {@code sizeof(struct eventpoll)} on 32 bits. */
  private static final int EVENTPOLL_BYTES = 116;

  /** What is watched: one file may be there under several descriptors. */
  private record Key(OpenFile file, int fd) {}

  /** {@code rbr}; and the order in which they were added. */
  private final Map<Key, EventPollItem> items = new LinkedHashMap<>();

  /** {@code rdllist}. */
  private final Set<EventPollItem> ready = new LinkedHashSet<>();

  /** {@code wq}: those in epoll_wait. */
  private final WaitQueue waiting = new WaitQueue();

  /** {@code poll_wait}: those who watch this file itself. */
  private final WaitQueue pollWait = new WaitQueue();

  private final long slot;

  /**
   * {@code do_epoll_create}.
   *
   * @throws ErrnoException ENOMEM
   */
  EventPoll(Dentry dentry) throws ErrnoException {
    super(dentry, Fcntl.O_RDWR);
    slot = allocateOrLetGo(EVENTPOLL_BYTES);
  }

  @Override
  public boolean hasRead() {
    return false;
  }

  @Override
  public boolean hasWrite() {
    return false;
  }

  // ---- epoll_ctl ----

  /**
   * epoll_ctl(2).
   *
   * @param operation EPOLL_CTL_ADD 1, DEL 2, MOD 3
   * @param fd the descriptor as which the file is watched
   * @param events what for, and how
   * @param data comes back with each event
   * @return 0 or {@code -errno}
   */
  public long ctl(int operation, int fd, OpenFile file, int events, long data) {
    if (file.waitQueue(Fcntl.POLLIN) == null) {
      return -Errno.EPERM;
    }
    boolean itself = file.equals(this);
    if (itself) {
      return -Errno.EINVAL;
    }
    boolean exclusive = operation != CTL_DEL && (events & EXCLUSIVE) != 0;
    if (exclusive
        && (operation == CTL_MOD || file instanceof EventPoll || (events & ~EXCLUSIVE_OK) != 0)) {
      return -Errno.EINVAL;
    }
    Key key = new Key(file, fd);
    EventPollItem item = items.get(key);
    // POLLERR and POLLHUP are told whether they were asked for or not.
    int asked = (events & ~WAKEUP) | Fcntl.POLLERR | Fcntl.POLLHUP;
    return switch (operation) {
      case CTL_ADD -> item != null ? -Errno.EEXIST : add(key, asked, data);
      case CTL_DEL -> item == null ? -Errno.ENOENT : delete(key, item);
      case CTL_MOD -> item == null ? -Errno.ENOENT : modify(item, asked, data);
      default -> -Errno.EINVAL;
    };
  }

  /** {@code ep_insert}. */
  private long add(Key key, int events, long data) {
    if (key.file instanceof EventPoll other && (other.depth(this, 0) > MAX_NESTS)) {
      return -Errno.ELOOP;
    }
    EventPollItem item;
    try {
      item = new EventPollItem(this, key.file, key.fd, events, data);
    } catch (ErrnoException e) {
      return e.result();
    }
    items.put(key, item);
    becomeReadyIfSo(item);
    return 0;
  }

  /**
   * {@code ep_loop_check}: how many epolls lie below each other, this one included; beyond all
   * measure if one of them is {@code target}.
   */
  private int depth(EventPoll target, int above) {
    boolean found = equals(target);
    if (found || above > MAX_NESTS) {
      return MAX_NESTS + 1;
    }
    int deepest = 0;
    for (Key key : items.keySet()) {
      if (key.file instanceof EventPoll below) {
        deepest = Math.max(deepest, below.depth(target, above + 1));
      }
    }
    return deepest + 1;
  }

  private long modify(EventPollItem item, int events, long data) {
    if ((item.events & EXCLUSIVE) != 0) {
      return -Errno.EINVAL;
    }
    item.events = events;
    item.data = data;
    becomeReadyIfSo(item);
    return 0;
  }

  private void becomeReadyIfSo(EventPollItem item) {
    if (item.pending() != 0 && ready.add(item)) {
      waiting.wakeUp();
      pollWait.wakeUp(Fcntl.POLLIN, Integer.MAX_VALUE);
    }
  }

  private long delete(Key key, EventPollItem item) {
    items.remove(key);
    ready.remove(item);
    item.free();
    return 0;
  }

  /** {@code eventpoll_release_file}: the file is closed for good. */
  void forget(EventPollItem item) {
    delete(new Key(item.file, item.fd), item);
  }

  /**
   * {@code ep_poll_callback}: something happened to a file.
   *
   * @return whether somebody was waiting, as exclusive wake-ups count it
   */
  boolean happened(EventPollItem item, int events) {
    boolean disabled = (item.events & ~PRIVATE_BITS) == 0;
    if (disabled || (events != 0 && (events & item.events) == 0)) {
      return (item.events & EXCLUSIVE) == 0;
    }
    ready.add(item);
    boolean hasWaiters = !waiting.isEmpty();
    waiting.wakeUp();
    pollWait.wakeUp(Fcntl.POLLIN, Integer.MAX_VALUE);
    return hasWaiters || (item.events & EXCLUSIVE) == 0;
  }

  // ---- epoll_wait ----

  /** Takes what epoll_wait answers. */
  @FunctionalInterface
  public interface EventSink {
    /**
     * One event.
     *
     * @return false if the program's memory cannot take it
     */
    boolean event(int events, long data);
  }

  /** Where those in epoll_wait wait, one woken at a time. */
  public WaitQueue waiters() {
    return waiting;
  }

  /** Whether something may be there to collect: {@code ep_events_available}. */
  public boolean hasReady() {
    return !ready.isEmpty();
  }

  /**
   * {@code ep_send_events}: gives what is ready to the sink, the longest ready first.
   *
   * @return how many, or {@code -EFAULT} if the first could not be taken
   */
  public long collect(int most, EventSink sink) {
    List<EventPollItem> scanned = new ArrayList<>(ready);
    ready.clear();
    List<EventPollItem> again = new ArrayList<>();
    int done = 0;
    int next = 0;
    boolean refused = false;
    while (next < scanned.size() && done < most) {
      EventPollItem item = scanned.get(next);
      int events = item.pending();
      if (events != 0) {
        if (!sink.event(events, item.data)) {
          refused = true;
          break;
        }
        done++;
        if ((item.events & ONESHOT) != 0) {
          item.events &= PRIVATE_BITS;
        } else if ((item.events & EDGE_TRIGGERED) == 0) {
          // Level-triggered: it is looked at again, behind all others.
          again.add(item);
        }
      }
      next++;
    }
    ready.addAll(scanned.subList(next, scanned.size()));
    ready.addAll(again);
    if (!ready.isEmpty()) {
      waiting.wakeUp();
    }
    return refused && done == 0 ? -Errno.EFAULT : done;
  }

  // ---- As a file ----

  /** {@code noop_llseek}. */
  @Override
  public long lseek(long offset, int whence) {
    return 0;
  }

  @Override
  public int poll() {
    // What is no longer there leaves the list, as in ep_eventpoll_poll.
    ready.removeIf(item -> item.pending() == 0);
    return ready.isEmpty() ? 0 : Fcntl.POLLIN | Fcntl.POLLRDNORM;
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return pollWait;
  }

  @Override
  public boolean waitsForOutside() {
    return items.keySet().stream().anyMatch(key -> key.file.waitsForOutside());
  }

  @Override
  void closed() {
    for (EventPollItem item : items.values()) {
      item.free();
    }
    items.clear();
    ready.clear();
    dentry().dcache().caches().kfree(slot);
  }
}
