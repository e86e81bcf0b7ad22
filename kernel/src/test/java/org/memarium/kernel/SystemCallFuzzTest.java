package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A few seconds of what {@code scripts/fuzz-syscalls} does for an hour. */
final class SystemCallFuzzTest {
  private static final long SEED = 20_261_122;
  private static final int SESSIONS = 12;
  private static final long CALLS = 10_000;

  @TempDir private Path folder;

  @Test
  void randomCallsThrowNothingAndTouchNothingOutside() {
    SystemCallFuzzer fuzzer = new SystemCallFuzzer(folder, SEED);
    Thread watchdog = fuzzer.watch(Thread.currentThread());
    try {
      for (int session = 0; session < SESSIONS; session++) {
        assertNull(
            fuzzer.session(session, CALLS), "see it again: scripts/fuzz-syscalls with its numbers");
      }
    } finally {
      watchdog.interrupt();
    }
  }
}
