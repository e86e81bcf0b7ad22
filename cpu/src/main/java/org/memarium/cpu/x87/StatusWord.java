package org.memarium.cpu.x87;

/**
 * The status word (Intel SDM vol. 1, 8.1.3).
 *
 * <pre>
 *   15  14  13 12 11  10   9   8   7   6   5   4   3   2   1   0
 *  | B | C3 |  TOP  | C2 | C1 | C0 | ES | SF | PE | UE | OE | ZE | DE | IE |
 * </pre>
 *
 * <table>
 *   <caption>Bits</caption>
 *   <tr><td>IE</td><td>an invalid operation, or with SF a stack fault</td></tr>
 *   <tr><td>DE</td><td>an operand was a denormal number</td></tr>
 *   <tr><td>ZE</td><td>a finite number was divided by zero</td></tr>
 *   <tr><td>OE, UE</td><td>the result was too large, or too small and inexact</td></tr>
 *   <tr><td>PE</td><td>the result was rounded</td></tr>
 *   <tr><td>ES, B</td><td>an exception above is set that the control word does not mask</td></tr>
 *   <tr><td>C1</td><td>rounded away from zero; after a stack fault: overflow, not underflow</td></tr>
 * </table>
 *
 * <p>The unit keeps ES, B and TOP elsewhere and puts them in when the word is read.
 */
final class StatusWord {
  static final int INVALID = 0x01;
  static final int DENORMAL = 0x02;
  static final int ZERO_DIVIDE = 0x04;
  static final int OVERFLOW = 0x08;
  static final int UNDERFLOW = 0x10;
  static final int PRECISION = 0x20;

  /** All six exceptions: the same bits mask them in the control word. */
  static final int EXCEPTIONS = 0x3F;

  /** The exceptions found before anything is computed: unmasked, they leave operands alone. */
  static final int BEFORE_COMPUTING = INVALID | DENORMAL | ZERO_DIVIDE;

  static final int STACK_FAULT = 0x40;
  static final int ERROR_SUMMARY = 0x80;
  static final int C0 = 0x0100;
  static final int C1 = 0x0200;
  static final int C2 = 0x0400;
  static final int C3 = 0x4000;
  static final int CONDITIONS = C0 | C1 | C2 | C3;
  static final int TOP_SHIFT = 11;
  static final int TOP = 7 << TOP_SHIFT;
  static final int BUSY = 0x8000;

  private StatusWord() {}
}
