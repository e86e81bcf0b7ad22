package org.memarium.cpu.x87;

import java.util.Arrays;

/**
 * The registers of the unit: eight numbers addressed from TOP, which of them are empty, the control
 * and status words, and where the last instruction was.
 */
final class RegisterStack {
  /** The numbers, by physical register. */
  final long[] mantissa = new long[8];

  final int[] signExponent = new int[8];

  /** One bit for each physical register that is not empty. */
  int occupied;

  /** The physical register that is ST(0). */
  int top;

  /** The status word without TOP, ES and B. */
  int status;

  int control;

  /** FIP, FCS, FOP, FDP and FDS of the last instruction that was no control instruction. */
  int instructionOffset;

  int instructionSelector;
  int opcode;
  int dataOffset;
  int dataSelector;

  RegisterStack() {
    reset();
  }

  /** FNINIT; the numbers stay, but all registers are empty. */
  void reset() {
    occupied = 0;
    top = 0;
    status = 0;
    control = ControlWord.INITIAL;
    instructionOffset = 0;
    instructionSelector = 0;
    opcode = 0;
    dataOffset = 0;
    dataSelector = 0;
  }

  void copyFrom(RegisterStack other) {
    System.arraycopy(other.mantissa, 0, mantissa, 0, 8);
    System.arraycopy(other.signExponent, 0, signExponent, 0, 8);
    occupied = other.occupied;
    top = other.top;
    status = other.status;
    control = other.control;
    instructionOffset = other.instructionOffset;
    instructionSelector = other.instructionSelector;
    opcode = other.opcode;
    dataOffset = other.dataOffset;
    dataSelector = other.dataSelector;
  }

  boolean sameAs(RegisterStack other) {
    return Arrays.equals(mantissa, other.mantissa)
        && Arrays.equals(signExponent, other.signExponent)
        && occupied == other.occupied
        && top == other.top
        && status == other.status
        && control == other.control
        && instructionOffset == other.instructionOffset
        && instructionSelector == other.instructionSelector
        && opcode == other.opcode
        && dataOffset == other.dataOffset
        && dataSelector == other.dataSelector;
  }

  /** The physical register that is ST(i). */
  int physical(int i) {
    return top + i & 7;
  }

  boolean isEmpty(int physical) {
    return (occupied >> physical & 1) == 0;
  }

  void set(int physical, int newSignExponent, long newMantissa) {
    mantissa[physical] = newMantissa;
    signExponent[physical] = newSignExponent;
    occupied |= 1 << physical;
  }

  void setIndefinite(int physical) {
    set(physical, Float80.INDEFINITE_SIGN_EXPONENT, Float80.INDEFINITE_MANTISSA);
  }

  void push(int newSignExponent, long newMantissa) {
    top = top - 1 & 7;
    set(top, newSignExponent, newMantissa);
  }

  void pop() {
    occupied &= ~(1 << top);
    top = top + 1 & 7;
  }

  /** The exceptions that are set and not masked. */
  int pending() {
    return status & ~control & StatusWord.EXCEPTIONS;
  }

  int statusWord() {
    return status
        | top << StatusWord.TOP_SHIFT
        | (pending() != 0 ? StatusWord.ERROR_SUMMARY | StatusWord.BUSY : 0);
  }

  void setStatusWord(int word) {
    status = word & ~(StatusWord.TOP | StatusWord.ERROR_SUMMARY | StatusWord.BUSY) & 0xFFFF;
    top = word >> StatusWord.TOP_SHIFT & 7;
  }

  void setControlWord(int word) {
    control = (word & ControlWord.WRITABLE) | ControlWord.RESERVED_ONE;
  }

  /**
   * The tag word, two bits for each physical register: 0 valid, 1 zero, 2 special (denormal,
   * infinite, NaN, unsupported), 3 empty. The unit itself only knows of empty and not empty.
   */
  int tagWord() {
    int word = 0;
    for (int i = 7; i >= 0; i--) {
      word = word << 2 | (isEmpty(i) ? 3 : tag(mantissa[i], signExponent[i]));
    }
    return word;
  }

  private static int tag(long m, int se) {
    return Float80.isNormal(m, se) ? 0 : Float80.isZero(m, se) ? 1 : 2;
  }

  void setTagWord(int word) {
    occupied = 0;
    for (int i = 0; i < 8; i++) {
      if ((word >> (2 * i) & 3) != 3) {
        occupied |= 1 << i;
      }
    }
  }
}
