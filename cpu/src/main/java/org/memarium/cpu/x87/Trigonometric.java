package org.memarium.cpu.x87;

/**
 * FSIN, FCOS, FSINCOS, FPTAN: sine, cosine and tangent of an angle below 2^63.
 *
 * <p>An angle is reduced exactly, but by a pi of 66 bits, as processors do: near a multiple of pi
 * the result is that of a slightly different angle, and programs that were tuned on processors
 * expect it.
 */
final class Trigonometric {
  /** The smallest exponent of an angle that is too large. */
  private static final int TOO_LARGE = Float80.BIAS + 63;

  /** Below 2^-60 an angle is its sine and tangent but for a hair. */
  private static final int TINY = -60;

  /** pi x 2^64, rounded to an integer: 66 bits. */
  private static final long PI_HIGH = 0x3;

  private static final long PI_LOW = 0x243F6A8885A308D3L;

  private final Wide angle = new Wide();
  private final Wide sine = new Wide();
  private final Wide cosine = new Wide();
  private final Wide scratch = new Wide();
  private final Fraction square = new Fraction();
  private final Fraction series = new Fraction();

  /** The angle's place: quarter turns, modulo 4, that {@link #angle} is away from. */
  private int quadrant;

  /** Whether an angle is out of range: C2 is set, and nothing else happens. */
  static boolean isTooLarge(long mantissa, int signExponent) {
    return (signExponent & Float80.EXPONENT) >= TOO_LARGE
        && !Float80.isNaN(mantissa, signExponent)
        && !Float80.isInfinity(mantissa, signExponent)
        && !Float80.isUnsupported(mantissa, signExponent);
  }

  /** FSIN. */
  void sine(Rounder r, long m, int se) {
    if (!answersSpecial(r, m, se)) {
      if (m == 0) {
        r.set(se, m);
      } else {
        compute(m, se);
        sine.round(r);
      }
    }
  }

  /** FCOS. */
  void cosine(Rounder r, long m, int se) {
    if (!answersSpecial(r, m, se)) {
      if (m == 0) {
        r.set(Float80.BIAS, Float80.INTEGER_BIT);
      } else {
        compute(m, se);
        cosine.round(r);
      }
    }
  }

  /** FPTAN: sine by cosine. */
  void tangent(Rounder r, long m, int se) {
    if (!answersSpecial(r, m, se)) {
      if (m == 0) {
        r.set(se, m);
      } else {
        compute(m, se);
        if (angle.exponent < TINY && (quadrant & 1) == 0) {
          angle.nudge(true).round(r);
        } else {
          angle.divide(sine, cosine, scratch).round(r);
        }
      }
    }
  }

  private static boolean answersSpecial(Rounder r, long m, int se) {
    if (r.answersNaN(m, se)) {
      return true;
    }
    if (Float80.isInfinity(m, se)) {
      r.invalid();
      return true;
    }
    r.noteDenormal(m, se);
    return false;
  }

  private void compute(long m, int se) {
    angle.setExtended(m, se);
    quadrant = 0;
    if (angle.exponent >= -1) {
      reduce();
    }
    if (angle.exponent < TINY) {
      sine.set(angle).nudge(false);
      cosine.set(false, 0, Float80.INTEGER_BIT, 0).nudge(false);
    } else {
      square.set(scratch.multiply(angle, angle));
      series.setSeries(square, TranscendentalTables.SINE, true);
      sine.setOneAnd(series, true);
      sine.multiply(sine, angle);
      series.setSeries(square, TranscendentalTables.COSINE, true);
      cosine.setOneAnd(series, true);
    }
    if ((quadrant & 1) != 0) {
      scratch.set(sine);
      sine.set(cosine);
      cosine.set(scratch).negate();
    }
    if ((quadrant & 2) != 0) {
      sine.negate();
      cosine.negate();
    }
  }

  /** Takes away the nearest multiple of pi/2, by long division, a bit at a time. */
  private void reduce() {
    // The angle is high:low x 2^-65, and pi/2 is PI x 2^-65.
    long high = 0;
    long low = angle.hi;
    int quotient = 0;
    for (int bits = angle.exponent + 2; bits > 0; bits--) {
      high = high << 1 | low >>> 63;
      low <<= 1;
      quotient <<= 1;
      if (high > PI_HIGH || (high == PI_HIGH && Long.compareUnsigned(low, PI_LOW) >= 0)) {
        high -= PI_HIGH + (Long.compareUnsigned(low, PI_LOW) < 0 ? 1 : 0);
        low -= PI_LOW;
        quotient |= 1;
      }
    }
    boolean negative = angle.negative;
    long twiceHigh = high << 1 | low >>> 63;
    if (twiceHigh > PI_HIGH
        || (twiceHigh == PI_HIGH && Long.compareUnsigned(low << 1, PI_LOW) > 0)) {
      high = PI_HIGH - high - (Long.compareUnsigned(PI_LOW, low) < 0 ? 1 : 0);
      low = PI_LOW - low;
      quotient++;
      angle.negative = !negative;
    }
    angle.setNormalised(angle.negative, 127 - 65, high, low);
    quadrant = (negative ? -quotient : quotient) & 3;
  }
}
