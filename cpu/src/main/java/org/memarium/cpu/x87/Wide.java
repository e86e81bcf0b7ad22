package org.memarium.cpu.x87;

/**
 * A binary number with a mantissa of 128 bits, in which transcendental functions are computed
 * before they are rounded to 64. Its operations are good to about 2^-125 of the result, and
 * allocate nothing: the result goes into the object that they are called on.
 *
 * <pre>
 *   value = (negative ? -1 : 1) x (hi:lo / 2^127) x 2^exponent     bit 63 of hi set, or zero
 * </pre>
 */
final class Wide {
  boolean negative;
  int exponent;
  long hi;
  long lo;

  Wide set(boolean newNegative, int newExponent, long newHi, long newLo) {
    negative = newNegative;
    exponent = newExponent;
    hi = newHi;
    lo = newLo;
    return this;
  }

  Wide set(Wide other) {
    return set(other.negative, other.exponent, other.hi, other.lo);
  }

  /** A finite number in the extended format, denormals too. */
  Wide setExtended(long mantissa, int signExponent) {
    int shift = Long.numberOfLeadingZeros(mantissa);
    negative = (signExponent & Float80.SIGN) != 0;
    exponent = Math.max(signExponent & Float80.EXPONENT, 1) - Float80.BIAS - shift;
    hi = shift == 64 ? 0 : mantissa << shift;
    lo = 0;
    return this;
  }

  /** An integer times a power of two. */
  Wide setScaled(long value, int power) {
    long magnitude = Math.abs(value);
    int shift = Long.numberOfLeadingZeros(magnitude);
    return set(value < 0, power + 63 - shift, shift == 64 ? 0 : magnitude << shift, 0);
  }

  /** hi:lo x 2^newExponent / 2^127, not yet normalised. */
  Wide setNormalised(boolean newNegative, int newExponent, long newHi, long newLo) {
    if (newHi == 0) {
      newHi = newLo;
      newLo = 0;
      newExponent -= 64;
    }
    int shift = Long.numberOfLeadingZeros(newHi);
    if (shift != 0 && shift != 64) {
      newHi = newHi << shift | newLo >>> (64 - shift);
      newLo <<= shift;
      newExponent -= shift;
    }
    return set(newNegative, newExponent, newHi, newLo);
  }

  boolean isZero() {
    return hi == 0;
  }

  Wide negate() {
    negative = !negative;
    return this;
  }

  /** Multiplies by a power of two. */
  Wide scale(int power) {
    exponent += power;
    return this;
  }

  /** a x b. */
  Wide multiply(Wide a, Wide b) {
    long high = Math.unsignedMultiplyHigh(a.hi, b.hi);
    long low = a.hi * b.hi;
    long cross = Math.unsignedMultiplyHigh(a.hi, b.lo);
    low += cross;
    high += Long.compareUnsigned(low, cross) < 0 ? 1 : 0;
    cross = Math.unsignedMultiplyHigh(a.lo, b.hi);
    low += cross;
    high += Long.compareUnsigned(low, cross) < 0 ? 1 : 0;
    return setNormalised(a.negative != b.negative, a.exponent + b.exponent + 1, high, low);
  }

  /**
   * a / b, b not zero.
   *
   * @param scratch any other object; its value is lost
   */
  Wide divide(Wide a, Wide b, Wide scratch) {
    if (a.isZero()) {
      return set(false, 0, 0, 0);
    }
    boolean sign = a.negative != b.negative;
    // A quotient of 64 bits, and then as many again from what it leaves.
    boolean large = Long.compareUnsigned(a.hi, b.hi) >= 0;
    int power = a.exponent - b.exponent - (large ? 0 : 1);
    long first = leadingQuotient(a.hi, b.hi, large);
    scratch.set(sign, power, first, 0).multiply(scratch, b).negate();
    add(a, scratch);
    if (isZero()) {
      return set(sign, power, first, 0);
    }
    large = Long.compareUnsigned(hi, b.hi) >= 0;
    set(
        negative != b.negative,
        exponent - b.exponent - (large ? 0 : 1),
        leadingQuotient(hi, b.hi, large),
        0);
    return add(scratch.set(sign, power, first, 0), this);
  }

  private static long leadingQuotient(long a, long b, boolean large) {
    return large ? Divide.divide128(a >>> 1, a << 63, b) : Divide.divide128(a, 0, b);
  }

  /** a + b. */
  Wide add(Wide a, Wide b) {
    if (b.isZero() || (!a.isZero() && a.exponent - b.exponent > 127)) {
      return set(a);
    }
    if (a.isZero() || b.exponent - a.exponent > 127) {
      return set(b);
    }
    if (a.exponent < b.exponent
        || (a.exponent == b.exponent
            && (Long.compareUnsigned(a.hi, b.hi) < 0
                || (a.hi == b.hi && Long.compareUnsigned(a.lo, b.lo) < 0)))) {
      Wide swap = a;
      a = b;
      b = swap;
    }
    int distance = a.exponent - b.exponent;
    long high = b.hi;
    long low = b.lo;
    if (distance >= 64) {
      low = high >>> (distance - 64);
      high = 0;
    } else if (distance > 0) {
      low = high << (64 - distance) | low >>> distance;
      high >>>= distance;
    }
    if (a.negative != b.negative) {
      long difference = a.lo - low;
      long borrow = Long.compareUnsigned(a.lo, low) < 0 ? 1 : 0;
      return setNormalised(a.negative, a.exponent, a.hi - high - borrow, difference);
    }
    low += a.lo;
    long carry = Long.compareUnsigned(low, a.lo) < 0 ? 1 : 0;
    long sum = a.hi + high + carry;
    if (Long.compareUnsigned(sum, a.hi) < 0 || (carry != 0 && sum == a.hi)) {
      return set(
          a.negative, a.exponent + 1, sum >>> 1 | Float80.INTEGER_BIT, low >>> 1 | sum << 63);
    }
    return set(a.negative, a.exponent, sum, low);
  }

  /**
   * Moves the magnitude a little, up or down: by less than a function adds to it that is nearly the
   * identity, but enough for rounding to see which side of a number of 64 bits the result is on.
   */
  Wide nudge(boolean up) {
    if (up) {
      lo |= 1;
      return this;
    }
    return setNormalised(negative, exponent, lo == 0 ? hi - 1 : hi, lo - 1);
  }

  /** 1 + f, or 1 - f. */
  Wide setOneAnd(Fraction f, boolean minus) {
    if (!minus) {
      return set(false, 0, Float80.INTEGER_BIT | f.hi >>> 1, f.hi << 63 | f.lo >>> 1);
    }
    if (f.isZero()) {
      return set(false, 0, Float80.INTEGER_BIT, 0);
    }
    return setNormalised(false, -1, -f.hi - (f.lo != 0 ? 1 : 0), -f.lo);
  }

  /** Rounds to the extended format; the value is never exact. */
  void round(Rounder r) {
    r.roundExtended(negative ? Float80.SIGN : 0, exponent + Float80.BIAS, hi, lo | 1);
  }
}
