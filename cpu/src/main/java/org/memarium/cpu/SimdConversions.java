package org.memarium.cpu;

import org.memarium.cpu.simd.FloatUnit;

/** SSE's conversions: between single, double precision and integers, in all their registers. */
final class SimdConversions {
  private static final long LOW_32 = 0xffff_ffffL;

  private SimdConversions() {}

  static void execute(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    FloatUnit unit = s.unit;
    unit.mxcsr().begin();
    switch (i.operation()) {
      case CVTSI2SD -> s.xmm[2 * i.a] = FloatUnit.integerTo64(c.source(i));
      case CVTSI2SS -> {
        int single = unit.integerTo32(c.source(i));
        unit.mxcsr().accept();
        s.setLow32(i.a, single);
      }
      case CVTSD2SI, CVTSS2SI -> {
        s.readSource(c, i);
        int integer =
            i.operation() == Operation.CVTSD2SI
                ? unit.toInteger64(s.low, truncates(i))
                : unit.toInteger32((int) s.low, truncates(i));
        unit.mxcsr().accept();
        c.r[i.a] = integer;
      }
      case CVTSS2SD -> {
        s.readSource(c, i);
        long twice = unit.widen((int) s.low);
        unit.mxcsr().accept();
        s.xmm[2 * i.a] = twice;
      }
      case CVTSD2SS -> {
        s.readSource(c, i);
        int single = unit.narrow(s.low);
        unit.mxcsr().accept();
        s.setLow32(i.a, single);
      }
      case CVTPI2PS, CVTPI2PD, CVTPS2PI, CVTPD2PI -> executeMmx(c, i);
      default -> executePacked(c, i);
    }
  }

  private static void executePacked(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    FloatUnit unit = s.unit;
    s.readSource(c, i);
    long low;
    long high = 0;
    switch (i.operation()) {
      case CVTPS2PD -> {
        low = unit.widen((int) s.low);
        high = unit.widen((int) (s.low >>> 32));
      }
      case CVTPD2PS -> low = pair(unit.narrow(s.low), unit.narrow(s.high));
      case CVTDQ2PS -> {
        low = singles(unit, s.low);
        high = singles(unit, s.high);
      }
      case CVTDQ2PD -> {
        low = FloatUnit.integerTo64((int) s.low);
        high = FloatUnit.integerTo64((int) (s.low >>> 32));
      }
      case CVTPS2DQ -> {
        // Without a T this one has the prefix 66, with it F3.
        boolean truncates = i.form.prefix() == 0xF3;
        low = integersOfSingles(unit, s.low, truncates);
        high = integersOfSingles(unit, s.high, truncates);
      }
      case CVTPD2DQ -> low = integersOfDoubles(unit, s, i.form.prefix() == 0x66);
      default -> throw new IllegalStateException(i.form.toString());
    }
    unit.mxcsr().accept();
    s.set(i.a, low, high);
  }

  private static void executeMmx(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    FloatUnit unit = s.unit;
    boolean fromMemory = i.sourceInMemory;
    switch (i.operation()) {
      case CVTPI2PS, CVTPI2PD -> {
        // With an operand in memory they leave MMX alone. (On Intel's CVTPI2PS does not.)
        if (!fromMemory) {
          c.fpu.checkPending();
        }
        long integers = SimdRegisters.mmxSource(c, i);
        if (!fromMemory) {
          c.fpu.enterMmx();
        }
        if (i.operation() == Operation.CVTPI2PS) {
          long singles = singles(unit, integers);
          unit.mxcsr().accept();
          s.xmm[2 * i.a] = singles;
        } else {
          s.set(
              i.a,
              FloatUnit.integerTo64((int) integers),
              FloatUnit.integerTo64((int) (integers >>> 32)));
        }
      }
      default -> {
        c.fpu.checkPending();
        s.readSource(c, i);
        long integers =
            i.operation() == Operation.CVTPS2PI
                ? integersOfSingles(unit, s.low, truncates(i))
                : integersOfDoubles(unit, s, truncates(i));
        // Even if they end in #XM.
        c.fpu.enterMmx();
        unit.mxcsr().accept();
        c.fpu.setMmx(i.a, integers);
      }
    }
  }

  /** 2C truncates, 2D rounds. */
  private static boolean truncates(Instruction i) {
    return i.form.opcode() == 0x2C;
  }

  private static long singles(FloatUnit unit, long integers) {
    return pair(unit.integerTo32((int) integers), unit.integerTo32((int) (integers >>> 32)));
  }

  private static long integersOfSingles(FloatUnit unit, long singles, boolean truncates) {
    return pair(
        unit.toInteger32((int) singles, truncates),
        unit.toInteger32((int) (singles >>> 32), truncates));
  }

  private static long integersOfDoubles(FloatUnit unit, SimdRegisters s, boolean truncates) {
    return pair(unit.toInteger64(s.low, truncates), unit.toInteger64(s.high, truncates));
  }

  private static long pair(int low, int high) {
    return (long) high << 32 | (low & LOW_32);
  }
}
