package org.memarium.cpu.x87;

/** A fixed-point number from 0 to just below 1, with 128 bits: hi:lo / 2^128. */
final class Fraction {
  long hi;
  long lo;

  boolean isZero() {
    return (hi | lo) == 0;
  }

  /** The magnitude of a number less than one; what is below 2^-128 is dropped. */
  Fraction set(Wide value) {
    int shift = -1 - value.exponent;
    if (value.isZero() || shift >= 128) {
      hi = 0;
      lo = 0;
    } else if (shift >= 64) {
      hi = 0;
      lo = value.hi >>> (shift - 64);
    } else if (shift > 0) {
      hi = value.hi >>> shift;
      lo = value.hi << (64 - shift) | value.lo >>> shift;
    } else {
      hi = value.hi;
      lo = value.lo;
    }
    return this;
  }

  /** Multiplies by another. */
  Fraction multiply(Fraction by) {
    long high = Math.unsignedMultiplyHigh(hi, by.hi);
    long low = hi * by.hi;
    long cross = Math.unsignedMultiplyHigh(hi, by.lo);
    low += cross;
    high += Long.compareUnsigned(low, cross) < 0 ? 1 : 0;
    cross = Math.unsignedMultiplyHigh(lo, by.hi);
    low += cross;
    high += Long.compareUnsigned(low, cross) < 0 ? 1 : 0;
    hi = high;
    lo = low;
    return this;
  }

  /**
   * z x (c0 + z (c1 + z (c2 + ...))), or with alternating signs z x (c0 - z (c1 - z (c2 - ...))).
   *
   * @param coefficients each less than one: high word, low word, and so on; the sum, too, is less
   *     than one
   */
  Fraction setSeries(Fraction z, long[] coefficients, boolean alternating) {
    int i = coefficients.length - 2;
    hi = coefficients[i];
    lo = coefficients[i + 1];
    while (i > 0) {
      i -= 2;
      multiply(z);
      long high = coefficients[i];
      long low = coefficients[i + 1];
      if (alternating) {
        long borrow = Long.compareUnsigned(low, lo) < 0 ? 1 : 0;
        hi = high - hi - borrow;
        lo = low - lo;
      } else {
        lo += low;
        hi += high + (Long.compareUnsigned(lo, low) < 0 ? 1 : 0);
      }
    }
    return multiply(z);
  }
}
