package org.memarium.cpu.x87;

/** F2XM1: 2^x - 1 for x between -1 and 1. */
final class Exponential {
  private static final int STEPS = TranscendentalTables.POWER_STEPS;

  private final Wide number = new Wide();
  private final Wide step = new Wide();
  private final Wide result = new Wide();
  private final Fraction fraction = new Fraction();
  private final Fraction series = new Fraction();

  /** 2^x - 1. Outside of its range processors answer x itself, and -1 for minus infinity. */
  void powerMinusOne(Rounder r, long m, int se) {
    if (r.answersNaN(m, se)) {
      return;
    }
    r.noteDenormal(m, se);
    int exponent = se & Float80.EXPONENT;
    if (Float80.isInfinity(m, se)) {
      if ((se & Float80.SIGN) != 0) {
        r.set(Float80.SIGN | Float80.BIAS, Float80.INTEGER_BIT);
      } else {
        r.setInfinity(0);
      }
    } else if (m == 0) {
      r.set(se, m);
    } else if (exponent >= Float80.BIAS) {
      outOfRange(r, m, se);
    } else {
      number.setExtended(m, se);
      compute();
      result.round(r);
    }
  }

  /** One, minus one, and beyond. */
  private void outOfRange(Rounder r, long m, int se) {
    if (m == Float80.INTEGER_BIT && se == Float80.BIAS) {
      // Processors come out just below one.
      result.set(false, 0, Float80.INTEGER_BIT, 0).nudge(false).round(r);
      return;
    }
    r.raised |= StatusWord.PRECISION;
    if (m == Float80.INTEGER_BIT && se == (Float80.SIGN | Float80.BIAS)) {
      r.set(Float80.SIGN | Float80.BIAS - 1, Float80.INTEGER_BIT);
    } else {
      r.set(se, m);
    }
  }

  private void compute() {
    // x = n/32 + rest: 2^x - 1 = (2^(n/32) - 1) + 2^(n/32) (2^rest - 1)
    int n = nearestStep();
    if (n != 0) {
      number.add(number, step.setScaled(-n, -5));
      if (number.isZero()) {
        result.set(TranscendentalTables.POWER_MINUS_ONE[n + STEPS]);
        return;
      }
    }
    number.multiply(number, TranscendentalTables.LN2);
    fraction.set(number);
    series.setSeries(fraction, TranscendentalTables.EXPONENTIAL, number.negative);
    result.setOneAnd(series, number.negative);
    result.multiply(result, number);
    if (n != 0) {
      result.multiply(result, TranscendentalTables.POWER[n + STEPS]);
      result.add(result, TranscendentalTables.POWER_MINUS_ONE[n + STEPS]);
    }
  }

  /** x, rounded to a multiple of 1/32. */
  private int nearestStep() {
    int shift = 63 - number.exponent - 6;
    int n = shift > 63 ? 0 : ((int) (number.hi >>> shift) + 1) >> 1;
    return number.negative ? -n : n;
  }
}
