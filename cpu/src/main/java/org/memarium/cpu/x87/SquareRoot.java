package org.memarium.cpu.x87;

/** FSQRT. */
final class SquareRoot {
  private SquareRoot() {}

  /** The square root of a. */
  static void squareRoot(Rounder r, long am, int ase) {
    if (!Float80.isNormal(am, ase) || ase >= Float80.SIGN) {
      if (r.answersNaN(am, ase)) {
        return;
      }
      if (am == 0) {
        r.set(ase, am);
        return;
      }
      if ((ase & Float80.SIGN) != 0) {
        r.invalid();
        return;
      }
      if (Float80.isInfinity(am, ase)) {
        r.set(ase, am);
        return;
      }
      r.noteDenormal(am, ase);
    }
    int shift = Long.numberOfLeadingZeros(am);
    int power = Math.max(ase & Float80.EXPONENT, 1) - shift - Float80.BIAS;
    long mantissa = am << shift;
    // The number as hi:lo x 2^even, so that the root of hi:lo has 64 bits, the first one set.
    long hi = mantissa;
    long lo = 0;
    if ((power & 1) == 0) {
      hi = mantissa >>> 1;
      lo = mantissa << 63;
    }
    long root = root128(hi, lo);
    long remainderHigh = hi - Math.unsignedMultiplyHigh(root, root);
    long remainder = lo - root * root;
    if (Long.compareUnsigned(lo, root * root) < 0) {
      remainderHigh--;
    }
    // hi:lo = root^2 + remainder, remainder <= 2 root; (root + 1/2)^2 = root^2 + root + 1/4.
    long rest = 0;
    if (remainderHigh != 0 || Long.compareUnsigned(remainder, root) > 0) {
      rest = Long.MIN_VALUE | 1;
    } else if (remainder != 0) {
      rest = 1;
    }
    r.round(0, (power >> 1) + Float80.BIAS, root, rest);
  }

  /** The integer square root of hi:lo, which is at least 2^126. */
  private static long root128(long hi, long lo) {
    // 53 good bits from the host's square root, which is exact by definition; one step of Newton's
    // method doubles them, and what is then off by one is put right.
    double high = (hi >>> 11) * 0x1p11;
    long root = (long) (Math.sqrt(high) * 0x1p31) << 1;
    long differenceHigh = hi - Math.unsignedMultiplyHigh(root, root);
    long difference = lo - root * root;
    if (Long.compareUnsigned(lo, root * root) < 0) {
      differenceHigh--;
    }
    double correction =
        (differenceHigh * 0x1p64 + unsignedDouble(difference)) / (2 * unsignedDouble(root));
    long candidate = root + (long) Math.floor(correction);
    if (candidate >= 0) {
      // Out of the range of roots, 2^63 to 2^64 - 1, at one of its ends.
      candidate = correction < 0 ? Float80.INTEGER_BIT : -1L;
    }
    while (squareExceeds(candidate, hi, lo)) {
      candidate--;
    }
    while (candidate != -1L && !squareExceeds(candidate + 1, hi, lo)) {
      candidate++;
    }
    return candidate;
  }

  private static double unsignedDouble(long value) {
    return (value >>> 1) * 2.0;
  }

  private static boolean squareExceeds(long root, long hi, long lo) {
    int high = Long.compareUnsigned(Math.unsignedMultiplyHigh(root, root), hi);
    return high > 0 || (high == 0 && Long.compareUnsigned(root * root, lo) > 0);
  }
}
