package org.memarium.cpu.x87;

/** Multiplication. */
final class Multiply {
  private Multiply() {}

  /** a x b. */
  static void multiply(Rounder r, long am, int ase, long bm, int bse) {
    if (Float80.isNormal(am, ase) && Float80.isNormal(bm, bse)) {
      product(
          r, (ase ^ bse) & Float80.SIGN, am, ase & Float80.EXPONENT, bm, bse & Float80.EXPONENT);
    } else {
      special(r, am, ase, bm, bse);
    }
  }

  /** The product of two normalised numbers. */
  private static void product(Rounder r, int sign, long am, int ae, long bm, int be) {
    long hi = Math.unsignedMultiplyHigh(am, bm);
    long lo = am * bm;
    int exponent = ae + be - (Float80.BIAS - 1);
    if (hi >= 0) {
      hi = hi << 1 | lo >>> 63;
      lo <<= 1;
      exponent--;
    }
    r.round(sign, exponent, hi, lo);
  }

  private static void special(Rounder r, long am, int ase, long bm, int bse) {
    if (r.answersNaN(am, ase, bm, bse)) {
      return;
    }
    int sign = (ase ^ bse) & Float80.SIGN;
    boolean zero = am == 0 || bm == 0;
    boolean infinite = Float80.isInfinity(am, ase) || Float80.isInfinity(bm, bse);
    if (infinite && zero) {
      r.invalid();
      return;
    }
    r.noteDenormal(am, ase);
    r.noteDenormal(bm, bse);
    if (infinite) {
      r.setInfinity(sign);
    } else if (zero) {
      r.setZero(sign);
    } else {
      int aShift = Long.numberOfLeadingZeros(am);
      int bShift = Long.numberOfLeadingZeros(bm);
      int ae = Math.max(ase & Float80.EXPONENT, 1) - aShift;
      int be = Math.max(bse & Float80.EXPONENT, 1) - bShift;
      product(r, sign, am << aShift, ae, bm << bShift, be);
    }
  }
}
