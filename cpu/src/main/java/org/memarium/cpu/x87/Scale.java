package org.memarium.cpu.x87;

/** FSCALE: a power of two put on. */
final class Scale {
  /** Beyond this every number that there is has over- or underflowed. */
  private static final int ENOUGH = 0x10000;

  private Scale() {}

  /** FSCALE: a x 2^trunc(b). */
  static void scale(Rounder r, long am, int ase, long bm, int bse) {
    if (r.answersNaN(am, ase, bm, bse)) {
      return;
    }
    int sign = ase & Float80.SIGN;
    boolean down = (bse & Float80.SIGN) != 0;
    boolean aInfinite = Float80.isInfinity(am, ase);
    if (Float80.isInfinity(bm, bse)) {
      if (down ? aInfinite : am == 0) {
        r.invalid();
        return;
      }
      r.noteDenormal(am, ase);
      if (down) {
        r.setZero(sign);
      } else {
        r.setInfinity(sign);
      }
      return;
    }
    r.noteDenormal(am, ase);
    r.noteDenormal(bm, bse);
    if (am == 0 || aInfinite) {
      r.set(ase, am);
      return;
    }
    int power = (bse & Float80.EXPONENT) - Float80.BIAS;
    int by = power < 0 ? 0 : power > 16 ? ENOUGH : (int) (bm >>> (63 - power));
    int shift = Long.numberOfLeadingZeros(am);
    int exponent = Math.max(ase & Float80.EXPONENT, 1) - shift + (down ? -by : by);
    if (exponent >= Float80.EXPONENT + Rounder.BIAS_ADJUST && !r.isMasked(StatusWord.OVERFLOW)) {
      // Too far for a changed bias to bring back.
      r.raised |= StatusWord.OVERFLOW | StatusWord.PRECISION;
      r.roundedUp = true;
      r.setInfinity(sign);
    } else if (exponent <= -Rounder.BIAS_ADJUST && !r.isMasked(StatusWord.UNDERFLOW)) {
      r.raised |= StatusWord.UNDERFLOW | StatusWord.PRECISION;
      r.setZero(sign);
    } else {
      r.roundExtended(sign, exponent, am << shift, 0);
    }
  }
}
