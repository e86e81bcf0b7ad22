package org.memarium.cpu.x87;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.x87.X87Form.Effect;
import org.memarium.cpu.x87.X87Form.Operand;

/**
 * All x87 instructions of an i686, one line each. What is not here raises #UD: the reserved
 * encodings, and FISTTP (it came with SSE3, which CPUID does not offer).
 *
 * <p>Aliases that no manual lists but every processor runs ({@code fxch4}, {@code ffreep}...) are
 * here under the names that other emulators give them.
 */
public final class X87Forms {
  private static final X87Form[] MEMORY = new X87Form[64];
  private static final X87Form[] REGISTER = new X87Form[512];
  private static final List<X87Form> ALL = table();

  private X87Forms() {}

  /** All forms, by opcode, memory forms first. */
  public static List<X87Form> all() {
    return ALL;
  }

  /**
   * The form of an instruction, or null for #UD.
   *
   * @param opcode the first byte, 0xD8 to 0xDF
   * @param modrm the second byte
   */
  public static @Nullable X87Form of(int opcode, int modrm) {
    return modrm < 0xC0
        ? MEMORY[(opcode & 7) << 3 | (modrm >> 3 & 7)]
        : REGISTER[(opcode & 7) << 6 | (modrm & 63)];
  }

  private static List<X87Form> table() {
    List<X87Form> all = new ArrayList<>();
    String[] arithmetic = {"add", "mul", "com", "comp", "sub", "subr", "div", "divr"};

    arithmeticMemory(all, 0xD8, "f", Operand.M32_FLOAT, arithmetic);
    for (int digit = 0; digit < 8; digit++) {
      boolean compares = digit == 2 || digit == 3;
      register(
          all,
          0xD8,
          0xC0 + 8 * digit,
          8,
          "f" + arithmetic[digit],
          compares ? Operand.STI : Operand.ST0_STI);
    }

    load(all, 0xD9, 0, "fld", Operand.M32_FLOAT);
    store(all, 0xD9, 2, "fst", Operand.M32_FLOAT);
    store(all, 0xD9, 3, "fstp", Operand.M32_FLOAT);
    control(all, 0xD9, 4, 1, "fldenv", Operand.ENVIRONMENT, true, Effect.LOAD_IMAGE);
    control(all, 0xD9, 5, 1, "fldcw", Operand.M16_WORD, true, Effect.LOAD);
    control(all, 0xD9, 6, 1, "fnstenv", Operand.ENVIRONMENT, false, Effect.STORE_IMAGE);
    control(all, 0xD9, 7, 1, "fnstcw", Operand.M16_WORD, false, Effect.STORE);
    register(all, 0xD9, 0xC0, 8, "fld", Operand.STI);
    register(all, 0xD9, 0xC8, 8, "fxch", Operand.STI);
    register(all, 0xD9, 0xD0, 1, "fnop", Operand.NONE);
    register(all, 0xD9, 0xD8, 8, "fstpnce", Operand.STI);
    plain(all, 0xD9, 0xE0, "fchs", "fabs", "", "", "ftst", "fxam", "", "");
    plain(all, 0xD9, 0xE8, "fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz", "");
    plain(all, 0xD9, 0xF0, "f2xm1", "fyl2x", "fptan", "fpatan", "fxtract", "fprem1");
    plain(all, 0xD9, 0xF6, "fdecstp", "fincstp", "fprem", "fyl2xp1", "fsqrt", "fsincos");
    plain(all, 0xD9, 0xFC, "frndint", "fscale", "fsin", "fcos");

    arithmeticMemory(all, 0xDA, "fi", Operand.M32_INTEGER, arithmetic);
    conditionalMoves(all, 0xDA, "fcmovb", "fcmove", "fcmovbe", "fcmovu");
    register(all, 0xDA, 0xE9, 1, "fucompp", Operand.NONE);

    load(all, 0xDB, 0, "fild", Operand.M32_INTEGER);
    store(all, 0xDB, 2, "fist", Operand.M32_INTEGER);
    store(all, 0xDB, 3, "fistp", Operand.M32_INTEGER);
    load(all, 0xDB, 5, "fld", Operand.M80_FLOAT);
    store(all, 0xDB, 7, "fstp", Operand.M80_FLOAT);
    conditionalMoves(all, 0xDB, "fcmovnb", "fcmovne", "fcmovnbe", "fcmovnu");
    control(all, 0xDB, 0xE0, 1, "fneni", Operand.NONE, false, Effect.REGISTER);
    control(all, 0xDB, 0xE1, 1, "fndisi", Operand.NONE, false, Effect.REGISTER);
    control(all, 0xDB, 0xE2, 1, "fnclex", Operand.NONE, false, Effect.REGISTER);
    control(all, 0xDB, 0xE3, 1, "fninit", Operand.NONE, false, Effect.REGISTER);
    control(all, 0xDB, 0xE4, 1, "fnsetpm", Operand.NONE, false, Effect.REGISTER);
    comparesToFlags(all, 0xDB, 0xE8, "fucomi");
    comparesToFlags(all, 0xDB, 0xF0, "fcomi");

    arithmeticMemory(all, 0xDC, "f", Operand.M64_FLOAT, arithmetic);
    register(all, 0xDC, 0xC0, 8, "fadd", Operand.STI_ST0);
    register(all, 0xDC, 0xC8, 8, "fmul", Operand.STI_ST0);
    register(all, 0xDC, 0xD0, 8, "fcom2", Operand.STI);
    register(all, 0xDC, 0xD8, 8, "fcomp3", Operand.STI);
    register(all, 0xDC, 0xE0, 8, "fsubr", Operand.STI_ST0);
    register(all, 0xDC, 0xE8, 8, "fsub", Operand.STI_ST0);
    register(all, 0xDC, 0xF0, 8, "fdivr", Operand.STI_ST0);
    register(all, 0xDC, 0xF8, 8, "fdiv", Operand.STI_ST0);

    load(all, 0xDD, 0, "fld", Operand.M64_FLOAT);
    store(all, 0xDD, 2, "fst", Operand.M64_FLOAT);
    store(all, 0xDD, 3, "fstp", Operand.M64_FLOAT);
    control(all, 0xDD, 4, 1, "frstor", Operand.STATE, true, Effect.LOAD_IMAGE);
    control(all, 0xDD, 6, 1, "fnsave", Operand.STATE, false, Effect.STORE_IMAGE);
    control(all, 0xDD, 7, 1, "fnstsw", Operand.M16_WORD, false, Effect.STORE);
    register(all, 0xDD, 0xC0, 8, "ffree", Operand.STI);
    register(all, 0xDD, 0xC8, 8, "fxch4", Operand.STI);
    register(all, 0xDD, 0xD0, 8, "fst", Operand.STI);
    register(all, 0xDD, 0xD8, 8, "fstp", Operand.STI);
    register(all, 0xDD, 0xE0, 8, "fucom", Operand.STI);
    register(all, 0xDD, 0xE8, 8, "fucomp", Operand.STI);

    arithmeticMemory(all, 0xDE, "fi", Operand.M16_INTEGER, arithmetic);
    register(all, 0xDE, 0xC0, 8, "faddp", Operand.STI_ST0);
    register(all, 0xDE, 0xC8, 8, "fmulp", Operand.STI_ST0);
    register(all, 0xDE, 0xD0, 8, "fcomp5", Operand.STI);
    register(all, 0xDE, 0xD9, 1, "fcompp", Operand.NONE);
    register(all, 0xDE, 0xE0, 8, "fsubrp", Operand.STI_ST0);
    register(all, 0xDE, 0xE8, 8, "fsubp", Operand.STI_ST0);
    register(all, 0xDE, 0xF0, 8, "fdivrp", Operand.STI_ST0);
    register(all, 0xDE, 0xF8, 8, "fdivp", Operand.STI_ST0);

    load(all, 0xDF, 0, "fild", Operand.M16_INTEGER);
    store(all, 0xDF, 2, "fist", Operand.M16_INTEGER);
    store(all, 0xDF, 3, "fistp", Operand.M16_INTEGER);
    load(all, 0xDF, 4, "fbld", Operand.M80_DECIMAL);
    load(all, 0xDF, 5, "fild", Operand.M64_INTEGER);
    store(all, 0xDF, 6, "fbstp", Operand.M80_DECIMAL);
    store(all, 0xDF, 7, "fistp", Operand.M64_INTEGER);
    register(all, 0xDF, 0xC0, 8, "ffreep", Operand.STI);
    register(all, 0xDF, 0xC8, 8, "fxch7", Operand.STI);
    register(all, 0xDF, 0xD0, 8, "fstp8", Operand.STI);
    register(all, 0xDF, 0xD8, 8, "fstp9", Operand.STI);
    control(all, 0xDF, 0xE0, 1, "fnstsw", Operand.AX, false, Effect.STATUS_TO_AX);
    comparesToFlags(all, 0xDF, 0xE8, "fucomip");
    comparesToFlags(all, 0xDF, 0xF0, "fcomip");
    return List.copyOf(all);
  }

  private static void arithmeticMemory(
      List<X87Form> all, int opcode, String prefix, Operand operand, String[] names) {
    for (int digit = 0; digit < 8; digit++) {
      load(all, opcode, digit, prefix + names[digit], operand);
    }
  }

  private static void load(
      List<X87Form> all, int opcode, int digit, String mnemonic, Operand operand) {
    add(all, new X87Form(opcode, digit, 1, mnemonic, operand, true, true, Effect.LOAD));
  }

  private static void store(
      List<X87Form> all, int opcode, int digit, String mnemonic, Operand operand) {
    add(all, new X87Form(opcode, digit, 1, mnemonic, operand, true, true, Effect.STORE));
  }

  private static void register(
      List<X87Form> all, int opcode, int modrm, int count, String mnemonic, Operand operand) {
    add(all, new X87Form(opcode, modrm, count, mnemonic, operand, true, true, Effect.REGISTER));
  }

  /** Forms without operands at second bytes in a row; an empty name is a reserved byte. */
  private static void plain(List<X87Form> all, int opcode, int modrm, String... mnemonics) {
    for (int i = 0; i < mnemonics.length; i++) {
      if (!mnemonics[i].isEmpty()) {
        register(all, opcode, modrm + i, 1, mnemonics[i], Operand.NONE);
      }
    }
  }

  private static void conditionalMoves(List<X87Form> all, int opcode, String... mnemonics) {
    for (int i = 0; i < mnemonics.length; i++) {
      add(
          all,
          new X87Form(
              opcode,
              0xC0 + 8 * i,
              8,
              mnemonics[i],
              Operand.ST0_STI,
              true,
              true,
              Effect.CONDITIONAL_MOVE));
    }
  }

  private static void comparesToFlags(List<X87Form> all, int opcode, int modrm, String mnemonic) {
    add(
        all,
        new X87Form(
            opcode, modrm, 8, mnemonic, Operand.ST0_STI, true, true, Effect.REGISTER_AND_FLAGS));
  }

  private static void control(
      List<X87Form> all,
      int opcode,
      int modrm,
      int count,
      String mnemonic,
      Operand operand,
      boolean waiting,
      Effect effect) {
    add(all, new X87Form(opcode, modrm, count, mnemonic, operand, waiting, false, effect));
  }

  private static void add(List<X87Form> all, X87Form form) {
    all.add(form);
    for (int i = 0; i < form.count(); i++) {
      if (form.isMemory()) {
        MEMORY[form.memoryForm()] = form;
      } else {
        REGISTER[(form.opcode() & 7) << 6 | ((form.modrm() + i) & 63)] = form;
      }
    }
  }
}
