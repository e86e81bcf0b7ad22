package org.memarium.malloc;

import org.jspecify.annotations.Nullable;

/** The first argument of {@code mallopt}, with glibc's numbers ({@code malloc.h}). */
public enum MallocParameter {
  /** The largest request that a fast bin serves, in bytes. */
  M_MXFAST(1),

  /** How much may be free at the end of the heap before it is given back, in bytes. */
  M_TRIM_THRESHOLD(-1),

  /** How much more than needed is asked of the kernel, and kept when trimming, in bytes. */
  M_TOP_PAD(-2),

  /** From which size on a request gets a mapping of its own, in bytes. */
  M_MMAP_THRESHOLD(-3),

  /** How many mappings of their own there may be at a time. */
  M_MMAP_MAX(-4),

  /**
   * Not 0: each {@code free} and {@code realloc} looks its block up in a walk through the heap
   * first, so that no data can look like a header. (glibc's own meaning, what to do about an error,
   * went with version 2.26.)
   */
  M_CHECK_ACTION(-5),

  /**
   * Not 0: memory that is handed out is filled with the complement of its low byte, memory that is
   * given back with the byte itself.
   */
  M_PERTURB(-6);

  private final int number;

  MallocParameter(int number) {
    this.number = number;
  }

  /** Its number in {@code malloc.h}. */
  public int number() {
    return number;
  }

  /** The parameter of a number; null where there is none, or none that means anything here. */
  public static @Nullable MallocParameter of(int number) {
    for (MallocParameter parameter : values()) {
      if (parameter.number == number) {
        return parameter;
      }
    }
    return null;
  }
}
