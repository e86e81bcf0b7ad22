package org.memarium.cpu.simd;

import org.memarium.hardware.ProcessorException;

/**
 * MXCSR, control and status of SSE's floating point (Intel SDM vol. 1, 10.2.3), and what the
 * instruction on its way has raised.
 *
 * <pre>
 *   31     16  15   14 13   12   11   10    9    8    7    6     5    4    3    2    1    0
 *  |    0    | FZ |  RC   | PM | UM | OM | ZM | DM | IM | DAZ | PE | UE | OE | ZE | DE | IE |
 * </pre>
 *
 * <table>
 *   <caption>Fields</caption>
 *   <tr><td>IE to PE</td><td>exceptions that were raised; they stay until a program clears
 *       them</td></tr>
 *   <tr><td>DAZ</td><td>denormal operands count as zeros</td></tr>
 *   <tr><td>IM to PM</td><td>the exception has an answer; otherwise it is #XM</td></tr>
 *   <tr><td>RC</td><td>rounding: 0 nearest (even), 1 down, 2 up, 3 toward zero</td></tr>
 *   <tr><td>FZ</td><td>results too small become zeros, if underflow is masked</td></tr>
 * </table>
 */
public final class Mxcsr {
  static final int INVALID = 0x01;
  static final int DENORMAL = 0x02;
  static final int ZERO_DIVIDE = 0x04;
  static final int OVERFLOW = 0x08;
  static final int UNDERFLOW = 0x10;
  static final int PRECISION = 0x20;

  static final int NEAREST = 0;
  static final int DOWN = 1;
  static final int UP = 2;

  /** What it is after reset: everything masked, nearest. */
  public static final int INITIAL = 0x1f80;

  /** The bits that exist; any other in an operand of LDMXCSR is #GP. */
  public static final int MASK = 0xffff;

  /** The exceptions found before anything is computed. */
  private static final int BEFORE_COMPUTING = INVALID | DENORMAL | ZERO_DIVIDE;

  private static final int DENORMALS_ARE_ZEROS = 0x40;
  private static final int MASKS_SHIFT = 7;
  private static final int PRECISION_MASK = PRECISION << MASKS_SHIFT;
  private static final int ROUNDING_SHIFT = 13;
  private static final int ROUNDING = 3 << ROUNDING_SHIFT;
  private static final int FLUSH_TO_ZERO = 0x8000;

  private int value = INITIAL;
  private int raised;

  /** All of it. */
  public int get() {
    return value;
  }

  /** Sets all of it; bits outside {@link #MASK} must be 0. */
  public void set(int newValue) {
    value = newValue;
  }

  /** Forgets the exceptions of the instruction before. */
  public void begin() {
    raised = 0;
  }

  void raise(int exceptions) {
    raised |= exceptions;
  }

  /**
   * Takes over what the instruction has raised, in all its elements, and lets it have its result.
   *
   * @throws ProcessorException #XM if one of them is not masked: nothing but the flags may change
   */
  public void accept() {
    if (raised != 0) {
      acceptRaised();
    }
  }

  private void acceptRaised() {
    int unmasked = raised & ~(value >> MASKS_SHIFT);
    if ((unmasked & BEFORE_COMPUTING) != 0) {
      // Nothing was computed, in no element.
      value |= raised & BEFORE_COMPUTING;
    } else {
      value |= raised;
    }
    if (unmasked != 0) {
      throw ProcessorException.of(ProcessorException.SIMD_FLOATING_POINT);
    }
  }

  int rounding() {
    return value >> ROUNDING_SHIFT & 3;
  }

  boolean denormalsAreZeros() {
    return (value & DENORMALS_ARE_ZEROS) != 0;
  }

  boolean flushesToZero() {
    return (value & FLUSH_TO_ZERO) != 0;
  }

  boolean isMasked(int exception) {
    return (value >> MASKS_SHIFT & exception) != 0;
  }

  /** Whether results are rounded as Java does, and inexact ones are nothing but a flag. */
  boolean roundsLikeJava() {
    return (value & (ROUNDING | PRECISION_MASK)) == PRECISION_MASK;
  }

  /** The same, and that flag is set already: whether results are exact does not matter. */
  boolean roundsLikeJavaAndForgets() {
    return (value & (ROUNDING | PRECISION_MASK | PRECISION)) == (PRECISION_MASK | PRECISION);
  }
}
