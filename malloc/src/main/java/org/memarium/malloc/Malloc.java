package org.memarium.malloc;

/**
 * {@code malloc} and its kin, on the memory of one process.
 *
 * <p>Addresses are linear addresses of that process; 0 is the null pointer. Headers and links lie
 * in the process's memory, beside what they describe.
 */
public interface Malloc {
  /**
   * Allocates memory that is not cleared.
   *
   * @return 0 if there is none (ENOMEM)
   */
  long malloc(long bytes);

  /** Gives memory back; 0 is nothing. */
  void free(long address);
}
