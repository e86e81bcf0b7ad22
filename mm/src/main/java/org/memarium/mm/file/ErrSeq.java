package org.memarium.mm.file;

/**
 * {@code errseq_t}: the latest error of writing a file back, which everybody who has the file open
 * is told once (Linux {@code lib/errseq.c}).
 *
 * <pre>
 *    31                 13  12  11          0
 *   +---------------------+----+-------------+
 *   |        count        |SEEN|    errno    |    SEEN: somebody was told, so the next error counts
 *   +---------------------+----+-------------+
 * </pre>
 */
public final class ErrSeq {
  private static final int SEEN = 1 << 12;
  private static final int ERRNO_MASK = SEEN - 1;
  private static final int COUNT_ONE = SEEN << 1;

  private int value;

  /** {@code errseq_set}: something could not be written. */
  void set(int errno) {
    int count = value & -COUNT_ONE;
    value = errno | ((value & SEEN) != 0 ? count + COUNT_ONE : count);
  }

  /**
   * {@code errseq_sample}: from where who opens the file begins: an error nobody saw is his too.
   */
  public int sample() {
    return (value & SEEN) != 0 ? value : 0;
  }

  /** What to remember once the present error was told. */
  public int advance() {
    if (value != 0) {
      value |= SEEN;
    }
    return value;
  }

  /** {@code errseq_check}: 0, or the error since a sample, as a negative errno. */
  public long since(int sample) {
    return (value & ~SEEN) == (sample & ~SEEN) || value == 0 ? 0 : -(value & ERRNO_MASK);
  }
}
