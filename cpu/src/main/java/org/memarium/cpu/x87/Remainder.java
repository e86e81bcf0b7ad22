package org.memarium.cpu.x87;

/**
 * FPREM and FPREM1: exact remainders, at most 63 bits of quotient at a time.
 *
 * <p>The condition codes say how far it went: C2 if the remainder is only a partial one, otherwise
 * the quotient's last three bits, in C0 (4), C3 (2) and C1 (1).
 */
final class Remainder {
  /** Instead of condition codes: an operand was a NaN or the operation invalid. */
  static final int NO_QUOTIENT = -1;

  private Remainder() {}

  /**
   * a mod b.
   *
   * @param toNearest how the quotient is rounded: to nearest, as IEEE 754 has it (FPREM1), or
   *     toward zero (FPREM)
   * @return condition codes, or {@link #NO_QUOTIENT}
   */
  static int remainder(Rounder r, long am, int ase, long bm, int bse, boolean toNearest) {
    if (r.answersNaN(am, ase, bm, bse)) {
      return NO_QUOTIENT;
    }
    if (Float80.isInfinity(am, ase) || bm == 0) {
      r.invalid();
      return NO_QUOTIENT;
    }
    r.noteDenormal(am, ase);
    r.noteDenormal(bm, bse);
    int sign = ase & Float80.SIGN;
    if (am == 0 || Float80.isInfinity(bm, bse)) {
      if (Float80.isDenormal(am, ase)) {
        // Goes through rounding, which raises UE if that is not masked.
        int shift = Long.numberOfLeadingZeros(am);
        r.roundExtended(sign, 1 - shift, am << shift, 0);
      } else {
        r.set(ase, am);
      }
      return 0;
    }
    int aShift = Long.numberOfLeadingZeros(am);
    int bShift = Long.numberOfLeadingZeros(bm);
    int ae = Math.max(ase & Float80.EXPONENT, 1) - aShift;
    int be = Math.max(bse & Float80.EXPONENT, 1) - bShift;
    am <<= aShift;
    bm <<= bShift;
    int distance = ae - be;
    if (distance >= 64) {
      // Any reduction by 32 to 63 bits is allowed; this is the one that processors choose.
      int bits = (distance & 31) | 32;
      finish(r, sign, ae - bits, reduce(am, bm, bits));
      return StatusWord.C2;
    }
    long quotient = 0;
    long rest = am;
    if (distance >= 0) {
      boolean first = Long.compareUnsigned(am, bm) >= 0;
      long partial = first ? am - bm : am;
      long hi = distance == 0 ? 0 : partial >>> (64 - distance);
      long lo = partial << distance;
      long low = Divide.divide128(hi, lo, bm);
      rest = lo - low * bm;
      quotient = (first ? 1L << distance : 0) + low;
      ae = be;
    }
    if (toNearest && isMoreThanHalf(rest, ae, bm, be, quotient)) {
      // In the scale of the dividend if that is half the divisor's: 2b - a then fits 64 bits.
      rest = (ae == be ? bm : bm << 1) - rest;
      sign ^= Float80.SIGN;
      quotient++;
    }
    finish(r, sign, ae, rest);
    return ((quotient & 4) != 0 ? StatusWord.C0 : 0)
        | ((quotient & 2) != 0 ? StatusWord.C3 : 0)
        | ((quotient & 1) != 0 ? StatusWord.C1 : 0);
  }

  /** Whether rest is more than half the divisor, or half of it and the quotient odd. */
  private static boolean isMoreThanHalf(long rest, int ae, long bm, int be, long quotient) {
    if (ae < be - 1) {
      return false;
    }
    int order = ae == be ? Long.compareUnsigned(rest, bm - rest) : Long.compareUnsigned(rest, bm);
    return order > 0 || (order == 0 && (quotient & 1) != 0);
  }

  /** a x 2^bits mod b. */
  private static long reduce(long am, long bm, int bits) {
    long partial = Long.compareUnsigned(am, bm) >= 0 ? am - bm : am;
    long hi = partial >>> (64 - bits);
    long lo = partial << bits;
    return lo - Divide.divide128(hi, lo, bm) * bm;
  }

  private static void finish(Rounder r, int sign, int exponent, long mantissa) {
    if (mantissa == 0) {
      r.setZero(sign);
      return;
    }
    int shift = Long.numberOfLeadingZeros(mantissa);
    r.roundExtended(sign, exponent - shift, mantissa << shift, 0);
  }
}
