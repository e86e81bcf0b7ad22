package org.memarium.mm.trace;

/** What a task waits for while a device works. */
public enum IoWait {
  /** A page that comes from swap. */
  SWAP_READ("swap read wait"),
  /** A page on its way to swap that is wanted again, or that reclaim waits for. */
  SWAP_WRITE("swap write wait"),
  /** A page that comes from a file. */
  FILE_READ("file read wait"),
  /** A page of a file that must be on the disk first: sync, throttling, reclaim. */
  FILE_WRITE("file write wait");

  private final String word;

  IoWait(String word) {
    this.word = word;
  }

  /** The word for it in a report. */
  public String word() {
    return word;
  }
}
