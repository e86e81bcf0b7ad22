package org.memarium.kernel.futex;

/**
 * The locks that a thread holds as it ends, by its own list in its own memory; Linux {@code
 * kernel/futex/core.c}, {@code exit_robust_list}.
 *
 * <pre>
 *   struct robust_list_head      struct robust_list
 *   0      4        8            0
 *  +------+--------+---------+  +------+ . . . . . . +------------+
 *  | next | offset | pending |  | next |             | the futex  |  offset bytes from its entry
 *  +------+--------+---------+  +------+ . . . . . . +------------+
 *   bit 0 of a pointer: the lock there is one with an owner in the kernel (PI)
 * </pre>
 */
public final class RobustList {
  /** {@code sizeof(struct robust_list_head)}. */
  public static final int HEAD_BYTES = 12;

  /** {@code FUTEX_TID_MASK}: of a word that says who owns it, the part that does. */
  public static final int TID_MASK = 0x3fff_ffff;

  /** {@code ROBUST_LIST_LIMIT}: a list in a circle ends here. */
  private static final int LIMIT = 2048;

  private static final int PI = 1;
  private static final long ADDRESS_MASK = 0xffff_ffffL;

  private final Futexes futexes;
  private final FutexWords words;
  private final FutexThread thread;
  private boolean broken;

  private RobustList(Futexes futexes, FutexWords words, FutexThread thread) {
    this.futexes = futexes;
    this.words = words;
    this.thread = thread;
  }

  /**
   * Marks every lock on the list that is the thread's, and wakes one who waits for it. Memory that
   * cannot be reached ends the walk, by the exception of {@link FutexWords}.
   */
  public static void walk(Futexes futexes, FutexWords words, FutexThread thread) {
    long head = thread.robustList();
    if (head != 0) {
      thread.setRobustList(0);
      new RobustList(futexes, words, thread).walk(head);
    }
  }

  private long pointer(long address) {
    return words.read(address) & ADDRESS_MASK;
  }

  private void walk(long head) {
    long entry = pointer(head);
    long offset = words.read(head + 4);
    long pending = pointer(head + 8);
    int left = LIMIT;
    while ((entry & ~PI) != head && !broken && left-- > 0) {
      // Read before the lock is let go: another thread may take it, and the entry with it.
      long next = pointer(entry & ~PI);
      if ((entry & ~PI) != (pending & ~PI)) {
        died(entry, offset, false);
      }
      entry = next;
    }
    if ((pending & ~PI) != 0 && !broken) {
      died(pending, offset, true);
    }
  }

  /**
   * {@code handle_futex_death}.
   *
   * @param isPending the thread was about to lock or unlock it: whoever it would have woken is
   *     woken now
   */
  private void died(long entry, long offset, boolean isPending) {
    boolean pi = (entry & PI) != 0;
    long address = ((entry & ~PI) + offset) & ADDRESS_MASK;
    if ((address & 3) != 0) {
      broken = true;
      return;
    }
    int word = words.read(address);
    int owner = word & TID_MASK;
    if (isPending && !pi && owner == 0) {
      wakeOne(address);
      return;
    }
    if (owner != thread.tid()) {
      return;
    }
    words.write(address, (word & PiLocks.WAITERS) | PiLocks.OWNER_DIED);
    if (!pi && (word & PiLocks.WAITERS) != 0) {
      wakeOne(address);
    }
  }

  private void wakeOne(long address) {
    futexes.wake(words.key(address, true, false), 1, Futexes.MATCH_ANY);
  }
}
