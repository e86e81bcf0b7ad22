package org.memarium.cpu.x87;

/** FPATAN: the angle of the point (x, y), from -pi to pi. */
final class ArcTangent {
  private static final int STEPS = TranscendentalTables.ARC_STEPS;

  /** Below 2^-60 an arc tangent is its argument but for a hair. */
  private static final int TINY = -60;

  private final Wide small = new Wide();
  private final Wide large = new Wide();
  private final Wide angle = new Wide();
  private final Wide product = new Wide();
  private final Wide scratch = new Wide();
  private final Fraction square = new Fraction();
  private final Fraction series = new Fraction();

  /** The angle of (x, y). */
  void angle(Rounder r, long xm, int xse, long ym, int yse) {
    if (r.answersNaN(xm, xse, ym, yse)) {
      return;
    }
    r.noteDenormal(xm, xse);
    r.noteDenormal(ym, yse);
    boolean left = (xse & Float80.SIGN) != 0;
    boolean xInfinite = Float80.isInfinity(xm, xse);
    boolean yInfinite = Float80.isInfinity(ym, yse);
    if (yInfinite && xInfinite) {
      angle.set(TranscendentalTables.HALF_PI).scale(-1);
      if (left) {
        angle.add(angle, TranscendentalTables.HALF_PI);
      }
    } else if (xInfinite || ym == 0) {
      if (!left) {
        r.setZero(yse & Float80.SIGN);
        return;
      }
      angle.set(TranscendentalTables.PI);
    } else if (yInfinite || xm == 0) {
      angle.set(TranscendentalTables.HALF_PI);
    } else {
      compute(xm, xse, ym, yse);
    }
    angle.negative = (yse & Float80.SIGN) != 0;
    angle.round(r);
  }

  private void compute(long xm, int xse, long ym, int yse) {
    small.setExtended(ym, yse & Float80.EXPONENT);
    large.setExtended(xm, xse & Float80.EXPONENT);
    boolean steep =
        small.exponent > large.exponent
            || (small.exponent == large.exponent && Long.compareUnsigned(small.hi, large.hi) > 0);
    if (steep) {
      scratch.set(small);
      small.set(large);
      large.set(scratch);
    }
    boolean left = (xse & Float80.SIGN) != 0;
    firstOctant();
    if (steep) {
      angle.negative = !left;
      angle.add(TranscendentalTables.HALF_PI, angle);
    } else if (left) {
      angle.add(TranscendentalTables.PI, angle.negate());
    }
  }

  /** angle = atan(small / large), at most pi/4. */
  private void firstOctant() {
    int n = nearestStep();
    if (n != 0) {
      // atan(s/l) = atan(n/32) + atan((s - l n/32) / (l + s n/32))
      scratch.setScaled(n, -5);
      product.multiply(large, scratch).negate();
      angle.multiply(small, scratch);
      small.add(small, product);
      large.add(large, angle);
    }
    angle.divide(small, large, scratch);
    if (angle.exponent < TINY) {
      if (!angle.isZero()) {
        angle.nudge(false);
      }
    } else {
      square.set(scratch.multiply(angle, angle));
      series.setSeries(square, TranscendentalTables.ODD_RECIPROCALS, true);
      scratch.setOneAnd(series, true);
      angle.multiply(angle, scratch);
    }
    if (n != 0) {
      angle.add(angle, TranscendentalTables.ARC_TANGENT[n]);
    }
  }

  /** small / large, roughly rounded to a multiple of 1/32. */
  private int nearestStep() {
    int distance = large.exponent - small.exponent;
    if (distance > 6) {
      return 0;
    }
    long quotient = ((small.hi >>> 1) >>> distance) / (large.hi >>> 32);
    return Math.min((int) (((quotient >>> 25) + 1) >> 1), STEPS);
  }
}
