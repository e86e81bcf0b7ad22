package org.memarium.cpu;

/** Bit tests, bit scans and BSWAP. */
final class Bits {
  private Bits() {}

  static void execute(Core c, Instruction i) {
    switch (i.operation()) {
      case BT, BTS, BTR, BTC -> test(c, i);
      case BSF, BSR -> scan(c, i);
      case BSWAP -> {
        // Undefined for 16 bits; processors clear them.
        int value = i.size == 4 ? Integer.reverseBytes(c.r[i.a]) : 0;
        c.setRegister(i.a, 0, i.size, value);
      }
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static void test(Core c, Instruction i) {
    int bits = 8 * i.size;
    int number = i.sourceIsImmediate ? i.immediate : c.register(i.b, 0, i.size);
    int bit = 1 << (number & (bits - 1));
    boolean changes = i.operation() != Operation.BT;
    long linear = 0;
    int value;
    if (i.destinationInMemory) {
      int offset = c.offset(i);
      if (!i.sourceIsImmediate) {
        // A register counts bits from the operand's first one, in both directions.
        int signed = Core.signExtend(number, i.size);
        offset = (offset + (signed >> (i.size == 4 ? 5 : 4)) * i.size) & Core.addressMask(i);
      }
      linear = c.linear(i.segment, offset, i.size, changes);
      if (changes) {
        c.mmu.probeWrite(linear, i.size);
      }
      value = c.read(linear, i.size);
    } else {
      value = c.register(i.a, 0, i.size);
    }
    int after =
        switch (i.operation()) {
          case BTS -> value | bit;
          case BTR -> value & ~bit;
          case BTC -> value ^ bit;
          default -> value;
        };
    if (changes && i.destinationInMemory) {
      c.write(linear, i.size, after);
    } else if (changes) {
      c.setRegister(i.a, 0, i.size, after);
    }
    c.setCarry((value & bit) != 0);
  }

  private static void scan(Core c, Instruction i) {
    int value = c.source(i);
    int flags = c.arithmeticFlags();
    if (value == 0) {
      // The destination stays, as AMD promises.
      c.setArithmeticFlags(flags | Flags.ZF);
      return;
    }
    int found =
        i.operation() == Operation.BSF
            ? Integer.numberOfTrailingZeros(value)
            : 31 - Integer.numberOfLeadingZeros(value);
    c.setRegister(i.a, 0, i.size, found);
    c.setArithmeticFlags(flags & ~Flags.ZF);
  }
}
