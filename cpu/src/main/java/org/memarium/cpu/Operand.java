package org.memarium.cpu;

/**
 * The kinds of operand, by the letters of the opcode map (Intel SDM vol. 2, appendix A): where it
 * is, then how large. {@code v} is 16 or 32 bits by operand size.
 */
public enum Operand {
  /** Register or memory, by ModRM. */
  EB(Place.RM, 1),
  EW(Place.RM, 2),
  ED(Place.RM, 4),
  EV(Place.RM, 0),

  /** Register, by the reg field of ModRM. */
  GB(Place.REG, 1),
  GW(Place.REG, 2),
  GD(Place.REG, 4),
  GV(Place.REG, 0),

  /** Register, by the low three bits of the opcode. */
  ZB(Place.OPCODE, 1),
  ZV(Place.OPCODE, 0),

  /** Memory, by ModRM: an address only (LEA). */
  M(Place.MEMORY, 0),
  /** Memory: a pair of {@code v} (BOUND). */
  MA(Place.MEMORY, 0),
  /** Memory: a far pointer, {@code v} and 16 bits. */
  MP(Place.MEMORY, 0),
  /** Memory: a byte. */
  MB(Place.MEMORY, 1),
  /** Memory: 4 bytes. */
  MD(Place.MEMORY, 4),
  /** Memory: 8 bytes. */
  MQ(Place.MEMORY, 8),
  /** Memory: 16 bytes. */
  MX(Place.MEMORY, 16),

  /** MMX register, by the reg field of ModRM. */
  PQ(Place.MM_REG, 8),
  /** MMX register or memory, by ModRM; of the register the low bytes. */
  QD(Place.MM_RM, 4),
  QQ(Place.MM_RM, 8),

  /** SSE register, by the reg field of ModRM. */
  VX(Place.XMM_REG, 16),
  /** SSE register or memory, by ModRM; of the register the low bytes. */
  WD(Place.XMM_RM, 4),
  WQ(Place.XMM_RM, 8),
  WX(Place.XMM_RM, 16),

  /** Immediate byte. */
  IB(Place.IMMEDIATE, 1),
  /** Immediate of 16 bits. */
  IW(Place.IMMEDIATE, 2),
  /** Immediate of the operand size. */
  IZ(Place.IMMEDIATE, 0),
  /** Immediate byte, sign-extended to the operand size. */
  IS(Place.IMMEDIATE, 1),

  /** Branch distance, a byte. */
  JB(Place.RELATIVE, 1),
  /** Branch distance of the operand size. */
  JZ(Place.RELATIVE, 0),
  /** Far pointer in the instruction. */
  AP(Place.FAR, 0),

  /** Memory at the offset that the instruction carries; no ModRM. */
  OB(Place.OFFSET, 1),
  OV(Place.OFFSET, 0),

  /** Segment register, by the reg field of ModRM. */
  SW(Place.SEGMENT_REG, 2),
  /** Control register, by the reg field of ModRM. */
  CD(Place.CONTROL_REG, 4),
  /** Debug register, by the reg field of ModRM. */
  DD(Place.DEBUG_REG, 4),
  /** General register of 32 bits, by the rm field, whatever mod says. */
  RD(Place.RM_REGISTER, 4),

  /** String source, DS:ESI unless overridden. */
  XB(Place.SOURCE, 1),
  XV(Place.SOURCE, 0),
  /** String destination, always ES:EDI. */
  YB(Place.DESTINATION, 1),
  YV(Place.DESTINATION, 0),

  /** Fixed registers and the constant 1. */
  AL(Place.FIXED, 1),
  /** AX or EAX by operand size. */
  EAX(Place.FIXED, 0),
  CL(Place.FIXED, 1),
  DX(Place.FIXED, 2),
  ONE(Place.FIXED, 1),
  ES(Place.FIXED_SEGMENT, 2),
  CS(Place.FIXED_SEGMENT, 2),
  SS(Place.FIXED_SEGMENT, 2),
  DS(Place.FIXED_SEGMENT, 2),
  FS(Place.FIXED_SEGMENT, 2),
  GS(Place.FIXED_SEGMENT, 2);

  /** Where an operand is. */
  public enum Place {
    RM,
    REG,
    OPCODE,
    MEMORY,
    IMMEDIATE,
    RELATIVE,
    FAR,
    OFFSET,
    SEGMENT_REG,
    CONTROL_REG,
    DEBUG_REG,
    RM_REGISTER,
    MM_REG,
    MM_RM,
    XMM_REG,
    XMM_RM,
    SOURCE,
    DESTINATION,
    FIXED,
    FIXED_SEGMENT
  }

  private final Place place;
  private final int bytes;

  Operand(Place place, int bytes) {
    this.place = place;
    this.bytes = bytes;
  }

  /** Where it is. */
  public Place place() {
    return place;
  }

  /** Its size in bytes, given the operand size of the instruction in bytes. */
  public int bytes(int operandBytes) {
    return bytes == 0 ? operandBytes : bytes;
  }
}
