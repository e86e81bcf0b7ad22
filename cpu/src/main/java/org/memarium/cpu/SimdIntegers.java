package org.memarium.cpu;

import org.memarium.cpu.simd.Packed;
import org.memarium.cpu.simd.PackedShift;
import org.memarium.cpu.simd.Shuffle;

/** Packed integers in MMX and SSE registers: arithmetic, logic, shifts, shuffles. */
final class SimdIntegers {
  private SimdIntegers() {}

  static void execute(Core c, Instruction i) {
    if (i.size == 8) {
      executeMmx(c, i);
      return;
    }
    SimdRegisters s = c.simd;
    if (i.sourceIsImmediate) {
      s.low = i.immediate;
    } else {
      s.readSource(c, i);
    }
    long a = s.xmm[2 * i.a];
    long b = s.xmm[2 * i.a + 1];
    int opcode = i.form.opcode();
    switch (i.operation()) {
      case PACKED -> s.set(i.a, Packed.apply(opcode, a, s.low), Packed.apply(opcode, b, s.high));
      case PACKED_SHIFT -> {
        int shift = shiftOpcode(i);
        s.set(i.a, PackedShift.apply(shift, a, s.low), PackedShift.apply(shift, b, s.low));
      }
      case PSRLDQ -> shiftBytesRight(s, i.a, i.immediate);
      case PSLLDQ -> shiftBytesLeft(s, i.a, i.immediate);
      case UNPACK_LOW -> {
        int width = elementBits(i);
        if (width == 64) {
          s.set(i.a, a, s.low);
        } else {
          s.set(
              i.a,
              Shuffle.interleave(a, s.low, width),
              Shuffle.interleave(a >>> 32, s.low >>> 32, width));
        }
      }
      case UNPACK_HIGH -> {
        int width = elementBits(i);
        if (width == 64) {
          s.set(i.a, b, s.high);
        } else {
          s.set(
              i.a,
              Shuffle.interleave(b, s.high, width),
              Shuffle.interleave(b >>> 32, s.high >>> 32, width));
        }
      }
      case PACK ->
          s.set(
              i.a,
              Shuffle.pack(opcode, a) | Shuffle.pack(opcode, b) << 32,
              Shuffle.pack(opcode, s.low) | Shuffle.pack(opcode, s.high) << 32);
      case PSHUFD ->
          s.set(
              i.a,
              Shuffle.doublewords(s.low, s.high, i.immediate),
              Shuffle.doublewords(s.low, s.high, i.immediate >> 4));
      case PSHUFLW -> s.set(i.a, Shuffle.words(s.low, i.immediate), s.high);
      case PSHUFHW -> s.set(i.a, s.low, Shuffle.words(s.high, i.immediate));
      case SHUFPS ->
          s.set(
              i.a,
              Shuffle.doublewords(a, b, i.immediate),
              Shuffle.doublewords(s.low, s.high, i.immediate >> 4));
      case SHUFPD ->
          s.set(i.a, (i.immediate & 1) == 0 ? a : b, (i.immediate & 2) == 0 ? s.low : s.high);
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static void executeMmx(Core c, Instruction i) {
    c.fpu.checkPending();
    long source = i.sourceIsImmediate ? i.immediate : SimdRegisters.mmxSource(c, i);
    long a = c.fpu.mmx(i.a);
    int opcode = i.form.opcode();
    long result =
        switch (i.operation()) {
          case PACKED -> Packed.apply(opcode, a, source);
          case PACKED_SHIFT -> PackedShift.apply(shiftOpcode(i), a, source);
          case UNPACK_LOW -> Shuffle.interleave(a, source, elementBits(i));
          case UNPACK_HIGH -> Shuffle.interleave(a >>> 32, source >>> 32, elementBits(i));
          case PACK -> Shuffle.pack(opcode, a) | Shuffle.pack(opcode, source) << 32;
          case PSHUFW -> Shuffle.words(source, i.immediate);
          default -> throw new IllegalStateException(i.form.toString());
        };
    SimdRegisters.setMmx(c, i.a, result);
  }

  /** The opcode of the same shift by a register: 71/2 is D1, 72/4 is E2, 73/6 is F3... */
  private static int shiftOpcode(Instruction i) {
    int opcode = i.form.opcode();
    return i.sourceIsImmediate ? (0xC + (i.modRm >> 4 & 3)) << 4 | (opcode & 15) : opcode;
  }

  /** 60 to 62 and 68 to 6A go by bytes, words, doublewords; UNPCKLPS by doublewords. */
  private static int elementBits(Instruction i) {
    return switch (i.form.opcode()) {
      case 0x60, 0x68 -> 8;
      case 0x61, 0x69 -> 16;
      case 0x62, 0x6A -> 32;
      case 0x6C, 0x6D -> 64;
      default -> i.form.prefix() == 0x66 ? 64 : 32;
    };
  }

  private static void shiftBytesRight(SimdRegisters s, int register, int bytes) {
    long low = s.xmm[2 * register];
    long high = s.xmm[2 * register + 1];
    int bits = 8 * Math.min(bytes, 16);
    if (bits >= 64) {
      s.set(register, bits == 128 ? 0 : high >>> (bits - 64), 0);
    } else if (bits != 0) {
      s.set(register, low >>> bits | high << (64 - bits), high >>> bits);
    }
  }

  private static void shiftBytesLeft(SimdRegisters s, int register, int bytes) {
    long low = s.xmm[2 * register];
    long high = s.xmm[2 * register + 1];
    int bits = 8 * Math.min(bytes, 16);
    if (bits >= 64) {
      s.set(register, 0, bits == 128 ? 0 : low << (bits - 64));
    } else if (bits != 0) {
      s.set(register, low << bits, high << bits | low >>> (64 - bits));
    }
  }
}
