package org.memarium.cpu.witness;

import org.memarium.cpu.Cpu;

/**
 * Encodes a ModRM byte with all that follows, so that it names a given offset: picks one of the
 * ways to address memory, and sets a register or the displacement to what is left to reach it.
 */
final class AddressEncoder {
  private static final int[] BASE_16 = {
    Cpu.EBX, Cpu.EBX, Cpu.EBP, Cpu.EBP, Cpu.ESI, Cpu.EDI, Cpu.EBP, Cpu.EBX
  };
  private static final int[] INDEX_16 = {Cpu.ESI, Cpu.EDI, Cpu.ESI, Cpu.EDI, -1, -1, -1, -1};

  private final Dice dice;

  AddressEncoder(Dice dice) {
    this.dice = dice;
  }

  /** With addresses of 32 bits: base, scaled index and displacement. */
  void address32(CodeBuffer code, int[] registers, int reg, int offset) {
    int mod = dice.below(3);
    int rm = dice.below(8);
    int base = rm;
    int index = -1;
    int sib = -1;
    int scale = 0;
    if (rm == 4) {
      base = dice.below(8);
      index = dice.below(8);
      scale = dice.below(4);
      sib = scale << 6 | index << 3 | base;
      index = index == 4 ? -1 : index;
    }
    boolean noBase = mod == 0 && base == 5;
    int displacementBytes = noBase || mod == 2 ? 4 : mod;
    if (index >= 0 && index != Cpu.ESP && dice.chance(60)) {
      registers[index] = dice.below(64) - 16;
    }
    int displacement = displacementBytes == 1 ? (byte) dice.bits() : dice.value();
    int indexed = index < 0 ? 0 : registers[index] << scale;
    if (displacementBytes == 4 && (noBase || dice.chance(50) || index == base)) {
      displacement = offset - indexed - (noBase ? 0 : registers[base]);
    } else if (index != base) {
      registers[base] = offset - indexed - (displacementBytes == 0 ? 0 : displacement);
    }
    code.add(mod << 6 | reg << 3 | rm);
    if (sib >= 0) {
      code.add(sib);
    }
    code.addLittleEndian(displacement, displacementBytes);
  }

  /** With addresses of 16 bits: two registers and a displacement. */
  void address16(CodeBuffer code, int[] registers, int reg, int offset) {
    int mod = dice.below(3);
    int rm = dice.below(8);
    boolean noBase = mod == 0 && rm == 6;
    int displacementBytes = noBase ? 2 : mod;
    int displacement = displacementBytes == 1 ? (byte) dice.bits() : dice.value();
    if (noBase) {
      displacement = offset;
    } else {
      int rest = INDEX_16[rm] < 0 ? 0 : registers[INDEX_16[rm]];
      int wanted = offset - rest - (displacementBytes == 0 ? 0 : displacement);
      int old = registers[BASE_16[rm]];
      registers[BASE_16[rm]] = (old & 0xffff_0000) | (wanted & 0xffff);
    }
    code.add(mod << 6 | reg << 3 | rm);
    code.addLittleEndian(displacement, displacementBytes);
  }
}
