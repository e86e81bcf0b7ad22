package org.memarium.cpu.simd;

/**
 * SSE's floating point, one element at a time. Java's own arithmetic, which rounds to nearest as
 * IEEE 754 asks, does the common cases; {@link SoftFloat} does all others.
 *
 * <p><b>Which are common.</b> Operands are zeros or normal numbers, and so is the result; MXCSR
 * says nearest and masks inexactness. Then inexactness is the one exception that there can be, and
 * it does not matter once its flag is set, because flags stay. Until then additions find out by the
 * rounding error, which is itself a number, and the others go the long way.
 *
 * <p>An instruction calls {@link Mxcsr#begin}, computes its elements, and calls {@link
 * Mxcsr#accept} before it changes anything.
 */
public final class FloatUnit {
  // Operations, numbered as the low four bits of their opcodes.
  static final int SQRT = 1;
  static final int ADD = 8;
  static final int MUL = 9;
  static final int SUB = 12;
  static final int MIN = 13;
  static final int DIV = 14;
  static final int MAX = 15;

  /** How two numbers compare. */
  public static final int EQUAL = 0;

  /** The first is less. */
  public static final int LESS = 1;

  /** The first is greater. */
  public static final int GREATER = 2;

  /** One is a NaN. */
  public static final int UNORDERED = 3;

  private static final int MAX_FIELD_32 = 0xff;
  private static final int MAX_FIELD_64 = 0x7ff;

  private final Mxcsr mxcsr = new Mxcsr();
  private final FloatRounder rounder = new FloatRounder(mxcsr);
  private final SoftFloat soft = new SoftFloat(mxcsr, rounder);
  private final FloatConversion conversion = new FloatConversion(mxcsr, rounder, soft);

  /** The register that governs it. */
  public Mxcsr mxcsr() {
    return mxcsr;
  }

  // ---- Arithmetic ----

  /**
   * One element of double precision.
   *
   * @param operation the low four bits of the opcode
   * @param a the destination; ignored for the square root
   * @param b the source
   */
  public long arithmetic64(int operation, long a, long b) {
    if (mxcsr.roundsLikeJava() && isPlain64(b) && (operation == SQRT || isPlain64(a))) {
      double x = Double.longBitsToDouble(a);
      double y = Double.longBitsToDouble(b);
      boolean forgets = mxcsr.roundsLikeJavaAndForgets();
      switch (operation) {
        case ADD, SUB -> {
          double addend = operation == ADD ? y : -y;
          double sum = x + addend;
          if (sum == 0 || isSafe64(sum)) {
            if (!forgets) {
              double part = sum - x;
              noteError((x - (sum - part)) + (addend - part));
            }
            return Double.doubleToRawLongBits(sum);
          }
        }
        case MUL -> {
          double product = x * y;
          if (forgets && isSafe64(product)) {
            return Double.doubleToRawLongBits(product);
          }
        }
        case DIV -> {
          double quotient = x / y;
          if (forgets && isSafe64(quotient)) {
            return Double.doubleToRawLongBits(quotient);
          }
        }
        case SQRT -> {
          if (forgets && y > 0) {
            return Double.doubleToRawLongBits(Math.sqrt(y));
          }
        }
        case MIN -> {
          return x < y ? a : b;
        }
        case MAX -> {
          return x > y ? a : b;
        }
        default -> throw new IllegalStateException("no operation " + operation);
      }
    }
    return soft.arithmetic(FloatFormat.DOUBLE, operation, a, b);
  }

  /** One element of single precision; parameters as {@link #arithmetic64} has them. */
  public int arithmetic32(int operation, int a, int b) {
    if (mxcsr.roundsLikeJava() && isPlain32(b) && (operation == SQRT || isPlain32(a))) {
      float x = Float.intBitsToFloat(a);
      float y = Float.intBitsToFloat(b);
      boolean forgets = mxcsr.roundsLikeJavaAndForgets();
      switch (operation) {
        case ADD, SUB -> {
          float addend = operation == ADD ? y : -y;
          float sum = x + addend;
          if (sum == 0 || isSafe32(sum)) {
            if (!forgets) {
              float part = sum - x;
              noteError((x - (sum - part)) + (addend - part));
            }
            return Float.floatToRawIntBits(sum);
          }
        }
        case MUL -> {
          float product = x * y;
          if (isSafe32(product)) {
            // Of two numbers of 24 bits each the product fits a double.
            noteError((double) x * y - product);
            return Float.floatToRawIntBits(product);
          }
        }
        case DIV -> {
          float quotient = x / y;
          if (forgets && isSafe32(quotient)) {
            return Float.floatToRawIntBits(quotient);
          }
        }
        case SQRT -> {
          if (forgets && y > 0) {
            return Float.floatToRawIntBits((float) Math.sqrt(y));
          }
        }
        case MIN -> {
          return x < y ? a : b;
        }
        case MAX -> {
          return x > y ? a : b;
        }
        default -> throw new IllegalStateException("no operation " + operation);
      }
    }
    return (int) soft.arithmetic(FloatFormat.SINGLE, operation, a & 0xffff_ffffL, b & 0xffff_ffffL);
  }

  private void noteError(double error) {
    if (error != 0) {
      mxcsr.raise(Mxcsr.PRECISION);
    }
  }

  /** Zero, or a normal number. */
  private static boolean isPlain64(long bits) {
    int field = (int) (bits >>> 52) & MAX_FIELD_64;
    return field != 0 ? field != MAX_FIELD_64 : bits << 1 == 0;
  }

  private static boolean isPlain32(int bits) {
    int field = bits >>> 23 & MAX_FIELD_32;
    return field != 0 ? field != MAX_FIELD_32 : bits << 1 == 0;
  }

  /**
   * A normal number that was normal before it was rounded, too. (The smallest of all may have been
   * rounded up to.)
   */
  private static boolean isSafe64(double result) {
    int field = (int) (Double.doubleToRawLongBits(result) >>> 52) & MAX_FIELD_64;
    return field > 1 && field != MAX_FIELD_64;
  }

  private static boolean isSafe32(float result) {
    int field = Float.floatToRawIntBits(result) >>> 23 & MAX_FIELD_32;
    return field > 1 && field != MAX_FIELD_32;
  }

  // ---- Comparison ----

  /**
   * How two numbers compare.
   *
   * @param quietToo whether a quiet NaN is an invalid operand; a signaling one always is
   * @return {@link #EQUAL}, {@link #LESS}, {@link #GREATER} or {@link #UNORDERED}
   */
  public int compare64(long a, long b, boolean quietToo) {
    if (isPlain64(a) && isPlain64(b)) {
      double x = Double.longBitsToDouble(a);
      double y = Double.longBitsToDouble(b);
      return x < y ? LESS : x > y ? GREATER : EQUAL;
    }
    return soft.compare(FloatFormat.DOUBLE, a, b, quietToo);
  }

  /** {@link #compare64} of single precision. */
  public int compare32(int a, int b, boolean quietToo) {
    if (isPlain32(a) && isPlain32(b)) {
      float x = Float.intBitsToFloat(a);
      float y = Float.intBitsToFloat(b);
      return x < y ? LESS : x > y ? GREATER : EQUAL;
    }
    return soft.compare(FloatFormat.SINGLE, a & 0xffff_ffffL, b & 0xffff_ffffL, quietToo);
  }

  // ---- Conversion ----

  /** Single to double precision. */
  public long widen(int single) {
    return isPlain32(single)
        ? Double.doubleToRawLongBits(Float.intBitsToFloat(single))
        : conversion.convert(FloatFormat.SINGLE, FloatFormat.DOUBLE, single & 0xffff_ffffL);
  }

  /** Double to single precision. */
  public int narrow(long twice) {
    if (mxcsr.roundsLikeJava() && isPlain64(twice)) {
      double x = Double.longBitsToDouble(twice);
      float narrowed = (float) x;
      if (isSafe32(narrowed)) {
        noteError(x - narrowed);
        return Float.floatToRawIntBits(narrowed);
      }
    }
    return (int) conversion.convert(FloatFormat.DOUBLE, FloatFormat.SINGLE, twice);
  }

  /** An integer to double precision, which is exact. */
  public static long integerTo64(int value) {
    return Double.doubleToRawLongBits(value);
  }

  /** An integer to single precision. */
  public int integerTo32(int value) {
    if (mxcsr.roundsLikeJava()) {
      float converted = value;
      noteError((double) value - converted);
      return Float.floatToRawIntBits(converted);
    }
    return (int) conversion.fromInteger(FloatFormat.SINGLE, value);
  }

  /**
   * Double precision to an integer.
   *
   * @param truncate whether to round toward zero whatever MXCSR says
   */
  public int toInteger64(long bits, boolean truncate) {
    double x = Double.longBitsToDouble(bits);
    int integer = (int) x;
    return integer == x ? integer : conversion.toInteger(FloatFormat.DOUBLE, bits, truncate);
  }

  /** Single precision to an integer. */
  public int toInteger32(int bits, boolean truncate) {
    float x = Float.intBitsToFloat(bits);
    int integer = (int) x;
    // Compared as doubles, because the integer may not be a float.
    return integer == (double) x
        ? integer
        : conversion.toInteger(FloatFormat.SINGLE, bits & 0xffff_ffffL, truncate);
  }
}
