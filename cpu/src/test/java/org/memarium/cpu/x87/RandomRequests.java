package org.memarium.cpu.x87;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.memarium.cpu.x87.X87Form.Operand;

/**
 * Random states of the unit and random operands, special values more often than chance has them.
 */
final class RandomRequests {
  private static final long[] MANTISSAS = {
    0,
    1,
    2,
    1L << 62,
    3L << 61,
    1L << 63,
    1L << 63 | 1,
    3L << 62,
    3L << 62 | 1,
    -1L,
    -2L,
    Long.MAX_VALUE,
    5L << 61,
    -1L << 11,
    -1L << 40,
    -1L << 11 | 1L << 10,
    -1L << 40 | 1L << 39,
    1L << 63 | 1L << 10,
    1L << 63 | 1L << 39
  };
  private static final int[] EXPONENTS = {
    0, 0, 1, 2, 63, 64, 0x3FFF, 0x3FFE, 0x4000, 0x403D, 0x403E, 0x403F, 0x400E, 0x401E, 0x7FFD,
    0x7FFE, 0x7FFF, 0x7FFF, 0x3C00, 0x3C01, 0x43FE, 0x43FF, 0x3F80, 0x3F81, 0x407E, 0x407F, 0x3FFD,
    0x3FBF
  };

  private final SplittableRandom random;
  private final long seed;
  private final boolean ordinary;

  /**
   * @param ordinary whether registers hold normal numbers of moderate size, all exceptions are
   *     masked and results rounded to nearest
   */
  RandomRequests(long seed, boolean ordinary) {
    random = new SplittableRandom(seed);
    this.seed = seed;
    this.ordinary = ordinary;
  }

  @Override
  public String toString() {
    return (ordinary ? "ordinary numbers" : "anything") + ", seed " + seed;
  }

  /** Whether something happens that has one chance in n. */
  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  private long bit() {
    return 1L << random.nextInt(64);
  }

  long mantissa() {
    return switch (random.nextInt(6)) {
      case 0 -> MANTISSAS[random.nextInt(MANTISSAS.length)];
      case 1 -> random.nextLong() | 1L << 63;
      case 2 -> (random.nextLong() | 1L << 63) & -1L << random.nextInt(64);
      case 3 -> (-1L << random.nextInt(64) ^ bit()) | 1L << 63;
      case 4 -> (bit() + bit()) | 1L << 63;
      default -> random.nextLong() | 1L << 63;
    };
  }

  int signExponent() {
    int sign = random.nextInt(2) << 15;
    return sign
        | switch (random.nextInt(6)) {
          case 0 -> EXPONENTS[random.nextInt(EXPONENTS.length)];
          case 1 -> random.nextInt(0x8000);
          case 2 ->
              Math.clamp(
                  EXPONENTS[random.nextInt(EXPONENTS.length)] + random.nextInt(-3, 4), 0, 0x7FFF);
          default -> 0x3FFF + random.nextInt(-70, 71);
        };
  }

  /** Fills a request for a form: state, operand, code. */
  void fill(ByteBuffer request, X87Form form, boolean prefix16, int modrm) {
    request.order(ByteOrder.LITTLE_ENDIAN);
    if (ordinary) {
      ordinaryState(request);
    } else {
      state(request, 0, 12);
    }
    for (int i = HostFpu.MEMORY; i < HostFpu.CODE; i++) {
      request.put(i, (byte) random.nextInt());
    }
    operand(request, form.operand());
    request.put(HostFpu.CODE, (byte) (prefix16 ? 0x66 : 0));
    request.put(HostFpu.CODE + 1, (byte) form.opcode());
    request.put(HostFpu.CODE + 2, (byte) modrm);
    request.put(HostFpu.CODE + 3, (byte) 0);
    // CF, PF, AF, ZF, SF and OF at random; IF and the fixed bit set.
    request.putInt(HostFpu.EFLAGS, (random.nextInt() & 0x8D5) | 0x202);
    request.putInt(HostFpu.EAX, random.nextInt());
  }

  private void ordinaryState(ByteBuffer request) {
    state(request, 0, 1);
    request.putInt(0, 0xFFFF037F);
    request.putInt(4, 0xFFFF0000);
    request.putInt(8, 0xFFFFF000);
    for (int i = 0; i < 8; i++) {
      request.putLong(28 + 10 * i, random.nextLong() | 1L << 63);
      int exponent = 0x3FFF + random.nextInt(-12, 13);
      request.putShort(36 + 10 * i, (short) (random.nextInt(2) << 15 | exponent));
    }
  }

  private void state(ByteBuffer request, int offset, int pendingChance) {
    int control = 0x7F;
    if (oneIn(3)) {
      control = random.nextInt(0x40) | 0x40;
    }
    control |= oneIn(3) ? 3 << 8 : random.nextInt(4) << 8;
    control |= oneIn(3) ? 0 : random.nextInt(4) << 10;
    control |= random.nextInt(2) << 12;
    int status = random.nextInt(0x10000);
    if (!oneIn(pendingChance)) {
      status &= ~(~control & 0x3F);
    }
    request.putInt(offset, control | 0xFFFF0000);
    request.putInt(offset + 4, status | 0xFFFF0000);
    request.putInt(offset + 8, tags());
    request.putInt(offset + 12, random.nextInt());
    request.putInt(offset + 16, (random.nextInt() & 0x7FFFFFF) | 3);
    request.putInt(offset + 20, random.nextInt());
    request.putInt(offset + 24, random.nextInt() | 3);
    for (int i = 0; i < 8; i++) {
      number(request, offset + 28 + 10 * i);
    }
    int first = offset + 28 + 10 * random.nextInt(2);
    int second = offset + 28 + 10 * random.nextInt(8);
    if (oneIn(5)) {
      // Numbers that nearly cancel, or are half of each other.
      request.putLong(second, request.getLong(first) + random.nextInt(-2, 3));
      request.putShort(
          second + 8,
          (short)
              (request.getShort(first + 8)
                  ^ random.nextInt(2) << 15
                  ^ (oneIn(3) ? random.nextInt(4) : 0)));
    }
  }

  private int tags() {
    int empty =
        switch (random.nextInt(8)) {
          case 0 -> random.nextInt(256);
          case 1 -> 1 << random.nextInt(8);
          case 2 -> 0;
          default -> 0xF0 >> random.nextInt(4);
        };
    if (oneIn(2)) {
      int turn = random.nextInt(8);
      empty = (empty << turn | empty >> (8 - turn)) & 0xFF;
    }
    int word = 0;
    for (int i = 0; i < 8; i++) {
      word |= ((empty >> i & 1) != 0 ? 3 : random.nextInt(3)) << (2 * i);
    }
    return word | 0xFFFF0000;
  }

  private void number(ByteBuffer request, int offset) {
    int signExponent = signExponent();
    long mantissa = mantissa();
    if ((signExponent & 0x7FFF) == 0 && oneIn(2)) {
      mantissa = mantissa >>> random.nextInt(1, 64);
    } else if (oneIn(24)) {
      mantissa &= Long.MAX_VALUE;
    }
    request.putLong(offset, mantissa);
    request.putShort(offset + 8, (short) signExponent);
  }

  private void operand(ByteBuffer request, Operand operand) {
    int at = HostFpu.MEMORY;
    switch (operand) {
      case M16_INTEGER -> request.putShort(at, (short) integer(16));
      case M32_INTEGER -> request.putInt(at, (int) integer(32));
      case M64_INTEGER -> request.putLong(at, integer(64));
      case M32_FLOAT -> request.putInt(at, (int) binary(23, 8));
      case M64_FLOAT -> request.putLong(at, binary(52, 11));
      case M80_FLOAT -> number(request, at);
      case M80_DECIMAL -> {
        for (int i = 0; i < 9; i++) {
          int digits = oneIn(4) ? 0 : random.nextInt(10) << 4 | random.nextInt(10);
          request.put(at + i, (byte) digits);
        }
        request.put(at + 9, (byte) (random.nextInt(2) << 7));
      }
      case M16_WORD -> request.putShort(at, (short) random.nextInt());
      case STATE, ENVIRONMENT -> state(request, at, 2);
      default -> {}
    }
  }

  private long integer(int bits) {
    long value =
        switch (random.nextInt(4)) {
          case 0 -> random.nextInt(-3, 4);
          case 1 -> (1L << (bits - 1)) - random.nextInt(3);
          case 2 -> 1L << random.nextInt(bits);
          default -> random.nextLong();
        };
    return value >> (64 - bits);
  }

  /** A number of the formats that have no explicit integer bit. */
  private long binary(int fractionBits, int exponentBits) {
    long largest = (1L << exponentBits) - 1;
    long exponent =
        switch (random.nextInt(5)) {
          case 0 -> 0;
          case 1 -> largest;
          case 2 -> random.nextLong() & largest;
          default -> (largest >> 1) + random.nextInt(-70, 71);
        };
    long fraction = mantissa() << 1 >>> (64 - fractionBits);
    if (oneIn(3)) {
      fraction = fraction >>> random.nextInt(fractionBits);
    }
    return (random.nextLong() & 1) << (fractionBits + exponentBits)
        | (exponent & largest) << fractionBits
        | fraction;
  }
}
