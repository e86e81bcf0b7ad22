package org.memarium.hardware;

/**
 * The error code of a page fault (Intel SDM vol. 3A, 4.7).
 *
 * <pre>
 *    31             5   4    3    2    1    0
 *   +----------------+----+----+----+----+----+
 *   |       0        | I  |RSVD| U  | W  | P  |
 *   +----------------+----+----+----+----+----+
 *   P     0: no translation; 1: there is one, and it forbids the access
 *   W     0: read; 1: write
 *   U     0: supervisor; 1: user
 *   RSVD  1: a reserved bit is set in a table entry
 *   I     1: an instruction fetch (only where NX is enabled)
 * </pre>
 */
public final class PageFaultCode {
  /** P: the page was present, and the access was not allowed. */
  public static final int PRESENT = 1;

  /** W: the access was a write. */
  public static final int WRITE = 1 << 1;

  /** U: the access came from user mode. */
  public static final int USER = 1 << 2;

  /** RSVD: a table entry had a reserved bit set. */
  public static final int RESERVED = 1 << 3;

  /** I: the access was an instruction fetch, with NX enabled. */
  public static final int INSTRUCTION = 1 << 4;

  private PageFaultCode() {}
}
