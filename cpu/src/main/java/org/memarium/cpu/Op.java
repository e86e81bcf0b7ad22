package org.memarium.cpu;

/**
 * What the loop of {@link Interpreter} switches on: dense numbers.
 *
 * <p>The hot ones name their operands: R register, I immediate, M memory (in a flat segment, with
 * an address of 32 bits), S memory in a segment with a base; destination first. Sizes are 32 bits
 * where nothing else is said.
 */
final class Op {
  // Executed by other classes, one for each Operation.Group.
  static final int ARITHMETIC = 0;
  static final int SHIFT = 1;
  static final int BIT = 2;
  static final int MULTIPLY = 3;
  static final int MOVE = 4;
  static final int FLAGS = 5;
  static final int STRING = 6;
  static final int CONTROL = 7;
  static final int SEGMENT = 8;
  static final int X87 = 9;
  static final int INVALID = 10;

  // Inside a block: not instructions.
  static final int END = 11;
  static final int RESYNC = 12;

  // 32 bits.
  static final int MOV_RR = 13;
  static final int MOV_RI = 14;
  static final int MOV_RM = 15;
  static final int MOV_MR = 16;
  static final int MOV_MI = 17;
  static final int ADD_RR = 18;
  static final int ADD_RI = 19;
  static final int ADD_RM = 20;
  static final int ADD_MR = 21;
  static final int ADD_MI = 22;
  static final int SUB_RR = 23;
  static final int SUB_RI = 24;
  static final int SUB_RM = 25;
  static final int SUB_MR = 26;
  static final int SUB_MI = 27;
  static final int AND_RR = 28;
  static final int AND_RI = 29;
  static final int AND_RM = 30;
  static final int AND_MR = 31;
  static final int AND_MI = 32;
  static final int OR_RR = 33;
  static final int OR_RI = 34;
  static final int OR_RM = 35;
  static final int OR_MR = 36;
  static final int OR_MI = 37;
  static final int XOR_RR = 38;
  static final int XOR_RI = 39;
  static final int XOR_RM = 40;
  static final int XOR_MR = 41;
  static final int XOR_MI = 42;
  static final int CMP_RR = 43;
  static final int CMP_RI = 44;
  static final int CMP_RM = 45;
  static final int CMP_MR = 46;
  static final int CMP_MI = 47;
  static final int TEST_RR = 48;
  static final int TEST_RI = 49;
  static final int TEST_MR = 50;
  static final int TEST_MI = 51;
  static final int ADC_RR = 52;
  static final int ADC_RI = 53;
  static final int ADC_RM = 54;
  static final int SBB_RR = 55;
  static final int SBB_RI = 56;
  static final int SBB_RM = 57;
  static final int INC_R = 58;
  static final int DEC_R = 59;
  static final int INC_M = 60;
  static final int DEC_M = 61;
  static final int NEG_R = 62;
  static final int NOT_R = 63;
  static final int SHL_RI = 64;
  static final int SHR_RI = 65;
  static final int SAR_RI = 66;
  static final int ROL_RI = 67;
  static final int ROR_RI = 68;
  static final int IMUL_RR = 69;
  static final int IMUL_RM = 70;
  static final int IMUL_RRI = 71;
  static final int MUL_R = 72;
  static final int CDQ = 73;
  static final int LEA = 74;
  static final int XCHG_RR = 75;
  static final int BSWAP_R = 76;
  static final int MOV_RS = 77;
  static final int CMOV_RR = 78;
  static final int CMOV_RM = 79;

  // 8 and 16 bits.
  static final int MOV8_RR = 80;
  static final int MOV8_RI = 81;
  static final int MOV8_RM = 82;
  static final int MOV8_MR = 83;
  static final int MOV8_MI = 84;
  static final int CMP8_RR = 85;
  static final int CMP8_RI = 86;
  static final int CMP8_RM = 87;
  static final int CMP8_MR = 88;
  static final int CMP8_MI = 89;
  static final int TEST8_RR = 90;
  static final int TEST8_RI = 91;
  static final int TEST8_MI = 92;
  static final int MOV16_MR = 93;
  static final int MOV16_MI = 94;
  static final int MOVZX8_R = 95;
  static final int MOVZX8_M = 96;
  static final int MOVZX16_R = 97;
  static final int MOVZX16_M = 98;
  static final int MOVSX8_R = 99;
  static final int MOVSX8_M = 100;
  static final int MOVSX16_R = 101;
  static final int MOVSX16_M = 102;
  static final int SETCC_R = 103;
  static final int NOP = 104;

  // Stack.
  static final int PUSH_R = 105;
  static final int PUSH_I = 106;
  static final int PUSH_M = 107;
  static final int POP_R = 108;
  static final int LEAVE = 109;

  // Ends of blocks; from JO to CALL with a target that never changes.
  static final int JO = 110;
  static final int JNO = 111;
  static final int JB = 112;
  static final int JAE = 113;
  static final int JE = 114;
  static final int JNE = 115;
  static final int JBE = 116;
  static final int JA = 117;
  static final int JS = 118;
  static final int JNS = 119;
  static final int JP = 120;
  static final int JNP = 121;
  static final int JL = 122;
  static final int JGE = 123;
  static final int JLE = 124;
  static final int JG = 125;
  static final int JMP = 126;
  static final int CALL = 127;
  static final int CALL_R = 128;
  static final int CALL_M = 129;
  static final int JMP_R = 130;
  static final int JMP_M = 131;
  static final int RET = 132;
  static final int RET_I = 133;

  // Executed by other classes, like the first ones.
  static final int SIMD_MOVE = 134;
  static final int SIMD_INTEGER = 135;
  static final int SIMD_FLOAT = 136;
  static final int SIMD_CONVERT = 137;
  static final int SIMD_STATE = 138;

  /** Before the first instruction of a block that somebody watches: not an instruction. */
  static final int WATCH = 139;

  private Op() {}
}
