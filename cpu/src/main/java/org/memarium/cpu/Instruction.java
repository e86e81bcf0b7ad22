package org.memarium.cpu;

/**
 * One decoded instruction, in the shape that the executors want.
 *
 * <p>Its operands are a destination ({@link #a}, or memory) and a source ({@link #b}, memory, or
 * {@link #immediate}); at most one of them is in memory, at {@code r[base] + (r[index] << scale) +
 * displacement}. A byte register is the register that holds it and the bits to shift: AH is
 * register 0, shift 8.
 */
final class Instruction {
  /** {@link #segment} of an access whose offset is the linear address. */
  static final byte FLAT = -1;

  /** A generation that never is. */
  static final int NEVER = -1;

  /** What {@link #taken} is before it is known. */
  static final Instruction UNKNOWN_TAKEN = new Instruction();

  /** What {@link #next} is before it is known. */
  static final Instruction UNKNOWN_NEXT = new Instruction();

  /** What the loop of {@link Interpreter} switches on: a constant of {@link Op}. */
  int op;

  /** Destination register. */
  byte a;

  /** Source register. */
  byte b;

  byte aShift;
  byte bShift;
  byte base = Core.NONE;
  byte index = Core.NONE;
  byte scale;

  /** Segment register of the memory operand, or {@link #FLAT}. */
  byte segment;

  int displacement;

  /** The first immediate, zero-extended; a branch's target; the condition of CMOVcc and SETcc. */
  int immediate;

  /** Size of the destination in bytes, then of the source. */
  byte size;

  byte sourceSize;

  /** Operand size and address size in bytes. */
  byte operandBytes;

  byte addressBytes;

  boolean destinationInMemory;
  boolean sourceInMemory;
  boolean sourceIsImmediate;

  /** F2 or F3, the last one given, or 0. */
  int repeat;

  int modRm;

  /** The second immediate, or the selector of a far pointer; SHLD and SHRD: 1 if CL counts. */
  int immediate2;

  /** Position in its block, from 0: so many instructions were executed before it. */
  int ordinal;

  /** How many of its block have been executed after it. */
  int countAfter;

  /** Offset of the instruction in the code segment. */
  int eip;

  byte length;

  /** Whether nothing follows in the same block, not even {@link Op#END}. */
  boolean last;

  /**
   * What is executed next: the one behind in the same block, or for the last one the first of the
   * block that control falls into.
   */
  Instruction next = UNKNOWN_NEXT;

  /** First of the block that a branch with a fixed target leads to. */
  Instruction taken = UNKNOWN_TAKEN;

  /**
   * Of the first instruction of a block: the generation ({@link BlockCache#generation}) in which
   * its EIP was seen to lead here. While that is current, control may come here without asking the
   * MMU.
   */
  int generation = NEVER;

  InstructionForm form = Decoder.INVALID;

  /** Offset of the instruction behind this one in memory. */
  int endEip() {
    return eip + length;
  }

  /** Whether an operand is in memory. */
  boolean inMemory() {
    return destinationInMemory || sourceInMemory;
  }

  Operation operation() {
    return form.operation();
  }
}
