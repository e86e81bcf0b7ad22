package org.memarium.mm.fault;

/** What a page fault turned out to be, for statistics and the trace. */
public enum FaultKind {
  /** A read of untouched anonymous memory: the shared zero page. */
  ZERO_PAGE("zero"),
  /** A write to untouched anonymous memory: a zeroed frame. */
  ANONYMOUS("anonymous"),
  /** A page of a file, or of shared memory, mapped from the page cache. */
  FILE("file"),
  /** A page that was swapped out. */
  SWAP("swap"),
  /** A write that copied: a private page of a file, the zero page, or a page that others have. */
  COPY_ON_WRITE("cow"),
  /** A write to a page that only lacked the right: it is the program's own, or shared. */
  WRITE_PROTECTED("wp"),
  /** Nothing was missing any more. */
  SPURIOUS("spurious");

  private final String word;

  FaultKind(String word) {
    this.word = word;
  }

  /** The word for it in the trace. */
  public String word() {
    return word;
  }
}
