package org.memarium.mm.file;

/** What {@code madvise} said of how an area is used, as far as {@link Readahead} asks. */
public enum MmapAdvice {
  /** Nothing: faults read around. */
  NORMAL,
  /** {@code VM_RAND_READ}: nothing is read but the page. */
  RANDOM,
  /** {@code VM_SEQ_READ}: faults read ahead as {@code read} does. */
  SEQUENTIAL,
  /** {@code VM_HUGEPAGE}: faults read what could be a huge page, and the next one. */
  HUGE,
  /** {@code VM_HUGEPAGE} with {@code VM_RAND_READ}: without the next one. */
  HUGE_RANDOM
}
