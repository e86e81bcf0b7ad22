package org.memarium.cpu.simd;

/** Elements put into other places: unpacking, packing, shuffling. */
public final class Shuffle {
  private static final long LOW_32 = 0xffff_ffffL;

  private Shuffle() {}

  /**
   * Elements of two numbers of 32 bits in turn, a's first.
   *
   * @param a 32 bits; those above are ignored
   * @param b 32 bits
   * @param width of the elements, 8, 16 or 32 bits
   */
  public static long interleave(long a, long b, int width) {
    return widen(a, width) | widen(b, width) << width;
  }

  /** Moves the elements of 32 bits apart, each into a place of twice its size. */
  private static long widen(long value, int width) {
    long wide = value & LOW_32;
    if (width < 32) {
      wide = (wide | wide << 16) & 0x0000_ffff_0000_ffffL;
    }
    if (width < 16) {
      wide = (wide | wide << 8) & 0x00ff_00ff_00ff_00ffL;
    }
    return wide;
  }

  /**
   * 64 bits with every element cut to half its size, saturated.
   *
   * @param opcode the byte behind 0F: 63 and 67 words to bytes, signed and unsigned; 6B doublewords
   *     to words
   * @return 32 bits
   */
  public static long pack(int opcode, long value) {
    long packed = 0;
    switch (opcode) {
      case 0x63 -> {
        for (int k = 0; k < 4; k++) {
          packed |= (clamp((short) (value >>> (16 * k)), -128, 127) & 0xffL) << (8 * k);
        }
      }
      case 0x67 -> {
        for (int k = 0; k < 4; k++) {
          packed |= (long) clamp((short) (value >>> (16 * k)), 0, 255) << (8 * k);
        }
      }
      default -> {
        for (int k = 0; k < 2; k++) {
          packed |= (clamp((int) (value >>> (32 * k)), -32768, 32767) & 0xffffL) << (16 * k);
        }
      }
    }
    return packed;
  }

  private static int clamp(int value, int min, int max) {
    return Math.max(min, Math.min(max, value));
  }

  /** Four words, each chosen by two bits of {@code order}. */
  public static long words(long from, int order) {
    return (from >>> (16 * (order & 3)) & 0xffff)
        | (from >>> (16 * (order >> 2 & 3)) & 0xffff) << 16
        | (from >>> (16 * (order >> 4 & 3)) & 0xffff) << 32
        | from >>> (16 * (order >> 6 & 3)) << 48;
  }

  /** Two doublewords of 128 bits, each chosen by two bits of {@code order}. */
  public static long doublewords(long low, long high, int order) {
    return doubleword(low, high, order & 3) | doubleword(low, high, order >> 2 & 3) << 32;
  }

  private static long doubleword(long low, long high, int number) {
    return (number < 2 ? low : high) >>> (32 * (number & 1)) & LOW_32;
  }

  /** The sign bits of eight bytes, that of the lowest in bit 0. */
  public static int signsOfBytes(long value) {
    // The multiplication brings bit 8 k to bit 56 + k, and no two of them to the same place.
    return (int) (((value >>> 7 & 0x0101_0101_0101_0101L) * 0x0102_0408_1020_4080L) >>> 56);
  }
}
