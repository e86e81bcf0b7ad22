package org.memarium.kernel.futex;

/**
 * The memory in which the calling thread's futexes are. Where the thread could not reach a word
 * itself, each of these ends the call with EFAULT by an exception of their own.
 */
public interface FutexWords {
  /**
   * {@code get_futex_key}.
   *
   * @param address linear, a multiple of 4
   * @param shared not {@code FUTEX_PRIVATE_FLAG}
   * @param writes the word is going to be written: memory that can only be read will not do
   */
  FutexKey key(long address, boolean shared, boolean writes);

  /** The word at an address. */
  int read(long address);

  /** Writes the word at an address. */
  void write(long address, int value);
}
