package org.memarium.mm.file;

/** What {@code madvise} said of how an area is used, as far as {@link Readahead} asks. */
public enum MmapAdvice {
  /** Nothing: faults read around. */
  NORMAL,
  /** {@code VM_RAND_READ}: nothing is read but the page. */
  RANDOM,
  /** {@code VM_SEQ_READ}: faults read ahead as {@code read} does. */
  SEQUENTIAL
}
