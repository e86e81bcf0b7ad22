package org.memarium.cpu.witness;

import org.memarium.cpu.CpuModel;
import org.memarium.cpu.InstructionForm;
import org.memarium.cpu.InstructionSet;
import org.memarium.cpu.Operation;

/**
 * Encodings of extensions that hosts have and this processor, a Pentium 4, has not. Fuzzing passes
 * them over.
 */
enum Extension {
  /** Nothing of the kind: must agree with the host. */
  NONE,
  /** VEX, EVEX and XOP: LES, LDS, BOUND and POP with what was no valid ModRM byte. */
  VEX,
  /** What came after SSE2 in the map behind 0F: SSE3, SSE4a. */
  SIMD,
  /** Further opcode maps: 0F 38, 0F 3A, 0F 0F (3DNow!). */
  MORE_MAPS,
  /** Single instructions: POPCNT, LZCNT, RDRAND, MOVBE, XSAVE, CLWB, RDPID, FISTTP... */
  SINGLE,
  /** System instructions: SYSCALL, SYSENTER, VMX, SVM, SMAP, MONITOR, XGETBV, RDTSCP... */
  SYSTEM,
  /** Not comparable for one of the reasons in {@link Exclusions}. */
  EXCLUDED;

  private static int opcodeIndex(byte[] code) {
    int at = 0;
    while (at < 15 && at < code.length && Exclusions.PREFIXES.contains(code[at] & 0xff)) {
      at++;
    }
    return at;
  }

  private static int at(byte[] code, int index) {
    return index < code.length ? code[index] & 0xff : 0xcc;
  }

  /** Which extension the first instruction of some bytes belongs to. */
  static Extension of(byte[] code) {
    int at = opcodeIndex(code);
    int opcode = at(code, at);
    int next = at(code, at + 1);
    boolean register = next >= 0xc0;
    if ((opcode == 0xc4 || opcode == 0xc5 || opcode == 0x62) && register) {
      return VEX;
    }
    if (opcode == 0x8f && (next & 0x38) != 0) {
      return VEX;
    }
    if (opcode == 0x0f) {
      return twoByte(code, at, next, at(code, at + 2));
    }
    if (opcode >= 0xd8 && opcode <= 0xdf && !register && isFisttp(opcode, next)) {
      return SINGLE;
    }
    return excluded(code);
  }

  private static boolean isFisttp(int opcode, int modRm) {
    return (modRm >> 3 & 7) == 1 && (opcode == 0xdb || opcode == 0xdd || opcode == 0xdf);
  }

  private static Extension twoByte(byte[] code, int at, int opcode, int modRm) {
    boolean register = modRm >= 0xc0;
    boolean rep = false;
    boolean plain = true;
    for (int i = 0; i < at; i++) {
      int prefix = code[i] & 0xff;
      rep |= prefix == 0xf2 || prefix == 0xf3;
      plain &= prefix != 0x66 && !rep;
    }
    return switch (opcode) {
      case 0x38, 0x3a, 0x0f, 0x39, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f -> MORE_MAPS;
      case 0x05, 0x07, 0x34, 0x35, 0x37, 0x78, 0x79, 0x36 -> SYSTEM;
      case 0x01 -> register || (modRm & 0x38) == 0x28 ? SYSTEM : excluded(code);
      case 0x09 -> rep ? SINGLE : excluded(code);
      case 0x0d -> SINGLE;
      case 0xae -> isPlain15(plain, modRm) ? excluded(code) : SINGLE;
      case 0xb8 -> SINGLE;
      case 0xbc, 0xbd -> rep ? SINGLE : excluded(code);
      case 0xc7 -> (modRm & 0x38) != 8 || register ? SINGLE : excluded(code);
      case 0x1a, 0x1b, 0x1c, 0x1e -> SINGLE;
      case 0x24, 0x25, 0x26, 0x27 -> SYSTEM;
      case 0xa6, 0xa7 -> SINGLE;
      case 0x0e, 0x7c, 0x7d, 0xd0, 0xf0 -> SIMD;
      case 0x12, 0x16, 0x2b -> rep ? SIMD : excluded(code);
      default -> excluded(code);
    };
  }

  /** Whether 0F AE is one of FXSAVE, FXRSTOR, LDMXCSR, STMXCSR, CLFLUSH and the fences. */
  private static boolean isPlain15(boolean plain, int modRm) {
    int digit = modRm >> 3 & 7;
    return plain && (modRm < 0xc0 ? digit < 4 || digit == 7 : digit > 4);
  }

  private static Extension excluded(byte[] code) {
    InstructionForm form = form(code);
    return Exclusions.isExcluded(form) ? EXCLUDED : NONE;
  }

  /** The form of the first instruction, or one for an invalid opcode. */
  static InstructionForm form(byte[] code) {
    int at = opcodeIndex(code);
    int repeat = 0;
    boolean operandPrefix = false;
    for (int i = 0; i < at; i++) {
      int prefix = code[i] & 0xff;
      operandPrefix |= prefix == 0x66;
      repeat = prefix == 0xf2 || prefix == 0xf3 ? prefix : repeat;
    }
    boolean twoByte = at(code, at) == 0x0f;
    int opcodeAt = twoByte ? at + 1 : at;
    InstructionForm form =
        InstructionSet.find(
            CpuModel.PENTIUM4,
            twoByte,
            at(code, opcodeAt),
            InstructionForm.choosingPrefix(repeat, operandPrefix),
            at(code, opcodeAt + 1));
    if (form != null) {
      return form;
    }
    return InstructionSet.all().stream()
        .filter(each -> each.operation() == Operation.INVALID)
        .findFirst()
        .orElseThrow();
  }
}
