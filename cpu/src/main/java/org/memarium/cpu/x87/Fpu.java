package org.memarium.cpu.x87;

import org.memarium.hardware.ProcessorException;

/**
 * The x87 unit of one processor: registers, and what every instruction does to them (Intel SDM vol.
 * 1, chapter 8).
 *
 * <p>How an executor uses it. {@link X87Forms#of} finds the form when the instruction is decoded;
 * {@link X87Form#effect} says which method runs it. When it runs:
 *
 * <ol>
 *   <li>if {@link X87Form#waiting}: {@link #checkPending()};
 *   <li>read the operand, or probe it for writing: after that nothing can fault any more;
 *   <li>if {@link X87Form#setsPointers}: {@link #setInstruction}, and {@link #setData} if the
 *       operand is in memory;
 *   <li>the method that the effect names; for stores, write the bits.
 * </ol>
 *
 * <p>Nothing on the way of loads, stores and arithmetic allocates. FWAIT is {@link #checkPending()}
 * alone.
 */
public final class Fpu {
  /** A unit as FNINIT leaves it. */
  public Fpu() {
    throw new UnsupportedOperationException();
  }

  /** Raises #MF if an exception that the control word does not mask is pending. */
  public void checkPending() {
    throw ProcessorException.of(ProcessorException.FLOATING_POINT);
  }

  /** Remembers where the instruction is (FIP and FCS) and the low 11 bits of its opcode (FOP). */
  public void setInstruction(int cs, int eip, int opcode, int modrm) {
    throw new UnsupportedOperationException();
  }

  /** Remembers where the operand in memory is (FDP and FDS): selector and offset. */
  public void setData(int selector, int offset) {
    throw new UnsupportedOperationException();
  }

  /**
   * Runs a register form.
   *
   * @param opcode 0xD8 to 0xDF
   * @param modrm 0xC0 to 0xFF
   */
  public void register(int opcode, int modrm) {
    throw new UnsupportedOperationException();
  }

  /**
   * What the last FCOMI, FCOMIP, FUCOMI or FUCOMIP says of EFLAGS: ZF, PF and CF in their places,
   * or -1 if EFLAGS stay as they are (an unmasked invalid operation).
   */
  public int comparisonFlags() {
    throw new UnsupportedOperationException();
  }

  /** FCMOVcc: ST(0) becomes ST(i), i the low three bits of modrm, if the condition holds. */
  public void conditionalMove(int modrm, boolean condition) {
    throw new UnsupportedOperationException();
  }

  /**
   * Runs a memory form that reads its operand.
   *
   * @param memoryForm (opcode &amp; 7) &lt;&lt; 3 | reg
   * @param low the operand's first eight bytes; of shorter ones the bits, whatever is above them
   * @param high bytes 8 and 9 of a ten-byte operand, otherwise ignored
   */
  public void load(int memoryForm, long low, int high) {
    throw new UnsupportedOperationException();
  }

  /**
   * Runs a memory form that writes its operand.
   *
   * @param memoryForm (opcode &amp; 7) &lt;&lt; 3 | reg
   * @return whether to write: an unmasked exception leaves memory as it is
   */
  public boolean store(int memoryForm) {
    throw new UnsupportedOperationException();
  }

  /** What the last {@link #store} writes: the first eight bytes, or all of a shorter operand. */
  public long storedLow() {
    throw new UnsupportedOperationException();
  }

  /** Bytes 8 and 9 of what the last {@link #store} of ten bytes writes. */
  public int storedHigh() {
    throw new UnsupportedOperationException();
  }

  /** The status word: exceptions, condition codes, TOP, busy. */
  public int statusWord() {
    throw new UnsupportedOperationException();
  }

  /** The control word: masks, precision, rounding. */
  public int controlWord() {
    throw new UnsupportedOperationException();
  }

  /** FNSTENV: writes 28 bytes, or 14, and masks all exceptions. */
  public void storeEnvironment(byte[] image, boolean operandSize16) {
    throw new UnsupportedOperationException();
  }

  /** FLDENV: reads 28 bytes, or 14. */
  public void loadEnvironment(byte[] image, boolean operandSize16) {
    throw new UnsupportedOperationException();
  }

  /** FNSAVE: writes 108 bytes, or 94, and initialises the unit. */
  public void save(byte[] image, boolean operandSize16) {
    throw new UnsupportedOperationException();
  }

  /** FRSTOR: reads 108 bytes, or 94. */
  public void restore(byte[] image, boolean operandSize16) {
    throw new UnsupportedOperationException();
  }

  /** The x87 part of an FXSAVE image: the first 160 bytes of 512. Changes nothing. */
  public void storeFxsave(byte[] image) {
    throw new UnsupportedOperationException();
  }

  /** Loads the x87 part of an FXSAVE image. */
  public void loadFxsave(byte[] image) {
    throw new UnsupportedOperationException();
  }

  /** FNINIT. */
  public void reset() {
    throw new UnsupportedOperationException();
  }

  /** Becomes a copy of another unit (fork, context switch). */
  public void copyFrom(Fpu other) {
    throw new UnsupportedOperationException();
  }
}
