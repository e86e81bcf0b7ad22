package org.memarium.cpu.x87;

/** FLD1 to FLDZ: what the unit knows by heart, to 128 bits, rounded as the control word says. */
final class Constants {
  private static final int[] EXPONENT = {
    Float80.BIAS,
    Float80.BIAS + 1,
    Float80.BIAS,
    Float80.BIAS + 1,
    Float80.BIAS - 2,
    Float80.BIAS - 1,
    0
  };

  /** 1, log2(10), log2(e), pi, log10(2), ln(2), 0: cut off after 64 bits. */
  private static final long[] MANTISSA = {
    0x8000000000000000L,
    0xD49A784BCD1B8AFEL,
    0xB8AA3B295C17F0BBL,
    0xC90FDAA22168C234L,
    0x9A209A84FBCFF798L,
    0xB17217F7D1CF79ABL,
    0
  };

  /** The 64 bits that follow. */
  private static final long[] REST = {
    0,
    0x492BF6FF4DAFDB4CL,
    0xBE87FED0691D3E88L,
    0xC4C6628B80DC1CD1L,
    0x8F8959AC0B7C9178L,
    0xC9E3B39803F2F6AFL,
    0
  };

  private Constants() {}

  /**
   * Leaves a constant in the rounder, without an exception.
   *
   * @param number 0 to 6, in the order of the opcodes
   */
  static void load(Rounder r, int number) {
    long mantissa = MANTISSA[number];
    r.set(
        EXPONENT[number], r.goesUp(0, (mantissa & 1) != 0, REST[number]) ? mantissa + 1 : mantissa);
  }
}
