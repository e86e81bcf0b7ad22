package org.memarium.mm.fault;

/** What became of a page fault ({@code vm_fault_t}, and the signal of {@code bad_area}). */
public enum FaultResult {
  /** The page is there now; nothing was read for it. Counts as {@code min_flt}. */
  MINOR,
  /** The page is there now; it was read from a file. Counts as {@code maj_flt}. */
  MAJOR,
  /** No area: SIGSEGV with {@code SEGV_MAPERR}. */
  SEGV_MAPERR,
  /** The area does not allow it: SIGSEGV with {@code SEGV_ACCERR}. */
  SEGV_ACCERR,
  /** Behind the end of the file, or it cannot be read: SIGBUS with {@code BUS_ADRERR}. */
  SIGBUS,
  /** No frame is left. */
  OOM;

  /** Whether the access can be tried again. */
  public boolean isHandled() {
    return this == MINOR || this == MAJOR;
  }
}
