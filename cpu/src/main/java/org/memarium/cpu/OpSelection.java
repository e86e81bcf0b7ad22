package org.memarium.cpu;

/** Chooses the {@link Op} of a decoded instruction: a hot one, or that of its group. */
final class OpSelection {
  private static final int NO_HOT_OP = -1;

  private OpSelection() {}

  static int select(Instruction i, Mode mode) {
    if (mode.isFlat() && (!i.inMemory() || i.addressBytes == 4)) {
      int op = NO_HOT_OP;
      if (!i.inMemory() || i.segment == Instruction.FLAT) {
        op = i.operandBytes == 4 && i.size == 4 ? select32(i) : selectNarrow(i);
      } else if (i.operation() == Operation.MOV && i.sourceInMemory && i.size == 4) {
        op = Op.MOV_RS;
      }
      if (op != NO_HOT_OP) {
        return op;
      }
    }
    return i.operation().group().op();
  }

  /** Whether nothing may follow in the same block. */
  static boolean endsBlock(Instruction i) {
    return switch (i.operation()) {
      // A trap or a change of mode must be seen before the next instruction.
      case POPF, MOV_TO_SEGMENT, POP_SEGMENT, LOAD_FAR_POINTER, PRIVILEGED -> true;
      default ->
          i.operation().group() == Operation.Group.CONTROL
              || i.operation().group() == Operation.Group.INVALID;
    };
  }

  private static int select32(Instruction i) {
    return switch (i.operation()) {
      case MOV -> Op.MOV_RR + shape(i);
      case ADD -> Op.ADD_RR + shape(i);
      case SUB -> Op.SUB_RR + shape(i);
      case AND -> Op.AND_RR + shape(i);
      case OR -> Op.OR_RR + shape(i);
      case XOR -> Op.XOR_RR + shape(i);
      case CMP -> Op.CMP_RR + shape(i);
      case TEST ->
          i.destinationInMemory
              ? i.sourceIsImmediate ? Op.TEST_MI : Op.TEST_MR
              : i.sourceIsImmediate ? Op.TEST_RI : Op.TEST_RR;
      case ADC -> i.destinationInMemory ? NO_HOT_OP : Op.ADC_RR + shape(i);
      case SBB -> i.destinationInMemory ? NO_HOT_OP : Op.SBB_RR + shape(i);
      case INC -> i.destinationInMemory ? Op.INC_M : Op.INC_R;
      case DEC -> i.destinationInMemory ? Op.DEC_M : Op.DEC_R;
      case NEG -> i.destinationInMemory ? NO_HOT_OP : Op.NEG_R;
      case NOT -> i.destinationInMemory ? NO_HOT_OP : Op.NOT_R;
      case SHL -> shift(i, Op.SHL_RI);
      case SHR -> shift(i, Op.SHR_RI);
      case SAR -> shift(i, Op.SAR_RI);
      case ROL -> shift(i, Op.ROL_RI);
      case ROR -> shift(i, Op.ROR_RI);
      case IMUL_LOW ->
          i.form.operands().size() == 3
              ? i.sourceInMemory ? NO_HOT_OP : Op.IMUL_RRI
              : i.sourceInMemory ? Op.IMUL_RM : Op.IMUL_RR;
      case MUL -> i.destinationInMemory ? NO_HOT_OP : Op.MUL_R;
      case LEA -> Op.LEA;
      case XCHG -> i.destinationInMemory ? NO_HOT_OP : Op.XCHG_RR;
      case BSWAP -> Op.BSWAP_R;
      case CMOVCC -> i.sourceInMemory ? Op.CMOV_RM : Op.CMOV_RR;
      case MOVZX ->
          i.sourceSize == 1
              ? i.sourceInMemory ? Op.MOVZX8_M : Op.MOVZX8_R
              : i.sourceInMemory ? Op.MOVZX16_M : Op.MOVZX16_R;
      case MOVSX ->
          i.sourceSize == 1
              ? i.sourceInMemory ? Op.MOVSX8_M : Op.MOVSX8_R
              : i.sourceInMemory ? Op.MOVSX16_M : Op.MOVSX16_R;
      case NOP -> Op.NOP;
      case PUSH -> i.sourceIsImmediate ? Op.PUSH_I : i.destinationInMemory ? Op.PUSH_M : Op.PUSH_R;
      case POP -> i.destinationInMemory ? NO_HOT_OP : Op.POP_R;
      case JMP -> i.destinationInMemory ? Op.JMP_M : Op.JMP_R;
      case CALL -> i.destinationInMemory ? Op.CALL_M : Op.CALL_R;
      case RET -> Op.RET_I;
      default -> NO_HOT_OP;
    };
  }

  private static int selectNarrow(Instruction i) {
    if (i.operandBytes == 2) {
      boolean move = i.operation() == Operation.MOV && i.destinationInMemory && i.size == 2;
      return move ? i.sourceIsImmediate ? Op.MOV16_MI : Op.MOV16_MR : NO_HOT_OP;
    }
    return switch (i.operation()) {
      case MOV -> Op.MOV8_RR + shape(i);
      case CMP -> Op.CMP8_RR + shape(i);
      case TEST ->
          i.destinationInMemory
              ? i.sourceIsImmediate ? Op.TEST8_MI : NO_HOT_OP
              : i.sourceIsImmediate ? Op.TEST8_RI : Op.TEST8_RR;
      case SETCC -> i.destinationInMemory ? NO_HOT_OP : Op.SETCC_R;
      case CWD -> Op.CDQ;
      case NOP -> Op.NOP;
      case LEAVE -> Op.LEAVE;
      case JCC -> Op.JO + i.form.condition();
      case JMP -> Op.JMP;
      case CALL -> Op.CALL;
      case RET -> Op.RET;
      default -> NO_HOT_OP;
    };
  }

  /** Position among the five operand shapes RR, RI, RM, MR, MI. */
  private static int shape(Instruction i) {
    if (i.destinationInMemory) {
      return i.sourceIsImmediate ? 4 : 3;
    }
    return i.sourceInMemory ? 2 : i.sourceIsImmediate ? 1 : 0;
  }

  private static int shift(Instruction i, int op) {
    boolean hot = !i.destinationInMemory && i.sourceIsImmediate && (i.immediate & 31) != 0;
    return hot ? op : NO_HOT_OP;
  }
}
