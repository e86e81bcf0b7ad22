package org.memarium.oracle;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** System calls of the host that Java does not offer, around the agent. */
final class HostCalls {
  private static final long OPEN = 2;
  private static final long CLOSE = 3;
  private static final long POLL = 7;
  private static final long FUTEX = 202;
  private static final long FADVISE64 = 221;
  private static final long PIDFD_OPEN = 434;
  private static final long WAIT = 0;
  private static final long WAKE = 1;
  private static final long DONTNEED = 4;
  private static final int POLLIN = 1;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private static final MethodHandle SYSCALL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG),
              Linker.Option.firstVariadicArg(1));

  /** A struct timespec, or a struct pollfd. */
  private final MemorySegment words;

  /** Callable as long as the arena lives. */
  HostCalls(Arena arena) {
    words = arena.allocate(JAVA_LONG, 2);
  }

  /** Wakes who waits for the word. */
  void wake(MemorySegment word) {
    call(FUTEX, word.address(), WAKE, 1, 0);
  }

  /** Waits as long as the word has a value, but no longer than so many nanoseconds. */
  void await(MemorySegment word, int value, long nanos) {
    words.setAtIndex(JAVA_LONG, 0, nanos / NANOS_PER_SECOND);
    words.setAtIndex(JAVA_LONG, 1, nanos % NANOS_PER_SECOND);
    call(FUTEX, word.address(), WAIT, value, words.address());
  }

  /** Waits until a process has ended; it may be a zombie then. */
  void awaitEnd(int pid) {
    long descriptor = call(PIDFD_OPEN, pid, 0, 0, 0);
    if (descriptor < 0) {
      return;
    }
    words.set(JAVA_INT, 0, (int) descriptor);
    words.set(JAVA_INT, 4, POLLIN);
    while (call(POLL, words.address(), 1, -1, 0) < 0) {
      // A signal came between.
    }
    call(CLOSE, descriptor, 0, 0, 0);
  }

  /**
   * Lets all processors put pages on their lists that they have gathered for it, and so let go of
   * them ({@code lru_add_drain_all}).
   *
   * @param file one that some process has mapped: its pages cannot be dropped from the cache, and
   *     Linux takes for the reason that they have been gathered
   */
  void drainBatches(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      long descriptor = call(OPEN, arena.allocateFrom(file.toString()).address(), 0, 0, 0);
      if (descriptor >= 0) {
        call(FADVISE64, descriptor, 0, 0, DONTNEED);
        call(CLOSE, descriptor, 0, 0, 0);
      }
    }
  }

  private static long call(long number, long a, long b, long c, long d) {
    try {
      return (long) SYSCALL.invokeExact(number, a, b, c, d, 0L, 0L);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("system call " + number + " of the host", e);
    }
  }
}
