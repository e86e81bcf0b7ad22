package org.memarium.cpu.witness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** Random contents of MMX and SSE registers and of MXCSR, near the boundaries. */
final class SimdValues {
  /** What the elements of a case are. */
  private enum Kind {
    SINGLE,
    DOUBLE,
    INTEGER,
    BITS
  }

  private static final int ALL_MASKED = 0x1f80;

  /** The host, AMD's, has another bit here, which ours does not know. */
  private static final int MISALIGNED_MASK = 1 << 17;

  private final Random random;
  private final Dice dice;
  private Kind kind = Kind.BITS;

  SimdValues(Random random) {
    this.random = random;
    this.dice = new Dice(random);
  }

  /** Chooses what the elements of the next case are. */
  void begin(String mnemonic) {
    boolean converts = mnemonic.startsWith("cvt");
    if (dice.chance(8)) {
      kind = Kind.BITS;
    } else if (converts && dice.chance(30)) {
      kind = Kind.INTEGER;
    } else if (mnemonic.endsWith("ps") || mnemonic.endsWith("ss")) {
      kind = converts && dice.chance(50) ? Kind.DOUBLE : Kind.SINGLE;
    } else if (mnemonic.endsWith("pd") || mnemonic.endsWith("sd")) {
      kind = converts && dice.chance(50) ? Kind.SINGLE : Kind.DOUBLE;
    } else if (converts) {
      kind = mnemonic.contains("d2") ? Kind.DOUBLE : Kind.SINGLE;
    } else {
      kind = Kind.INTEGER;
    }
  }

  /** Elements one after the other. */
  byte[] elements(int bytes) {
    ByteBuffer to = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (to.remaining() >= 8) {
      switch (kind) {
        case SINGLE -> to.putInt(single()).putInt(single());
        case DOUBLE -> to.putLong(twice());
        case INTEGER -> to.putLong(integers());
        case BITS -> to.putLong(random.nextLong());
      }
      int at = to.position();
      if (at >= 24 && dice.chance(15)) {
        // The same as in the register before, or next to it.
        to.putLong(at - 8, to.getLong(at - 24) + dice.below(3) - 1);
      }
    }
    return to.array();
  }

  /** A value of MXCSR. */
  int mxcsr() {
    if (dice.chance(30)) {
      return ALL_MASKED | (dice.chance(50) ? 0x20 : 0);
    }
    int masks = dice.chance(75) ? ALL_MASKED : random.nextInt(64) << 7;
    int flags = dice.chance(50) ? 0 : random.nextInt(64);
    int denormals = (dice.chance(25) ? 0x40 : 0) | (dice.chance(25) ? 0x8000 : 0);
    return masks | flags | denormals | random.nextInt(4) << 13;
  }

  /** An operand for LDMXCSR: sometimes with bits that are not there. */
  int anyMxcsr() {
    return dice.chance(85) ? mxcsr() : random.nextInt() & ~MISALIGNED_MASK;
  }

  private int single() {
    int fraction = fraction(23);
    int exponent = exponent(127);
    return switch (random.nextInt(8)) {
      case 0 ->
          dice.pick(
                  0,
                  1,
                  0x7f_ffff,
                  0x80_0000,
                  0x7f7f_ffff,
                  0x7f80_0000,
                  0x7fc0_0000,
                  0x7fa0_1234,
                  0x3f80_0000,
                  0x4f00_0000,
                  0x4eff_ffff,
                  0x7fd5_5555,
                  0x3f00_0000)
              | (dice.chance(50) ? 1 << 31 : 0);
      case 1 -> Float.floatToRawIntBits((random.nextInt(2000) - 1000) / 2f);
      case 2 -> Float.floatToRawIntBits(random.nextInt() / 2f);
      default -> (dice.chance(50) ? 1 << 31 : 0) | exponent << 23 | fraction;
    };
  }

  private long twice() {
    long fraction = (long) fraction(26) << 26 | (dice.chance(50) ? 0 : fraction(26));
    long exponent = exponent(1023);
    return switch (random.nextInt(8)) {
      case 0 -> special64() | (dice.chance(50) ? 1L << 63 : 0);
      case 1 -> Double.doubleToRawLongBits((random.nextInt(2000) - 1000) / 2.0);
      case 2 -> Double.doubleToRawLongBits(random.nextInt() + random.nextInt(8) / 4.0);
      // What singles can hold, or nearly.
      case 3 -> Double.doubleToRawLongBits(Float.intBitsToFloat(single())) + dice.below(3) - 1;
      default -> (dice.chance(50) ? 1L << 63 : 0) | exponent << 52 | fraction;
    };
  }

  private long special64() {
    return switch (random.nextInt(12)) {
      case 0 -> 0;
      case 1 -> 1;
      case 2 -> 0x000f_ffff_ffff_ffffL;
      case 3 -> 0x0010_0000_0000_0000L;
      case 4 -> 0x7fef_ffff_ffff_ffffL;
      case 5 -> 0x7ff0_0000_0000_0000L;
      case 6 -> 0x7ff8_0000_0000_0000L;
      case 7 -> 0x7ff4_0000_1234_5678L;
      case 8 -> 0x3ff0_0000_0000_0000L;
      case 9 -> 0x41e0_0000_0000_0000L;
      case 10 -> 0x41df_ffff_ffe0_0000L;
      default -> 0x7ffa_aaaa_aaaa_aaaaL;
    };
  }

  /** Long ones, short ones, and those next to a power of two. */
  private int fraction(int bits) {
    int any = random.nextInt(1 << bits);
    return switch (random.nextInt(5)) {
      case 0 -> any & -1 << (bits - 1 - random.nextInt(bits));
      case 1 -> dice.below(3);
      case 2 -> (1 << bits) - 1 - dice.below(3);
      case 3 -> 1 << dice.below(bits);
      default -> any;
    };
  }

  private int exponent(int bias) {
    return switch (random.nextInt(8)) {
      case 0 -> 0;
      case 1 -> dice.below(3);
      case 2 -> 2 * bias - dice.below(3);
      // Products and quotients of these are at the end of the range.
      case 3 -> bias / 2 + dice.below(5) - 2;
      case 4 -> bias + bias / 2 + dice.below(5) - 2;
      case 5 -> bias + dice.below(60) - 30;
      default -> bias + dice.below(9) - 4;
    };
  }

  private long integers() {
    return switch (random.nextInt(6)) {
      case 0 -> random.nextInt(70); // the count of a shift
      case 1 -> (long) dice.value() << 32 | (dice.value() & 0xffff_ffffL);
      // Not 5a5a5a5a, where the witness has its stack: MOVD may go to ESP.
      case 2 -> 0x0101_0101_0101_0101L * (dice.below(0x5a) | dice.pick(0, 0x80));
      case 3 -> boundaries(8);
      case 4 -> boundaries(16);
      default -> random.nextLong();
    };
  }

  private long boundaries(int width) {
    long all = 0;
    for (int at = 0; at < 64; at += width) {
      int top = 1 << (width - 1);
      int value = dice.pick(0, 1, 2, top - 1, top, top + 1, -1, -2) + (dice.chance(20) ? 1 : 0);
      all |= (value & (1L << width) - 1) << at;
    }
    return all;
  }
}
