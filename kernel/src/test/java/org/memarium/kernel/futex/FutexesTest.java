package org.memarium.kernel.futex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;

/** Futexes without a machine: words in a map, threads that note when they are woken. */
final class FutexesTest {
  private static final long LOCK = 0x1000;
  private static final long OTHER_LOCK = 0x2000;
  private static final Deadline NEVER = new Deadline(Timers.NEVER, () -> 0);

  private final Map<Long, Integer> memory = new HashMap<>();
  private final Map<Integer, FutexThread> threads = new HashMap<>();
  private final List<Integer> woken = new ArrayList<>();
  private final Futexes futexes = new Futexes(threads::get);

  private final FutexWords words =
      new FutexWords() {
        @Override
        public FutexKey key(long address, boolean shared, boolean writes) {
          return FutexesTest.this.key(address);
        }

        @Override
        public int read(long address) {
          return memory.getOrDefault(address, 0);
        }

        @Override
        public void write(long address, int value) {
          memory.put(address, value);
        }
      };

  private FutexKey key(long address) {
    return new FutexKey(this, address & ~0xfffL, (int) (address & 0xfff));
  }

  private FutexThread thread(int tid, int priority) {
    FutexThread thread = new FutexThread(tid, events -> woken.add(tid), () -> priority);
    threads.put(tid, thread);
    return thread;
  }

  private FutexLock lock(FutexThread thread, long address, long expected) {
    FutexLock call = new FutexLock(futexes, words, thread, key(address), address, NEVER);
    assertEquals(expected, call.begin(true));
    return call;
  }

  private long unlock(FutexThread thread, long address) {
    return futexes.unlock(words, thread, address, key(address));
  }

  @Test
  void realTimeThreadsWakeFirstAndOthersInOrderOfArrival() {
    int[][] arrivals = {{1, 0}, {2, 0}, {3, 50}, {4, 70}, {5, 0}};
    for (int[] arrival : arrivals) {
      new FutexWait(
          futexes, thread(arrival[0], arrival[1]), key(LOCK), LOCK, Futexes.MATCH_ANY, NEVER);
    }
    assertEquals(5, futexes.wake(key(LOCK), 10, Futexes.MATCH_ANY));
    assertEquals(List.of(4, 3, 1, 2, 5), woken);
    assertTrue(futexes.isEmpty());
  }

  @Test
  void whoHoldsALockHasThePriorityOfWhoWaitsForItThroughOthersToo() {
    FutexThread low = thread(1, 0);
    FutexThread middle = thread(2, 10);
    FutexThread high = thread(3, 80);
    lock(low, LOCK, 0);
    lock(middle, OTHER_LOCK, 0);
    FutexLock middleWaits = lock(middle, LOCK, SleepingCall.ASLEEP);
    assertEquals(10, low.priority());
    FutexLock highWaits = lock(high, OTHER_LOCK, SleepingCall.ASLEEP);
    assertEquals(80, middle.priority());
    assertEquals(80, low.priority());

    assertEquals(0, unlock(low, LOCK));
    assertEquals(0, low.priority());
    assertEquals(List.of(2), woken);
    assertEquals(0, middleWaits.tryAgain());
    middleWaits.ended();
    assertEquals(0, unlock(middle, OTHER_LOCK));
    assertEquals(10, middle.priority());
    assertEquals(0, highWaits.tryAgain());
    highWaits.ended();
    assertTrue(futexes.isEmpty());
  }

  @Test
  void whoWouldWaitForItselfIsTold() {
    FutexThread one = thread(1, 0);
    FutexThread two = thread(2, 0);
    lock(one, LOCK, 0);
    lock(two, OTHER_LOCK, 0);
    FutexLock waits = lock(two, LOCK, SleepingCall.ASLEEP);
    lock(one, OTHER_LOCK, -Errno.EDEADLK);
    lock(one, LOCK, -Errno.EDEADLK);
    assertEquals(0, unlock(one, LOCK));
    assertEquals(0, waits.tryAgain());
    waits.ended();
  }

  @Test
  void aThreadThatEndsLeavesItsLockToTheNextWhichIsTold() {
    FutexThread owner = thread(1, 0);
    FutexThread next = thread(2, 0);
    lock(owner, LOCK, 0);
    FutexLock waits = lock(next, LOCK, SleepingCall.ASLEEP);
    futexes.inheritLocks(owner);
    owner.die();
    assertEquals(0, waits.tryAgain());
    waits.ended();
    assertEquals(PiLocks.WAITERS | PiLocks.OWNER_DIED | 2, words.read(LOCK));
    assertEquals(0, unlock(next, LOCK));
  }

  @Test
  void aRobustListInACircleEndsAndWhatIsNotTheThreadsOwnStays() {
    FutexThread dying = thread(7, 0);
    long head = 0x4000;
    long first = 0x4100;
    long second = 0x4200;
    int offset = 8;
    words.write(head, (int) first);
    words.write(head + 4, offset);
    words.write(first, (int) second);
    words.write(second, (int) first);
    words.write(first + offset, 7 | PiLocks.WAITERS);
    words.write(second + offset, 8);
    new FutexWait(
        futexes, thread(9, 0), key(first + offset), first + offset, Futexes.MATCH_ANY, NEVER);
    dying.setRobustList(head);
    RobustList.walk(futexes, words, dying);
    assertEquals(PiLocks.OWNER_DIED | PiLocks.WAITERS, words.read(first + offset));
    assertEquals(8, words.read(second + offset));
    assertEquals(List.of(9), woken);
    assertEquals(0, dying.robustList());
  }
}
