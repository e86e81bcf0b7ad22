package org.memarium.cpu.x87;

/**
 * The 80-bit extended format (Intel SDM vol. 1, 4.2.2 and 8.2.2), held as a mantissa in a long and
 * sign with exponent in an int.
 *
 * <pre>
 *   signExponent               mantissa
 *   15   14         0          63   62             0
 *  | s | exponent    |        | J | fraction        |
 * </pre>
 *
 * <table>
 *   <caption>Values</caption>
 *   <tr><th>exponent</th><th>J</th><th>fraction</th><th></th></tr>
 *   <tr><td>0</td><td>0</td><td>0</td><td>zero</td></tr>
 *   <tr><td>0</td><td>0</td><td>not 0</td><td>denormal: 0.fraction x 2^-16382</td></tr>
 *   <tr><td>0</td><td>1</td><td>any</td><td>pseudo-denormal: the value it would have with exponent
 *       1, treated as denormal</td></tr>
 *   <tr><td>1 to 7FFE</td><td>1</td><td>any</td><td>normal: 1.fraction x 2^(exponent-16383)</td></tr>
 *   <tr><td>7FFF</td><td>1</td><td>0</td><td>infinity</td></tr>
 *   <tr><td>7FFF</td><td>1</td><td>not 0</td><td>not a number, quiet if bit 62 is set</td></tr>
 *   <tr><td>1 to 7FFF</td><td>0</td><td>any</td><td>unsupported: every operation on it is
 *       invalid</td></tr>
 * </table>
 */
final class Float80 {
  static final int SIGN = 0x8000;
  static final int EXPONENT = 0x7FFF;
  static final int BIAS = 0x3FFF;

  /** The integer bit, J. */
  static final long INTEGER_BIT = 1L << 63;

  /** What makes a NaN a quiet one. */
  static final long QUIET_BIT = 1L << 62;

  /** The default NaN, "real indefinite": the masked answer to an invalid operation. */
  static final int INDEFINITE_SIGN_EXPONENT = 0xFFFF;

  static final long INDEFINITE_MANTISSA = INTEGER_BIT | QUIET_BIT;

  private Float80() {}

  /** A normal number: neither zero, denormal, infinite, NaN nor unsupported. */
  static boolean isNormal(long mantissa, int signExponent) {
    return mantissa < 0 && ((signExponent - 1) & EXPONENT) < EXPONENT - 1;
  }

  static boolean isZero(long mantissa, int signExponent) {
    return mantissa == 0 && (signExponent & EXPONENT) == 0;
  }

  /** A denormal or pseudo-denormal. */
  static boolean isDenormal(long mantissa, int signExponent) {
    return mantissa != 0 && (signExponent & EXPONENT) == 0;
  }

  static boolean isInfinity(long mantissa, int signExponent) {
    return mantissa == INTEGER_BIT && (signExponent & EXPONENT) == EXPONENT;
  }

  static boolean isNaN(long mantissa, int signExponent) {
    return mantissa < 0 && mantissa != INTEGER_BIT && (signExponent & EXPONENT) == EXPONENT;
  }

  static boolean isSignaling(long mantissa, int signExponent) {
    return isNaN(mantissa, signExponent) && (mantissa & QUIET_BIT) == 0;
  }

  static boolean isUnsupported(long mantissa, int signExponent) {
    return mantissa >= 0 && (signExponent & EXPONENT) != 0;
  }
}
