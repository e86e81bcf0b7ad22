package org.memarium.cpu.simd;

/**
 * Arithmetic in integers: exact until it is rounded, with every exception and in every mode of
 * MXCSR. {@link FloatUnit} comes here where Java's own arithmetic does not tell enough.
 */
final class SoftFloat {
  private final Mxcsr mxcsr;
  private final FloatRounder rounder;

  SoftFloat(Mxcsr mxcsr, FloatRounder rounder) {
    this.mxcsr = mxcsr;
    this.rounder = rounder;
  }

  /**
   * The result of an operation.
   *
   * @param operation as in {@link FloatUnit}
   * @param first the destination; ignored for the square root
   * @param second the source
   */
  long arithmetic(FloatFormat f, int operation, long first, long second) {
    long b = operand(f, second);
    if (operation == FloatUnit.SQRT) {
      return squareRoot(f, b);
    }
    long a = operand(f, first);
    return switch (operation) {
      case FloatUnit.MIN, FloatUnit.MAX -> extreme(f, operation, a, b);
      case FloatUnit.ADD -> add(f, a, b, 0);
      case FloatUnit.SUB -> add(f, a, b, f.sign);
      case FloatUnit.MUL -> multiply(f, a, b);
      default -> divide(f, a, b);
    };
  }

  /** An operand as MXCSR wants it seen. */
  long operand(FloatFormat f, long bits) {
    return mxcsr.denormalsAreZeros() && f.isDenormal(bits) ? bits & f.sign : bits;
  }

  long invalid(FloatFormat f) {
    mxcsr.raise(Mxcsr.INVALID);
    return f.indefinite;
  }

  void noteDenormal(FloatFormat f, long bits) {
    if (f.isDenormal(bits)) {
      mxcsr.raise(Mxcsr.DENORMAL);
    }
  }

  /** The answer if one of two operands is a NaN: the first one that is, made quiet. */
  private long propagate(FloatFormat f, long a, long b) {
    if (f.isSignaling(a) || f.isSignaling(b)) {
      mxcsr.raise(Mxcsr.INVALID);
    }
    return (f.isNaN(a) ? a : b) | f.quietBit;
  }

  private long add(FloatFormat f, long a, long second, long flip) {
    if (f.isNaN(a) || f.isNaN(second)) {
      return propagate(f, a, second);
    }
    long b = second ^ flip;
    boolean differ = ((a ^ b) & f.sign) != 0;
    if (f.isInfinite(a) && f.isInfinite(b) && differ) {
      return invalid(f);
    }
    noteDenormal(f, a);
    noteDenormal(f, b);
    if (f.isInfinite(a) || f.isInfinite(b)) {
      return f.isInfinite(a) ? a : b;
    }
    if (f.isZero(a) && f.isZero(b)) {
      return differ ? zeroDifference(f) : a;
    }
    if (f.isZero(a) || f.isZero(b)) {
      long other = f.isZero(a) ? b : a;
      return rounder.round(f, other & f.sign, f.exponent(other), f.significand(other));
    }
    return f.magnitude(a) >= f.magnitude(b) ? addSmaller(f, a, b) : addSmaller(f, b, a);
  }

  private long zeroDifference(FloatFormat f) {
    return mxcsr.rounding() == Mxcsr.DOWN ? f.sign : 0;
  }

  /** a + b, where b is not larger in magnitude. */
  private long addSmaller(FloatFormat f, long a, long b) {
    long sign = a & f.sign;
    int exponent = f.exponent(a);
    // One bit of room for the carry; the low ones are free.
    long large = f.significand(a) >>> 1;
    long small = shiftRight(f.significand(b) >>> 1, exponent - f.exponent(b));
    long sum = ((a ^ b) & f.sign) == 0 ? large + small : large - small;
    if (sum == 0) {
      return zeroDifference(f);
    }
    int shift = Long.numberOfLeadingZeros(sum);
    return rounder.round(f, sign, exponent + 1 - shift, sum << shift);
  }

  /** Shifts to the right; what falls out stays visible in the last bit. */
  private static long shiftRight(long value, int count) {
    if (count == 0) {
      return value;
    }
    return count < 64 ? value >>> count | (value << (64 - count) != 0 ? 1 : 0) : 1;
  }

  private long multiply(FloatFormat f, long a, long b) {
    if (f.isNaN(a) || f.isNaN(b)) {
      return propagate(f, a, b);
    }
    if ((f.isInfinite(a) && f.isZero(b)) || (f.isZero(a) && f.isInfinite(b))) {
      return invalid(f);
    }
    noteDenormal(f, a);
    noteDenormal(f, b);
    long sign = (a ^ b) & f.sign;
    if (f.isInfinite(a) || f.isInfinite(b)) {
      return sign | f.infinity;
    }
    if (f.isZero(a) || f.isZero(b)) {
      return sign;
    }
    int exponent = f.exponent(a) + f.exponent(b) + 1;
    long high = Math.unsignedMultiplyHigh(f.significand(a), f.significand(b));
    long low = f.significand(a) * f.significand(b);
    if (high >= 0) {
      high = high << 1 | low >>> 63;
      low <<= 1;
      exponent--;
    }
    return rounder.round(f, sign, exponent, high | (low != 0 ? 1 : 0));
  }

  private long divide(FloatFormat f, long a, long b) {
    if (f.isNaN(a) || f.isNaN(b)) {
      return propagate(f, a, b);
    }
    if ((f.isInfinite(a) && f.isInfinite(b)) || (f.isZero(a) && f.isZero(b))) {
      return invalid(f);
    }
    long sign = (a ^ b) & f.sign;
    if (f.isZero(b) && !f.isInfinite(a)) {
      mxcsr.raise(Mxcsr.ZERO_DIVIDE);
      return sign | f.infinity;
    }
    noteDenormal(f, a);
    noteDenormal(f, b);
    if (f.isInfinite(a)) {
      return sign | f.infinity;
    }
    if (f.isZero(a) || f.isInfinite(b)) {
      return sign;
    }
    int exponent = f.exponent(a) - f.exponent(b);
    // The low bits of both are free, and with two of them gone all stays positive.
    long divisor = f.significand(b) >>> 2;
    long rest = f.significand(a) >>> 2;
    if (rest < divisor) {
      rest <<= 1;
      exponent--;
    }
    long quotient = 0;
    for (int bit = 0; bit < 64; bit++) {
      quotient <<= 1;
      if (rest >= divisor) {
        rest -= divisor;
        quotient |= 1;
      }
      rest <<= 1;
    }
    return rounder.round(f, sign, exponent, quotient | (rest != 0 ? 1 : 0));
  }

  private long squareRoot(FloatFormat f, long a) {
    if (f.isNaN(a)) {
      return propagate(f, a, a);
    }
    if (f.isZero(a)) {
      return a;
    }
    if (f.isNegative(a)) {
      return invalid(f);
    }
    if (f.isInfinite(a)) {
      return a;
    }
    noteDenormal(f, a);
    int exponent = f.exponent(a);
    // Between 1 and 4, with two bits before the point: digit by digit, as on paper.
    long radicand = f.significand(a) >>> ((exponent & 1) == 0 ? 1 : 0);
    long root = 0;
    long rest = 0;
    int digits = 60;
    for (int digit = 0; digit < digits; digit++) {
      rest = rest << 2 | radicand >>> 62;
      radicand <<= 2;
      long next = root << 2 | 1;
      root <<= 1;
      if (rest >= next) {
        rest -= next;
        root |= 1;
      }
    }
    return rounder.round(f, 0, exponent >> 1, root << (64 - digits) | (rest != 0 ? 1 : 0));
  }

  /** MIN and MAX: the source if the two are equal, or one is a NaN. */
  private long extreme(FloatFormat f, int operation, long a, long b) {
    int relation = compare(f, a, b, true);
    boolean first = relation == (operation == FloatUnit.MIN ? FloatUnit.LESS : FloatUnit.GREATER);
    return first ? a : b;
  }

  /**
   * How two operands compare, with the exceptions of that.
   *
   * @param quietToo whether a quiet NaN is invalid, too
   * @return one of {@link FloatUnit}'s relations
   */
  int compare(FloatFormat f, long first, long second, boolean quietToo) {
    long a = operand(f, first);
    long b = operand(f, second);
    if (f.isNaN(a) || f.isNaN(b)) {
      if (quietToo || f.isSignaling(a) || f.isSignaling(b)) {
        mxcsr.raise(Mxcsr.INVALID);
      }
      return FloatUnit.UNORDERED;
    }
    noteDenormal(f, a);
    noteDenormal(f, b);
    long x = f.isNegative(a) ? -f.magnitude(a) : f.magnitude(a);
    long y = f.isNegative(b) ? -f.magnitude(b) : f.magnitude(b);
    return x < y ? FloatUnit.LESS : x > y ? FloatUnit.GREATER : FloatUnit.EQUAL;
  }
}
