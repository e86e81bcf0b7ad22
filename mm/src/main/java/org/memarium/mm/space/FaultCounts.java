package org.memarium.mm.space;

/**
 * {@code min_flt} and {@code maj_flt}: the page faults of one task, by whether they read a file.
 */
public final class FaultCounts {
  private long minor;
  private long major;

  /** {@code mm_account_fault}. */
  public void count(boolean isMajor) {
    if (isMajor) {
      major++;
    } else {
      minor++;
    }
  }

  /** {@code min_flt}: page faults that read nothing. */
  public long minor() {
    return minor;
  }

  /** {@code maj_flt}: page faults that read from a file. */
  public long major() {
    return major;
  }
}
