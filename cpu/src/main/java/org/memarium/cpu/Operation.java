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

  // Names that stand for several instructions say what they have in common.

  /** Between a general register or memory of 32 bits and the low end of a register. */
  MOVD_TO_MM(Group.SIMD_MOVE),
  MOVD_FROM_MM(Group.SIMD_MOVE),
  MOVD_TO_XMM(Group.SIMD_MOVE),
  MOVD_FROM_XMM(Group.SIMD_MOVE),
  /** MOVQ and MOVNTQ of MMX. */
  LOAD_MM(Group.SIMD_MOVE),
  STORE_MM(Group.SIMD_MOVE),
  /** 16 bytes, in memory at a multiple of 16: MOVAPS, MOVDQA, MOVNTPS... */
  LOAD_ALIGNED(Group.SIMD_MOVE),
  STORE_ALIGNED(Group.SIMD_MOVE),
  /** 16 bytes anywhere: MOVUPS, MOVDQU... */
  LOAD_UNALIGNED(Group.SIMD_MOVE),
  STORE_UNALIGNED(Group.SIMD_MOVE),
  /** MOVSS and MOVSD: from memory the rest becomes 0, from a register it stays. */
  LOAD_SCALAR(Group.SIMD_MOVE),
  STORE_SCALAR(Group.SIMD_MOVE),
  /** MOVQ of SSE2: the upper half becomes 0. */
  LOAD_QUADWORD(Group.SIMD_MOVE),
  STORE_QUADWORD(Group.SIMD_MOVE),
  /** MOVLPS, MOVHPS and their kin: one half, the other stays. */
  LOAD_LOW(Group.SIMD_MOVE),
  STORE_LOW(Group.SIMD_MOVE),
  LOAD_HIGH(Group.SIMD_MOVE),
  STORE_HIGH(Group.SIMD_MOVE),
  MOVHLPS(Group.SIMD_MOVE),
  MOVLHPS(Group.SIMD_MOVE),
  MOVQ2DQ(Group.SIMD_MOVE),
  MOVDQ2Q(Group.SIMD_MOVE),
  MOVMSKPS(Group.SIMD_MOVE),
  MOVMSKPD(Group.SIMD_MOVE),
  PMOVMSKB(Group.SIMD_MOVE),
  MASKMOV(Group.SIMD_MOVE),
  PINSRW(Group.SIMD_MOVE),
  PEXTRW(Group.SIMD_MOVE),

  /** Works on each half of a register alone: what {@link org.memarium.cpu.simd.Packed} names. */
  PACKED(Group.SIMD_INTEGER),
  /** Shifts of elements by a number of bits. */
  PACKED_SHIFT(Group.SIMD_INTEGER),
  PSLLDQ(Group.SIMD_INTEGER),
  PSRLDQ(Group.SIMD_INTEGER),
  /** PUNPCKL, UNPCKLPS...: elements of the low halves in turn. */
  UNPACK_LOW(Group.SIMD_INTEGER),
  UNPACK_HIGH(Group.SIMD_INTEGER),
  /** PACKSSWB, PACKSSDW and PACKUSWB. */
  PACK(Group.SIMD_INTEGER),
  PSHUFW(Group.SIMD_INTEGER),
  PSHUFD(Group.SIMD_INTEGER),
  PSHUFHW(Group.SIMD_INTEGER),
  PSHUFLW(Group.SIMD_INTEGER),
  SHUFPS(Group.SIMD_INTEGER),
  SHUFPD(Group.SIMD_INTEGER),

  /** ADD, MUL, SUB, MIN, DIV, MAX and SQRT, of PS, PD, SS and SD. */
  FLOAT_ARITHMETIC(Group.SIMD_FLOAT),
  FLOAT_COMPARE(Group.SIMD_FLOAT),
  /** COMIS and UCOMIS. */
  FLOAT_COMPARE_TO_FLAGS(Group.SIMD_FLOAT),
  /** RCP and RSQRT, of PS and SS. */
  FLOAT_ESTIMATE(Group.SIMD_FLOAT),

  CVTPI2PS(Group.SIMD_CONVERT),
  CVTPI2PD(Group.SIMD_CONVERT),
  CVTSI2SS(Group.SIMD_CONVERT),
  CVTSI2SD(Group.SIMD_CONVERT),
  /** CVTPS2PI and CVTTPS2PI; in what follows, too, the truncating form is meant as well. */
  CVTPS2PI(Group.SIMD_CONVERT),
  CVTPD2PI(Group.SIMD_CONVERT),
  CVTSS2SI(Group.SIMD_CONVERT),
  CVTSD2SI(Group.SIMD_CONVERT),
  CVTPS2PD(Group.SIMD_CONVERT),
  CVTPD2PS(Group.SIMD_CONVERT),
  CVTSS2SD(Group.SIMD_CONVERT),
  CVTSD2SS(Group.SIMD_CONVERT),
  CVTDQ2PS(Group.SIMD_CONVERT),
  CVTPS2DQ(Group.SIMD_CONVERT),
  CVTPD2DQ(Group.SIMD_CONVERT),
  CVTDQ2PD(Group.SIMD_CONVERT),

  EMMS(Group.SIMD_STATE),
  FXSAVE(Group.SIMD_STATE),
  FXRSTOR(Group.SIMD_STATE),
  LDMXCSR(Group.SIMD_STATE),
  STMXCSR(Group.SIMD_STATE),
  CLFLUSH(Group.SIMD_STATE),

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
    SIMD_MOVE(Op.SIMD_MOVE),
    SIMD_INTEGER(Op.SIMD_INTEGER),
    SIMD_FLOAT(Op.SIMD_FLOAT),
    SIMD_CONVERT(Op.SIMD_CONVERT),
    SIMD_STATE(Op.SIMD_STATE),
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
