package org.memarium.oracle;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The host's {@code futex(2)}, for words in memory that processes share. */
final class HostFutex {
  private static final long FUTEX = 202;
  private static final long WAIT = 0;
  private static final long WAKE = 1;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final MethodHandle syscall;
  private final MemorySegment timeout;

  /** Callable as long as the arena lives. */
  HostFutex(Arena arena) {
    Linker linker = Linker.nativeLinker();
    syscall =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(
                JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    timeout = arena.allocate(JAVA_LONG, 2);
  }

  /** Wakes who waits for the word. */
  void wake(MemorySegment word) {
    call(word, WAKE, 1, MemorySegment.NULL);
  }

  /** Waits as long as the word has a value, but no longer than so many nanoseconds. */
  void await(MemorySegment word, int value, long nanos) {
    timeout.setAtIndex(JAVA_LONG, 0, nanos / NANOS_PER_SECOND);
    timeout.setAtIndex(JAVA_LONG, 1, nanos % NANOS_PER_SECOND);
    call(word, WAIT, value, timeout);
  }

  private void call(MemorySegment word, long operation, long value, MemorySegment time) {
    try {
      long ignored = (long) syscall.invokeExact(FUTEX, word, operation, value, time, 0L, 0L);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("futex", e);
    }
  }
}
