package org.memarium.oracle;

import java.util.Arrays;

/**
 * Structures of which a part differs from kernel to kernel, such as times. They are written to the
 * agent's own page, which nobody compares, and the words that must agree are read one by one.
 */
@SuppressWarnings("ImmutableEnumChecker") // An array that nobody changes.
enum Report {
  /**
   * {@code struct rusage} of a process or thread. Its page faults are compared after each step,
   * from the first one on.
   */
  USAGE(0x800, 20, 24, 28, 40, 52, 56, 60),

  /** {@code struct rusage} of children that were waited for: with their page faults. */
  CHILDREN_USAGE(0x880, 20, 24, 28, 32, 36, 40, 52, 56, 60),

  /** {@code struct shmid64_ds}: key, owners, permissions, size and how many times attached. */
  SEGMENT_STAT(0x900, 0, 4, 8, 12, 16, 20, 36, 72, 76, 80);

  private final int offset;
  private final int[] words;

  Report(int offset, int... words) {
    this.offset = offset;
    this.words = words;
  }

  /** Where it is written. */
  int address() {
    return AgentProgram.DATA + offset;
  }

  /** The addresses of words that both kernels fill alike. */
  int[] comparable() {
    return Arrays.stream(words).map(word -> address() + word).toArray();
  }

  /** Whether a word is one of those. */
  static boolean isComparable(long address) {
    for (Report report : values()) {
      for (int word : report.words) {
        if (report.address() + word == address) {
          return true;
        }
      }
    }
    return false;
  }
}
