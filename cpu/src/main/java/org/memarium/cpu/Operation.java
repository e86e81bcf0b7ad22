package org.memarium.cpu;

/**
 * What an instruction does, whatever its operands are: the link between a line of {@link
 * InstructionSet} and the code that executes it.
 *
 * <p>The {@link Group} says which class that is.
 */
public enum Operation {
  ADD(Group.ARITHMETIC),
  OR(Group.ARITHMETIC),
  ADC(Group.ARITHMETIC),
  SBB(Group.ARITHMETIC),
  AND(Group.ARITHMETIC),
  SUB(Group.ARITHMETIC),
  XOR(Group.ARITHMETIC),
  CMP(Group.ARITHMETIC),
  TEST(Group.ARITHMETIC),
  INC(Group.ARITHMETIC),
  DEC(Group.ARITHMETIC),
  NOT(Group.ARITHMETIC),
  NEG(Group.ARITHMETIC),
  XADD(Group.ARITHMETIC),
  CMPXCHG(Group.ARITHMETIC),
  CMPXCHG8B(Group.ARITHMETIC),

  ROL(Group.SHIFT),
  ROR(Group.SHIFT),
  RCL(Group.SHIFT),
  RCR(Group.SHIFT),
  SHL(Group.SHIFT),
  SHR(Group.SHIFT),
  SAR(Group.SHIFT),
  SHLD(Group.SHIFT),
  SHRD(Group.SHIFT),

  BT(Group.BIT),
  BTS(Group.BIT),
  BTR(Group.BIT),
  BTC(Group.BIT),
  BSF(Group.BIT),
  BSR(Group.BIT),
  BSWAP(Group.BIT),

  MUL(Group.MULTIPLY),
  IMUL(Group.MULTIPLY),
  /** The two- and three-operand forms, which keep only the low half. */
  IMUL_LOW(Group.MULTIPLY),
  DIV(Group.MULTIPLY),
  IDIV(Group.MULTIPLY),
  CBW(Group.MULTIPLY),
  CWD(Group.MULTIPLY),
  DAA(Group.MULTIPLY),
  DAS(Group.MULTIPLY),
  AAA(Group.MULTIPLY),
  AAS(Group.MULTIPLY),
  AAM(Group.MULTIPLY),
  AAD(Group.MULTIPLY),

  MOV(Group.MOVE),
  MOVZX(Group.MOVE),
  MOVSX(Group.MOVE),
  XCHG(Group.MOVE),
  LEA(Group.MOVE),
  CMOVCC(Group.MOVE),
  SETCC(Group.MOVE),
  XLAT(Group.MOVE),
  PUSH(Group.MOVE),
  POP(Group.MOVE),
  PUSHA(Group.MOVE),
  POPA(Group.MOVE),
  ENTER(Group.MOVE),
  LEAVE(Group.MOVE),
  NOP(Group.MOVE),

  PUSHF(Group.FLAGS),
  POPF(Group.FLAGS),
  LAHF(Group.FLAGS),
  SAHF(Group.FLAGS),
  CLC(Group.FLAGS),
  STC(Group.FLAGS),
  CMC(Group.FLAGS),
  CLD(Group.FLAGS),
  STD(Group.FLAGS),
  SALC(Group.FLAGS),

  MOVS(Group.STRING),
  CMPS(Group.STRING),
  STOS(Group.STRING),
  LODS(Group.STRING),
  SCAS(Group.STRING),

  JCC(Group.CONTROL),
  JMP(Group.CONTROL),
  CALL(Group.CONTROL),
  RET(Group.CONTROL),
  LOOP(Group.CONTROL),
  LOOPE(Group.CONTROL),
  LOOPNE(Group.CONTROL),
  JCXZ(Group.CONTROL),
  JMP_FAR(Group.CONTROL),
  CALL_FAR(Group.CONTROL),
  RET_FAR(Group.CONTROL),
  IRET(Group.CONTROL),
  INT(Group.CONTROL),
  INT3(Group.CONTROL),
  INT1(Group.CONTROL),
  INTO(Group.CONTROL),
  BOUND(Group.CONTROL),

  /** {@code mov} from a segment register. */
  MOV_FROM_SEGMENT(Group.SEGMENT),
  /** {@code mov} into a segment register. */
  MOV_TO_SEGMENT(Group.SEGMENT),
  PUSH_SEGMENT(Group.SEGMENT),
  POP_SEGMENT(Group.SEGMENT),
  /** LES, LDS, LSS, LFS and LGS. */
  LOAD_FAR_POINTER(Group.SEGMENT),
  LAR(Group.SEGMENT),
  LSL(Group.SEGMENT),
  VERR(Group.SEGMENT),
  VERW(Group.SEGMENT),
  ARPL(Group.SEGMENT),
  CPUID(Group.SEGMENT),
  RDTSC(Group.SEGMENT),
  /**
   * Whatever raises #GP(0) in user mode with IOPL 0: the privileged instructions, port I/O, CLI and
   * STI, and those that user-mode instruction prevention (UMIP) covers.
   */
  PRIVILEGED(Group.SEGMENT),

  FWAIT(Group.X87),
  /** Everything behind the opcodes D8 to DF; {@link InstructionForm#x87} says what. */
  X87(Group.X87),

  /** No instruction, or one that exists to raise it: #UD. */
  INVALID(Group.INVALID),
  /** Longer than 15 bytes: #GP. */
  TOO_LONG(Group.INVALID);

  /** Operations that one class executes, and the {@link Op} that leads there. */
  enum Group {
    ARITHMETIC(Op.ARITHMETIC),
    SHIFT(Op.SHIFT),
    BIT(Op.BIT),
    MULTIPLY(Op.MULTIPLY),
    MOVE(Op.MOVE),
    FLAGS(Op.FLAGS),
    STRING(Op.STRING),
    CONTROL(Op.CONTROL),
    SEGMENT(Op.SEGMENT),
    X87(Op.X87),
    INVALID(Op.INVALID);

    private final int op;

    Group(int op) {
      this.op = op;
    }

    int op() {
      return op;
    }
  }

  private final Group group;

  Operation(Group group) {
    this.group = group;
  }

  Group group() {
    return group;
  }
}
