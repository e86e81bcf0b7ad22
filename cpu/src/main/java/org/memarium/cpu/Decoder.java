package org.memarium.cpu;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.InstructionForm.ModRm;
import org.memarium.hardware.Segmentation;

/**
 * Bytes to {@link Instruction}s, by {@link InstructionSet}.
 *
 * <p>Nothing is thrown here: what raises an exception by its encoding alone becomes an instruction
 * that raises it ({@link Operation#INVALID}, {@link Operation#TOO_LONG}).
 */
final class Decoder {
  /** An answer of {@link #decode}: the bytes end inside the instruction. */
  static final int TRUNCATED = -1;

  /** The processor takes no longer ones. */
  static final int MAX_LENGTH = 15;

  static final InstructionForm INVALID = pseudo(Operation.INVALID, "(bad)");
  static final InstructionForm TOO_LONG = pseudo(Operation.TOO_LONG, "(too long)");

  private static final int[] BASES_16 = {
    Cpu.EBX, Cpu.EBX, Cpu.EBP, Cpu.EBP, Cpu.ESI, Cpu.EDI, Cpu.EBP, Cpu.EBX
  };
  private static final int[] INDEXES_16 = {
    Cpu.ESI, Cpu.EDI, Cpu.ESI, Cpu.EDI, Core.NONE, Core.NONE, Core.NONE, Core.NONE
  };

  private final CpuModel model;

  private byte[] bytes = {};
  private int start;
  private int at;
  private int limit;
  private boolean truncated;
  private boolean tooLong;
  private int segmentOverride;
  private Mode mode = Mode.FLAT_32;

  /** A decoder of the instructions that a model has. */
  Decoder(CpuModel model) {
    this.model = model;
  }

  private static InstructionForm pseudo(Operation operation, String mnemonic) {
    return new InstructionForm(
        operation,
        mnemonic,
        CpuModel.I686,
        0,
        false,
        0,
        1,
        ModRm.NONE,
        -1,
        -1,
        List.of(),
        false,
        0,
        0,
        0,
        null);
  }

  /**
   * Decodes one instruction.
   *
   * @param code the bytes
   * @param from index of the first one
   * @param to index behind the last one that may be looked at
   * @param eip offset of the instruction in its code segment
   * @param in the mode of the processor
   * @param out a fresh instruction, to be filled
   * @return its length, or {@link #TRUNCATED}
   */
  int decode(byte[] code, int from, int to, int eip, Mode in, Instruction out) {
    bytes = code;
    start = from;
    at = from;
    limit = to;
    truncated = false;
    tooLong = false;
    segmentOverride = -1;
    mode = in;
    out.eip = eip;
    InstructionForm form = decode(out);
    if (tooLong) {
      form = TOO_LONG;
    } else if (truncated) {
      return TRUNCATED;
    }
    out.form = form == null ? INVALID : form;
    out.length = (byte) (at - start);
    finishImmediate(out);
    return out.length;
  }

  private @Nullable InstructionForm decode(Instruction out) {
    boolean operandPrefix = false;
    boolean addressPrefix = false;
    boolean lock = false;
    int repeat = 0;
    int opcode;
    for (; ; ) {
      opcode = next();
      switch (opcode) {
        case 0x26 -> segmentOverride = Segmentation.ES;
        case 0x2E -> segmentOverride = Segmentation.CS;
        case 0x36 -> segmentOverride = Segmentation.SS;
        case 0x3E -> segmentOverride = Segmentation.DS;
        case 0x64 -> segmentOverride = Segmentation.FS;
        case 0x65 -> segmentOverride = Segmentation.GS;
        case 0x66 -> operandPrefix = true;
        case 0x67 -> addressPrefix = true;
        case 0xF0 -> lock = true;
        case 0xF2, 0xF3 -> repeat = opcode;
        default -> {
          out.operandBytes = (byte) (operandPrefix ? 6 - mode.bytes() : mode.bytes());
          out.addressBytes = (byte) (addressPrefix ? 6 - mode.bytes() : mode.bytes());
          out.repeat = repeat;
          int choosing = InstructionForm.choosingPrefix(repeat, operandPrefix);
          return decodeOpcode(out, opcode, choosing, lock);
        }
      }
      if (truncated || tooLong) {
        return null;
      }
    }
  }

  private @Nullable InstructionForm decodeOpcode(
      Instruction out, int first, int choosingPrefix, boolean lock) {
    boolean twoByte = first == 0x0F;
    int opcode = twoByte ? next() : first;
    boolean hasModRm = InstructionSet.hasModRm(model, twoByte, opcode);
    int modRm = hasModRm ? next() : 0;
    InstructionForm form = InstructionSet.find(model, twoByte, opcode, choosingPrefix, modRm);
    if (form == null || truncated || tooLong) {
      return null;
    }
    out.modRm = modRm;
    out.segment = segment(Segmentation.DS);
    boolean memory = hasModRm && modRm < 0xC0 && !namesOnlyRegisters(form);
    if (memory) {
      decodeAddress(out, modRm);
    }
    List<Operand> operands = form.operands();
    for (int role = 0; role < operands.size(); role++) {
      if (!decodeOperand(out, operands.get(role), role, opcode, memory)) {
        return null;
      }
    }
    if (form.operation() == Operation.X87) {
      out.destinationInMemory = memory;
    }
    return lock && !(form.lockable() && out.destinationInMemory) ? null : form;
  }

  private static boolean namesOnlyRegisters(InstructionForm form) {
    return form.operands().contains(Operand.RD);
  }

  /**
   * Fills in one operand.
   *
   * @param role 0 destination, 1 source, 2 third
   * @return false where the encoding names something that does not exist
   */
  private boolean decodeOperand(
      Instruction out, Operand operand, int role, int opcode, boolean memory) {
    int size = operand.bytes(out.operandBytes);
    switch (operand.place()) {
      case RM, MEMORY, MM_RM, XMM_RM -> {
        if (memory) {
          setMemory(out, role, size);
        } else {
          setRegister(out, role, out.modRm & 7, size);
        }
      }
      case RM_REGISTER -> setRegister(out, role, out.modRm & 7, size);
      case REG, MM_REG, XMM_REG -> setRegister(out, role, out.modRm >> 3 & 7, size);
      case OPCODE -> setRegister(out, role, opcode & 7, size);
      case IMMEDIATE -> setImmediate(out, role, immediate(operand, size, out.operandBytes));
      case RELATIVE -> out.immediate = size == 1 ? (byte) next() : nextValue(size);
      case FAR -> {
        out.immediate = nextValue(out.operandBytes);
        out.immediate2 = nextValue(2);
      }
      case OFFSET -> {
        out.displacement = nextValue(out.addressBytes);
        setMemory(out, role, size);
      }
      case SEGMENT_REG -> {
        int register = out.modRm >> 3 & 7;
        if (register > Segmentation.GS || (role == 0 && register == Segmentation.CS)) {
          return false;
        }
        setRegister(out, role, register, size);
      }
      case CONTROL_REG -> {
        int register = out.modRm >> 3 & 7;
        return register == 0 || register == 2 || register == 3 || register == 4;
      }
      case DEBUG_REG -> {}
      case SOURCE, DESTINATION -> setSize(out, role, size);
      case FIXED_SEGMENT -> setRegister(out, role, segmentNumber(operand), size);
      case FIXED -> {
        if (operand == Operand.ONE) {
          setImmediate(out, role, 1);
        } else if (role == 2) {
          out.immediate2 = 1;
        } else {
          setRegister(out, role, operand == Operand.CL ? Cpu.ECX : Cpu.EAX, size);
        }
      }
    }
    return true;
  }

  private static int segmentNumber(Operand operand) {
    return switch (operand) {
      case ES -> Segmentation.ES;
      case CS -> Segmentation.CS;
      case SS -> Segmentation.SS;
      case DS -> Segmentation.DS;
      case FS -> Segmentation.FS;
      default -> Segmentation.GS;
    };
  }

  private int immediate(Operand operand, int size, int operandBytes) {
    if (operand == Operand.IS) {
      int value = (byte) next();
      return operandBytes == 2 ? value & 0xffff : value;
    }
    return nextValue(size);
  }

  private static void setImmediate(Instruction out, int role, int value) {
    if (role == 1 && out.sourceIsImmediate) {
      out.immediate2 = value;
    } else {
      out.immediate = value;
      out.sourceIsImmediate |= role != 2;
    }
    if (role == 0) {
      setSize(out, 0, out.operandBytes);
    }
  }

  private static void setRegister(Instruction out, int role, int register, int size) {
    byte number = (byte) (size == 1 ? register & 3 : register);
    byte shift = (byte) (size == 1 ? (register & 4) << 1 : 0);
    if (role == 0) {
      out.a = number;
      out.aShift = shift;
    } else {
      out.b = number;
      out.bShift = shift;
    }
    setSize(out, role, size);
  }

  private static void setMemory(Instruction out, int role, int size) {
    if (role == 0) {
      out.destinationInMemory = true;
    } else {
      out.sourceInMemory = true;
    }
    setSize(out, role, size);
  }

  private static void setSize(Instruction out, int role, int size) {
    if (role == 0) {
      out.size = (byte) size;
    } else if (role == 1) {
      out.sourceSize = (byte) size;
    }
  }

  private byte segment(int byDefault) {
    int register = segmentOverride >= 0 ? segmentOverride : byDefault;
    // CS is flat and still not writable, so that it keeps its check.
    boolean unchecked =
        mode.isFlat()
            && (register == Segmentation.DS
                || register == Segmentation.SS
                || register == Segmentation.ES);
    return unchecked ? Instruction.FLAT : (byte) register;
  }

  private void decodeAddress(Instruction out, int modRm) {
    if (out.addressBytes == 2) {
      decodeAddress16(out, modRm);
      return;
    }
    int mod = modRm >> 6;
    int base = modRm & 7;
    if (base == 4) {
      int sib = next();
      base = sib & 7;
      int index = sib >> 3 & 7;
      if (index != 4) {
        out.index = (byte) index;
        out.scale = (byte) (sib >> 6);
      }
    }
    if (mod == 0 && base == 5) {
      out.displacement = nextValue(4);
      return;
    }
    out.base = (byte) base;
    out.displacement = mod == 1 ? (byte) next() : mod == 2 ? nextValue(4) : 0;
    if (base == Cpu.ESP || base == Cpu.EBP) {
      out.segment = segment(Segmentation.SS);
    }
  }

  private void decodeAddress16(Instruction out, int modRm) {
    int mod = modRm >> 6;
    int rm = modRm & 7;
    if (mod == 0 && rm == 6) {
      out.displacement = nextValue(2);
      return;
    }
    out.base = (byte) BASES_16[rm];
    out.index = (byte) INDEXES_16[rm];
    out.displacement = mod == 1 ? (byte) next() : mod == 2 ? nextValue(2) : 0;
    if (out.base == Cpu.EBP) {
      out.segment = segment(Segmentation.SS);
    }
  }

  /** A relative branch gets its target, now that the length is known; CMOVcc and SETcc the code. */
  private static void finishImmediate(Instruction out) {
    List<Operand> operands = out.form.operands();
    if (out.operation() == Operation.CMOVCC || out.operation() == Operation.SETCC) {
      out.immediate = out.form.condition();
    }
    if (!operands.isEmpty() && operands.getFirst().place() == Operand.Place.RELATIVE) {
      int target = out.endEip() + out.immediate;
      out.immediate = out.operandBytes == 2 ? target & 0xffff : target;
    }
  }

  private int nextValue(int size) {
    int value = next();
    if (size >= 2) {
      value |= next() << 8;
    }
    if (size == 4) {
      value |= next() << 16;
      value |= next() << 24;
    }
    return value;
  }

  private int next() {
    if (at - start == MAX_LENGTH) {
      tooLong = true;
      return 0;
    }
    if (at == limit) {
      truncated = true;
      return 0;
    }
    return bytes[at++] & 0xff;
  }
}
