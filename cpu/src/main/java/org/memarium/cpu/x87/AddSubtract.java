package org.memarium.cpu.x87;

/** Addition and subtraction. */
final class AddSubtract {
  private AddSubtract() {}

  /** a + b. */
  static void add(Rounder r, long am, int ase, long bm, int bse) {
    add(r, am, ase, bm, bse, 0);
  }

  /** a - b. */
  static void subtract(Rounder r, long am, int ase, long bm, int bse) {
    add(r, am, ase, bm, bse, Float80.SIGN);
  }

  /**
   * a + b, or a - b.
   *
   * @param flip what changes the sign of b; if b is a NaN it stays as it is
   */
  private static void add(Rounder r, long am, int ase, long bm, int bse, int flip) {
    if (Float80.isNormal(am, ase) && Float80.isNormal(bm, bse)) {
      int bs = (bse ^ flip) & Float80.SIGN;
      int ae = ase & Float80.EXPONENT;
      sum(r, am, ase & Float80.SIGN, ae, bm, bs, bse & Float80.EXPONENT);
    } else {
      special(r, am, ase, bm, bse, flip);
    }
  }

  /** The sum of two normalised numbers. */
  private static void sum(Rounder r, long am, int as, int ae, long bm, int bs, int be) {
    if (ae < be || (ae == be && Long.compareUnsigned(am, bm) < 0)) {
      long m = am;
      am = bm;
      bm = m;
      int t = ae;
      ae = be;
      be = t;
      t = as;
      as = bs;
      bs = t;
    }
    int distance = ae - be;
    long hi;
    long lo;
    if (distance == 0) {
      hi = bm;
      lo = 0;
    } else if (distance < 64) {
      hi = bm >>> distance;
      lo = bm << (64 - distance);
    } else {
      hi = 0;
      lo = distance == 64 ? bm : distance < 128 ? jam(bm, distance - 64) : 1;
    }
    if (as == bs) {
      hi += am;
      if (Long.compareUnsigned(hi, am) < 0) {
        lo = hi << 63 | lo >>> 1 | (lo & 1);
        hi = hi >>> 1 | Float80.INTEGER_BIT;
        ae++;
      }
    } else {
      hi = am - hi - (lo != 0 ? 1 : 0);
      lo = -lo;
      if (hi >= 0) {
        if (hi == 0) {
          if (lo == 0) {
            r.setZeroDifference();
            return;
          }
          hi = lo;
          lo = 0;
          ae -= 64;
        }
        int shift = Long.numberOfLeadingZeros(hi);
        if (shift != 0) {
          hi = hi << shift | lo >>> (64 - shift);
          lo <<= shift;
          ae -= shift;
        }
      }
    }
    r.round(as, ae, hi, lo);
  }

  /** Shifts right; what is lost stays as the last bit. */
  private static long jam(long value, int shift) {
    return value >>> shift | (value << (64 - shift) != 0 ? 1 : 0);
  }

  private static void special(Rounder r, long am, int ase, long bm, int bse, int flip) {
    if (r.answersNaN(am, ase, bm, bse)) {
      return;
    }
    int as = ase & Float80.SIGN;
    int bs = (bse ^ flip) & Float80.SIGN;
    boolean aInfinite = Float80.isInfinity(am, ase);
    boolean bInfinite = Float80.isInfinity(bm, bse);
    if (aInfinite && bInfinite && as != bs) {
      r.invalid();
      return;
    }
    r.noteDenormal(am, ase);
    r.noteDenormal(bm, bse);
    if (aInfinite || bInfinite) {
      r.setInfinity(aInfinite ? as : bs);
    } else if (am == 0 && bm == 0) {
      if (as == bs) {
        r.setZero(as);
      } else {
        r.setZeroDifference();
      }
    } else {
      int aShift = Long.numberOfLeadingZeros(am);
      int bShift = Long.numberOfLeadingZeros(bm);
      int ae = Math.max(ase & Float80.EXPONENT, 1) - aShift;
      int be = Math.max(bse & Float80.EXPONENT, 1) - bShift;
      if (am == 0) {
        r.round(bs, be, bm << bShift, 0);
      } else if (bm == 0) {
        r.round(as, ae, am << aShift, 0);
      } else {
        sum(r, am << aShift, as, ae, bm << bShift, bs, be);
      }
    }
  }
}
