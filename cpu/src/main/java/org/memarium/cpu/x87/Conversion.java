package org.memarium.cpu.x87;

/**
 * From the extended format to the others. The result is in {@link Rounder#mantissa}, right-aligned;
 * with an exception that is not masked there may be none, and the store does not take place.
 */
final class Conversion {
  private Conversion() {}

  static void toFloat(Rounder r, long m, int se) {
    toFormat(r, m, se, 24, 0x7F);
  }

  static void toDouble(Rounder r, long m, int se) {
    toFormat(r, m, se, 53, 0x3FF);
  }

  /**
   * To a narrower binary format.
   *
   * @param bits its precision, with the bit that is not stored
   * @param bias its bias, also its largest exponent when doubled
   */
  private static void toFormat(Rounder r, long m, int se, int bits, int bias) {
    int sign = se & Float80.SIGN;
    int exponent = (se & Float80.EXPONENT) - Float80.BIAS + bias;
    if (!Float80.isNormal(m, se)) {
      if (Float80.isZero(m, se)) {
        r.mantissa = pack(sign, 0, 0, bits, bias);
        return;
      }
      if (r.answersNaN(m, se)) {
        long fraction = r.mantissa << 1 >>> (65 - bits);
        r.mantissa = pack(r.signExponent & Float80.SIGN, 2 * bias + 1, fraction, bits, bias);
        return;
      }
      if (Float80.isInfinity(m, se)) {
        r.mantissa = pack(sign, 2 * bias + 1, 0, bits, bias);
        return;
      }
      int shift = Long.numberOfLeadingZeros(m);
      m <<= shift;
      exponent += 1 - shift;
    }
    long kept = m >>> (64 - bits);
    long rest = m << bits;
    boolean up = r.goesUp(sign, (kept & 1) != 0, rest);
    boolean carries = up && (kept + 1) >>> bits != 0;
    if (exponent < (carries ? 0 : 1)) {
      if (!r.isMasked(StatusWord.UNDERFLOW)) {
        r.raised |= StatusWord.UNDERFLOW;
        return;
      }
      int shift = 1 - exponent + 64 - bits;
      kept = shift < 64 ? m >>> shift : 0;
      rest = shift < 64 ? m << (64 - shift) : shift == 64 ? m : 1;
      up = r.goesUp(sign, (kept & 1) != 0, rest);
      if (rest != 0) {
        r.raised |= StatusWord.UNDERFLOW;
      }
      // A carry into the exponent's field makes it the smallest normal number.
      exponent = 0;
    } else {
      if (exponent + (carries ? 1 : 0) > 2 * bias) {
        overflow(r, sign, bits, bias);
        return;
      }
      // The mantissa's first bit adds the one that is missing here.
      exponent--;
    }
    if (rest != 0) {
      r.raised |= StatusWord.PRECISION;
    }
    r.roundedUp = up;
    r.mantissa = pack(sign, exponent, kept + (up ? 1 : 0), bits, bias);
  }

  private static void overflow(Rounder r, int sign, int bits, int bias) {
    r.raised |= StatusWord.OVERFLOW;
    if (!r.isMasked(StatusWord.OVERFLOW)) {
      return;
    }
    r.raised |= StatusWord.PRECISION;
    long infinity = pack(sign, 2 * bias + 1, 0, bits, bias);
    r.roundedUp = r.overflowsToInfinity(sign);
    r.mantissa = r.roundedUp ? infinity : infinity - 1;
  }

  /** The fields in place; the mantissa may reach into the exponent. */
  private static long pack(int sign, int exponent, long mantissa, int bits, int bias) {
    long signBit = sign == 0 ? 0 : (bias + 1L) << bits;
    return signBit | ((long) exponent << (bits - 1)) + mantissa;
  }

  /**
   * To a signed integer of 16, 32 or 64 bits, rounded as the control word says. What does not fit
   * is invalid, and becomes the smallest integer ("integer indefinite").
   */
  static void toInteger(Rounder r, long m, int se, int bits) {
    long limit = 1L << (bits - 1);
    if (!roundsToMagnitude(r, m, se)
        || ((se & Float80.SIGN) == 0 && Long.compareUnsigned(r.mantissa, limit) >= 0)
        || Long.compareUnsigned(r.mantissa, limit) > 0) {
      r.begin();
      r.raised = StatusWord.INVALID;
      r.mantissa = -limit;
      return;
    }
    if ((se & Float80.SIGN) != 0) {
      r.mantissa = -r.mantissa;
    }
  }

  /**
   * Rounds to an integer of 64 bits without sign.
   *
   * @return false if it needs more bits, or is no number
   */
  static boolean roundsToMagnitude(Rounder r, long m, int se) {
    int power = (se & Float80.EXPONENT) - Float80.BIAS;
    if (power > 63 || Float80.isUnsupported(m, se)) {
      return false;
    }
    long kept;
    long rest;
    if (power >= 0) {
      kept = m >>> (63 - power);
      rest = power == 63 ? 0 : m << (power + 1);
    } else {
      kept = 0;
      rest = power == -1 || m == 0 ? m : 1;
    }
    if (rest != 0) {
      r.raised |= StatusWord.PRECISION;
      if (r.goesUp(se & Float80.SIGN, (kept & 1) != 0, rest)) {
        r.roundedUp = true;
        kept++;
        if (kept == 0) {
          return false;
        }
      }
    }
    r.mantissa = kept;
    return true;
  }

  /** FRNDINT: an integer in the same format. */
  static void roundToInteger(Rounder r, long m, int se) {
    if (r.answersNaN(m, se)) {
      return;
    }
    int power = (se & Float80.EXPONENT) - Float80.BIAS;
    if (m == 0 || power >= 63) {
      r.set(se, m);
      return;
    }
    r.noteDenormal(m, se);
    int sign = se & Float80.SIGN;
    boolean _ = roundsToMagnitude(r, m, se);
    if (r.mantissa == 0) {
      r.setZero(sign);
    } else {
      int shift = Long.numberOfLeadingZeros(r.mantissa);
      r.set(sign | Float80.BIAS + 63 - shift, r.mantissa << shift);
    }
  }
}
