package org.memarium.cpu.x87;

/**
 * An operand from memory, widened to the extended format, which holds every value of the others
 * exactly. It also remembers that the value was denormal in its own format, because that counts as
 * a denormal operand although the widened value is not one.
 */
final class Operand {
  long mantissa;
  int signExponent;
  boolean denormal;

  /** Single precision: 1 sign, 8 exponent and 23 fraction bits. */
  void setFloat(int bits) {
    int sign = bits >>> 16 & Float80.SIGN;
    int exponent = bits >>> 23 & 0xFF;
    set(sign, exponent, 0xFF, 0x7F, (long) bits << 40 & Long.MAX_VALUE);
  }

  /** Double precision: 1 sign, 11 exponent and 52 fraction bits. */
  void setDouble(long bits) {
    int sign = (int) (bits >>> 48) & Float80.SIGN;
    int exponent = (int) (bits >>> 52) & 0x7FF;
    set(sign, exponent, 0x7FF, 0x3FF, bits << 11 & Long.MAX_VALUE);
  }

  private void set(int sign, int exponent, int largest, int bias, long fraction) {
    denormal = false;
    mantissa = fraction | Float80.INTEGER_BIT;
    if (exponent == largest) {
      signExponent = sign | Float80.EXPONENT;
    } else if (exponent != 0) {
      signExponent = sign | exponent + (Float80.BIAS - bias);
    } else if (fraction == 0) {
      signExponent = sign;
      mantissa = 0;
    } else {
      int shift = Long.numberOfLeadingZeros(fraction);
      signExponent = sign | Float80.BIAS - bias + 1 - shift;
      mantissa = fraction << shift;
      denormal = true;
    }
  }

  /** A signed integer. */
  void setInteger(long value) {
    denormal = false;
    if (value == 0) {
      signExponent = 0;
      mantissa = 0;
      return;
    }
    long magnitude = Math.abs(value);
    int shift = Long.numberOfLeadingZeros(magnitude);
    signExponent = (value < 0 ? Float80.SIGN : 0) | Float80.BIAS + 63 - shift;
    mantissa = magnitude << shift;
  }

  /** Extended precision, as it is. */
  void setExtended(long low, int high) {
    denormal = false;
    mantissa = low;
    signExponent = high & 0xFFFF;
  }

  /** 18 decimal digits, two in a byte, and the sign in the last bit. */
  void setDecimal(long low, int high) {
    setInteger(Decimal.toBinary(low, high));
    signExponent |= high & Float80.SIGN;
  }
}
