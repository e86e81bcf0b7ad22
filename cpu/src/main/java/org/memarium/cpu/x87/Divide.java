package org.memarium.cpu.x87;

/** Division. */
final class Divide {
  private Divide() {}

  /** a / b. */
  static void divide(Rounder r, long am, int ase, long bm, int bse) {
    if (Float80.isNormal(am, ase) && Float80.isNormal(bm, bse)) {
      quotient(
          r, (ase ^ bse) & Float80.SIGN, am, ase & Float80.EXPONENT, bm, bse & Float80.EXPONENT);
    } else {
      special(r, am, ase, bm, bse);
    }
  }

  /** The quotient of two normalised numbers. */
  private static void quotient(Rounder r, int sign, long am, int ae, long bm, int be) {
    int exponent = ae - be + Float80.BIAS;
    long hi = am;
    long lo = 0;
    if (Long.compareUnsigned(am, bm) >= 0) {
      hi = am >>> 1;
      lo = am << 63;
    } else {
      exponent--;
    }
    long quotient = divide128(hi, lo, bm);
    long remainder = lo - quotient * bm;
    // The next bit and whether anything follows it: 2 x remainder against the divisor.
    long rest = 0;
    if (remainder != 0) {
      int half = Long.compareUnsigned(remainder, bm - remainder);
      rest = half < 0 ? 1 : half == 0 ? Long.MIN_VALUE : Long.MIN_VALUE | 1;
    }
    r.round(sign, exponent, quotient, rest);
  }

  /**
   * hi:lo / divisor, the quotient of an unsigned number of 128 bits, in two steps of 32 bits
   * (Knuth, TAOCP vol. 2, 4.3.1, algorithm D).
   *
   * @param hi less than the divisor, so that the quotient has 64 bits
   * @param divisor bit 63 set
   */
  static long divide128(long hi, long lo, long divisor) {
    long high = digit(hi, lo >>> 32, divisor);
    long middle = (hi << 32 | lo >>> 32) - high * divisor;
    return high << 32 | digit(middle, lo & 0xFFFFFFFFL, divisor);
  }

  /** One digit of 32 bits: (hi:next) / divisor, next being 32 bits. */
  private static long digit(long hi, long next, long divisor) {
    long top = divisor >>> 32;
    long bottom = divisor & 0xFFFFFFFFL;
    long digit = Long.divideUnsigned(hi, top);
    long rest = hi - digit * top;
    // The estimate from the divisor's top half is at most two too large.
    while (digit >>> 32 != 0 || Long.compareUnsigned(digit * bottom, rest << 32 | next) > 0) {
      digit--;
      rest += top;
      if (rest >>> 32 != 0) {
        break;
      }
    }
    return digit;
  }

  private static void special(Rounder r, long am, int ase, long bm, int bse) {
    if (r.answersNaN(am, ase, bm, bse)) {
      return;
    }
    int sign = (ase ^ bse) & Float80.SIGN;
    boolean aInfinite = Float80.isInfinity(am, ase);
    boolean bInfinite = Float80.isInfinity(bm, bse);
    if ((aInfinite && bInfinite) || (am == 0 && bm == 0)) {
      r.invalid();
      return;
    }
    if (bm == 0 && !aInfinite) {
      r.zeroDivide(sign);
      return;
    }
    r.noteDenormal(am, ase);
    r.noteDenormal(bm, bse);
    if (aInfinite) {
      r.setInfinity(sign);
    } else if (bInfinite || am == 0) {
      r.setZero(sign);
    } else {
      int aShift = Long.numberOfLeadingZeros(am);
      int bShift = Long.numberOfLeadingZeros(bm);
      int ae = Math.max(ase & Float80.EXPONENT, 1) - aShift;
      int be = Math.max(bse & Float80.EXPONENT, 1) - bShift;
      quotient(r, sign, am << aShift, ae, bm << bShift, be);
    }
  }
}
