package org.memarium.cpu;

import org.memarium.cpu.simd.FloatEstimate;
import org.memarium.cpu.simd.FloatUnit;

/** SSE's floating point: arithmetic, comparisons, estimates. */
final class SimdFloats {
  // The prefix says which elements: all of single or double precision, or the lowest alone.
  private static final int ALL_DOUBLES = 0x66;
  private static final int ONE_SINGLE = 0xF3;
  private static final int ONE_DOUBLE = 0xF2;

  private static final long LOW_32 = 0xffff_ffffL;

  private SimdFloats() {}

  static void execute(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    s.readSource(c, i);
    s.unit.mxcsr().begin();
    switch (i.operation()) {
      case FLOAT_ARITHMETIC -> arithmetic(s, i);
      case FLOAT_COMPARE -> compare(s, i);
      case FLOAT_COMPARE_TO_FLAGS -> compareToFlags(c, i);
      case FLOAT_ESTIMATE -> estimate(s, i);
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static void arithmetic(SimdRegisters s, Instruction i) {
    FloatUnit unit = s.unit;
    int operation = i.form.opcode() & 15;
    long a = s.xmm[2 * i.a];
    long b = s.xmm[2 * i.a + 1];
    switch (i.form.prefix()) {
      case ONE_DOUBLE -> {
        long result = unit.arithmetic64(operation, a, s.low);
        unit.mxcsr().accept();
        s.xmm[2 * i.a] = result;
      }
      case ONE_SINGLE -> {
        int result = unit.arithmetic32(operation, (int) a, (int) s.low);
        unit.mxcsr().accept();
        s.setLow32(i.a, result);
      }
      case ALL_DOUBLES -> {
        long low = unit.arithmetic64(operation, a, s.low);
        long high = unit.arithmetic64(operation, b, s.high);
        unit.mxcsr().accept();
        s.set(i.a, low, high);
      }
      default -> {
        long low = arithmeticPair(unit, operation, a, s.low);
        long high = arithmeticPair(unit, operation, b, s.high);
        unit.mxcsr().accept();
        s.set(i.a, low, high);
      }
    }
  }

  private static long arithmeticPair(FloatUnit unit, int operation, long a, long b) {
    int low = unit.arithmetic32(operation, (int) a, (int) b);
    int high = unit.arithmetic32(operation, (int) (a >>> 32), (int) (b >>> 32));
    return pair(low, high);
  }

  private static long pair(int low, int high) {
    return (long) high << 32 | (low & LOW_32);
  }

  // ---- Comparisons ----

  private static void compare(SimdRegisters s, Instruction i) {
    FloatUnit unit = s.unit;
    int predicate = i.immediate & 7;
    long a = s.xmm[2 * i.a];
    long b = s.xmm[2 * i.a + 1];
    switch (i.form.prefix()) {
      case ONE_DOUBLE -> {
        long mask = compare64(unit, predicate, a, s.low);
        unit.mxcsr().accept();
        s.xmm[2 * i.a] = mask;
      }
      case ONE_SINGLE -> {
        int mask = compare32(unit, predicate, a, s.low);
        unit.mxcsr().accept();
        s.setLow32(i.a, mask);
      }
      case ALL_DOUBLES -> {
        long low = compare64(unit, predicate, a, s.low);
        long high = compare64(unit, predicate, b, s.high);
        unit.mxcsr().accept();
        s.set(i.a, low, high);
      }
      default -> {
        long low =
            pair(
                compare32(unit, predicate, a, s.low),
                compare32(unit, predicate, a >>> 32, s.low >>> 32));
        long high =
            pair(
                compare32(unit, predicate, b, s.high),
                compare32(unit, predicate, b >>> 32, s.high >>> 32));
        unit.mxcsr().accept();
        s.set(i.a, low, high);
      }
    }
  }

  private static long compare64(FloatUnit unit, int predicate, long a, long b) {
    return holds(predicate, unit.compare64(a, b, isSignaling(predicate))) ? -1 : 0;
  }

  private static int compare32(FloatUnit unit, int predicate, long a, long b) {
    return holds(predicate, unit.compare32((int) a, (int) b, isSignaling(predicate))) ? -1 : 0;
  }

  /** LT, LE, NLT and NLE object to quiet NaNs. */
  private static boolean isSignaling(int predicate) {
    return (predicate & 3) == 1 || (predicate & 3) == 2;
  }

  /** EQ, LT, LE, UNORD; with 4 added the opposites. */
  private static boolean holds(int predicate, int relation) {
    boolean holds =
        switch (predicate & 3) {
          case 0 -> relation == FloatUnit.EQUAL;
          case 1 -> relation == FloatUnit.LESS;
          case 2 -> relation == FloatUnit.LESS || relation == FloatUnit.EQUAL;
          default -> relation == FloatUnit.UNORDERED;
        };
    return holds == (predicate < 4);
  }

  private static void compareToFlags(Core c, Instruction i) {
    SimdRegisters s = c.simd;
    // COMIS objects to quiet NaNs, UCOMIS does not.
    boolean signaling = i.form.opcode() == 0x2F;
    long a = s.xmm[2 * i.a];
    int relation =
        i.form.prefix() == ALL_DOUBLES
            ? s.unit.compare64(a, s.low, signaling)
            : s.unit.compare32((int) a, (int) s.low, signaling);
    s.unit.mxcsr().accept();
    c.setArithmeticFlags(
        switch (relation) {
          case FloatUnit.EQUAL -> Flags.ZF;
          case FloatUnit.LESS -> Flags.CF;
          case FloatUnit.GREATER -> 0;
          default -> Flags.ZF | Flags.PF | Flags.CF;
        });
  }

  // ---- Estimates ----

  private static void estimate(SimdRegisters s, Instruction i) {
    boolean root = (i.form.opcode() & 1) == 0;
    int lowest = estimate(root, s.low);
    if (i.form.prefix() == ONE_SINGLE) {
      s.setLow32(i.a, lowest);
    } else {
      s.set(
          i.a,
          pair(lowest, estimate(root, s.low >>> 32)),
          pair(estimate(root, s.high), estimate(root, s.high >>> 32)));
    }
  }

  private static int estimate(boolean root, long bits) {
    return root ? FloatEstimate.reciprocalRoot((int) bits) : FloatEstimate.reciprocal((int) bits);
  }
}
