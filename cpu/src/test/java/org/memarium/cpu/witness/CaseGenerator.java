package org.memarium.cpu.witness;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuModel;
import org.memarium.cpu.Flags;
import org.memarium.cpu.InstructionForm;
import org.memarium.cpu.InstructionForm.ModRm;
import org.memarium.cpu.Operand;
import org.memarium.cpu.Operation;

/**
 * Makes random cases of one instruction form: prefixes, every way to address memory, operands and
 * immediates near the boundaries where things go wrong, memory that is there, that is read-only or
 * that is not.
 */
final class CaseGenerator {
  private static final int OPERAND_SIZE = 0x66;
  private static final int ADDRESS_SIZE = 0x67;
  private static final int LOCK = 0xf0;
  private static final int REPNE = 0xf2;
  private static final int REP = 0xf3;
  private static final int FS_PREFIX = 0x64;
  private static final int GS_PREFIX = 0x65;
  private static final int[] SEGMENT_PREFIXES = {0x26, 0x2e, 0x36, 0x3e, FS_PREFIX, GS_PREFIX};

  private final Dice dice;
  private final AddressEncoder encoder;
  private final X87Values x87;
  private final SimdValues simd;

  // Of the case in the making.
  private TestCase test = new TestCase();
  private InstructionForm form = Exclusions.ANY_FORM;
  private int operandBytes;
  private boolean address16;
  private int segmentPrefix;

  CaseGenerator(long seed) {
    Random random = new Random(seed);
    dice = new Dice(random);
    encoder = new AddressEncoder(dice);
    x87 = new X87Values(random);
    simd = new SimdValues(random);
  }

  /** The next case of a form. */
  TestCase next(InstructionForm wanted) {
    do {
      form = wanted;
      test = new TestCase();
      make();
    } while (Exclusions.isDangerous(test.code));
    test.origin = form.mnemonic();
    return test;
  }

  /** A random state without code. */
  TestCase nextState() {
    form = Exclusions.ANY_FORM;
    test = new TestCase();
    randomState();
    test.eflags &= ~Flags.TF;
    if (dice.chance(50)) {
      test.fpu = x87.state();
    }
    if (dice.chance(50)) {
      simd.begin(dice.chance(50) ? "ps" : "pd");
      test.xmm = simd.elements(TestCase.XMM_BYTES);
      test.mxcsr = simd.mxcsr();
    }
    return test;
  }

  /** A case of random bytes, of which a single step (TF) runs the first instruction. */
  TestCase nextRaw() {
    do {
      form = Exclusions.ANY_FORM;
      test = new TestCase();
      randomState();
      test.eflags |= Flags.TF;
      byte[] code = new byte[15];
      dice.bits(code);
      if (dice.chance(50)) {
        int prefixes = dice.below(3);
        for (int i = 0; i < prefixes; i++) {
          code[i] =
              (byte) dice.pick(0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65);
        }
        if (dice.chance(40)) {
          code[prefixes] = 0x0f;
        }
      }
      test.code = code;
    } while (Exclusions.isDangerous(test.code));
    test.origin = "raw";
    return test;
  }

  private void make() {
    randomState();
    List<Integer> prefixes = choosePrefixes();
    CodeBuffer code = new CodeBuffer();
    prefixes.forEach(code::add);
    if (form.twoByte()) {
      code.add(0x0f);
    }
    code.add(form.opcode() + dice.below(form.count()));
    if (form.modRm() != ModRm.NONE) {
      modRm(code);
    }
    for (Operand operand : form.operands()) {
      trailing(code, operand);
    }
    fixedOperands();
    test.code = code.toArray();
    place(code.size());
  }

  /** Registers, flags and x87 state, before anything is known of the operands. */
  private void randomState() {
    for (int i = 0; i < 8; i++) {
      test.registers[i] = dice.value();
    }
    test.registers[Cpu.ESP] = dice.stackPointer();
    if (dice.chance(30)) {
      test.registers[Cpu.EBP] = dice.stackPointer();
    }
    test.eflags = 0x202 | (dice.bits() & Flags.ARITHMETIC) | (dice.chance(25) ? Flags.DF : 0);
    if (dice.chance(2)) {
      test.eflags |= Flags.TF;
    }
    boolean simdForm = isSimd();
    if (form.x87() != null
        || form.operation() == Operation.FWAIT
        || dice.chance(simdForm ? 30 : 3)) {
      test.fpu = x87.state();
    }
    if (simdForm || dice.chance(3)) {
      simd.begin(form.mnemonic());
      test.xmm = simd.elements(TestCase.XMM_BYTES);
      test.mxcsr = simd.mxcsr();
      byte[] mmx = simd.elements(64);
      for (int i = 0; i < 8; i++) {
        System.arraycopy(mmx, 8 * i, test.fpu, 28 + 10 * i, 8);
      }
    }
  }

  private boolean isSimd() {
    return form.model() == CpuModel.PENTIUM4;
  }

  private List<Integer> choosePrefixes() {
    List<Integer> prefixes = new ArrayList<>();
    operandBytes = 4;
    address16 = false;
    segmentPrefix = 0;
    boolean chosen = form.prefix() == OPERAND_SIZE;
    if (chosen || (form.prefix() != InstructionForm.NO_PREFIX && dice.chance(25))) {
      prefixes.add(OPERAND_SIZE);
      operandBytes = chosen ? 4 : 2;
    }
    boolean string = isString(form.operation());
    if (dice.chance(12)) {
      prefixes.add(ADDRESS_SIZE);
      address16 = true;
    }
    if (dice.chance(15) || (address16 && dice.chance(60))) {
      segmentPrefix = address16 && dice.chance(80) ? FS_PREFIX : dice.pick(SEGMENT_PREFIXES);
      prefixes.add(segmentPrefix);
    }
    if (form.prefix() == REP || form.prefix() == REPNE) {
      prefixes.add(form.prefix());
    } else if (form.prefix() != 0) {
      // Any other prefix of the three would make it another form.
    } else if (string ? dice.chance(60) : dice.chance(2)) {
      prefixes.add(dice.chance(50) ? REPNE : REP);
    }
    if (dice.chance(form.lockable() ? 15 : 1)) {
      prefixes.add(LOCK);
    }
    dice.shuffle(prefixes);
    return prefixes;
  }

  // ---- ModRM, SIB, displacement ----

  private void modRm(CodeBuffer code) {
    if (form.fixedModRm() >= 0) {
      code.add(form.fixedModRm() + (form.x87() == null ? 0 : dice.below(form.x87().count())));
      return;
    }
    int reg = form.digit() >= 0 ? form.digit() : dice.below(8);
    boolean register =
        form.modRm() == ModRm.REGISTER || (form.modRm() == ModRm.ANY && dice.chance(45));
    if (register) {
      int rm = dice.below(8);
      code.add(0xc0 | reg << 3 | rm);
      if (form.operands().contains(Operand.EW) && isSegmentForm()) {
        test.registers[rm] = (dice.value() & 0xffff_0000) | dice.selector();
      }
      return;
    }
    int target = dice.target(accessBytes());
    if (accessBytes() >= 16 && dice.chance(85)) {
      target &= -16;
    }
    test.target = target;
    memoryOperand(target);
    if (address16) {
      encoder.address16(code, test.registers, reg, offset(target));
    } else {
      encoder.address32(code, test.registers, reg, offset(target));
    }
  }

  /** The offset that reaches an address through the segment that will be used. */
  private int offset(int address) {
    return switch (segmentPrefix) {
      case FS_PREFIX -> address - TestCase.DATA;
      case GS_PREFIX -> address - TestCase.EXPAND_DOWN_BASE;
      default -> address;
    };
  }

  // ---- What follows ModRM, and operands that no byte names ----

  private void trailing(CodeBuffer code, Operand operand) {
    switch (operand.place()) {
      case IMMEDIATE -> code.addLittleEndian(immediate(operand), operand.bytes(operandBytes));
      case RELATIVE -> code.addLittleEndian(distance(), operand.bytes(operandBytes));
      case FAR -> {
        code.addLittleEndian(TestCase.CODE + 0x100 + dice.below(0x1000), operandBytes);
        code.addLittleEndian(codeSelector(), 2);
      }
      case OFFSET -> {
        int target = dice.target(accessBytes());
        memoryOperand(target);
        code.addLittleEndian(offset(target), address16 ? 2 : 4);
      }
      default -> {}
    }
  }

  private int immediate(Operand operand) {
    if (form.operation() == Operation.ENTER) {
      return operand == Operand.IB ? dice.below(dice.chance(80) ? 6 : 256) : dice.below(96);
    }
    if (form.operation() == Operation.RET || form.operation() == Operation.RET_FAR) {
      return dice.below(64);
    }
    return dice.value();
  }

  /** Branches land in code pages, and not on themselves. */
  private int distance() {
    return dice.chance(10)
        ? dice.value() | 0x40
        : (dice.chance(50) ? 1 : -1) * (32 + dice.below(90));
  }

  private void fixedOperands() {
    Operation operation = form.operation();
    if (isString(operation)) {
      stringOperands();
    } else if (operation == Operation.XLAT) {
      int target = dice.target(1);
      memoryOperand(target);
      test.registers[Cpu.EBX] = offset(target) - (test.registers[Cpu.EAX] & 0xff);
    } else if (operation == Operation.LEAVE || operation == Operation.ENTER) {
      test.registers[Cpu.EBP] = dice.chance(90) ? dice.stackPointer() : dice.value();
    } else if (operation == Operation.RET
        || operation == Operation.RET_FAR
        || operation == Operation.IRET) {
      returnFrame();
    } else if (operation == Operation.POPF) {
      test.patch(test.registers[Cpu.ESP], CodeBuffer.littleEndian(flagsImage(), 4));
    } else if (operation == Operation.POP_SEGMENT) {
      test.patch(test.registers[Cpu.ESP], CodeBuffer.littleEndian(dice.selector(), 2));
    } else if (operation == Operation.JCXZ
        || operation == Operation.LOOP
        || operation == Operation.LOOPE
        || operation == Operation.LOOPNE) {
      if (dice.chance(70)) {
        test.registers[Cpu.ECX] = dice.pick(0, 1, 2, 0x1_0000, 0x1_0001, -1);
      }
    } else if (operation == Operation.DIV || operation == Operation.IDIV) {
      // Quotients that fit are rare among random numbers.
      if (dice.chance(70)) {
        test.registers[Cpu.EDX] = dice.chance(50) ? dice.below(100) : -dice.below(100);
      }
      if (dice.chance(50)) {
        test.registers[Cpu.EAX] = (short) dice.bits();
      }
    } else if (operation == Operation.MASKMOV) {
      test.target = dice.target(16);
      test.registers[Cpu.EDI] = offset(test.target);
    } else if (operation == Operation.CMPXCHG && dice.chance(40)) {
      test.registers[Cpu.EAX] = test.registers[dice.below(8)];
    }
    if (form.operands().contains(Operand.CL) && dice.chance(80)) {
      test.registers[Cpu.ECX] = (dice.value() & ~0xff) | dice.below(70);
    }
  }

  private void stringOperands() {
    test.registers[Cpu.ECX] =
        (address16 ? dice.value() & 0xffff_0000 : 0) | (dice.chance(10) ? 0 : dice.below(24));
    int source = dice.target(8);
    int destination = dice.target(8);
    if (form.operation() == Operation.CMPS && dice.chance(50)) {
      destination = dice.plainTarget();
    } else if (form.operation() == Operation.CMPS) {
      // Which of two operands faults first is up to the processor.
      source = dice.plainTarget();
    }
    if (dice.chance(30)) {
      destination = source + dice.below(17) - 8;
    }
    test.registers[Cpu.ESI] = offset(source);
    test.registers[Cpu.EDI] = destination;
    if (address16 && dice.chance(70)) {
      test.es = TestCase.TLS_DATA;
      test.registers[Cpu.EDI] = destination - TestCase.DATA;
    }
    byte[] run = new byte[24];
    Arrays.fill(run, (byte) test.registers[Cpu.EAX]);
    if (dice.chance(60)) {
      test.patch(source, run);
      test.patch(destination, run);
    }
  }

  private void returnFrame() {
    int at = test.registers[Cpu.ESP];
    int size = operandBytes;
    int to = dice.chance(90) ? TestCase.CODE + dice.below(0x2000) : dice.value();
    test.patch(at, CodeBuffer.littleEndian(to, size));
    if (form.operation() != Operation.RET) {
      test.patch(at + size, CodeBuffer.littleEndian(codeSelector(), size));
      test.patch(at + 2 * size, CodeBuffer.littleEndian(flagsImage(), size));
    }
  }

  private int codeSelector() {
    return dice.chance(75) ? TestCase.USER_CODE : dice.selector();
  }

  private int flagsImage() {
    int flags = dice.bits();
    // Single steps and alignment checks are rare, so that most cases get past the next instruction.
    return flags & ~(dice.chance(95) ? Flags.TF : 0) & ~(dice.chance(95) ? Flags.AC : 0);
  }

  // ---- Memory ----

  /** How many bytes the operand in memory has, roughly. */
  private int accessBytes() {
    if (form.x87() != null) {
      return Math.max(1, form.x87().operand().bytes(operandBytes == 2));
    }
    if (isSimd()) {
      return simdBytes();
    }
    return switch (form.operation()) {
      case CMPXCHG8B, BOUND, JMP_FAR, CALL_FAR, LOAD_FAR_POINTER -> 8;
      default -> operandBytes;
    };
  }

  private int simdBytes() {
    if (form.operation() == Operation.FXSAVE || form.operation() == Operation.FXRSTOR) {
      return 512;
    }
    return form.operands().stream()
        .filter(Exclusions::mayBeInMemory)
        .mapToInt(operand -> operand.bytes(operandBytes))
        .findFirst()
        .orElse(0);
  }

  /** Puts something interesting where the operand is. */
  private void memoryOperand(int target) {
    if (form.x87() != null) {
      test.patch(target, x87.memory(form.x87().operand(), operandBytes == 2));
      return;
    }
    if (isSimd()) {
      test.patch(target, simdOperand());
      return;
    }
    switch (form.operation()) {
      case JMP_FAR, CALL_FAR -> {
        test.patch(
            target, CodeBuffer.littleEndian(TestCase.CODE + dice.below(0x2000), operandBytes));
        test.patch(target + operandBytes, CodeBuffer.littleEndian(codeSelector(), 2));
      }
      case LOAD_FAR_POINTER ->
          test.patch(target + operandBytes, CodeBuffer.littleEndian(dice.selector(), 2));
      case JMP, CALL -> {
        if (dice.chance(80)) {
          test.patch(target, CodeBuffer.littleEndian(TestCase.CODE + dice.below(0x2000), 4));
        }
      }
      case MOV_TO_SEGMENT, LAR, LSL, VERR, VERW, ARPL ->
          test.patch(target, CodeBuffer.littleEndian(dice.selector(), 2));
      case CMPXCHG8B -> {
        if (dice.chance(50)) {
          test.patch(target, CodeBuffer.littleEndian(test.registers[Cpu.EAX], 4));
          test.patch(target + 4, CodeBuffer.littleEndian(test.registers[Cpu.EDX], 4));
        }
      }
      case BOUND -> {
        test.patch(target, CodeBuffer.littleEndian(dice.value(), operandBytes));
        test.patch(target + operandBytes, CodeBuffer.littleEndian(dice.value(), operandBytes));
      }
      default -> {
        if (dice.chance(70)) {
          test.patch(target, CodeBuffer.littleEndian(dice.value(), 4));
        }
      }
    }
  }

  private byte[] simdOperand() {
    return switch (form.operation()) {
      case LDMXCSR -> CodeBuffer.littleEndian(simd.anyMxcsr(), 4);
      case FXSAVE -> new byte[512];
      case FXRSTOR -> {
        byte[] image = simd.elements(512);
        // No exception is pending, so that the processor has no pointers to the last instruction.
        System.arraycopy(CodeBuffer.littleEndian(0x37f, 2), 0, image, 0, 2);
        System.arraycopy(CodeBuffer.littleEndian(dice.bits() & 0x7f7f, 2), 0, image, 2, 2);
        System.arraycopy(CodeBuffer.littleEndian(simd.anyMxcsr(), 4), 0, image, 24, 4);
        yield image;
      }
      default -> simd.elements(16);
    };
  }

  /** Where the code lies: sometimes at the end of a page, or of all code. */
  private void place(int bytes) {
    int thrown = dice.below(100);
    if (thrown < 3) {
      test.codeAddress = TestCase.CODE + 0x1000 - dice.below(bytes + 1);
    } else if (thrown < 6) {
      test.codeAddress = TestCase.CODE + TestCase.CODE_BYTES - bytes;
    } else {
      test.codeAddress = TestCase.CODE + 0x800 + dice.below(64);
    }
  }

  // ---- Small things ----

  private boolean isSegmentForm() {
    return switch (form.operation()) {
      case MOV_TO_SEGMENT, LAR, LSL, VERR, VERW, ARPL -> true;
      default -> false;
    };
  }

  private static boolean isString(Operation operation) {
    return switch (operation) {
      case MOVS, CMPS, STOS, LODS, SCAS -> true;
      default -> false;
    };
  }
}
