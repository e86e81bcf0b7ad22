package org.memarium.kernel.process;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.TimerClock;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.space.RLimits;

/**
 * {@code signal_struct.posix_timers}: the timers that a process has made. They pass neither to
 * children nor through execve. Each holds an object of its cache, and its signal's.
 */
public final class PosixTimers {
  /** A timer, its objects, and whose allowance of signals it counts for. */
  private record Entry(PosixTimer timer, long timerSlot, long signalSlot, int uid) {}

  private final UserProcess process;
  private final KmemCache timerCache;
  private final KmemCache signalCache;
  private final TreeMap<Integer, Entry> entries = new TreeMap<>();
  private int nextId;

  PosixTimers(UserProcess process, KmemCache timerCache, KmemCache signalCache) {
    this.process = process;
    this.timerCache = timerCache;
    this.signalCache = signalCache;
  }

  /** The number of the next timer. */
  public int nextId() {
    return nextId;
  }

  /**
   * {@code timer_create}.
   *
   * @return null if there is no memory, or too many signals wait already
   */
  public @Nullable PosixTimer create(PosixTimer.Notification notification, TimerClock clock) {
    int uid = process.leader().identity().uid();
    SignalQuota quota = process.leader().machinery().signalQuota();
    if (!quota.take(uid, process.limits().soft(RLimits.SIGPENDING))) {
      return null;
    }
    long timerSlot = timerCache.alloc(Gfp.GFP_KERNEL);
    long signalSlot = timerSlot == 0 ? 0 : signalCache.alloc(Gfp.GFP_KERNEL);
    if (signalSlot == 0) {
      quota.give(uid);
      if (timerSlot != 0) {
        timerCache.free(timerSlot);
      }
      return null;
    }
    PosixTimer timer = new PosixTimer(nextId++, process, notification, clock);
    entries.put(timer.id(), new Entry(timer, timerSlot, signalSlot, uid));
    return timer;
  }

  /** The timer of a number, or null. */
  public @Nullable PosixTimer find(int id) {
    Entry entry = entries.get(id);
    return entry == null ? null : entry.timer;
  }

  /** {@code timer_delete}: false if there is none of that number. */
  public boolean delete(int id) {
    Entry entry = entries.remove(id);
    if (entry == null) {
      return false;
    }
    entry.timer.stop();
    process.leader().machinery().signalQuota().give(entry.uid);
    signalCache.free(entry.signalSlot);
    timerCache.free(entry.timerSlot);
    return true;
  }

  /** The program no longer ignores a signal. */
  void listen(int signal) {
    for (Entry entry : entries.values()) {
      entry.timer.listen(signal);
    }
  }

  /** {@code exit_itimers}: the process ends, or becomes another program. */
  void deleteAll() {
    while (!entries.isEmpty()) {
      delete(entries.firstKey());
    }
  }

  void audit(Audit audit) {
    audit.expectObjects(timerCache, entries.size());
    audit.expectObjects(signalCache, entries.size());
  }
}
