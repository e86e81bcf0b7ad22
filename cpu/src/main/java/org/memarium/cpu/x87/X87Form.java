package org.memarium.cpu.x87;

/**
 * One form of an x87 instruction, as the opcode map has it (Intel SDM vol. 2, tables ).
 *
 * @param opcode the first byte, 0xD8 to 0xDF
 * @param modrm for register forms the lowest second byte, 0xC0 to 0xFF; for memory forms the reg
 *     field, 0 to 7
 * @param count how many second bytes in a row the form takes: 8 if it names a register ST(i) in its
 *     low three bits, otherwise 1
 * @param mnemonic Intel's, lower case, without operands
 * @param operand what the operands are
 * @param waiting whether pending exceptions are raised first ({@link Fpu#checkPending})
 * @param setsPointers whether the instruction is remembered as the last one (FIP, FOP, FDP):
 *     control instructions are not
 * @param effect what the executor has to do besides calling the unit
 */
public record X87Form(
    int opcode,
    int modrm,
    int count,
    String mnemonic,
    Operand operand,
    boolean waiting,
    boolean setsPointers,
    Effect effect) {

  /** The operand of a form: registers, or memory of some size and type. */
  public enum Operand {
    /** No operand in the text: {@code fsin}. */
    NONE(0),
    /** {@code st, st(i)}: the result goes to ST(0). */
    ST0_STI(0),
    /** {@code st(i), st}: the result goes to ST(i). */
    STI_ST0(0),
    /** {@code st(i)} alone. */
    STI(0),
    /** The register AX. */
    AX(0),
    /** Integer of 16 bits. */
    M16_INTEGER(2),
    /** Integer of 32 bits. */
    M32_INTEGER(4),
    /** Integer of 64 bits. */
    M64_INTEGER(8),
    /** Single precision. */
    M32_FLOAT(4),
    /** Double precision. */
    M64_FLOAT(8),
    /** Extended precision. */
    M80_FLOAT(10),
    /** 18 decimal digits and a sign. */
    M80_DECIMAL(10),
    /** The control or status word. */
    M16_WORD(2),
    /** The environment: 28 bytes, or 14 with an operand size of 16 bits. */
    ENVIRONMENT(28),
    /** Environment and registers: 108 bytes, or 94 with an operand size of 16 bits. */
    STATE(108);

    private final int bytes;

    Operand(int bytes) {
      this.bytes = bytes;
    }

    /** Whether the operand is in memory. */
    public boolean isMemory() {
      return bytes != 0;
    }

    /** Bytes of memory that the operand takes; 0 for registers. */
    public int bytes(boolean operandSize16) {
      return operandSize16 && (this == ENVIRONMENT || this == STATE) ? bytes - 14 : bytes;
    }
  }

  /** What the executor does with a form. */
  public enum Effect {
    /** {@link Fpu#register(int, int)} does it all. */
    REGISTER,
    /**
     * {@link Fpu#register(int, int)}; then ZF, PF and CF become those of {@link
     * Fpu#comparisonFlags()}, and OF, SF and AF 0.
     */
    REGISTER_AND_FLAGS,
    /** {@link Fpu#conditionalMove(int, boolean)} with the condition that the mnemonic names. */
    CONDITIONAL_MOVE,
    /** AX becomes {@link Fpu#statusWord()}. */
    STATUS_TO_AX,
    /** Read the operand, then {@link Fpu#load(int, long, int)}. */
    LOAD,
    /**
     * Probe the operand for writing, then {@link Fpu#store(int)}; if it says so, write {@link
     * Fpu#storedLow()}, and for ten bytes {@link Fpu#storedHigh()} after it.
     */
    STORE,
    /** Read the operand, then {@link Fpu#loadEnvironment} or {@link Fpu#restore}, by operand. */
    LOAD_IMAGE,
    /** Probe the operand, then {@link Fpu#storeEnvironment} or {@link Fpu#save}, and write. */
    STORE_IMAGE
  }

  /** Whether the operand is in memory. */
  public boolean isMemory() {
    return operand.isMemory();
  }

  /** The number that {@link Fpu#load} and {@link Fpu#store} know a memory form by: 0 to 63. */
  public int memoryForm() {
    return (opcode & 7) << 3 | (modrm & 7);
  }
}
