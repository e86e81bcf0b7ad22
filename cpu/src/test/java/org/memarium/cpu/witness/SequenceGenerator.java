package org.memarium.cpu.witness;

import java.util.List;
import java.util.Random;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuModel;
import org.memarium.cpu.Flags;
import org.memarium.cpu.InstructionForm;
import org.memarium.cpu.InstructionForm.ModRm;
import org.memarium.cpu.InstructionSet;
import org.memarium.cpu.Operand;
import org.memarium.cpu.Operation;

/**
 * Makes short programs: straight pieces with conditional jumps over single instructions, half of
 * them in a loop, some of them changing their own immediates. So flags meet their readers, and
 * decoded blocks are entered again, linked and thrown away.
 */
final class SequenceGenerator {
  private static final int COUNTER = TestCase.DATA + 0x20;
  private static final int MAX_BODY = 84;

  /** A program, and which flags nobody knows at its end, or at any place in it. */
  record Program(TestCase test, int undefinedAtEnd, int everUndefined) {}

  private final Random random;
  private final CaseGenerator states;
  private final List<InstructionForm> forms;

  // Of the program in the making.
  private CodeBuffer code = new CodeBuffer();
  private int undefined;
  private int everUndefined;
  private boolean x87;
  private boolean simd;

  SequenceGenerator(long seed) {
    random = new Random(seed);
    states = new CaseGenerator(seed + 1);
    forms = InstructionSet.all().stream().filter(SequenceGenerator::isPlain).toList();
  }

  private static boolean isPlain(InstructionForm form) {
    if (form.x87() != null) {
      return !Exclusions.isTranscendental(form) && form.x87().operand().bytes(false) <= 10;
    }
    for (Operand operand : form.operands()) {
      switch (operand.place()) {
        case RM, REG, OPCODE, MEMORY, IMMEDIATE, OFFSET, FIXED -> {}
        case MM_REG, MM_RM, XMM_REG, XMM_RM -> {}
        default -> {
          return false;
        }
      }
    }
    if (form.model() == CpuModel.PENTIUM4) {
      return switch (form.operation()) {
        // The images and MXCSR are no random bytes; estimates have no bits; MASKMOV goes to EDI.
        case FXSAVE, FXRSTOR, LDMXCSR, FLOAT_ESTIMATE, MASKMOV -> false;
        default -> true;
      };
    }
    return switch (form.operation()) {
      case ADD,
          OR,
          ADC,
          SBB,
          AND,
          SUB,
          XOR,
          CMP,
          TEST,
          INC,
          DEC,
          NOT,
          NEG,
          XADD,
          CMPXCHG,
          ROL,
          ROR,
          RCL,
          RCR,
          SHL,
          SHR,
          SAR,
          SHLD,
          SHRD,
          BT,
          BTS,
          BTR,
          BTC,
          BSF,
          BSR,
          BSWAP,
          MUL,
          IMUL,
          IMUL_LOW,
          CBW,
          CWD,
          DAA,
          DAS,
          AAA,
          AAS,
          AAD,
          MOV,
          MOVZX,
          MOVSX,
          XCHG,
          LEA,
          CMOVCC,
          SETCC,
          PUSH,
          POP,
          NOP,
          PUSHF,
          LAHF,
          SAHF,
          CLC,
          STC,
          CMC,
          CLD,
          STD,
          SALC ->
          form.prefix() == 0;
      default -> false;
    };
  }

  Program next() {
    TestCase test = states.nextState();
    boolean loop = random.nextBoolean();
    do {
      code = new CodeBuffer();
      // What DEC leaves alone comes back around to the top.
      undefined = loop ? Flags.CF : 0;
      everUndefined = 0;
      x87 = random.nextInt(3) == 0;
      simd = random.nextInt(3) == 0;
      test.codeAddress =
          random.nextInt(4) == 0
              ? TestCase.CODE + 0x1000 - random.nextInt(40)
              : TestCase.CODE + 0x800;
      int changeable = random.nextInt(6) == 0 ? movImmediate() : -1;
      int instructions = 2 + random.nextInt(10);
      for (int i = 0; i < instructions && code.size() < MAX_BODY - 16; i++) {
        step();
      }
      if (changeable >= 0) {
        incrementCode(test.codeAddress + changeable);
      }
      if (loop) {
        closeLoop(test);
      }
      test.code = code.toArray();
    } while (Exclusions.isDangerous(test.code));
    test.registers[Cpu.ESP] = TestCase.DATA + 0x800;
    test.origin = "program";
    return new Program(test, undefined, everUndefined);
  }

  private void step() {
    if (random.nextInt(6) == 0) {
      jumpOverNext();
    } else {
      instruction(choose());
    }
  }

  private InstructionForm choose() {
    for (; ; ) {
      InstructionForm form = forms.get(random.nextInt(forms.size()));
      boolean isX87 = form.x87() != null;
      boolean isSimd = form.model() == CpuModel.PENTIUM4;
      if ((form.flagsRead() & undefined) == 0 && (!isX87 || x87) && (!isSimd || simd)) {
        return form;
      }
    }
  }

  private void jumpOverNext() {
    int condition = random.nextInt(16);
    InstructionForm jump =
        InstructionSet.all().stream()
            .filter(form -> form.operation() == Operation.JCC && form.condition() == condition)
            .findFirst()
            .orElseThrow();
    if ((jump.flagsRead() & undefined) != 0) {
      return;
    }
    int before = undefined;
    code.add(0x70 | condition);
    int distanceAt = code.size();
    code.add(0);
    instruction(choose());
    code.set(distanceAt, code.size() - distanceAt - 1);
    undefined |= before;
  }

  private void instruction(InstructionForm form) {
    // A double shift of 16 bits by more than 16 has no defined result.
    boolean doubleShift = form.operation() == Operation.SHLD || form.operation() == Operation.SHRD;
    boolean isSimd = form.model() == CpuModel.PENTIUM4;
    int operandBytes = !doubleShift && !isSimd && random.nextInt(5) == 0 ? 2 : 4;
    if (isSimd && form.prefix() != InstructionForm.NO_PREFIX) {
      code.add(form.prefix());
    }
    if (operandBytes == 2) {
      code.add(0x66);
    }
    if (form.twoByte()) {
      code.add(0x0f);
    }
    code.add(form.opcode() + (form.count() == 8 ? register() : 0));
    if (form.modRm() != ModRm.NONE) {
      modRm(form);
    }
    for (Operand operand : form.operands()) {
      switch (operand.place()) {
        case IMMEDIATE -> code.addLittleEndian(random.nextInt(), operand.bytes(operandBytes));
        case OFFSET -> code.addLittleEndian(address(), 4);
        default -> {}
      }
    }
    track(form);
  }

  private void modRm(InstructionForm form) {
    if (form.fixedModRm() >= 0) {
      code.add(form.fixedModRm() + (form.x87() == null ? 0 : random.nextInt(form.x87().count())));
      return;
    }
    int reg = form.digit() >= 0 ? form.digit() : register();
    boolean memory =
        form.modRm() == ModRm.MEMORY || (form.modRm() == ModRm.ANY && random.nextInt(3) == 0);
    if (memory) {
      code.add(reg << 3 | 5);
      code.addLittleEndian(form.model() == CpuModel.PENTIUM4 ? address() & -16 : address(), 4);
    } else {
      code.add(0xc0 | reg << 3 | register());
    }
  }

  private void track(InstructionForm form) {
    int unknown = form.flagsUndefined();
    int written = form.flagsWritten();
    switch (form.operation()) {
      case ROL, ROR, RCL, RCR, SHL, SHR, SAR, SHLD, SHRD -> {
        // With a count of 0 nothing is written, with another than 1 the sign of OF is anyone's.
        unknown |= Flags.OF | Flags.CF | (undefined & Flags.ARITHMETIC);
        written = 0;
      }
      default -> {}
    }
    undefined = (undefined & ~written) | unknown;
    everUndefined |= undefined;
  }

  /** {@code mov reg, imm32}; returns where its immediate is. */
  private int movImmediate() {
    code.add(0xb8 | register());
    int at = code.size();
    code.addLittleEndian(random.nextInt(), 4);
    return at;
  }

  /** {@code inc byte [address]}, of the program itself. */
  private void incrementCode(int address) {
    code.add(0xfe);
    code.add(0x05);
    code.addLittleEndian(address, 4);
    undefined &= Flags.CF;
  }

  /** {@code dec dword [counter]; jnz top}. */
  private void closeLoop(TestCase test) {
    test.patch(COUNTER, (byte) (1 + random.nextInt(20)), (byte) 0, (byte) 0, (byte) 0);
    code.add(0xff);
    code.add(0x0d);
    code.addLittleEndian(COUNTER, 4);
    undefined &= Flags.CF;
    code.add(0x75);
    code.add(-(code.size() + 1));
  }

  /** Mostly few places, so that what was written is read again; sometimes across a page. */
  private int address() {
    return random.nextInt(20) == 0
        ? TestCase.DATA + 0x1000 - random.nextInt(8)
        : TestCase.DATA + 0x400 + 2 * random.nextInt(16);
  }

  /** Any register but ESP. */
  private int register() {
    int register = random.nextInt(7);
    return register == Cpu.ESP ? Cpu.EDI : register;
  }
}
