package org.memarium.cpu.x87;

import java.math.BigInteger;

/**
 * Transcendental functions in the plainest way: fixed-point numbers with 512 bits behind the point,
 * Taylor's series, no tables, and nothing of the code under test.
 */
final class PlainFunctions {
  private static final int BITS = 512;
  private static final BigInteger ONE = BigInteger.ONE.shiftLeft(BITS);

  /** Halvings of the argument before an arc tangent's series, to make it converge. */
  private static final int HALVINGS = 6;

  /** The pi of 66 bits that processors reduce angles by. */
  private static final BigInteger SHORT_PI =
      new BigInteger("3243F6A8885A308D3", 16).shiftLeft(BITS - 64);

  private static final BigInteger LN2 = logarithm(ONE.shiftLeft(1));
  private static final BigInteger PI = arcTangent(ONE).shiftLeft(2);

  private PlainFunctions() {}

  /** A number of the extended format that is a multiple of 2^-512. */
  static BigInteger number(long mantissa, int signExponent) {
    int shift = (signExponent & 0x7FFF) - 0x3FFF - 63 + BITS;
    BigInteger value = new BigInteger(Long.toUnsignedString(mantissa)).shiftLeft(shift);
    return (signExponent & 0x8000) != 0 ? value.negate() : value;
  }

  private static BigInteger multiply(BigInteger a, BigInteger b) {
    return a.multiply(b).shiftRight(BITS);
  }

  private static BigInteger divide(BigInteger a, BigInteger b) {
    return a.shiftLeft(BITS).divide(b);
  }

  static BigInteger sine(BigInteger x) {
    return sine(x, 0);
  }

  static BigInteger cosine(BigInteger x) {
    return sine(x, 1);
  }

  /** The sine of x and some quarter turns, short ones where x is reduced by them. */
  private static BigInteger sine(BigInteger x, int quarters) {
    // The nearest multiple of pi/2, as processors have it: floor((2x + pi/2) / pi).
    BigInteger half = SHORT_PI.shiftRight(1);
    BigInteger[] parts = x.shiftLeft(1).add(half).divideAndRemainder(SHORT_PI);
    BigInteger quotient = parts[1].signum() < 0 ? parts[0].subtract(BigInteger.ONE) : parts[0];
    BigInteger rest = x.subtract(quotient.multiply(half));
    int quadrant = quotient.intValue() + quarters;
    BigInteger sine = alternating(rest, (quadrant & 1) == 0 ? 1 : 0);
    return (quadrant & 2) != 0 ? sine.negate() : sine;
  }

  static BigInteger tangent(BigInteger x) {
    return divide(sine(x), cosine(x));
  }

  /** x^n/n! - x^(n+2)/(n+2)! + ... */
  private static BigInteger alternating(BigInteger x, int n) {
    BigInteger term = n == 0 ? ONE : x;
    BigInteger sum = BigInteger.ZERO;
    BigInteger square = multiply(x, x);
    for (int i = n; term.abs().bitLength() > 1; i += 2) {
      sum = sum.add(term);
      term = multiply(term, square).divide(BigInteger.valueOf((i + 1L) * (i + 2))).negate();
    }
    return sum;
  }

  static BigInteger powerOfTwoMinusOne(BigInteger x) {
    BigInteger y = multiply(x, LN2);
    BigInteger sum = BigInteger.ZERO;
    BigInteger term = y;
    for (int i = 2; term.abs().bitLength() > 1; i++) {
      sum = sum.add(term);
      term = multiply(term, y).divide(BigInteger.valueOf(i));
    }
    return sum;
  }

  static BigInteger timesLogarithm(BigInteger x, BigInteger y) {
    int power = x.bitLength() - 1 - BITS;
    BigInteger mantissa = power >= 0 ? x.shiftRight(power) : x.shiftLeft(-power);
    BigInteger logarithm =
        divide(logarithm(mantissa), LN2).add(BigInteger.valueOf(power).shiftLeft(BITS));
    return multiply(y, logarithm);
  }

  static BigInteger timesLogarithmPlusOne(BigInteger x, BigInteger y) {
    return timesLogarithm(x.add(ONE), y);
  }

  /** ln(x) = 2 atanh((x-1)/(x+1)), x between 1 and 2. */
  private static BigInteger logarithm(BigInteger x) {
    BigInteger ratio = divide(x.subtract(ONE), x.add(ONE));
    return odd(ratio, false).shiftLeft(1);
  }

  static BigInteger angle(BigInteger x, BigInteger y) {
    BigInteger angle = arcTangent(divide(y.abs(), x.abs()));
    if (x.signum() < 0) {
      angle = PI.subtract(angle);
    }
    return y.signum() < 0 ? angle.negate() : angle;
  }

  private static BigInteger arcTangent(BigInteger x) {
    for (int i = 0; i < HALVINGS; i++) {
      // tan(a/2) = tan(a) / (1 + sqrt(1 + tan(a)^2))
      x = divide(x, ONE.add(ONE.multiply(ONE).add(x.multiply(x)).sqrt()));
    }
    return odd(x, true).shiftLeft(HALVINGS);
  }

  /** x + x^3/3 + x^5/5 + ..., or with alternating signs. */
  private static BigInteger odd(BigInteger x, boolean alternating) {
    BigInteger square = multiply(x, x);
    BigInteger power = x;
    BigInteger sum = BigInteger.ZERO;
    for (int i = 1; power.abs().bitLength() > 1; i += 2) {
      sum = sum.add(power.divide(BigInteger.valueOf(i)));
      power = multiply(power, alternating ? square.negate() : square);
    }
    return sum;
  }

  /**
   * A number that is not exact, as sign and exponent, and mantissa, in hexadecimal.
   *
   * @param rounding as in the control word
   */
  static String round(BigInteger value, int rounding) {
    BigInteger magnitude = value.abs();
    int drop = magnitude.bitLength() - 64;
    BigInteger kept = magnitude.shiftRight(drop);
    boolean negative = value.signum() < 0;
    boolean up =
        switch (rounding) {
          case 0 -> magnitude.testBit(drop - 1);
          case 1 -> negative;
          case 2 -> !negative;
          default -> false;
        };
    if (up) {
      kept = kept.add(BigInteger.ONE);
      if (kept.bitLength() > 64) {
        kept = kept.shiftRight(1);
        drop++;
      }
    }
    int exponent = 0x3FFF + 63 + drop - BITS;
    return "%04x.%016x".formatted(negative ? exponent | 0x8000 : exponent, kept.longValue());
  }
}
