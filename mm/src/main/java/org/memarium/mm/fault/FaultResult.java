package org.memarium.mm.fault;

/** What became of a page fault ({@code vm_fault_t}, and the signal of {@code bad_area}). */
public enum FaultResult {
  /** The page is there now; nothing was read for it. Counts as {@code min_flt}. */
  MINOR("minor"),
  /** The page is there now; it was read from a file. Counts as {@code maj_flt}. */
  MAJOR("major"),
  /** The page is on its way: the access is to be made again when it is there. */
  RETRY("retry"),
  /** No area: SIGSEGV with {@code SEGV_MAPERR}. */
  SEGV_MAPERR("SIGSEGV MAPERR"),
  /** The area does not allow it: SIGSEGV with {@code SEGV_ACCERR}. */
  SEGV_ACCERR("SIGSEGV ACCERR"),
  /** Behind the end of the file, or it cannot be read: SIGBUS with {@code BUS_ADRERR}. */
  SIGBUS("SIGBUS"),
  /** No frame is left. */
  OOM("OOM");

  private final String word;

  FaultResult(String word) {
    this.word = word;
  }

  /** The word for it in the trace. */
  public String word() {
    return word;
  }

  /** Whether the access can be tried again. */
  public boolean isHandled() {
    return this == MINOR || this == MAJOR;
  }
}
