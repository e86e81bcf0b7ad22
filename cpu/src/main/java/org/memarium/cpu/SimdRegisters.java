package org.memarium.cpu;

import java.util.Arrays;
import org.memarium.cpu.simd.FloatUnit;
import org.memarium.cpu.simd.Mxcsr;
import org.memarium.hardware.ProcessorException;

/**
 * The registers of SSE, and how operands get there: XMM0 to XMM7 as pairs of longs, the low half
 * first. (Those of MMX are the x87 unit's.)
 */
final class SimdRegisters {
  private static final int ALIGNMENT_MASK = 15;
  private static final long LOW_32 = 0xffff_ffffL;

  /** Low half of register n at 2 n, high half at 2 n + 1. */
  final long[] xmm = new long[16];

  final FloatUnit unit = new FloatUnit();

  /** The source operand that {@link #readSource} found; what a shorter one lacks is 0. */
  long low;

  long high;

  /** Room for FXSAVE and FXRSTOR. */
  final byte[] image = new byte[512];

  /** As after reset. */
  void reset() {
    Arrays.fill(xmm, 0);
    unit.mxcsr().set(Mxcsr.INITIAL);
  }

  /** Reads the source: a register, or memory, which must be aligned if it is a whole register. */
  void readSource(Core c, Instruction i) {
    if (!i.sourceInMemory) {
      low = xmm[2 * i.b];
      high = xmm[2 * i.b + 1];
      return;
    }
    switch (i.sourceSize) {
      case 4 -> {
        low = c.mmu.readInt(c.linear(i, 4, false)) & LOW_32;
        high = 0;
      }
      case 8 -> {
        low = c.mmu.readLong(c.linear(i, 8, false));
        high = 0;
      }
      default -> {
        long linear = aligned(c, i, false);
        low = c.mmu.readLong(linear);
        high = c.mmu.readLong(linear + 8);
      }
    }
  }

  /**
   * The linear address of 16 bytes in memory.
   *
   * @throws ProcessorException #GP if it is no multiple of 16
   */
  static long aligned(Core c, Instruction i, boolean write) {
    long linear = c.linear(i, 16, write);
    if ((linear & ALIGNMENT_MASK) != 0) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
    }
    return linear;
  }

  void set(int register, long newLow, long newHigh) {
    xmm[2 * register] = newLow;
    xmm[2 * register + 1] = newHigh;
  }

  /** The low 32 bits of a register change. */
  void setLow32(int register, int value) {
    xmm[2 * register] = (xmm[2 * register] & ~LOW_32) | (value & LOW_32);
  }

  /** The source operand of an MMX instruction: a register, or memory of 4 or 8 bytes. */
  static long mmxSource(Core c, Instruction i) {
    if (!i.sourceInMemory) {
      return c.fpu.mmx(i.b);
    }
    return i.sourceSize == 4
        ? c.mmu.readInt(c.linear(i, 4, false)) & LOW_32
        : c.mmu.readLong(c.linear(i, 8, false));
  }

  /** Ends an MMX instruction with its result. */
  static void setMmx(Core c, int register, long value) {
    c.fpu.enterMmx();
    c.fpu.setMmx(register, value);
  }
}
