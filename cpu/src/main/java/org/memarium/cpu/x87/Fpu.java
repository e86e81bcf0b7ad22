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
  private final RegisterStack stack = new RegisterStack();
  private final Rounder rounder = new Rounder();
  private final Operand operand = new Operand();
  private final Arithmetic arithmetic = new Arithmetic(stack, rounder, operand);
  private final Functions functions = new Functions(stack, rounder);
  private final Moves moves = new Moves(stack, rounder);

  /** A unit as FNINIT leaves it. */
  public Fpu() {
    reset();
  }

  /** FNINIT. */
  public void reset() {
    stack.reset();
    rounder.setControl(stack.control);
  }

  /** Becomes a copy of another unit (fork, context switch). */
  public void copyFrom(Fpu other) {
    stack.copyFrom(other.stack);
    rounder.setControl(stack.control);
  }

  /** Whether everything that a program could read from the two units is the same. */
  public boolean sameAs(Fpu other) {
    return stack.sameAs(other.stack);
  }

  /** Raises #MF if an exception that the control word does not mask is pending. */
  public void checkPending() {
    if (stack.pending() != 0) {
      throw ProcessorException.of(ProcessorException.FLOATING_POINT);
    }
  }

  /** Remembers where the instruction is (FIP and FCS) and the low 11 bits of its opcode (FOP). */
  public void setInstruction(int cs, int eip, int opcode, int modrm) {
    stack.instructionSelector = cs;
    stack.instructionOffset = eip;
    stack.opcode = (opcode & 7) << 8 | modrm;
  }

  /** Remembers where the operand in memory is (FDP and FDS): selector and offset. */
  public void setData(int selector, int offset) {
    stack.dataSelector = selector;
    stack.dataOffset = offset;
  }

  /** The status word: exceptions, condition codes, TOP, busy. */
  public int statusWord() {
    return stack.statusWord();
  }

  /** The control word: masks, precision, rounding. */
  public int controlWord() {
    return stack.control;
  }

  /** FNSTENV: writes 28 bytes, or 14, and masks all exceptions. */
  public void storeEnvironment(byte[] image, boolean operandSize16) {
    Image.storeEnvironment(stack, image, operandSize16);
    setControl(stack.control | StatusWord.EXCEPTIONS);
  }

  /** FLDENV: reads 28 bytes, or 14. */
  public void loadEnvironment(byte[] image, boolean operandSize16) {
    Image.loadEnvironment(stack, image, operandSize16);
    rounder.setControl(stack.control);
  }

  /** FNSAVE: writes 108 bytes, or 94, and initialises the unit. */
  public void save(byte[] image, boolean operandSize16) {
    Image.storeEnvironment(stack, image, operandSize16);
    Image.storeRegisters(stack, image, Image.environmentBytes(operandSize16), 10);
    reset();
  }

  /** FRSTOR: reads 108 bytes, or 94. */
  public void restore(byte[] image, boolean operandSize16) {
    loadEnvironment(image, operandSize16);
    Image.loadRegisters(stack, image, Image.environmentBytes(operandSize16), 10);
  }

  /** The x87 part of an FXSAVE image: the first 160 bytes of 512. Changes nothing. */
  public void storeFxsave(byte[] image) {
    Image.storeFxsave(stack, image);
  }

  /** Loads the x87 part of an FXSAVE image. */
  public void loadFxsave(byte[] image) {
    Image.loadFxsave(stack, image);
    rounder.setControl(stack.control);
  }

  // ---- MMX: the same registers under other names (Intel SDM vol. 3A, 12.2) ----

  /** MMX register n: the mantissa of physical register n. */
  public long mmx(int n) {
    return stack.mantissa[n];
  }

  /** Sets MMX register n; the exponent becomes all ones. */
  public void setMmx(int n, long value) {
    stack.mantissa[n] = value;
    stack.signExponent[n] = Float80.SIGN | Float80.EXPONENT;
  }

  /** What every MMX instruction but EMMS does: TOP is 0, and no register empty. */
  public void enterMmx() {
    stack.top = 0;
    stack.occupied = 0xff;
  }

  /** EMMS: all registers are empty. */
  public void leaveMmx() {
    stack.top = 0;
    stack.occupied = 0;
  }

  /** What FLDCW does. */
  private void setControl(int word) {
    stack.setControlWord(word);
    rounder.setControl(stack.control);
  }

  /**
   * Runs a register form.
   *
   * @param opcode 0xD8 to 0xDF
   * @param modrm 0xC0 to 0xFF
   */
  public void register(int opcode, int modrm) {
    int i = modrm & 7;
    switch (((opcode & 7) << 3) | (modrm >> 3 & 7)) {
      // D8
      case 0, 1, 4, 5, 6, 7 -> arithmetic.registers(modrm >> 3 & 7, i, 0, false);
      case 2 -> arithmetic.compare(i, 0, false);
      case 3 -> arithmetic.compare(i, 1, false);
      // D9
      case 8 -> moves.load(i);
      case 9 -> moves.exchange(i);
      case 10 -> {}
      case 11 -> moves.storeUnchecked(i);
      case 12, 14, 15 -> functions.run(modrm);
      case 13 -> moves.loadConstant(i);
      // DA
      case 21 -> arithmetic.compare(1, 2, true);
      // DB
      case 28 -> control(modrm);
      case 29 -> arithmetic.compareToFlags(i, false, true);
      case 30 -> arithmetic.compareToFlags(i, false, false);
      // DC
      case 32, 33, 36, 37, 38, 39 -> arithmetic.registers(modrm >> 3 & 7, i, i, false);
      case 34 -> arithmetic.compare(i, 0, false);
      case 35 -> arithmetic.compare(i, 1, false);
      // DD
      case 40 -> moves.free(i, false);
      case 41 -> moves.exchange(i);
      case 42 -> moves.store(i, false);
      case 43 -> moves.store(i, true);
      case 44 -> arithmetic.compare(i, 0, true);
      case 45 -> arithmetic.compare(i, 1, true);
      // DE
      case 48, 49, 52, 53, 54, 55 -> arithmetic.registers(modrm >> 3 & 7, i, i, true);
      case 50 -> arithmetic.compare(i, 1, false);
      case 51 -> arithmetic.compare(1, 2, false);
      // DF
      case 56 -> moves.free(i, true);
      case 57 -> moves.exchange(i);
      case 58, 59 -> moves.store(i, true);
      case 61 -> arithmetic.compareToFlags(i, true, true);
      case 62 -> arithmetic.compareToFlags(i, true, false);
      default -> throw noSuchForm(opcode, modrm);
    }
  }

  private void control(int modrm) {
    switch (modrm) {
      case 0xE0, 0xE1, 0xE4 -> {} // Interrupt control of the 8087, protected mode of the 287.
      case 0xE2 -> stack.status &= StatusWord.CONDITIONS;
      case 0xE3 -> reset();
      default -> throw noSuchForm(0xDB, modrm);
    }
  }

  private static IllegalStateException noSuchForm(int opcode, int modrm) {
    return new IllegalStateException(
        "no x87 form that runs here: %02x %02x; X87Forms says which do".formatted(opcode, modrm));
  }

  /**
   * What the last FCOMI, FCOMIP, FUCOMI or FUCOMIP says of EFLAGS: ZF, PF and CF in their places.
   * An unmasked exception does not keep the host's processor from setting them.
   */
  public int comparisonFlags() {
    return arithmetic.comparisonFlags;
  }

  /** FCMOVcc: ST(0) becomes ST(i), i the low three bits of modrm, if the condition holds. */
  public void conditionalMove(int modrm, boolean condition) {
    moves.move(modrm & 7, condition);
  }

  /**
   * Runs a memory form that reads its operand.
   *
   * @param memoryForm (opcode &amp; 7) &lt;&lt; 3 | reg
   * @param low the operand's first eight bytes; of shorter ones the bits, whatever is above them
   * @param high bytes 8 and 9 of a ten-byte operand, otherwise ignored
   */
  public void load(int memoryForm, long low, int high) {
    switch (memoryForm) {
      // D8: single precision
      case 0, 1, 2, 3, 4, 5, 6, 7 -> {
        operand.setFloat((int) low);
        arithmetic.memory(memoryForm);
      }
      case 8 -> {
        operand.setFloat((int) low);
        moves.load(operand);
      }
      case 13 -> setControl((int) low);
      // DA, DB: integers of 32 bits
      case 16, 17, 18, 19, 20, 21, 22, 23 -> {
        operand.setInteger(low << 32 >> 32);
        arithmetic.memory(memoryForm - 16);
      }
      case 24 -> {
        operand.setInteger(low << 32 >> 32);
        moves.load(operand);
      }
      case 29 -> {
        operand.setExtended(low, high);
        moves.loadExtended(operand);
      }
      // DC, DD: double precision
      case 32, 33, 34, 35, 36, 37, 38, 39 -> {
        operand.setDouble(low);
        arithmetic.memory(memoryForm - 32);
      }
      case 40 -> {
        operand.setDouble(low);
        moves.load(operand);
      }
      // DE, DF: integers of 16 bits, and the large ones
      case 48, 49, 50, 51, 52, 53, 54, 55 -> {
        operand.setInteger(low << 48 >> 48);
        arithmetic.memory(memoryForm - 48);
      }
      case 56 -> {
        operand.setInteger(low << 48 >> 48);
        moves.load(operand);
      }
      case 60 -> {
        operand.setDecimal(low, high);
        moves.load(operand);
      }
      case 61 -> {
        operand.setInteger(low);
        moves.load(operand);
      }
      default -> throw noSuchForm(0xD8 | memoryForm >> 3, memoryForm & 7);
    }
  }

  /**
   * Runs a memory form that writes its operand.
   *
   * @param memoryForm (opcode &amp; 7) &lt;&lt; 3 | reg
   * @return whether to write: an unmasked exception leaves memory as it is
   */
  public boolean store(int memoryForm) {
    return switch (memoryForm) {
      case 10 -> moves.storeFloat(false);
      case 11 -> moves.storeFloat(true);
      case 15 -> moves.storeWord(stack.control);
      case 26 -> moves.storeInteger(32, false);
      case 27 -> moves.storeInteger(32, true);
      case 31 -> moves.storeExtended();
      case 42 -> moves.storeDouble(false);
      case 43 -> moves.storeDouble(true);
      case 47 -> moves.storeWord(stack.statusWord());
      case 58 -> moves.storeInteger(16, false);
      case 59 -> moves.storeInteger(16, true);
      case 62 -> moves.storeDecimal();
      case 63 -> moves.storeInteger(64, true);
      default -> throw noSuchForm(0xD8 | memoryForm >> 3, memoryForm & 7);
    };
  }

  /** What the last {@link #store} writes: the first eight bytes, or all of a shorter operand. */
  public long storedLow() {
    return moves.low;
  }

  /** Bytes 8 and 9 of what the last {@link #store} of ten bytes writes. */
  public int storedHigh() {
    return moves.high;
  }
}
