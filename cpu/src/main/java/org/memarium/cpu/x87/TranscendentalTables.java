package org.memarium.cpu.x87;

import java.math.BigInteger;

/**
 * The constants of the transcendental functions, computed with 192 bits when the first of them is
 * used.
 */
final class TranscendentalTables {
  private static final int BITS = 192;
  private static final BigInteger ONE = BigInteger.ONE.shiftLeft(BITS);
  private static final BigInteger LN2_BITS = logarithm(2, 1);

  /** ln 2. */
  static final Wide LN2 = wide(LN2_BITS);

  /** 1 / ln 2 = log2(e). */
  static final Wide LOG2_E = wide(ONE.multiply(ONE).divide(LN2_BITS));

  /** Arc tangents are tabulated in steps of 1/32. */
  static final int ARC_STEPS = 32;

  /** atan(i/32), i = 0 to 32. */
  static final Wide[] ARC_TANGENT = new Wide[ARC_STEPS + 1];

  /** pi/2 and pi. */
  static final Wide HALF_PI;

  static final Wide PI;

  /** Powers of two are tabulated in steps of 1/32. */
  static final int POWER_STEPS = 32;

  /** 2^(i/32) and 2^(i/32) - 1, i = -32 to 32, from index 0 on. */
  static final Wide[] POWER = new Wide[2 * POWER_STEPS + 1];

  static final Wide[] POWER_MINUS_ONE = new Wide[2 * POWER_STEPS + 1];

  /** Logarithms are tabulated in steps of 1/64. */
  static final int LOGARITHM_STEPS = 64;

  /** log2(i/64), by i from 45 to 91: from 1/sqrt(2) to sqrt(2). */
  static final Wide[] LOGARITHM = new Wide[92];

  /** 1/3!, 1/5!, 1/7!...: sin(x) = x (1 - z (1/3! - z (1/5! - ...))), z = x^2. */
  static final long[] SINE = new long[2 * 17];

  /** 1/2!, 1/4!, 1/6!...: cos(x) = 1 - z (1/2! - z (1/4! - ...)). */
  static final long[] COSINE = new long[2 * 17];

  /** 1/2!, 1/3!, 1/4!...: exp(x) - 1 = x (1 + x (1/2! + x (1/3! + ...))). */
  static final long[] EXPONENTIAL = new long[2 * 16];

  /**
   * 1/3, 1/5, 1/7...: atan(x) = x (1 - z (1/3 - z (1/5 - ...))), z = x^2; the same with all signs
   * positive is the hyperbolic one.
   */
  static final long[] ODD_RECIPROCALS = new long[2 * 12];

  static {
    BigInteger sum = BigInteger.ZERO;
    ARC_TANGENT[0] = wide(sum);
    for (int i = 1; i <= ARC_STEPS; i++) {
      // atan(i/n) - atan((i-1)/n) = atan(n / (n^2 + i (i-1)))
      sum = sum.add(inverse(ARC_STEPS, ARC_STEPS * ARC_STEPS + i * (i - 1), true));
      ARC_TANGENT[i] = wide(sum);
    }
    HALF_PI = wide(sum.shiftLeft(1));
    PI = wide(sum.shiftLeft(2));
    for (int i = -POWER_STEPS; i <= POWER_STEPS; i++) {
      BigInteger minusOne =
          exponentialMinusOne(
              LN2_BITS.multiply(BigInteger.valueOf(i)).divide(BigInteger.valueOf(POWER_STEPS)));
      POWER_MINUS_ONE[i + POWER_STEPS] = wide(minusOne);
      POWER[i + POWER_STEPS] = wide(minusOne.add(ONE));
    }
    for (int i = 45; i < LOGARITHM.length; i++) {
      LOGARITHM[i] = wide(logarithm(i, LOGARITHM_STEPS).multiply(ONE).divide(LN2_BITS));
    }
    BigInteger factorial = ONE;
    for (int i = 2; i < 36; i++) {
      factorial = factorial.divide(BigInteger.valueOf(i));
      put(i % 2 == 0 ? COSINE : SINE, i / 2 - 1, factorial);
      put(EXPONENTIAL, i - 2, factorial);
    }
    for (int i = 0; i < ODD_RECIPROCALS.length / 2; i++) {
      put(ODD_RECIPROCALS, i, ONE.divide(BigInteger.valueOf(2 * i + 3)));
    }
  }

  private TranscendentalTables() {}

  /** ln(n/d) = 2 atanh((n-d)/(n+d)). */
  private static BigInteger logarithm(long n, long d) {
    return inverse(n - d, n + d, false).shiftLeft(1);
  }

  /** atan(n/d) or, without changing signs, atanh(n/d). */
  private static BigInteger inverse(long n, long d, boolean alternating) {
    BigInteger square = BigInteger.valueOf(n * n);
    BigInteger divisor = BigInteger.valueOf(d * d);
    BigInteger power = ONE.multiply(BigInteger.valueOf(n)).divide(BigInteger.valueOf(d));
    BigInteger sum = BigInteger.ZERO;
    for (int i = 1; power.signum() != 0; i += 2) {
      BigInteger term = power.divide(BigInteger.valueOf(i));
      sum = alternating && i % 4 == 3 ? sum.subtract(term) : sum.add(term);
      power = power.multiply(square).divide(divisor);
    }
    return sum;
  }

  private static BigInteger exponentialMinusOne(BigInteger x) {
    BigInteger sum = BigInteger.ZERO;
    BigInteger term = x;
    for (int i = 2; term.signum() != 0; i++) {
      sum = sum.add(term);
      // Not a shift: that would round negative terms away from zero for ever.
      term = term.multiply(x).divide(ONE).divide(BigInteger.valueOf(i));
    }
    return sum;
  }

  private static Wide wide(BigInteger value) {
    BigInteger magnitude = value.abs();
    int length = magnitude.bitLength();
    BigInteger top = magnitude.shiftLeft(BITS).shiftRight(length + BITS - 128);
    return new Wide()
        .set(
            value.signum() < 0,
            value.signum() == 0 ? 0 : length - 1 - BITS,
            top.shiftRight(64).longValue(),
            top.longValue());
  }

  private static void put(long[] coefficients, int index, BigInteger value) {
    if (2 * index < coefficients.length) {
      BigInteger top = value.shiftRight(BITS - 128);
      coefficients[2 * index] = top.shiftRight(64).longValue();
      coefficients[2 * index + 1] = top.longValue();
    }
  }
}
