package org.memarium.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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

  private static final VarHandle STOP;

  static {
    try {
      STOP = MethodHandles.lookup().findVarHandle(Core.class, "stop", boolean.class);
    } catch (ReflectiveOperationException impossible) {
      throw new ExceptionInInitializerError(impossible);
    }
  }

  final Mmu mmu;
  final Segmentation segmentation;
  final Fpu fpu = new Fpu();

  /** The general registers, and {@link #NONE}. */
  final int[] r = new int[16];

  int eip;

  long result;
  int carries;

  /** EFLAGS but for the six arithmetic ones. */
  private int otherFlags = Flags.ALWAYS | Flags.IF;

  long instructions;
  int interruptVector;
  @Nullable ProcessorException exception;

  @SuppressWarnings("UnusedVariable") // through STOP
  private boolean stop;

  Core(Mmu mmu, Segmentation segmentation) {
    this.mmu = mmu;
    this.segmentation = segmentation;
    setArithmeticFlags(0);
  }

  void requestStop() {
    STOP.setOpaque(this, true);
  }

  boolean stopRequested() {
    return (boolean) STOP.getOpaque(this);
  }

  void clearStop() {
    STOP.setOpaque(this, false);
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
}
