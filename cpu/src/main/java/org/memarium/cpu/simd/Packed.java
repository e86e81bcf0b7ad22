package org.memarium.cpu.simd;

/**
 * Packed integers: operations that treat 64 bits like any other 64 bits, so that an MMX register is
 * one of them and an SSE register two. All elements are computed at once, in one long.
 *
 * <p>How. In a lane of {@code width} bits the top bit is kept apart while the others are added, so
 * that no carry leaves the lane. What is to be known of each lane (less, equal, overflow) is first
 * a bit in its top place, then {@linkplain #spread spread} over the lane as a mask.
 */
public final class Packed {
  /** The top bit of each lane of 8, 16 and 32 bits. */
  private static final long TOP_8 = 0x8080_8080_8080_8080L;

  private static final long TOP_16 = 0x8000_8000_8000_8000L;
  private static final long TOP_32 = 0x8000_0000_8000_0000L;

  private static final long LOW_32 = 0xffff_ffffL;

  private Packed() {}

  /**
   * One half of the result.
   *
   * @param opcode the byte behind 0F
   * @param a half of the destination
   * @param b half of the source
   */
  public static long apply(int opcode, long a, long b) {
    return switch (opcode) {
      case 0xDB, 0x54 -> a & b;
      case 0xDF, 0x55 -> ~a & b;
      case 0xEB, 0x56 -> a | b;
      case 0xEF, 0x57 -> a ^ b;

      case 0xFC -> add(a, b, TOP_8);
      case 0xFD -> add(a, b, TOP_16);
      case 0xFE -> add(a, b, TOP_32);
      case 0xD4 -> a + b;
      case 0xF8 -> subtract(a, b, TOP_8);
      case 0xF9 -> subtract(a, b, TOP_16);
      case 0xFA -> subtract(a, b, TOP_32);
      case 0xFB -> a - b;

      case 0xDC -> addUnsignedSaturating(a, b, TOP_8, 8);
      case 0xDD -> addUnsignedSaturating(a, b, TOP_16, 16);
      case 0xD8 -> subtract(a, b, TOP_8) & ~below(a, b, TOP_8, 8);
      case 0xD9 -> subtract(a, b, TOP_16) & ~below(a, b, TOP_16, 16);
      case 0xEC -> addSaturating(a, b, TOP_8, 8);
      case 0xED -> addSaturating(a, b, TOP_16, 16);
      case 0xE8 -> subtractSaturating(a, b, TOP_8, 8);
      case 0xE9 -> subtractSaturating(a, b, TOP_16, 16);

      case 0x74 -> equal(a, b, TOP_8, 8);
      case 0x75 -> equal(a, b, TOP_16, 16);
      case 0x76 -> equal(a, b, TOP_32, 32);
      case 0x64 -> less(b, a, TOP_8, 8);
      case 0x65 -> less(b, a, TOP_16, 16);
      case 0x66 -> less(b, a, TOP_32, 32);
      case 0xDA -> choose(below(a, b, TOP_8, 8), a, b);
      case 0xDE -> choose(below(a, b, TOP_8, 8), b, a);
      case 0xEA -> choose(less(a, b, TOP_16, 16), a, b);
      case 0xEE -> choose(less(a, b, TOP_16, 16), b, a);
      case 0xE0 -> average(a, b, TOP_8, 8);
      case 0xE3 -> average(a, b, TOP_16, 16);

      case 0xD5 -> multiplyLow(a, b);
      case 0xE5 -> multiplyHigh(a, b);
      case 0xE4 -> multiplyHighUnsigned(a, b);
      case 0xF4 -> (a & LOW_32) * (b & LOW_32);
      case 0xF5 -> multiplyAndAdd(a, b);
      case 0xF6 -> sumOfDifferences(a, b);
      default -> throw new IllegalStateException("no packed operation: 0f %02x".formatted(opcode));
    };
  }

  private static long add(long a, long b, long top) {
    return ((a & ~top) + (b & ~top)) ^ ((a ^ b) & top);
  }

  private static long subtract(long a, long b, long top) {
    return ((a | top) - (b & ~top)) ^ ((a ^ ~b) & top);
  }

  /** All ones in each lane whose top bit is set. */
  private static long spread(long bits, long top, int width) {
    return ((bits & top) >>> (width - 1)) * ((1L << width) - 1);
  }

  /** Unsigned less: where a - b borrows. */
  private static long below(long a, long b, long top, int width) {
    return spread((~a & b) | (~(a ^ b) & subtract(a, b, top)), top, width);
  }

  /** Signed less. */
  private static long less(long a, long b, long top, int width) {
    return spread((a & ~b) | (~(a ^ b) & subtract(a, b, top)), top, width);
  }

  private static long equal(long a, long b, long top, int width) {
    long different = a ^ b;
    return ~spread(different | (different & ~top) + ~top, top, width);
  }

  private static long choose(long mask, long where, long elsewhere) {
    return (where & mask) | (elsewhere & ~mask);
  }

  private static long addUnsignedSaturating(long a, long b, long top, int width) {
    long sum = add(a, b, top);
    return sum | spread((a & b) | ((a | b) & ~sum), top, width);
  }

  private static long addSaturating(long a, long b, long top, int width) {
    long sum = add(a, b, top);
    long overflow = spread(~(a ^ b) & (a ^ sum), top, width);
    return choose(overflow, bound(a, top, width), sum);
  }

  private static long subtractSaturating(long a, long b, long top, int width) {
    long difference = subtract(a, b, top);
    long overflow = spread((a ^ b) & (a ^ difference), top, width);
    return choose(overflow, bound(a, top, width), difference);
  }

  /** The largest number of a lane, or where the sign is set the smallest. */
  private static long bound(long signs, long top, int width) {
    return ~top + ((signs & top) >>> (width - 1));
  }

  /** Rounded up: the sum less half of what differs. */
  private static long average(long a, long b, long top, int width) {
    long lowest = top >>> (width - 1);
    return (a | b) - (((a ^ b) & ~lowest) >>> 1);
  }

  // ---- By element ----

  private static long multiplyLow(long a, long b) {
    long product = 0;
    for (int at = 0; at < 64; at += 16) {
      product |= ((a >>> at) * (b >>> at) & 0xffff) << at;
    }
    return product;
  }

  private static long multiplyHigh(long a, long b) {
    long product = 0;
    for (int at = 0; at < 64; at += 16) {
      product |= (((short) (a >>> at) * (short) (b >>> at)) >> 16 & 0xffffL) << at;
    }
    return product;
  }

  private static long multiplyHighUnsigned(long a, long b) {
    long product = 0;
    for (int at = 0; at < 64; at += 16) {
      product |= (((a >>> at & 0xffff) * (b >>> at & 0xffff)) >>> 16) << at;
    }
    return product;
  }

  private static long multiplyAndAdd(long a, long b) {
    int low = (short) a * (short) b + (short) (a >>> 16) * (short) (b >>> 16);
    int high = (short) (a >>> 32) * (short) (b >>> 32) + (short) (a >>> 48) * (short) (b >>> 48);
    return (long) high << 32 | (low & LOW_32);
  }

  private static long sumOfDifferences(long a, long b) {
    long sum = 0;
    for (int at = 0; at < 64; at += 8) {
      sum += Math.abs((a >>> at & 0xff) - (b >>> at & 0xff));
    }
    return sum;
  }
}
