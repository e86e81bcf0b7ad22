package org.memarium.cpu.simd;

/**
 * A format of IEEE 754, and what its bits say. Single precision is held in the low half of a long.
 *
 * <pre>
 *             63      62      52 51                 0
 *   DOUBLE   | sign | exponent  | fraction           |      bias 1023
 *             31      30      23 22                 0
 *   SINGLE   | sign | exponent  | fraction           |      bias 127
 * </pre>
 *
 * <p>Exponent 0 means zero or denormal, all ones infinite or, with a fraction, not a number, quiet
 * if the fraction's top bit is set.
 */
enum FloatFormat {
  SINGLE(23, 8),
  DOUBLE(52, 11);

  final int fractionBits;
  final int bias;

  final long sign;
  final long fractionMask;
  final long quietBit;
  final long infinity;

  /** The masked answer to an invalid operation: the default NaN. */
  final long indefinite;

  /** Exponents of the smallest and the largest normal number. */
  final int minExponent;

  final int maxExponent;

  FloatFormat(int fractionBits, int exponentBits) {
    this.fractionBits = fractionBits;
    bias = (1 << (exponentBits - 1)) - 1;
    sign = 1L << (fractionBits + exponentBits);
    fractionMask = (1L << fractionBits) - 1;
    quietBit = 1L << (fractionBits - 1);
    infinity = sign - (1L << fractionBits);
    indefinite = sign | infinity | quietBit;
    minExponent = 1 - bias;
    maxExponent = bias;
  }

  boolean isNegative(long bits) {
    return (bits & sign) != 0;
  }

  long magnitude(long bits) {
    return bits & (sign - 1);
  }

  boolean isZero(long bits) {
    return magnitude(bits) == 0;
  }

  boolean isInfinite(long bits) {
    return magnitude(bits) == infinity;
  }

  boolean isNaN(long bits) {
    return magnitude(bits) > infinity;
  }

  boolean isSignaling(long bits) {
    return isNaN(bits) && (bits & quietBit) == 0;
  }

  boolean isDenormal(long bits) {
    return (bits & infinity) == 0 && (bits & fractionMask) != 0;
  }

  /** The exponent of a number that is neither zero, infinite nor NaN: of its first one. */
  int exponent(long bits) {
    int field = (int) ((bits & infinity) >>> fractionBits);
    if (field != 0) {
      return field - bias;
    }
    return minExponent - (Long.numberOfLeadingZeros(bits & fractionMask) - (63 - fractionBits));
  }

  /** The significand of such a number, its first one in bit 63. */
  long significand(long bits) {
    long fraction = bits & fractionMask;
    return (bits & infinity) == 0
        ? fraction << Long.numberOfLeadingZeros(fraction)
        : (fraction | (1L << fractionBits)) << (63 - fractionBits);
  }
}
