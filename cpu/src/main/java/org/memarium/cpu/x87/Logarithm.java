package org.memarium.cpu.x87;

/** FYL2X and FYL2XP1: y log2(x), y log2(x + 1). */
final class Logarithm {
  /** sqrt(2), as a mantissa. */
  private static final long ROOT_OF_TWO = 0xB504F333F9DE6484L;

  private static final int STEPS = TranscendentalTables.LOGARITHM_STEPS;

  /** Below this exponent the argument of FYL2XP1 needs no step of the table. */
  private static final int NEAR_ONE = -8;

  private final Wide number = new Wide();
  private final Wide step = new Wide();
  private final Wide ratio = new Wide();
  private final Wide scratch = new Wide();
  private final Fraction square = new Fraction();
  private final Fraction series = new Fraction();

  /** FYL2X: y log2(x). */
  void logarithm(Rounder r, long xm, int xse, long ym, int yse) {
    if (r.answersNaN(xm, xse, ym, yse)) {
      return;
    }
    int sign = yse & Float80.SIGN;
    boolean one = xm == Float80.INTEGER_BIT && xse == Float80.BIAS;
    boolean xInfinite = Float80.isInfinity(xm, xse);
    boolean yInfinite = Float80.isInfinity(ym, yse);
    if (((xse & Float80.SIGN) != 0 && xm != 0)
        || (ym == 0 && (xm == 0 || xInfinite))
        || (yInfinite && one)) {
      r.invalid();
      return;
    }
    if (xm == 0 && !yInfinite) {
      r.zeroDivide(sign ^ Float80.SIGN);
      return;
    }
    r.noteDenormal(xm, xse);
    r.noteDenormal(ym, yse);
    if ((xse & Float80.EXPONENT) < Float80.BIAS) {
      sign ^= Float80.SIGN;
    }
    if (xInfinite || yInfinite) {
      r.setInfinity(sign);
    } else if (one || ym == 0) {
      r.setZero(sign);
    } else {
      number.setExtended(xm, xse);
      if (number.hi == Float80.INTEGER_BIT) {
        multiplyExactly(r, number.exponent, ym, yse);
      } else {
        takeLogarithm();
        number.multiply(number, ratio.setExtended(ym, yse)).round(r);
      }
    }
  }

  /** FYL2XP1: y log2(x + 1). Where x + 1 is not positive, processors answer x. */
  void logarithmPlusOne(Rounder r, long xm, int xse, long ym, int yse) {
    if (r.answersNaN(xm, xse, ym, yse)) {
      return;
    }
    int sign = (xse ^ yse) & Float80.SIGN;
    boolean negative = (xse & Float80.SIGN) != 0;
    boolean xInfinite = Float80.isInfinity(xm, xse);
    boolean yInfinite = Float80.isInfinity(ym, yse);
    if ((xInfinite && (negative || ym == 0)) || (yInfinite && xm == 0)) {
      r.invalid();
      return;
    }
    r.noteDenormal(xm, xse);
    r.noteDenormal(ym, yse);
    if (xInfinite || yInfinite) {
      r.setInfinity(sign);
    } else if (xm == 0 || ym == 0) {
      r.setZero(sign);
    } else if (negative && (xse & Float80.EXPONENT) >= Float80.BIAS) {
      r.set(xse, xm);
      r.raised |= StatusWord.PRECISION;
    } else {
      takeLogarithmPlusOne(r, xm, xse, ym, yse);
    }
  }

  private void takeLogarithmPlusOne(Rounder r, long xm, int xse, long ym, int yse) {
    step.setExtended(xm, xse);
    scratch.set(false, 0, Float80.INTEGER_BIT, 0);
    if (step.exponent < NEAR_ONE) {
      // log(1+x) = 2 atanh(x / (2+x)), without losing digits of x to the 1.
      number.add(scratch.scale(1), step);
      ratio.divide(step, number, scratch);
      takeInverseTangent();
    } else {
      number.add(scratch, step);
      if (number.hi == Float80.INTEGER_BIT && number.lo == 0) {
        multiplyExactly(r, number.exponent, ym, yse);
        return;
      }
      takeLogarithm();
    }
    number.multiply(number, ratio.setExtended(ym, yse)).round(r);
  }

  /** number = log2(number). */
  private void takeLogarithm() {
    int power = number.exponent;
    if (Long.compareUnsigned(number.hi, ROOT_OF_TWO) >= 0) {
      power++;
    }
    number.exponent -= power;
    // Now between 1/sqrt(2) and sqrt(2): n/64 is the nearest step, log(x) = log(n/64) +
    // 2 atanh((x - n/64) / (x + n/64)).
    int n = ((int) (number.hi >>> (56 - number.exponent)) + 1) >> 1;
    step.setScaled(n, -6);
    scratch.add(number, step);
    number.add(number, step.negate());
    if (number.isZero()) {
      number.setScaled(power, 0).add(number, TranscendentalTables.LOGARITHM[n]);
      return;
    }
    ratio.divide(number, scratch, step);
    takeInverseTangent();
    if (n != STEPS) {
      number.add(number, TranscendentalTables.LOGARITHM[n]);
    }
    number.add(number, step.setScaled(power, 0));
  }

  /** number = 2 atanh(ratio) / ln 2; the ratio is at most 2^-7. */
  private void takeInverseTangent() {
    square.set(number.multiply(ratio, ratio));
    series.setSeries(square, TranscendentalTables.ODD_RECIPROCALS, false);
    number.setOneAnd(series, false);
    number.multiply(number, ratio).scale(1);
    number.multiply(number, TranscendentalTables.LOG2_E);
  }

  /** The logarithm of a power of two: exact, though processors say it is not. */
  private static void multiplyExactly(Rounder r, int power, long ym, int yse) {
    int sign = (yse & Float80.SIGN) ^ (power < 0 ? Float80.SIGN : 0);
    long factor = Math.abs(power);
    int factorShift = Long.numberOfLeadingZeros(factor);
    int shift = Long.numberOfLeadingZeros(ym);
    int exponent = Math.max(yse & Float80.EXPONENT, 1) - shift + 64 - factorShift;
    long high = Math.unsignedMultiplyHigh(ym << shift, factor << factorShift);
    long low = (ym << shift) * (factor << factorShift);
    if (high >= 0) {
      high = high << 1 | low >>> 63;
      low <<= 1;
      exponent--;
    }
    r.roundExtended(sign, exponent, high, low);
    r.noteInexact();
  }
}
