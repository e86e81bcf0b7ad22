package org.memarium.cpu.simd;

/** Between the two formats, and between them and integers of 32 bits, in all modes of MXCSR. */
final class FloatConversion {
  /** The masked answer where an integer does not fit. */
  private static final int INTEGER_INDEFINITE = Integer.MIN_VALUE;

  private final Mxcsr mxcsr;
  private final FloatRounder rounder;
  private final SoftFloat soft;

  FloatConversion(Mxcsr mxcsr, FloatRounder rounder, SoftFloat soft) {
    this.mxcsr = mxcsr;
    this.rounder = rounder;
    this.soft = soft;
  }

  /** From one format to the other. */
  long convert(FloatFormat from, FloatFormat to, long operand) {
    long bits = soft.operand(from, operand);
    long sign = from.isNegative(bits) ? to.sign : 0;
    if (from.isNaN(bits)) {
      if (from.isSignaling(bits)) {
        mxcsr.raise(Mxcsr.INVALID);
      }
      int wider = to.fractionBits - from.fractionBits;
      long fraction = bits & from.fractionMask;
      return sign
          | to.infinity
          | to.quietBit
          | (wider > 0 ? fraction << wider : fraction >>> -wider);
    }
    if (from.isInfinite(bits)) {
      return sign | to.infinity;
    }
    if (from.isZero(bits)) {
      return sign;
    }
    soft.noteDenormal(from, bits);
    return rounder.round(to, sign, from.exponent(bits), from.significand(bits));
  }

  /** From an integer. */
  long fromInteger(FloatFormat to, int value) {
    if (value == 0) {
      return 0;
    }
    long magnitude = Math.abs((long) value);
    int shift = Long.numberOfLeadingZeros(magnitude);
    return rounder.round(to, value < 0 ? to.sign : 0, 63 - shift, magnitude << shift);
  }

  /** To an integer; denormal operands raise nothing but inexactness. */
  int toInteger(FloatFormat from, long operand, boolean truncate) {
    long bits = soft.operand(from, operand);
    if (from.isZero(bits)) {
      return 0;
    }
    boolean negative = from.isNegative(bits);
    if (from.isNaN(bits) || from.isInfinite(bits) || from.exponent(bits) > 31) {
      mxcsr.raise(Mxcsr.INVALID);
      return INTEGER_INDEFINITE;
    }
    int exponent = from.exponent(bits);
    long significand = from.significand(bits);
    long kept = exponent < 0 ? 0 : significand >>> (63 - exponent);
    // As a fraction of one; far below one half, any number does.
    long rest = exponent >= 0 ? significand << (exponent + 1) : exponent == -1 ? significand : 1;
    if (!truncate && rounder.goesUpToInteger(negative, kept, rest)) {
      kept++;
    }
    long value = negative ? -kept : kept;
    if (value != (int) value) {
      mxcsr.raise(Mxcsr.INVALID);
      return INTEGER_INDEFINITE;
    }
    if (rest != 0) {
      mxcsr.raise(Mxcsr.PRECISION);
    }
    return (int) value;
  }
}
