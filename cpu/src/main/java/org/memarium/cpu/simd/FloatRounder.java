package org.memarium.cpu.simd;

/**
 * Rounding to a format as MXCSR demands: overflow, underflow, flushing, and the exceptions that go
 * with them (Intel SDM vol. 1, 4.9.1 and 11.5.2).
 */
final class FloatRounder {
  private final Mxcsr mxcsr;

  FloatRounder(Mxcsr mxcsr) {
    this.mxcsr = mxcsr;
  }

  /**
   * The number of a format next to an exact result.
   *
   * @param sign 0 or the sign bit of the format
   * @param exponent of the first bit
   * @param significand the result, its first one in bit 63; its last bit also stands for everything
   *     below that is not zero
   */
  long round(FloatFormat f, long sign, int exponent, long significand) {
    int drop = 63 - f.fractionBits;
    long rest = significand << (64 - drop);
    boolean up = goesUp(sign, significand >>> drop, rest);
    if (exponent < f.minExponent && isTiny(f, exponent, significand >>> drop, up)) {
      return roundTiny(f, sign, exponent, significand, rest);
    }
    if (rest != 0) {
      mxcsr.raise(Mxcsr.PRECISION);
    }
    if (exponent > f.maxExponent) {
      return overflow(f, sign);
    }
    // The first bit adds one to the exponent, so that a carry out of the fraction does, too.
    long kept = (significand >>> drop) + (up ? 1 : 0);
    long magnitude = ((long) (exponent + f.bias - 1) << f.fractionBits) + kept;
    return magnitude < f.infinity ? sign | magnitude : overflow(f, sign);
  }

  /** Whether a number rounded as if exponents had no end is below the smallest normal one. */
  private static boolean isTiny(FloatFormat f, int exponent, long kept, boolean up) {
    boolean carries = up && kept == (f.quietBit << 2) - 1;
    return exponent < f.minExponent - 1 || !carries;
  }

  private long roundTiny(FloatFormat f, long sign, int exponent, long significand, long rest) {
    if (!mxcsr.isMasked(Mxcsr.UNDERFLOW)) {
      mxcsr.raise(Mxcsr.UNDERFLOW | (rest != 0 ? Mxcsr.PRECISION : 0));
      return sign; // which nobody will see
    }
    if (mxcsr.flushesToZero()) {
      mxcsr.raise(Mxcsr.UNDERFLOW | Mxcsr.PRECISION);
      return sign;
    }
    int drop = 63 - f.fractionBits + f.minExponent - exponent;
    long kept = drop < 64 ? significand >>> drop : 0;
    // Beyond 64 bits it is less than half, and how much does not matter.
    long below = drop < 64 ? significand << (64 - drop) : drop == 64 ? significand : 1;
    if (below == 0) {
      return sign | kept;
    }
    mxcsr.raise(Mxcsr.UNDERFLOW | Mxcsr.PRECISION);
    return sign | (goesUp(sign, kept, below) ? kept + 1 : kept);
  }

  private long overflow(FloatFormat f, long sign) {
    mxcsr.raise(Mxcsr.OVERFLOW | (mxcsr.isMasked(Mxcsr.OVERFLOW) ? Mxcsr.PRECISION : 0));
    boolean toInfinity =
        switch (mxcsr.rounding()) {
          case Mxcsr.NEAREST -> true;
          case Mxcsr.DOWN -> sign != 0;
          case Mxcsr.UP -> sign == 0;
          default -> false;
        };
    return sign | (toInfinity ? f.infinity : f.infinity - 1);
  }

  /**
   * Whether a number is rounded away from zero.
   *
   * @param kept the bits that stay
   * @param rest what is below them, as a fraction of the last
   */
  private boolean goesUp(long sign, long kept, long rest) {
    return switch (mxcsr.rounding()) {
      case Mxcsr.NEAREST -> rest < 0 && (rest != Long.MIN_VALUE || (kept & 1) != 0);
      case Mxcsr.DOWN -> rest != 0 && sign != 0;
      case Mxcsr.UP -> rest != 0 && sign == 0;
      default -> false;
    };
  }

  /** A number rounded to an integer: whether upwards in magnitude. */
  boolean goesUpToInteger(boolean negative, long kept, long rest) {
    return goesUp(negative ? 1 : 0, kept, rest);
  }
}
