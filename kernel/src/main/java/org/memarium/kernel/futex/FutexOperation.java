package org.memarium.kernel.futex;

/**
 * What {@code FUTEX_WAKE_OP} does to the second word, and when it wakes there.
 *
 * <pre>
 *   31  30        28 27         24 23              12 11                0
 *  +---+------------+-------------+------------------+-------------------+
 *  | 1 | operation  | comparison  | operand, signed  | compared, signed  |
 *  +---+------------+-------------+------------------+-------------------+
 *   bit 31: the operand is 1 shifted by what stands there
 *   operation: 0 set, 1 add, 2 or, 3 and not, 4 xor;  comparison: 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >=
 * </pre>
 */
record FutexOperation(int encoded) {
  private static final int OPERATIONS = 5;
  private static final int COMPARISONS = 6;

  private int operation() {
    return encoded >>> 28 & 7;
  }

  private int comparison() {
    return encoded >>> 24 & 0xf;
  }

  private int operand() {
    int operand = encoded << 8 >> 20;
    return encoded < 0 ? 1 << (operand & 31) : operand;
  }

  boolean isKnown() {
    return operation() < OPERATIONS;
  }

  boolean isKnownComparison() {
    return comparison() < COMPARISONS;
  }

  /** What the word becomes. */
  int apply(int word) {
    return switch (operation()) {
      case 0 -> operand();
      case 1 -> word + operand();
      case 2 -> word | operand();
      case 3 -> word & ~operand();
      case 4 -> word ^ operand();
      default -> throw new IllegalStateException("no such operation: " + operation());
    };
  }

  /** Whether the word, as it was, makes the waiters of the second futex wake. */
  boolean compare(int word) {
    int compared = encoded << 20 >> 20;
    return switch (comparison()) {
      case 0 -> word == compared;
      case 1 -> word != compared;
      case 2 -> word < compared;
      case 3 -> word <= compared;
      case 4 -> word > compared;
      case 5 -> word >= compared;
      default -> throw new IllegalStateException("no such comparison: " + comparison());
    };
  }
}
