package org.memarium.cpu;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.x87.X87Form;
import org.memarium.hardware.Segmentation;

/**
 * Instructions as text, in Intel's syntax: {@code add dword ptr [ebx+ecx*4+0x10], eax}.
 *
 * <p>It uses the processor's own decoder and table, so what it shows is what would be executed.
 */
public final class Disassembler {
  private static final String[] LONG = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
  private static final String[] WORD = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  private static final String[] BYTE = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
  private static final String[] SEGMENT = {"es", "cs", "ss", "ds", "fs", "gs"};

  private static final int LOCK = 0xF0;
  private static final int REPNE = 0xF2;

  private final Decoder decoder = new Decoder(CpuModel.PENTIUM4);
  private final boolean wide;

  /**
   * A disassembler for code segments of one kind.
   *
   * @param wide D of the code segment: 32-bit code
   */
  public Disassembler(boolean wide) {
    this.wide = wide;
  }

  /**
   * One instruction.
   *
   * @param eip its offset in the code segment
   * @param bytes its length
   * @param text as an assembler would take it
   */
  public record Line(int eip, int bytes, String text) {}

  /**
   * Disassembles one instruction.
   *
   * @param code the bytes
   * @param from index of the first one
   * @param eip offset of that byte in the code segment
   * @return the line, or null if the bytes end inside the instruction
   */
  public @Nullable Line disassemble(byte[] code, int from, int eip) {
    Instruction i = new Instruction();
    // Decoded as if segments mattered, so that overrides are seen.
    Mode mode = wide ? Mode.SEGMENTED_32 : Mode.SEGMENTED_16;
    int length = decoder.decode(code, from, code.length, eip, mode, i);
    if (length == Decoder.TRUNCATED) {
      return null;
    }
    StringBuilder text = new StringBuilder();
    appendPrefixes(text, i, code, from);
    text.append(i.form.mnemonic(i.operandBytes));
    if (i.operation().group() != Operation.Group.STRING) {
      appendOperands(text, i);
    }
    return new Line(eip, length, text.toString());
  }

  private static void appendPrefixes(StringBuilder text, Instruction i, byte[] code, int from) {
    for (int at = from; at < from + i.length && isPrefix(code[at] & 0xff); at++) {
      if ((code[at] & 0xff) == LOCK) {
        text.append("lock ");
      }
    }
    if (i.repeat != 0 && i.operation().group() == Operation.Group.STRING) {
      boolean compares = i.operation() == Operation.CMPS || i.operation() == Operation.SCAS;
      text.append(!compares ? "rep " : i.repeat == REPNE ? "repne " : "repe ");
    }
  }

  private static boolean isPrefix(int value) {
    return switch (value) {
      case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, LOCK, REPNE, 0xF3 -> true;
      default -> false;
    };
  }

  private static void appendOperands(StringBuilder text, Instruction i) {
    X87Form x87 = i.form.x87();
    if (x87 != null) {
      appendFloatingPoint(text, i, x87);
      return;
    }
    List<Operand> operands = i.form.operands();
    for (int role = 0; role < operands.size(); role++) {
      text.append(role == 0 ? " " : ", ");
      appendOperand(text, i, operands.get(role), role);
    }
  }

  private static void appendOperand(StringBuilder text, Instruction i, Operand operand, int role) {
    int bytes = operand.bytes(i.operandBytes);
    switch (operand.place()) {
      case RM, MEMORY, MM_RM, XMM_RM -> {
        if (i.modRm < 0xC0) {
          text.append(operand == Operand.M ? "" : pointer(operand, bytes));
          appendMemory(text, i);
        } else {
          // PINSRW takes the low half of a general register, under its whole name.
          boolean whole = i.operation() == Operation.PINSRW;
          text.append(register(operand, i.modRm & 7, whole ? 4 : bytes));
        }
      }
      case REG, MM_REG, XMM_REG -> text.append(register(operand, i.modRm >> 3 & 7, bytes));
      case RM_REGISTER -> text.append(LONG[i.modRm & 7]);
      case OPCODE -> text.append(opcodeRegister(i, role, bytes));
      case IMMEDIATE -> appendHex(text, role == 1 && isSecond(i) ? i.immediate2 : i.immediate);
      case RELATIVE -> appendHex(text, i.immediate);
      case FAR -> {
        appendHex(text, i.immediate2);
        text.append(':');
        appendHex(text, i.immediate);
      }
      case OFFSET -> {
        text.append(pointer(operand, bytes));
        appendMemory(text, i);
      }
      case SEGMENT_REG -> text.append(SEGMENT[i.modRm >> 3 & 7]);
      case CONTROL_REG -> text.append("cr").append(i.modRm >> 3 & 7);
      case DEBUG_REG -> text.append("dr").append(i.modRm >> 3 & 7);
      case SOURCE, DESTINATION -> text.append(pointer(operand, bytes).strip());
      case FIXED_SEGMENT -> text.append(SEGMENT[i.a]);
      case FIXED -> text.append(fixed(operand, bytes));
    }
  }

  /** ENTER has two immediates; every other one is the first. */
  private static boolean isSecond(Instruction i) {
    return i.operation() == Operation.ENTER;
  }

  private static String opcodeRegister(Instruction i, int role, int bytes) {
    int number = role == 0 ? i.a : i.b;
    int shift = role == 0 ? i.aShift : i.bShift;
    return register(number | shift >> 1, bytes);
  }

  private static String fixed(Operand operand, int bytes) {
    return switch (operand) {
      case ONE -> "1";
      case CL -> "cl";
      case DX -> "dx";
      default -> register(Cpu.EAX, bytes);
    };
  }

  private static void appendFloatingPoint(StringBuilder text, Instruction i, X87Form form) {
    int number = i.modRm & 7;
    switch (form.operand()) {
      case NONE -> {}
      case ST0_STI -> text.append(" st, st(").append(number).append(')');
      case STI_ST0 -> text.append(" st(").append(number).append("), st");
      case STI -> text.append(" st(").append(number).append(')');
      case AX -> text.append(" ax");
      default -> {
        text.append(' ').append(size(form.operand().bytes(i.operandBytes == 2)));
        appendMemory(text, i);
      }
    }
  }

  private static void appendMemory(StringBuilder text, Instruction i) {
    boolean stack = i.base == Cpu.ESP || i.base == Cpu.EBP;
    if (i.segment != (stack ? Segmentation.SS : Segmentation.DS)) {
      text.append(SEGMENT[i.segment]).append(':');
    }
    text.append('[');
    String[] names = i.addressBytes == 2 ? WORD : LONG;
    boolean first = true;
    if (i.base != Core.NONE) {
      text.append(names[i.base]);
      first = false;
    }
    if (i.index != Core.NONE) {
      text.append(first ? "" : "+").append(names[i.index]);
      if (i.scale != 0) {
        text.append('*').append(1 << i.scale);
      }
      first = false;
    }
    if (first) {
      appendHex(text, i.displacement);
    } else if (i.displacement != 0) {
      text.append(i.displacement < 0 ? '-' : '+');
      appendHex(text, Math.abs(i.displacement));
    }
    text.append(']');
  }

  private static String register(Operand operand, int number, int bytes) {
    return switch (operand.place()) {
      case MM_REG, MM_RM -> "mm" + number;
      case XMM_REG, XMM_RM -> "xmm" + number;
      default -> register(number, bytes);
    };
  }

  private static String register(int number, int bytes) {
    return bytes == 1 ? BYTE[number] : bytes == 2 ? WORD[number] : LONG[number];
  }

  private static String pointer(Operand operand, int bytes) {
    return switch (operand) {
      case MP -> bytes == 2 ? "dword ptr " : "fword ptr ";
      case MA -> size(2 * bytes);
      default -> size(bytes);
    };
  }

  private static String size(int bytes) {
    return switch (bytes) {
      case 1 -> "byte ptr ";
      case 2 -> "word ptr ";
      case 4 -> "dword ptr ";
      case 8 -> "qword ptr ";
      case 10 -> "tbyte ptr ";
      case 16 -> "xmmword ptr ";
      default -> "";
    };
  }

  private static void appendHex(StringBuilder text, int value) {
    text.append("0x").append(Integer.toHexString(value));
  }
}
