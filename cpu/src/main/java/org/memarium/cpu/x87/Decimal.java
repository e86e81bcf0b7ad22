package org.memarium.cpu.x87;

/**
 * Packed decimal integers (Intel SDM vol. 1, 4.7).
 *
 * <pre>
 *   79   78      72   71  68  67  64         7   4  3   0
 *  | s | not used  |  d17   |  d16  |  ...  |  d1  |  d0  |
 * </pre>
 */
final class Decimal {
  private static final long LARGEST = 999_999_999_999_999_999L;

  /** Sixteen digits are in the low 64 bits. */
  private static final long SIXTEEN_DIGITS = 10_000_000_000_000_000L;

  /** The masked answer of FBSTP to what does not fit: FFFF C000 0000 0000 0000. */
  static final long INDEFINITE_LOW = 0xC000_0000_0000_0000L;

  static final int INDEFINITE_HIGH = 0xFFFF;

  private Decimal() {}

  /** The value; the sign of zero is lost. Digits above nine count as what they are. */
  static long toBinary(long low, int high) {
    long value = (high >> 4 & 15) * 10L + (high & 15);
    for (int shift = 60; shift >= 0; shift -= 4) {
      value = value * 10 + (low >>> shift & 15);
    }
    return (high & Float80.SIGN) != 0 ? -value : value;
  }

  /** FBSTP: the low 64 bits into {@link Rounder#mantissa}, the others into signExponent. */
  static void toDecimal(Rounder r, long m, int se) {
    if (!Conversion.roundsToMagnitude(r, m, se) || Long.compareUnsigned(r.mantissa, LARGEST) > 0) {
      r.begin();
      r.raised = StatusWord.INVALID;
      r.set(INDEFINITE_HIGH, INDEFINITE_LOW);
      return;
    }
    int top = (int) (r.mantissa / SIXTEEN_DIGITS);
    long rest = r.mantissa % SIXTEEN_DIGITS;
    long low = 0;
    for (int shift = 0; shift < 64; shift += 4) {
      low |= rest % 10 << shift;
      rest /= 10;
    }
    r.set((se & Float80.SIGN) | (top / 10) << 4 | top % 10, low);
  }
}
