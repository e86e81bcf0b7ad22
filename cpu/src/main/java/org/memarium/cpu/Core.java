package org.memarium.cpu;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.x87.Fpu;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Segmentation;

/**
 * The state of a processor, and the steps that all executors share: flags, operands, the stack.
 *
 * <p><b>Lazy flags.</b> Arithmetic leaves two words instead of six flags, and whoever needs a flag
 * takes it out of them. {@link #result} is the result, sign-extended from the operand size; {@link
 * #carries} is the word of carries (or borrows) out of each bit.
 *
 * <pre>
 *   result   63           32 31                  0     carries  31  30  29        4  3  2     0
 *           +---------------+---------------------+            +---+---+-----------+---+-------+
 *           | sign, 32 times| result              |            |CF | * |     -     |AF |   -   |
 *           +---------------+---------------------+            +---+---+-----------+---+-------+
 *   ZF = low half is 0         SF = bit 63                 OF = bit 31 xor bit 30
 *   PF = parity of (byte 0 xor byte 4)
 * </pre>
 *
 * <p>For a real result byte 4 is 0 or FF, which leaves the parity alone; POPF and SAHF choose it so
 * that every combination of ZF, SF and PF can be told. For operands of 8 and 16 bits the two upper
 * carries are moved up to bits 31 and 30.
 */
final class Core {
  /** Index of the register that is always 0: no base, no index. */
  static final int NONE = 8;

  /** What EFLAGS can hold besides the six flags and the constant ones. */
  private static final int KEPT = (Flags.USER_WRITABLE & ~Flags.ARITHMETIC) | Flags.RF | Flags.IOPL;

  final Mmu mmu;
  final Segmentation segmentation;
  final CpuModel model;
  final Fpu fpu = new Fpu();
  final SimdRegisters simd = new SimdRegisters();
  final Watches watches = new Watches();

  /** The general registers, and {@link #NONE}. */
  final int[] r = new int[16];

  int eip;

  long result;
  int carries;

  /** EFLAGS but for the six arithmetic ones. */
  private int otherFlags = Flags.ALWAYS | Flags.IF;

  long instructions;
  int interruptVector;

  /** Set by an instruction that ends the run as {@link Exit#INTERRUPT}. */
  boolean interrupted;

  /** Set by an instruction that has done its work and raises an exception behind itself. */
  @Nullable ProcessorException trap;

  /** What the last {@link #readFarPointer} read. */
  int farOffset;

  int farSelector;

  /** Room for FSAVE and its kin. */
  final byte[] fpuImage = new byte[108];

  /** What the segment registers meant when they were last looked at. */
  private Mode mode = Mode.FLAT_32;

  private long codeBase;

  private static final int JUMPS = 1 << 12;

  /** First instructions of the blocks last found, direct-mapped by EIP. */
  private final Instruction[] jumps = new Instruction[JUMPS];

  /** Transfers from block to block that needed no translation, not yet reported to the MMU. */
  long fetchHits;

  /** Past this count of instructions no block follows another. */
  long chainEnd;

  private @Nullable BlockCache cache;

  @Nullable ProcessorException exception;

  /** Set by other threads; on x86 reading it costs no more than a plain field. */
  private volatile boolean stop;

  Core(Mmu mmu, Segmentation segmentation, CpuModel model) {
    this.mmu = mmu;
    this.segmentation = segmentation;
    this.model = model;
    setArithmeticFlags(0);
    forgetJumps();
  }

  void setCache(BlockCache cache) {
    this.cache = cache;
  }

  // ---- From block to block ----

  /** Changes whenever an EIP may lead to other bytes; never {@link Instruction#NEVER}. */
  int generation() {
    return mmu.fetchGeneration() & Integer.MAX_VALUE;
  }

  /** The first instruction at an EIP if it was met lately, otherwise one of no generation. */
  Instruction jump(int eip) {
    Instruction first = jumps[jumpSlot(eip)];
    return first.eip == eip ? first : Instruction.UNKNOWN_NEXT;
  }

  void rememberJump(Instruction first) {
    jumps[jumpSlot(first.eip)] = first;
  }

  void forgetJumps() {
    Arrays.fill(jumps, Instruction.UNKNOWN_NEXT);
  }

  private static int jumpSlot(int eip) {
    return (eip ^ eip >>> 12) & (JUMPS - 1);
  }

  void requestStop() {
    stop = true;
  }

  boolean stopRequested() {
    return stop;
  }

  void clearStop() {
    stop = false;
  }

  // ---- Flags ----

  boolean carry() {
    return carries < 0;
  }

  boolean zero() {
    return (int) result == 0;
  }

  boolean sign() {
    return result < 0;
  }

  boolean overflow() {
    return (carries ^ carries << 1) < 0;
  }

  boolean adjust() {
    return (carries & 8) != 0;
  }

  boolean parity() {
    return (Integer.bitCount((int) (result ^ result >>> 32) & 0xff) & 1) == 0;
  }

  /** Signed less: SF differs from OF. */
  boolean less() {
    return ((int) (result >>> 32) ^ carries ^ carries << 1) < 0;
  }

  /** Whether the condition code of Jcc, SETcc, CMOVcc holds. */
  boolean condition(int code) {
    boolean holds =
        switch (code >> 1) {
          case 0 -> overflow();
          case 1 -> carry();
          case 2 -> zero();
          case 3 -> carry() || zero();
          case 4 -> sign();
          case 5 -> parity();
          case 6 -> less();
          default -> zero() || less();
        };
    return holds == ((code & 1) == 0);
  }

  /** The six flags, in their places in EFLAGS. */
  int arithmeticFlags() {
    return (carry() ? Flags.CF : 0)
        | (parity() ? Flags.PF : 0)
        | (adjust() ? Flags.AF : 0)
        | (zero() ? Flags.ZF : 0)
        | (sign() ? Flags.SF : 0)
        | (overflow() ? Flags.OF : 0);
  }

  /** Sets the six flags from their places in EFLAGS; other bits are ignored. */
  void setArithmeticFlags(int flags) {
    int low = (flags & Flags.ZF) != 0 ? 0 : 1;
    boolean lowIsEven = low == 0;
    int high = ((flags & Flags.PF) != 0) == lowIsEven ? 0 : 1;
    if ((flags & Flags.SF) != 0) {
      high |= 1 << 31;
    }
    result = (long) high << 32 | low;
    setCarryOverflowAdjust(
        (flags & Flags.CF) != 0, (flags & Flags.OF) != 0, (flags & Flags.AF) != 0);
  }

  void setCarryOverflowAdjust(boolean carry, boolean overflow, boolean adjust) {
    carries = (carry ? 1 << 31 : 0) | (carry != overflow ? 1 << 30 : 0) | (adjust ? 8 : 0);
  }

  int eflags() {
    return otherFlags | arithmeticFlags();
  }

  void setEflags(int eflags) {
    setArithmeticFlags(eflags);
    otherFlags = (eflags & KEPT) | Flags.ALWAYS | Flags.IF;
  }

  /** EFLAGS but for the six arithmetic ones. */
  int otherFlags() {
    return otherFlags;
  }

  void setDirection(boolean down) {
    otherFlags = down ? otherFlags | Flags.DF : otherFlags & ~Flags.DF;
  }

  /** Sets CF alone. */
  void setCarry(boolean carry) {
    setCarryOverflowAdjust(carry, overflow(), adjust());
  }

  /** ZF, SF and PF from a result; CF, OF and AF are 0. */
  int logic(int value, int size) {
    result = signExtend(value, size);
    carries = 0;
    return value;
  }

  static int signExtend(int value, int size) {
    return size == 4 ? value : size == 2 ? (short) value : (byte) value;
  }

  static int mask(int size) {
    return size == 4 ? -1 : size == 2 ? 0xffff : 0xff;
  }

  /** x + y + carry, with all flags; values zero-extended from {@code size} bytes. */
  int add(int x, int y, int carry, int size) {
    int sum = x + y + carry;
    setCarries((x & y) | ((x | y) & ~sum), size);
    result = signExtend(sum, size);
    return sum & mask(size);
  }

  /** x - y - borrow, with all flags; values zero-extended from {@code size} bytes. */
  int subtract(int x, int y, int borrow, int size) {
    int difference = x - y - borrow;
    setCarries((~x & y) | (~(x ^ y) & difference), size);
    result = signExtend(difference, size);
    return difference & mask(size);
  }

  /** x + y of 32 bits, with all flags. */
  int add(int x, int y) {
    int sum = x + y;
    carries = (x & y) | ((x | y) & ~sum);
    result = sum;
    return sum;
  }

  /** x - y of 32 bits, with all flags. */
  int subtract(int x, int y) {
    int difference = x - y;
    carries = (~x & y) | (~(x ^ y) & difference);
    result = difference;
    return difference;
  }

  /** ZF, SF and PF from a result of 32 bits; CF, OF and AF are 0. */
  int logic(int value) {
    result = value;
    carries = 0;
    return value;
  }

  /** x + 1 of 32 bits; CF stays. */
  int increment(int x) {
    int sum = x + 1;
    // OF if the sign came up, AF if the low digit turned to 0.
    setCountCarries(sum == Integer.MIN_VALUE, (sum & 15) == 0);
    result = sum;
    return sum;
  }

  /** x - 1 of 32 bits; CF stays. */
  int decrement(int x) {
    int difference = x - 1;
    setCountCarries(difference == Integer.MAX_VALUE, (difference & 15) == 15);
    result = difference;
    return difference;
  }

  private void setCountCarries(boolean overflow, boolean adjust) {
    int carry = carries & 1 << 31;
    carries = carry | (carry >>> 1 ^ (overflow ? 1 << 30 : 0)) | (adjust ? 8 : 0);
  }

  private void setCarries(int vector, int size) {
    carries = size == 4 ? vector : vector << (32 - 8 * size) | (vector & 8);
  }

  // ---- Registers ----

  /** A register of 1, 2 or 4 bytes, zero-extended. */
  int register(int number, int shift, int size) {
    int value = r[number];
    return size == 4 ? value : size == 2 ? value & 0xffff : value >>> shift & 0xff;
  }

  /** Sets 1, 2 or 4 bytes of a register; the others stay. */
  void setRegister(int number, int shift, int size, int value) {
    switch (size) {
      case 4 -> r[number] = value;
      case 2 -> r[number] = (r[number] & 0xffff_0000) | (value & 0xffff);
      default -> r[number] = (r[number] & ~(0xff << shift)) | (value & 0xff) << shift;
    }
  }

  // ---- Memory ----

  static int addressMask(Instruction i) {
    return i.addressBytes == 4 ? -1 : 0xffff;
  }

  /** Offset of the memory operand in its segment. */
  int offset(Instruction i) {
    return (r[i.base] + (r[i.index] << i.scale) + i.displacement) & addressMask(i);
  }

  /** Linear address of the memory operand. */
  long linear(Instruction i, int bytes, boolean write) {
    return linear(i.segment, offset(i), bytes, write);
  }

  /** Linear address of an offset in a segment, {@link Instruction#FLAT} included. */
  long linear(int segment, int offset, int bytes, boolean write) {
    long unsigned = offset & 0xffff_ffffL;
    return segment == Instruction.FLAT
        ? unsigned
        : segmentation.linear(segment, unsigned, bytes, write);
  }

  int read(long linear, int size) {
    return switch (size) {
      case 4 -> mmu.readInt(linear);
      case 2 -> mmu.readShort(linear);
      default -> mmu.readByte(linear);
    };
  }

  void write(long linear, int size, int value) {
    switch (size) {
      case 4 -> mmu.writeInt(linear, value);
      case 2 -> mmu.writeShort(linear, value);
      default -> mmu.writeByte(linear, value);
    }
  }

  // ---- Operands ----

  /** The source operand. */
  int source(Instruction i) {
    if (i.sourceIsImmediate) {
      return i.immediate;
    }
    return i.sourceInMemory
        ? read(linear(i, i.sourceSize, false), i.sourceSize)
        : register(i.b, i.bShift, i.sourceSize);
  }

  /** The destination operand, only to be looked at. */
  int destination(Instruction i) {
    return i.destinationInMemory
        ? read(linear(i, i.size, false), i.size)
        : register(i.a, i.aShift, i.size);
  }

  /** Where {@link #modify} found the destination. */
  private long modified;

  /** The destination operand, to be changed by {@link #finish}; after this nothing can fault. */
  int modify(Instruction i) {
    if (!i.destinationInMemory) {
      return register(i.a, i.aShift, i.size);
    }
    modified = linear(i, i.size, true);
    mmu.probeWrite(modified, i.size);
    return read(modified, i.size);
  }

  /** Ends what {@link #modify} began. */
  void finish(Instruction i, int value) {
    if (i.destinationInMemory) {
      write(modified, i.size, value);
    } else {
      setRegister(i.a, i.aShift, i.size, value);
    }
  }

  /** Writes the destination operand without reading it. */
  void setDestination(Instruction i, int value) {
    if (i.destinationInMemory) {
      write(linear(i, i.size, true), i.size, value);
    } else {
      setRegister(i.a, i.aShift, i.size, value);
    }
  }

  /** Reads a far pointer from the memory operand. */
  void readFarPointer(Instruction i) {
    int size = i.operandBytes;
    long linear = linear(i, size + 2, false);
    mmu.probeRead(linear, size + 2);
    farOffset = read(linear, size);
    farSelector = mmu.readShort((linear + size) & 0xffff_ffffL);
  }

  // ---- Segments ----

  /** Loads ES, SS, DS, FS or GS. */
  void loadSegment(int register, int selector) {
    segmentation.load(register, selector);
    noticeSegments();
  }

  /** Loads CS. */
  void loadCode(int selector) {
    segmentation.loadCode(selector);
    noticeSegments();
  }

  /** Finds out what the segment registers mean for decoding. */
  void noticeSegments() {
    Mode now =
        segmentation.isFlat()
            ? Mode.FLAT_32
            : segmentation.descriptor(Segmentation.CS).big()
                ? Mode.SEGMENTED_32
                : Mode.SEGMENTED_16;
    long base = segmentation.base(Segmentation.CS);
    if (now != mode || base != codeBase || now != Mode.FLAT_32) {
      mode = now;
      codeBase = base;
      if (cache != null) {
        cache.forgetTranslations();
      }
    }
  }

  Mode mode() {
    return mode;
  }

  boolean singleStep() {
    return (otherFlags & Flags.TF) != 0;
  }

  // ---- Stack ----

  private int stackMask() {
    return segmentation.descriptor(Segmentation.SS).big() ? -1 : 0xffff;
  }

  /** Linear address of {@code bytes} bytes at ESP + {@code distance}. */
  long stack(int distance, int bytes, boolean write) {
    return atStack(r[Cpu.ESP] + distance, bytes, write);
  }

  /** Linear address of an offset in the stack segment. */
  long atStack(int offset, int bytes, boolean write) {
    if (segmentation.isFlat()) {
      return offset & 0xffff_ffffL;
    }
    return segmentation.linear(
        Segmentation.SS, (offset & stackMask()) & 0xffff_ffffL, bytes, write);
  }

  /** Moves ESP; SP alone where the stack segment is of 16 bits. */
  void moveStack(int distance) {
    setStackPointer(r[Cpu.ESP] + distance);
  }

  void setStackPointer(int value) {
    int mask = stackMask();
    r[Cpu.ESP] = (r[Cpu.ESP] & ~mask) | (value & mask);
  }

  /** Pushes 2 or 4 bytes. */
  void push(int value, int size) {
    write(stack(-size, size, true), size, value);
    moveStack(-size);
  }

  /** Pops 2 or 4 bytes. */
  int pop(int size) {
    int value = read(stack(0, size, false), size);
    moveStack(size);
    return value;
  }
}
