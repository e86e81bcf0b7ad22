package org.memarium.cpu.x87;

/**
 * Where an operation leaves its result, and how it gets there: rounding, overflow, underflow, and
 * the answers to invalid operands. It obeys the control word's masks, precision and rounding, and
 * collects the exceptions raised.
 *
 * <p>Operations compute a result as if nothing stopped them; the unit drops it if one of the
 * exceptions is of the kind that, unmasked, leaves the operands alone.
 */
final class Rounder {
  /** What an unmasked overflow or underflow adds to or takes from the exponent. */
  static final int BIAS_ADJUST = 0x6000;

  /** The result. */
  long mantissa;

  /** The result's sign and exponent. */
  int signExponent;

  /** Exceptions raised since {@link #begin}: bits of {@link StatusWord}. */
  int raised;

  /** Whether the result is larger in magnitude than the exact one. */
  boolean roundedUp;

  private int masked = StatusWord.EXCEPTIONS;
  private int rounding = ControlWord.NEAREST;
  private int precision = 64;

  /** Nearest and 64 bits: what nearly all programs use. */
  private boolean common = true;

  /** Obeys another control word from now on. */
  void setControl(int controlWord) {
    masked = controlWord & StatusWord.EXCEPTIONS;
    rounding = ControlWord.rounding(controlWord);
    precision = ControlWord.precisionBits(controlWord);
    common = rounding == ControlWord.NEAREST && precision == 64;
  }

  /** Forgets the exceptions of the operation before. */
  void begin() {
    raised = 0;
    roundedUp = false;
  }

  int rounding() {
    return rounding;
  }

  boolean isMasked(int exception) {
    return (masked & exception) != 0;
  }

  /** The exact result. */
  void set(int newSignExponent, long newMantissa) {
    signExponent = newSignExponent;
    mantissa = newMantissa;
  }

  void setZero(int sign) {
    set(sign, 0);
  }

  /** The zero that two equal numbers leave when subtracted: negative only when rounding down. */
  void setZeroDifference() {
    set(rounding == ControlWord.DOWN ? Float80.SIGN : 0, 0);
  }

  void setInfinity(int sign) {
    set(sign | Float80.EXPONENT, Float80.INTEGER_BIT);
  }

  /** An invalid operation: the default NaN. */
  void invalid() {
    raised |= StatusWord.INVALID;
    set(Float80.INDEFINITE_SIGN_EXPONENT, Float80.INDEFINITE_MANTISSA);
  }

  void zeroDivide(int sign) {
    raised |= StatusWord.ZERO_DIVIDE;
    setInfinity(sign);
  }

  /** Raises DE if a finite operand is denormal. */
  void noteDenormal(long operandMantissa, int operandSignExponent) {
    if (Float80.isDenormal(operandMantissa, operandSignExponent)) {
      raised |= StatusWord.DENORMAL;
    }
  }

  /**
   * The answer if the operand is a NaN or unsupported.
   *
   * @return false if it is neither
   */
  boolean answersNaN(long am, int ase) {
    if (Float80.isUnsupported(am, ase)) {
      invalid();
      return true;
    }
    if (!Float80.isNaN(am, ase)) {
      return false;
    }
    if ((am & Float80.QUIET_BIT) == 0) {
      raised |= StatusWord.INVALID;
    }
    set(ase, am | Float80.QUIET_BIT);
    return true;
  }

  /**
   * The answer if one of two operands is a NaN or unsupported (Intel SDM vol. 1, table 4-7): a
   * quiet NaN goes before a signaling one, then the larger mantissa, then the positive one.
   *
   * @return false if neither is
   */
  boolean answersNaN(long am, int ase, long bm, int bse) {
    if (Float80.isUnsupported(am, ase) || Float80.isUnsupported(bm, bse)) {
      invalid();
      return true;
    }
    boolean aNaN = Float80.isNaN(am, ase);
    boolean bNaN = Float80.isNaN(bm, bse);
    if (!aNaN && !bNaN) {
      return false;
    }
    boolean aSignals = aNaN && (am & Float80.QUIET_BIT) == 0;
    boolean bSignals = bNaN && (bm & Float80.QUIET_BIT) == 0;
    if (aSignals || bSignals) {
      raised |= StatusWord.INVALID;
    }
    boolean takeA;
    if (aNaN != bNaN) {
      takeA = aNaN;
    } else if (aSignals != bSignals) {
      takeA = bSignals;
    } else if (am != bm) {
      takeA = Long.compareUnsigned(am, bm) > 0;
    } else {
      takeA = (ase & Float80.SIGN) == 0;
    }
    set(takeA ? ase : bse, (takeA ? am : bm) | Float80.QUIET_BIT);
    return true;
  }

  /**
   * Rounds to the precision of the control word.
   *
   * @param sign 0 or {@link Float80#SIGN}
   * @param exponent biased, of the bit 63 of hi; may be out of range
   * @param hi the mantissa, bit 63 set
   * @param lo what is below it; its last bit also stands for everything below that is not zero
   */
  void round(int sign, int exponent, long hi, long lo) {
    if (common && exponent > 0 && exponent < Float80.EXPONENT - 1) {
      if (lo != 0) {
        raised |= StatusWord.PRECISION;
        if (lo < 0 && (lo != Long.MIN_VALUE || (hi & 1) != 0)) {
          roundedUp = true;
          hi++;
          if (hi == 0) {
            hi = Float80.INTEGER_BIT;
            exponent++;
          }
        }
      }
      mantissa = hi;
      signExponent = sign | exponent;
    } else {
      round(sign, exponent, hi, lo, precision);
    }
  }

  /** Rounds to 64 bits whatever the control word's precision. */
  void roundExtended(int sign, int exponent, long hi, long lo) {
    round(sign, exponent, hi, lo, 64);
  }

  /** Says that the result was rounded, although it was not; a denormal one has then underflowed. */
  void noteInexact() {
    raised |= StatusWord.PRECISION;
    if (Float80.isDenormal(mantissa, signExponent)) {
      raised |= StatusWord.UNDERFLOW;
    }
  }

  private void round(int sign, int exponent, long hi, long lo, int bits) {
    if (exponent <= 0 && isTiny(sign, exponent, hi, lo, bits)) {
      if (isMasked(StatusWord.UNDERFLOW)) {
        roundDenormal(sign, exponent, hi, lo, bits);
        return;
      }
      raised |= StatusWord.UNDERFLOW;
      exponent += BIAS_ADJUST;
    }
    long unit = 1L << (64 - bits);
    long rest = below(hi, lo, bits);
    hi &= -unit;
    if (rest != 0) {
      raised |= StatusWord.PRECISION;
      if (goesUp(sign, (hi & unit) != 0, rest)) {
        roundedUp = true;
        hi += unit;
        if (hi == 0) {
          hi = Float80.INTEGER_BIT;
          exponent++;
        }
      }
    }
    if (exponent >= Float80.EXPONENT) {
      overflow(sign, exponent, hi, unit);
      return;
    }
    set(sign | exponent, hi);
  }

  private void overflow(int sign, int exponent, long hi, long unit) {
    raised |= StatusWord.OVERFLOW;
    if (!isMasked(StatusWord.OVERFLOW)) {
      set(sign | exponent - BIAS_ADJUST, hi);
      return;
    }
    raised |= StatusWord.PRECISION;
    if (overflowsToInfinity(sign)) {
      roundedUp = true;
      setInfinity(sign);
    } else {
      roundedUp = false;
      set(sign | Float80.EXPONENT - 1, -unit);
    }
  }

  /** Whether a number too large becomes infinite, rather than the largest that there is. */
  boolean overflowsToInfinity(int sign) {
    return switch (rounding) {
      case ControlWord.NEAREST -> true;
      case ControlWord.DOWN -> sign != 0;
      case ControlWord.UP -> sign == 0;
      default -> false;
    };
  }

  /**
   * Whether the number is below the smallest normal one when rounded as if exponents had no end.
   */
  private boolean isTiny(int sign, int exponent, long hi, long lo, int bits) {
    if (exponent < 0) {
      return true;
    }
    long unit = 1L << (64 - bits);
    return (hi & -unit) != -unit || !goesUp(sign, true, below(hi, lo, bits));
  }

  private void roundDenormal(int sign, int exponent, long hi, long lo, int bits) {
    int shift = 1 - exponent;
    if (shift < 64) {
      lo = hi << (64 - shift) | lo >>> shift | (lo << (64 - shift) != 0 ? 1 : 0);
      hi >>>= shift;
    } else {
      lo = shift == 64 ? hi | (lo != 0 ? 1 : 0) : 1;
      hi = 0;
    }
    long unit = 1L << (64 - bits);
    long rest = below(hi, lo, bits);
    hi &= -unit;
    if (rest != 0) {
      raised |= StatusWord.UNDERFLOW | StatusWord.PRECISION;
      if (goesUp(sign, (hi & unit) != 0, rest)) {
        roundedUp = true;
        hi += unit;
      }
    }
    set(sign | (hi < 0 ? 1 : 0), hi);
  }

  /** What lies below the last bit kept, as a fraction of it, the last bit sticky. */
  private static long below(long hi, long lo, int bits) {
    return bits == 64 ? lo : hi << bits | lo >>> (64 - bits) | (lo << bits != 0 ? 1 : 0);
  }

  /**
   * Whether a number is rounded away from zero.
   *
   * @param odd the last bit kept
   * @param rest what is below it, as a fraction
   */
  boolean goesUp(int sign, boolean odd, long rest) {
    return switch (rounding) {
      case ControlWord.NEAREST -> rest < 0 && (rest != Long.MIN_VALUE || odd);
      case ControlWord.DOWN -> rest != 0 && sign != 0;
      case ControlWord.UP -> rest != 0 && sign == 0;
      default -> false;
    };
  }
}
