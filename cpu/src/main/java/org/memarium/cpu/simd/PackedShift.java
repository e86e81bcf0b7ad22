package org.memarium.cpu.simd;

/** Shifts of all elements of 64 bits by one number of bits. */
public final class PackedShift {
  private PackedShift() {}

  /**
   * Shifts.
   *
   * @param opcode the byte behind 0F of the form with a register: D1 to D3 logical to the right, E1
   *     and E2 arithmetic, F1 to F3 to the left; of 16, 32 and 64 bits
   * @param value what to shift
   * @param count by how many bits, unsigned
   */
  public static long apply(int opcode, long value, long count) {
    int width = 8 << (opcode & 3);
    boolean beyond = Long.compareUnsigned(count, width) >= 0;
    return switch (opcode >> 4) {
      case 0xD -> beyond ? 0 : right(value, width, (int) count);
      case 0xE -> arithmeticRight(value, width, beyond ? width - 1 : (int) count);
      default -> beyond ? 0 : left(value, width, (int) count);
    };
  }

  /** A number in each lane. */
  private static long repeat(long number, int width) {
    return switch (width) {
      case 16 -> number * 0x0001_0001_0001_0001L;
      case 32 -> number * 0x0000_0001_0000_0001L;
      default -> number;
    };
  }

  private static long right(long value, int width, int count) {
    return value >>> count & repeat(-1L >>> (64 - width) >>> count, width);
  }

  private static long left(long value, int width, int count) {
    long ones = -1L >>> (64 - width);
    return value << count & repeat(ones << count & ones, width);
  }

  private static long arithmeticRight(long value, int width, int count) {
    long ones = -1L >>> (64 - width);
    long negative = (value >>> (width - 1) & repeat(1, width)) * ones;
    return right(value, width, count) | (negative & ~repeat(ones >>> count, width));
  }
}
