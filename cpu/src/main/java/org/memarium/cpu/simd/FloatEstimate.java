package org.memarium.cpu.simd;

/**
 * RCPPS and RSQRTPS. Intel promises a relative error of at most 1.5 x 2^-12 and no bits; every
 * family of processors has its own. Here the result is the exact one rounded to 13 bits (a relative
 * error of at most 2^-13). They heed nothing of MXCSR and raise nothing; denormal operands count as
 * zeros, and results too small become zeros.
 */
public final class FloatEstimate {
  /** Bits of a single's fraction that are always 0. */
  private static final int DROPPED = 23 - 12;

  private static final int SIGN = 1 << 31;
  private static final int INFINITY = 0x7f80_0000;
  private static final int QUIET = 0x0040_0000;
  private static final int INDEFINITE = 0xffc0_0000;

  private FloatEstimate() {}

  /** RCPSS: nearly 1 / x. */
  public static int reciprocal(int bits) {
    int magnitude = bits & ~SIGN;
    if (magnitude > INFINITY) {
      return bits | QUIET;
    }
    if (magnitude >>> 23 == 0) {
      return (bits & SIGN) | INFINITY;
    }
    return round(1.0 / Float.intBitsToFloat(bits), bits & SIGN);
  }

  /** RSQRTSS: nearly 1 / sqrt(x). */
  public static int reciprocalRoot(int bits) {
    int magnitude = bits & ~SIGN;
    if (magnitude > INFINITY) {
      return bits | QUIET;
    }
    if (magnitude >>> 23 == 0) {
      return (bits & SIGN) | INFINITY;
    }
    if (bits < 0) {
      return INDEFINITE;
    }
    return round(1.0 / Math.sqrt(Float.intBitsToFloat(bits)), 0);
  }

  private static int round(double exact, int sign) {
    if (Math.abs(exact) < Float.MIN_NORMAL) {
      return sign;
    }
    int bits = Float.floatToRawIntBits((float) Math.abs(exact));
    return sign | ((bits + (1 << (DROPPED - 1))) & -1 << DROPPED);
  }
}
