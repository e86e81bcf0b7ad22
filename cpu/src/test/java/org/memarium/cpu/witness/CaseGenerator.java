package org.memarium.cpu.witness;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.memarium.cpu.Cpu;
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

  /** Selectors worth loading; 0x33 (64-bit code) is not for far transfers. */
  private static final int[] SELECTORS = {
    0, 1, 2, 3, 0x2b, 0x2b, 0x2b, 0x28, 0x23, 0x20, 0x63, 0x60, 0x6b, 0x73, 0x08, 0x0b, 0x10, 0x18,
    0x1b, 0x07, 0x04, 0xffff, 0x2f
  };

  private static final int[] BOUNDARIES = {
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    16,
    31,
    32,
    33,
    0x7f,
    0x80,
    0x81,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0x8001,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_0000,
    0xffff_8000,
    0xffff_ff7f,
    0xffff_ff80,
    0xffff_ff81,
    -2,
    -1,
    0x0909_0909,
    0x9999_9999,
    0x1010_1010
  };

  private final Random random;
  private final X87Values x87;

  // Of the case in the making.
  private TestCase test = new TestCase();
  private InstructionForm form = Exclusions.ANY_FORM;
  private int operandBytes;
  private boolean address16;
  private int segmentPrefix;

  CaseGenerator(long seed) {
    random = new Random(seed);
    x87 = new X87Values(random);
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
    if (chance(50)) {
      test.fpu = x87.state();
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
      random.nextBytes(code);
      if (chance(50)) {
        int prefixes = random.nextInt(3);
        for (int i = 0; i < prefixes; i++) {
          code[i] = (byte) pick(0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65);
        }
        if (chance(40)) {
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
    Bytes code = new Bytes();
    prefixes.forEach(code::add);
    if (form.twoByte()) {
      code.add(0x0f);
    }
    code.add(form.opcode() + random.nextInt(form.count()));
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
      test.registers[i] = value();
    }
    test.registers[Cpu.ESP] = stackPointer();
    if (chance(30)) {
      test.registers[Cpu.EBP] = stackPointer();
    }
    test.eflags = 0x202 | (random.nextInt() & Flags.ARITHMETIC) | (chance(25) ? Flags.DF : 0);
    if (chance(2)) {
      test.eflags |= Flags.TF;
    }
    if (form.x87() != null || form.operation() == Operation.FWAIT || chance(3)) {
      test.fpu = x87.state();
    }
  }

  private List<Integer> choosePrefixes() {
    List<Integer> prefixes = new ArrayList<>();
    operandBytes = 4;
    address16 = false;
    segmentPrefix = 0;
    if (chance(25)) {
      prefixes.add(OPERAND_SIZE);
      operandBytes = 2;
    }
    boolean string = isString(form.operation());
    if (chance(12)) {
      prefixes.add(ADDRESS_SIZE);
      address16 = true;
    }
    if (chance(15) || (address16 && chance(60))) {
      segmentPrefix = address16 && chance(80) ? FS_PREFIX : pick(SEGMENT_PREFIXES);
      prefixes.add(segmentPrefix);
    }
    if (form.prefix() != 0) {
      prefixes.add(form.prefix());
    } else if (string ? chance(60) : chance(2)) {
      prefixes.add(chance(50) ? REPNE : REP);
    }
    if (chance(form.lockable() ? 15 : 1)) {
      prefixes.add(LOCK);
    }
    Collections.shuffle(prefixes, random);
    return prefixes;
  }

  // ---- ModRM, SIB, displacement ----

  private void modRm(Bytes code) {
    if (form.fixedModRm() >= 0) {
      code.add(form.fixedModRm() + (form.x87() == null ? 0 : random.nextInt(form.x87().count())));
      return;
    }
    int reg = form.digit() >= 0 ? form.digit() : random.nextInt(8);
    boolean register = form.modRm() == ModRm.REGISTER || (form.modRm() == ModRm.ANY && chance(45));
    if (register) {
      int rm = random.nextInt(8);
      code.add(0xc0 | reg << 3 | rm);
      if (form.operands().contains(Operand.EW) && isSegmentForm()) {
        test.registers[rm] = (value() & 0xffff_0000) | pick(SELECTORS);
      }
      return;
    }
    int target = target(accessBytes());
    memoryOperand(target);
    if (address16) {
      address16(code, reg, offset(target));
    } else {
      address32(code, reg, offset(target));
    }
  }

  private void address32(Bytes code, int reg, int offset) {
    int mod = random.nextInt(3);
    int rm = random.nextInt(8);
    int base = rm;
    int index = -1;
    int sib = -1;
    int scale = 0;
    if (rm == 4) {
      base = random.nextInt(8);
      index = random.nextInt(8);
      scale = random.nextInt(4);
      sib = scale << 6 | index << 3 | base;
      index = index == 4 ? -1 : index;
    }
    boolean noBase = mod == 0 && base == 5;
    int displacementBytes = noBase || mod == 2 ? 4 : mod;
    if (index >= 0 && index != Cpu.ESP && chance(60)) {
      test.registers[index] = random.nextInt(64) - 16;
    }
    int displacement = displacementBytes == 1 ? (byte) random.nextInt() : value();
    int indexed = index < 0 ? 0 : test.registers[index] << scale;
    if (displacementBytes == 4 && (noBase || chance(50) || index == base)) {
      displacement = offset - indexed - (noBase ? 0 : test.registers[base]);
    } else if (index != base) {
      test.registers[base] = offset - indexed - (displacementBytes == 0 ? 0 : displacement);
    }
    code.add(mod << 6 | reg << 3 | rm);
    if (sib >= 0) {
      code.add(sib);
    }
    code.addLittleEndian(displacement, displacementBytes);
  }

  private void address16(Bytes code, int reg, int offset) {
    int mod = random.nextInt(3);
    int rm = random.nextInt(8);
    boolean noBase = mod == 0 && rm == 6;
    int displacementBytes = noBase ? 2 : mod;
    int displacement = displacementBytes == 1 ? (byte) random.nextInt() : value();
    int[] first = {Cpu.EBX, Cpu.EBX, Cpu.EBP, Cpu.EBP, Cpu.ESI, Cpu.EDI, Cpu.EBP, Cpu.EBX};
    int[] second = {Cpu.ESI, Cpu.EDI, Cpu.ESI, Cpu.EDI, -1, -1, -1, -1};
    if (noBase) {
      displacement = offset;
    } else {
      int rest = second[rm] < 0 ? 0 : test.registers[second[rm]];
      int wanted = offset - rest - (displacementBytes == 0 ? 0 : displacement);
      int old = test.registers[first[rm]];
      test.registers[first[rm]] = (old & 0xffff_0000) | (wanted & 0xffff);
    }
    code.add(mod << 6 | reg << 3 | rm);
    code.addLittleEndian(displacement, displacementBytes);
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

  private void trailing(Bytes code, Operand operand) {
    switch (operand.place()) {
      case IMMEDIATE -> code.addLittleEndian(immediate(operand), operand.bytes(operandBytes));
      case RELATIVE -> code.addLittleEndian(distance(), operand.bytes(operandBytes));
      case FAR -> {
        code.addLittleEndian(TestCase.CODE + 0x100 + random.nextInt(0x1000), operandBytes);
        code.addLittleEndian(codeSelector(), 2);
      }
      case OFFSET -> {
        int target = target(accessBytes());
        memoryOperand(target);
        code.addLittleEndian(offset(target), address16 ? 2 : 4);
      }
      default -> {}
    }
  }

  private int immediate(Operand operand) {
    if (form.operation() == Operation.ENTER) {
      return operand == Operand.IB ? random.nextInt(chance(80) ? 6 : 256) : random.nextInt(96);
    }
    if (form.operation() == Operation.RET || form.operation() == Operation.RET_FAR) {
      return random.nextInt(64);
    }
    return value();
  }

  /** Branches land in code pages, and not on themselves. */
  private int distance() {
    return chance(10)
        ? value() | 0x40
        : (random.nextBoolean() ? 1 : -1) * (32 + random.nextInt(90));
  }

  private void fixedOperands() {
    Operation operation = form.operation();
    if (isString(operation)) {
      stringOperands();
    } else if (operation == Operation.XLAT) {
      int target = target(1);
      memoryOperand(target);
      test.registers[Cpu.EBX] = offset(target) - (test.registers[Cpu.EAX] & 0xff);
    } else if (operation == Operation.LEAVE || operation == Operation.ENTER) {
      test.registers[Cpu.EBP] = chance(90) ? stackPointer() : value();
    } else if (operation == Operation.RET
        || operation == Operation.RET_FAR
        || operation == Operation.IRET) {
      returnFrame();
    } else if (operation == Operation.POPF) {
      test.patch(test.registers[Cpu.ESP], littleEndian(flagsImage(), 4));
    } else if (operation == Operation.POP_SEGMENT) {
      test.patch(test.registers[Cpu.ESP], littleEndian(pick(SELECTORS), 2));
    } else if (operation == Operation.JCXZ
        || operation == Operation.LOOP
        || operation == Operation.LOOPE
        || operation == Operation.LOOPNE) {
      if (chance(70)) {
        test.registers[Cpu.ECX] = pick(0, 1, 2, 0x1_0000, 0x1_0001, -1);
      }
    } else if (operation == Operation.DIV || operation == Operation.IDIV) {
      // Quotients that fit are rare among random numbers.
      if (chance(70)) {
        test.registers[Cpu.EDX] = chance(50) ? random.nextInt(100) : -random.nextInt(100);
      }
      if (chance(50)) {
        test.registers[Cpu.EAX] = (short) random.nextInt();
      }
    } else if (operation == Operation.CMPXCHG && chance(40)) {
      test.registers[Cpu.EAX] = test.registers[random.nextInt(8)];
    }
    if (form.operands().contains(Operand.CL) && chance(80)) {
      test.registers[Cpu.ECX] = (value() & ~0xff) | random.nextInt(70);
    }
  }

  private void stringOperands() {
    test.registers[Cpu.ECX] =
        (address16 ? value() & 0xffff_0000 : 0) | (chance(10) ? 0 : random.nextInt(24));
    int source = target(8);
    int destination = target(8);
    if (form.operation() == Operation.CMPS && chance(50)) {
      destination = plainTarget();
    } else if (form.operation() == Operation.CMPS) {
      // Which of two operands faults first is up to the processor.
      source = plainTarget();
    }
    if (chance(30)) {
      destination = source + random.nextInt(17) - 8;
    }
    test.registers[Cpu.ESI] = offset(source);
    test.registers[Cpu.EDI] = destination;
    if (address16 && chance(70)) {
      test.es = TestCase.TLS_DATA;
      test.registers[Cpu.EDI] = destination - TestCase.DATA;
    }
    byte[] run = new byte[24];
    Arrays.fill(run, (byte) test.registers[Cpu.EAX]);
    if (chance(60)) {
      test.patch(source, run);
      test.patch(destination, run);
    }
  }

  private void returnFrame() {
    int at = test.registers[Cpu.ESP];
    int size = operandBytes;
    int to = chance(90) ? TestCase.CODE + random.nextInt(0x2000) : value();
    if (test.code.length == 0 && form.operation() == Operation.RET) {
      test.patch(at, littleEndian(to, size));
      return;
    }
    test.patch(at, littleEndian(to, size));
    if (form.operation() != Operation.RET) {
      test.patch(at + size, littleEndian(codeSelector(), size));
      test.patch(at + 2 * size, littleEndian(flagsImage(), size));
    }
  }

  private int codeSelector() {
    int selector = chance(75) ? TestCase.USER_CODE : pick(SELECTORS);
    return selector;
  }

  private int flagsImage() {
    int flags = random.nextInt();
    // Single steps and alignment checks are rare, so that most cases get past the next instruction.
    return flags & ~(chance(95) ? Flags.TF : 0) & ~(chance(95) ? Flags.AC : 0);
  }

  // ---- Memory ----

  /** An address for an operand: mostly plain, sometimes across or in something. */
  private int target(int bytes) {
    int dice = random.nextInt(100);
    int around = -random.nextInt(bytes + 1);
    if (dice < 60) {
      return plainTarget();
    } else if (dice < 72) {
      return TestCase.DATA + 0x1000 + around;
    } else if (dice < 80) {
      return TestCase.READ_ONLY + random.nextInt(0x1000);
    } else if (dice < 86) {
      return TestCase.READ_ONLY + around;
    } else if (dice < 91) {
      return TestCase.HOLE + around;
    } else if (dice < 95) {
      return TestCase.AFTER_HOLE + around;
    } else if (dice < 98) {
      return TestCase.DATA + TestCase.DATA_BYTES + around;
    }
    return value();
  }

  private int plainTarget() {
    int address = TestCase.DATA + 0x100 + random.nextInt(0x1e00);
    return chance(50) ? address & -16 : address;
  }

  private int stackPointer() {
    int dice = random.nextInt(100);
    if (dice < 80) {
      return TestCase.DATA + 0x100 + 4 * random.nextInt(0x700);
    } else if (dice < 90) {
      return target(32);
    }
    return pick(TestCase.AFTER_HOLE, TestCase.READ_ONLY, TestCase.DATA + 0x1000)
        + 4 * random.nextInt(8);
  }

  /** How many bytes the operand in memory has, roughly. */
  private int accessBytes() {
    if (form.x87() != null) {
      return Math.max(1, form.x87().operand().bytes(operandBytes == 2));
    }
    return switch (form.operation()) {
      case CMPXCHG8B, BOUND, JMP_FAR, CALL_FAR, LOAD_FAR_POINTER -> 8;
      default -> operandBytes;
    };
  }

  /** Puts something interesting where the operand is. */
  private void memoryOperand(int target) {
    if (form.x87() != null) {
      test.patch(target, x87.memory(form.x87().operand(), operandBytes == 2));
      return;
    }
    switch (form.operation()) {
      case JMP_FAR, CALL_FAR -> {
        test.patch(target, littleEndian(TestCase.CODE + random.nextInt(0x2000), operandBytes));
        test.patch(target + operandBytes, littleEndian(codeSelector(), 2));
      }
      case LOAD_FAR_POINTER -> test.patch(target + operandBytes, littleEndian(pick(SELECTORS), 2));
      case JMP, CALL -> {
        if (chance(80)) {
          test.patch(target, littleEndian(TestCase.CODE + random.nextInt(0x2000), 4));
        }
      }
      case MOV_TO_SEGMENT, LAR, LSL, VERR, VERW, ARPL ->
          test.patch(target, littleEndian(pick(SELECTORS), 2));
      case CMPXCHG8B -> {
        if (chance(50)) {
          test.patch(target, littleEndian(test.registers[Cpu.EAX], 4));
          test.patch(target + 4, littleEndian(test.registers[Cpu.EDX], 4));
        }
      }
      case BOUND -> {
        test.patch(target, littleEndian(value(), operandBytes));
        test.patch(target + operandBytes, littleEndian(value(), operandBytes));
      }
      default -> {
        if (chance(70)) {
          test.patch(target, littleEndian(value(), 4));
        }
      }
    }
  }

  /** Where the code lies: sometimes at the end of a page, or of all code. */
  private void place(int bytes) {
    int dice = random.nextInt(100);
    if (dice < 3) {
      test.codeAddress = TestCase.CODE + 0x1000 - random.nextInt(bytes + 1);
    } else if (dice < 6) {
      test.codeAddress = TestCase.CODE + TestCase.CODE_BYTES - bytes;
    } else {
      test.codeAddress = TestCase.CODE + 0x800 + random.nextInt(64);
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

  private int value() {
    int dice = random.nextInt(10);
    if (dice < 5) {
      return pick(BOUNDARIES);
    } else if (dice < 7) {
      return random.nextInt(256) - 128;
    } else if (dice < 8) {
      return pick(BOUNDARIES) + random.nextInt(5) - 2;
    }
    return random.nextInt();
  }

  private int pick(int... values) {
    return values[random.nextInt(values.length)];
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private static byte[] littleEndian(int value, int bytes) {
    byte[] result = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      result[i] = (byte) (value >> (8 * i));
    }
    return result;
  }

  /** A growing piece of code. */
  private static final class Bytes {
    private final byte[] bytes = new byte[TestCase.MAX_CODE];
    private int size;

    void add(int value) {
      bytes[size++] = (byte) value;
    }

    void addLittleEndian(int value, int count) {
      for (int i = 0; i < count; i++) {
        add(value >> (8 * i));
      }
    }

    int size() {
      return size;
    }

    byte[] toArray() {
      return Arrays.copyOf(bytes, size);
    }
  }
}
