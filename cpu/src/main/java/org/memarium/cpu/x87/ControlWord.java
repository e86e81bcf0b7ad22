package org.memarium.cpu.x87;

/**
 * The control word (Intel SDM vol. 1, 8.1.5).
 *
 * <pre>
 *   15 14 13   12  11 10   9  8    7   6   5    4    3    2    1    0
 *  |   -    |  X |  RC  |  PC  |  -  | 1 | PM | UM | OM | ZM | DM | IM |
 * </pre>
 *
 * <table>
 *   <caption>Fields</caption>
 *   <tr><td>IM to PM</td><td>the exception is answered by the unit itself</td></tr>
 *   <tr><td>PC</td><td>bits of precision of add, subtract, multiply, divide and square root: 0 is
 *       24, 2 is 53, 3 is 64</td></tr>
 *   <tr><td>RC</td><td>rounding: 0 nearest (even), 1 down, 2 up, 3 toward zero</td></tr>
 *   <tr><td>X</td><td>stored, without effect (the 287's infinity control)</td></tr>
 * </table>
 */
final class ControlWord {
  static final int NEAREST = 0;
  static final int DOWN = 1;
  static final int UP = 2;
  static final int TOWARD_ZERO = 3;

  /** What FNINIT loads: everything masked, 64 bits, nearest. */
  static final int INITIAL = 0x037F;

  /** The bits that FLDCW can change. */
  static final int WRITABLE = 0x1F3F;

  /** Always reads as one. */
  static final int RESERVED_ONE = 0x0040;

  private static final int PRECISION_SHIFT = 8;
  private static final int ROUNDING_SHIFT = 10;

  private ControlWord() {}

  static int rounding(int controlWord) {
    return controlWord >> ROUNDING_SHIFT & 3;
  }

  static int precisionBits(int controlWord) {
    return switch (controlWord >> PRECISION_SHIFT & 3) {
      case 0 -> 24;
      case 2 -> 53;
      default -> 64;
    };
  }
}
