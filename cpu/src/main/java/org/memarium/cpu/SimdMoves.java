package org.memarium.cpu;

import org.memarium.cpu.simd.Shuffle;

/** Moves of MMX and SSE, into, out of and between registers. */
final class SimdMoves {
  private static final long LOW_32 = 0xffff_ffffL;

  private SimdMoves() {}

  static void execute(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    long[] x = s.xmm;
    switch (i.operation()) {
      case LOAD_ALIGNED -> {
        s.readSource(c, i);
        s.set(i.a, s.low, s.high);
      }
      case STORE_ALIGNED -> {
        if (i.destinationInMemory) {
          long linear = SimdRegisters.aligned(c, i, true);
          c.mmu.writeLong(linear, x[2 * i.b]);
          c.mmu.writeLong(linear + 8, x[2 * i.b + 1]);
        } else {
          s.set(i.a, x[2 * i.b], x[2 * i.b + 1]);
        }
      }
      case LOAD_UNALIGNED -> {
        if (i.sourceInMemory) {
          long linear = c.linear(i, 16, false);
          c.mmu.probeRead(linear, 16);
          long low = c.mmu.readLong(linear);
          s.set(i.a, low, c.mmu.readLong(linear + 8 & LOW_32));
        } else {
          s.set(i.a, x[2 * i.b], x[2 * i.b + 1]);
        }
      }
      case STORE_UNALIGNED -> {
        if (i.destinationInMemory) {
          long linear = c.linear(i, 16, true);
          c.mmu.probeWrite(linear, 16);
          c.mmu.writeLong(linear, x[2 * i.b]);
          c.mmu.writeLong(linear + 8 & LOW_32, x[2 * i.b + 1]);
        } else {
          s.set(i.a, x[2 * i.b], x[2 * i.b + 1]);
        }
      }
      case LOAD_SCALAR -> loadScalar(c, i);
      case STORE_SCALAR -> storeScalar(c, i);
      case LOAD_QUADWORD -> {
        s.readSource(c, i);
        s.set(i.a, s.low, 0);
      }
      case STORE_QUADWORD -> {
        if (i.destinationInMemory) {
          c.mmu.writeLong(c.linear(i, 8, true), x[2 * i.b]);
        } else {
          s.set(i.a, x[2 * i.b], 0);
        }
      }
      case LOAD_LOW -> x[2 * i.a] = c.mmu.readLong(c.linear(i, 8, false));
      case LOAD_HIGH -> x[2 * i.a + 1] = c.mmu.readLong(c.linear(i, 8, false));
      case STORE_LOW -> c.mmu.writeLong(c.linear(i, 8, true), x[2 * i.b]);
      case STORE_HIGH -> c.mmu.writeLong(c.linear(i, 8, true), x[2 * i.b + 1]);
      case MOVHLPS -> x[2 * i.a] = x[2 * i.b + 1];
      case MOVLHPS -> x[2 * i.a + 1] = x[2 * i.b];
      case MOVD_TO_XMM -> s.set(i.a, c.source(i) & LOW_32, 0);
      case MOVD_FROM_XMM -> c.setDestination(i, (int) x[2 * i.b]);
      case MOVMSKPS -> c.r[i.a] = signsOfSingles(x[2 * i.b]) | signsOfSingles(x[2 * i.b + 1]) << 2;
      case MOVMSKPD -> c.r[i.a] = (int) (x[2 * i.b] >>> 63 | x[2 * i.b + 1] >>> 63 << 1);
      default -> executeRare(c, i);
    }
  }

  /** Moves of MMX registers, and those that have a form for MMX: the one without the prefix 66. */
  private static void executeRare(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    long[] x = s.xmm;
    boolean mmx = i.form.prefix() != 0x66;
    if (mmx) {
      c.fpu.checkPending();
    }
    switch (i.operation()) {
      case MOVD_TO_MM -> SimdRegisters.setMmx(c, i.a, c.source(i) & LOW_32);
      case MOVD_FROM_MM -> {
        c.setDestination(i, (int) c.fpu.mmx(i.b));
        c.fpu.enterMmx();
      }
      case LOAD_MM -> SimdRegisters.setMmx(c, i.a, SimdRegisters.mmxSource(c, i));
      case STORE_MM -> {
        if (i.destinationInMemory) {
          c.mmu.writeLong(c.linear(i, 8, true), c.fpu.mmx(i.b));
          c.fpu.enterMmx();
        } else {
          SimdRegisters.setMmx(c, i.a, c.fpu.mmx(i.b));
        }
      }
      case MOVQ2DQ -> {
        s.set(i.a, c.fpu.mmx(i.b), 0);
        c.fpu.enterMmx();
      }
      case MOVDQ2Q -> SimdRegisters.setMmx(c, i.a, x[2 * i.b]);
      case PMOVMSKB -> {
        if (mmx) {
          c.r[i.a] = Shuffle.signsOfBytes(c.fpu.mmx(i.b));
          c.fpu.enterMmx();
        } else {
          c.r[i.a] = Shuffle.signsOfBytes(x[2 * i.b]) | Shuffle.signsOfBytes(x[2 * i.b + 1]) << 8;
        }
      }
      case PINSRW -> {
        long word = c.source(i) & 0xffffL;
        int number = i.immediate & (mmx ? 3 : 7);
        if (mmx) {
          SimdRegisters.setMmx(c, i.a, insert(c.fpu.mmx(i.a), number, word));
        } else {
          int half = 2 * i.a + (number >> 2);
          x[half] = insert(x[half], number & 3, word);
        }
      }
      case PEXTRW -> {
        int number = i.immediate & (mmx ? 3 : 7);
        long half = mmx ? c.fpu.mmx(i.b) : x[2 * i.b + (number >> 2)];
        c.r[i.a] = (int) (half >>> (16 * (number & 3))) & 0xffff;
        if (mmx) {
          c.fpu.enterMmx();
        }
      }
      case MASKMOV -> {
        if (mmx) {
          // Even if it ends in a page fault.
          c.fpu.enterMmx();
          storeMasked(c, i, c.fpu.mmx(i.a), 0, Shuffle.signsOfBytes(c.fpu.mmx(i.b)), 8);
        } else {
          int mask = Shuffle.signsOfBytes(x[2 * i.b]) | Shuffle.signsOfBytes(x[2 * i.b + 1]) << 8;
          storeMasked(c, i, x[2 * i.a], x[2 * i.a + 1], mask, 16);
        }
      }
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static void loadScalar(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    s.readSource(c, i);
    if (i.sourceInMemory) {
      s.set(i.a, s.low, 0);
    } else if (i.sourceSize == 4) {
      s.setLow32(i.a, (int) s.low);
    } else {
      s.xmm[2 * i.a] = s.low;
    }
  }

  private static void storeScalar(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    long low = s.xmm[2 * i.b];
    if (i.size == 4) {
      if (i.destinationInMemory) {
        c.mmu.writeInt(c.linear(i, 4, true), (int) low);
      } else {
        s.setLow32(i.a, (int) low);
      }
    } else if (i.destinationInMemory) {
      c.mmu.writeLong(c.linear(i, 8, true), low);
    } else {
      s.xmm[2 * i.a] = low;
    }
  }

  private static int signsOfSingles(long pair) {
    return (int) ((pair >>> 31 & 1) | pair >>> 63 << 1);
  }

  private static long insert(long into, int number, long word) {
    int at = 16 * number;
    return (into & ~(0xffffL << at)) | word << at;
  }

  /**
   * Writes the bytes whose bit is set, at DS:EDI. All must be writable, as on AMD's processors; the
   * manuals leave that open.
   */
  private static void storeMasked(Core c, Instruction i, long low, long high, int mask, int bytes) {
    int offset = c.r[Cpu.EDI] & Core.addressMask(i);
    long linear = c.linear(i.segment, offset, bytes, true);
    c.mmu.probeWrite(linear, bytes);
    for (int k = 0; k < bytes; k++) {
      if ((mask >> k & 1) != 0) {
        long half = k < 8 ? low : high;
        c.mmu.writeByte(linear + k & LOW_32, (int) (half >>> (8 * (k & 7))) & 0xff);
      }
    }
  }
}
