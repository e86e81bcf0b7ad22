package org.memarium.cpu;

/**
 * Shifts and rotates. Counts are taken modulo 32; a count of 0 leaves the flags alone. Where the
 * manuals leave OF undefined, for counts other than 1, it follows the same rule as for 1.
 */
final class Shifts {
  private Shifts() {}

  static void execute(Core c, Instruction i) {
    Operation operation = i.operation();
    if (operation == Operation.SHLD || operation == Operation.SHRD) {
      shiftDouble(c, i, operation == Operation.SHLD);
      return;
    }
    int count = c.source(i) & 31;
    int value = c.modify(i);
    if (count == 0) {
      c.finish(i, value);
      return;
    }
    int bits = 8 * i.size;
    int after =
        switch (operation) {
          case SHL -> shiftLeft(c, value, count, i.size);
          case SHR -> shiftRight(c, value, count, i.size);
          case SAR -> shiftArithmeticRight(c, Core.signExtend(value, i.size), count, i.size);
          case ROL -> rotateLeft(c, value, count, bits);
          case ROR -> rotateRight(c, value, count, bits);
          case RCL -> rotateCarryLeft(c, value, count % (bits + 1), bits);
          case RCR -> rotateCarryRight(c, value, count % (bits + 1), bits);
          default -> throw new IllegalStateException(i.form.toString());
        };
    c.finish(i, after);
  }

  static int shiftLeft(Core c, int value, int count, int size) {
    int bits = 8 * size;
    long wide = (value & 0xffff_ffffL) << count;
    int after = (int) wide & Core.mask(size);
    boolean carry = (wide >>> bits & 1) != 0;
    boolean sign = (after >>> (bits - 1) & 1) != 0;
    c.result = Core.signExtend(after, size);
    c.setCarryOverflowAdjust(carry, carry != sign, false);
    return after;
  }

  static int shiftRight(Core c, int value, int count, int size) {
    int bits = 8 * size;
    int after = value >>> count;
    boolean carry = (value >>> (count - 1) & 1) != 0;
    c.result = Core.signExtend(after, size);
    c.setCarryOverflowAdjust(carry, topTwoDiffer(after, bits), false);
    return after;
  }

  static int shiftArithmeticRight(Core c, int value, int count, int size) {
    int after = value >> count;
    boolean carry = (value >> (count - 1) & 1) != 0;
    c.result = after;
    c.setCarryOverflowAdjust(carry, false, false);
    return after;
  }

  static int rotateLeft(Core c, int value, int count, int bits) {
    int by = count & (bits - 1);
    int after = by == 0 ? value : value << by | value >>> (bits - by);
    boolean carry = (after & 1) != 0;
    boolean sign = (after >>> (bits - 1) & 1) != 0;
    c.setCarryOverflowAdjust(carry, carry != sign, c.adjust());
    return after;
  }

  static int rotateRight(Core c, int value, int count, int bits) {
    int by = count & (bits - 1);
    int after = by == 0 ? value : value >>> by | value << (bits - by);
    boolean carry = (after >>> (bits - 1) & 1) != 0;
    c.setCarryOverflowAdjust(carry, topTwoDiffer(after, bits), c.adjust());
    return after;
  }

  private static int rotateCarryLeft(Core c, int value, int count, int bits) {
    long ring = (value & 0xffff_ffffL) | (c.carry() ? 1L << bits : 0);
    int width = bits + 1;
    long turned = count == 0 ? ring : ring << count | ring >>> (width - count);
    boolean carry = (turned >>> bits & 1) != 0;
    boolean sign = (turned >>> (bits - 1) & 1) != 0;
    c.setCarryOverflowAdjust(carry, carry != sign, c.adjust());
    return (int) turned;
  }

  private static int rotateCarryRight(Core c, int value, int count, int bits) {
    long ring = (value & 0xffff_ffffL) | (c.carry() ? 1L << bits : 0);
    int width = bits + 1;
    long turned = count == 0 ? ring : ring >>> count | ring << (width - count);
    boolean carry = (turned >>> bits & 1) != 0;
    c.setCarryOverflowAdjust(carry, topTwoDiffer((int) turned, bits), c.adjust());
    return (int) turned;
  }

  private static void shiftDouble(Core c, Instruction i, boolean left) {
    int count = (i.immediate2 != 0 ? c.r[Cpu.ECX] : i.immediate) & 31;
    int value = c.modify(i);
    int filler = c.register(i.b, 0, i.size);
    if (count == 0) {
      c.finish(i, value);
      return;
    }
    int bits = 8 * i.size;
    // The three words in a row make the 16-bit forms with counts past 16 what processors do.
    long high = value & 0xffff_ffffL;
    long low = filler & 0xffff_ffffL;
    int after;
    boolean carry;
    if (left) {
      long row = bits == 32 ? high << 32 | low : high << 32 | low << 16 | high;
      int top = bits == 32 ? 64 : 48;
      after = (int) (row >>> (top - bits - count));
      carry = (row >>> (top - count) & 1) != 0;
    } else {
      long row = bits == 32 ? low << 32 | high : high << 32 | low << 16 | high;
      after = (int) (row >>> count);
      carry = (row >>> (count - 1) & 1) != 0;
    }
    after &= Core.mask(i.size);
    c.result = Core.signExtend(after, i.size);
    boolean sign = (after >>> (bits - 1) & 1) != 0;
    c.setCarryOverflowAdjust(carry, left ? carry != sign : topTwoDiffer(after, bits), false);
    c.finish(i, after);
  }

  private static boolean topTwoDiffer(int value, int bits) {
    return (value >>> (bits - 1) & 1) != (value >>> (bits - 2) & 1);
  }
}
