package org.memarium.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.InstructionForm.ModRm;
import org.memarium.cpu.x87.X87Form;
import org.memarium.cpu.x87.X87Forms;

/**
 * All instructions of the processor, one {@link InstructionForm} for each encoding: {@link
 * InstructionTable} for the integer unit, {@link X87Forms} for x87, {@link SimdTable} for MMX and
 * SSE. Decoder, executor, disassembler and tests all start here.
 */
public final class InstructionSet {
  /** Condition codes, in the order of the low four bits of their opcodes. */
  static final List<String> CONDITIONS =
      List.of(
          "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g");

  /** Flags that the condition pairs (o, b, e, be, s, p, l, le) read. */
  private static final int[] CONDITION_FLAGS = {
    Flags.OF,
    Flags.CF,
    Flags.ZF,
    Flags.CF | Flags.ZF,
    Flags.SF,
    Flags.PF,
    Flags.SF | Flags.OF,
    Flags.SF | Flags.OF | Flags.ZF
  };

  private static final int TWO_BYTE = 256;

  /** The forms of each model, by opcode. */
  private static final Map<CpuModel, InstructionForm[][]> BY_OPCODE = emptyMaps();

  private static final List<InstructionForm> ALL = parse();

  private InstructionSet() {}

  /** Every form, in the order of the table. */
  public static List<InstructionForm> all() {
    return ALL;
  }

  /**
   * The form that an opcode means.
   *
   * @param model the processor
   * @param twoByte whether 0F precedes the opcode
   * @param opcode the opcode byte
   * @param prefix what {@link InstructionForm#choosingPrefix} says
   * @param nextByte the byte after the opcode; any value where {@link #hasModRm} says no
   * @return the form, or null: #UD
   */
  public static @Nullable InstructionForm find(
      CpuModel model, boolean twoByte, int opcode, int prefix, int nextByte) {
    for (InstructionForm form : forms(model, twoByte, opcode)) {
      if (form.matches(prefix, nextByte)) {
        return form;
      }
    }
    return null;
  }

  /** Whether a ModRM byte follows the opcode. */
  public static boolean hasModRm(CpuModel model, boolean twoByte, int opcode) {
    InstructionForm[] forms = forms(model, twoByte, opcode);
    return forms.length != 0 && forms[0].modRm() != ModRm.NONE;
  }

  private static InstructionForm[] forms(CpuModel model, boolean twoByte, int opcode) {
    return opcodeMap(model)[twoByte ? TWO_BYTE | opcode : opcode];
  }

  private static InstructionForm[][] opcodeMap(CpuModel model) {
    return Objects.requireNonNull(BY_OPCODE.get(model));
  }

  private static Map<CpuModel, InstructionForm[][]> emptyMaps() {
    Map<CpuModel, InstructionForm[][]> maps = new EnumMap<>(CpuModel.class);
    for (CpuModel model : CpuModel.values()) {
      maps.put(model, new InstructionForm[512][0]);
    }
    return maps;
  }

  private static List<InstructionForm> parse() {
    List<InstructionForm> all = new ArrayList<>();
    parse(all, InstructionTable.TEXT, CpuModel.I686);
    for (X87Form form : X87Forms.all()) {
      add(all, x87(form));
    }
    parse(all, SimdTable.TEXT, CpuModel.PENTIUM4);
    return List.copyOf(all);
  }

  private static void parse(List<InstructionForm> all, String table, CpuModel model) {
    String[] head = {};
    for (String line : table.split("\n", -1)) {
      if (line.startsWith("  ")) {
        for (String encoding : line.split(" \\| ", -1)) {
          parseEncoding(all, head, encoding.strip().split(" ", -1), model);
        }
      } else if (!line.isEmpty()) {
        head = line.split(" ", -1);
      }
    }
  }

  private static void parseEncoding(
      List<InstructionForm> all, String[] head, String[] encoding, CpuModel model) {
    String code = encoding[0];
    int prefix = 0;
    int colon = code.indexOf(':');
    if (colon > 0) {
      String name = code.substring(0, colon);
      prefix = name.equals("NP") ? InstructionForm.NO_PREFIX : Integer.parseInt(name, 16);
      code = code.substring(colon + 1);
    }
    boolean twoByte = code.length() >= 4 && code.startsWith("0F") && isHex(code.charAt(2));
    if (twoByte) {
      code = code.substring(2);
    }
    int opcode = Integer.parseInt(code, 0, 2, 16);
    code = code.substring(2);
    boolean conditions = code.startsWith("+cc");
    int count = code.startsWith("+r") ? 8 : 1;
    code = code.substring(conditions ? 3 : count == 8 ? 2 : 0);

    ModRm modRm = ModRm.NONE;
    int digit = -1;
    int fixedModRm = -1;
    if (code.startsWith("!")) {
      modRm = ModRm.REGISTER;
      fixedModRm = Integer.parseInt(code, 1, 3, 16);
    } else if (code.startsWith("/")) {
      modRm = code.endsWith("m") ? ModRm.MEMORY : code.endsWith("g") ? ModRm.REGISTER : ModRm.ANY;
      digit = code.charAt(1) == 'r' ? -1 : code.charAt(1) - '0';
    }
    List<Operand> operands = new ArrayList<>();
    if (encoding.length > 1) {
      for (String operand : encoding[1].split(",", -1)) {
        operands.add(
            operand.equals("1") ? Operand.ONE : Operand.valueOf(operand.toUpperCase(Locale.ROOT)));
      }
    }
    for (int condition = 0; condition < (conditions ? 16 : 1); condition++) {
      String[] names = head[0].split("=", -1);
      String mnemonic = names.length > 1 ? names[1] : names[0].toLowerCase(Locale.ROOT);
      add(
          all,
          new InstructionForm(
              Operation.valueOf(names[0]),
              mnemonic.replace("{cc}", CONDITIONS.get(condition)),
              model,
              prefix,
              twoByte,
              opcode + condition,
              count,
              modRm,
              digit,
              fixedModRm,
              List.copyOf(operands),
              List.of(head).contains("lock"),
              flags(head, "r:") | (conditions ? CONDITION_FLAGS[condition >> 1] : 0),
              flags(head, "w:"),
              flags(head, "u:"),
              null));
    }
  }

  private static InstructionForm x87(X87Form form) {
    boolean toFlags = form.effect() == X87Form.Effect.REGISTER_AND_FLAGS;
    boolean conditional = form.effect() == X87Form.Effect.CONDITIONAL_MOVE;
    return new InstructionForm(
        Operation.X87,
        form.mnemonic(),
        CpuModel.I686,
        0,
        false,
        form.opcode(),
        1,
        form.isMemory() ? ModRm.MEMORY : ModRm.REGISTER,
        form.isMemory() ? form.modrm() : -1,
        form.isMemory() ? -1 : form.modrm(),
        List.of(),
        false,
        conditional ? Flags.CF | Flags.ZF | Flags.PF : 0,
        toFlags ? Flags.ARITHMETIC : 0,
        0,
        form);
  }

  private static void add(List<InstructionForm> all, InstructionForm form) {
    all.add(form);
    for (CpuModel model : CpuModel.values()) {
      if (model.compareTo(form.model()) >= 0) {
        for (int i = 0; i < form.count(); i++) {
          int at = (form.twoByte() ? TWO_BYTE : 0) | (form.opcode() + i);
          InstructionForm[][] ofModel = opcodeMap(model);
          InstructionForm[] longer = Arrays.copyOf(ofModel[at], ofModel[at].length + 1);
          longer[longer.length - 1] = form;
          ofModel[at] = longer;
        }
      }
    }
  }

  private static int flags(String[] head, String kind) {
    int flags = 0;
    for (String attribute : head) {
      if (attribute.startsWith(kind)) {
        for (int i = 2; i < attribute.length(); i++) {
          flags |=
              switch (attribute.charAt(i)) {
                case 'o' -> Flags.OF;
                case 's' -> Flags.SF;
                case 'z' -> Flags.ZF;
                case 'a' -> Flags.AF;
                case 'p' -> Flags.PF;
                case 'c' -> Flags.CF;
                case 'd' -> Flags.DF;
                default -> throw new IllegalStateException("no such flag: " + attribute);
              };
        }
      }
    }
    return flags;
  }

  private static boolean isHex(char letter) {
    return Character.digit(letter, 16) >= 0;
  }
}
