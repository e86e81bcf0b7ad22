package org.memarium.cpu.witness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.memarium.cpu.x87.X87Form;

/** Random states of the x87 unit and operands in memory, near the boundaries. */
final class X87Values {
  private static final int ALL_MASKED = 0x3f;

  private final Random random;
  private final Dice dice;

  X87Values(Random random) {
    this.random = random;
    this.dice = new Dice(random);
  }

  /** A whole state as FRSTOR reads it. */
  byte[] state() {
    ByteBuffer image = ByteBuffer.allocate(TestCase.FPU_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int masks = dice.chance(85) ? ALL_MASKED : random.nextInt(64);
    int control = 0x40 | masks | dice.pick(0, 2, 3) << 8 | random.nextInt(4) << 10;
    if (dice.chance(50)) {
      control = 0x37f;
    }
    int top = random.nextInt(8);
    int flags = dice.chance(70) ? 0 : random.nextInt(64);
    if ((flags & ~control & 0x3f) != 0 && dice.chance(70)) {
      flags &= control;
    }
    int stackFault = (flags & 1) != 0 && dice.chance(20) ? 0x40 : 0;
    int pending = (flags & ~control & 0x3f) != 0 ? 0x8080 : 0;
    int conditions = dice.pick(0x0000, 0x0100, 0x0200, 0x0400, 0x4000, 0x4700, 0x4500);
    int status = flags | stackFault | pending | top << 11 | conditions;
    int used = dice.chance(40) ? 8 : random.nextInt(9);
    int tags = 0;
    for (int physical = 0; physical < 8; physical++) {
      int fromTop = (physical - top) & 7;
      boolean empty = dice.chance(95) ? fromTop >= used : random.nextBoolean();
      tags |= empty ? 3 << (2 * physical) : 0;
    }
    image.putInt(0xffff_0000 | control);
    image.putInt(0xffff_0000 | status);
    image.putInt(0xffff_0000 | tags);
    // The kernel keeps no selectors, and the processor no pointers without a pending exception.
    image.putInt(0).putInt(0).putInt(0).putInt(0xffff_0000);
    for (int i = 0; i < 8; i++) {
      extended(image);
    }
    return image.array();
  }

  /** An operand in memory. */
  byte[] memory(X87Form.Operand operand, boolean operandSize16) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.max(16, operand.bytes(operandSize16)))
            .order(ByteOrder.LITTLE_ENDIAN);
    switch (operand) {
      case M32_FLOAT -> bytes.putInt(single());
      case M64_FLOAT -> bytes.putLong(twice());
      case M80_FLOAT -> extended(bytes);
      case M80_DECIMAL -> {
        for (int i = 0; i < 9; i++) {
          bytes.put((byte) (random.nextInt(10) << 4 | random.nextInt(10)));
        }
        bytes.put((byte) dice.pick(0, 0x80));
      }
      case M16_INTEGER, M32_INTEGER, M64_INTEGER -> bytes.putLong(integer());
      case M16_WORD -> bytes.putShort((short) (0x40 | random.nextInt(0x1000)));
      case ENVIRONMENT, STATE -> {
        byte[] state = state();
        if (operandSize16) {
          narrow(bytes, state);
        } else {
          bytes.put(state, 0, Math.min(state.length, bytes.remaining()));
        }
      }
      default -> {}
    }
    return bytes.array();
  }

  /** From the 32-bit layout of the environment to the one of 16 bits. */
  private static void narrow(ByteBuffer to, byte[] state) {
    ByteBuffer from = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 7; i++) {
      to.putShort(from.getShort(4 * i));
    }
    to.put(state, 28, Math.min(80, to.remaining()));
  }

  private void extended(ByteBuffer to) {
    long significand =
        switch (random.nextInt(8)) {
          case 0 -> 0x8000_0000_0000_0000L;
          case 1 -> -1L;
          case 2 -> 0x8000_0000_0000_0000L | 1L << random.nextInt(63);
          case 3 -> 0xc000_0000_0000_0000L;
          case 4 -> (random.nextLong() | 1L << 63) & -1L << random.nextInt(64);
          default -> random.nextLong() | 1L << 63;
        };
    int exponent =
        switch (random.nextInt(12)) {
          case 0 -> 0;
          case 1 -> 0x7fff;
          case 2 -> random.nextInt(3);
          case 3 -> 0x7ffe - random.nextInt(3);
          case 4 -> random.nextInt(0x8000);
          case 5 -> 0x3fff + random.nextInt(66);
          case 6 -> dice.pick(0x3c00, 0x43fe, 0x3f80, 0x407e, 0x3c01 - random.nextInt(54));
          default -> 0x3fff + random.nextInt(21) - 10;
        };
    if (exponent == 0 && dice.chance(70)) {
      significand = dice.chance(50) ? 0 : significand & ~(1L << 63);
    } else if (exponent == 0x7fff && dice.chance(60)) {
      significand = 1L << 63;
    } else if (dice.chance(2)) {
      significand &= ~(1L << 63);
    }
    to.putLong(significand).putShort((short) (exponent | (dice.chance(40) ? 0x8000 : 0)));
  }

  private int single() {
    return switch (random.nextInt(6)) {
      case 0 ->
          dice.pick(
              0, 0x8000_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x7fa0_0000, 1, 0x7f_ffff);
      case 1 -> random.nextInt();
      case 2 -> random.nextInt() & 0x807f_ffff;
      default -> Float.floatToRawIntBits((float) (random.nextGaussian() * 1000));
    };
  }

  private long twice() {
    return switch (random.nextInt(6)) {
      case 0 ->
          switch (random.nextInt(7)) {
            case 0 -> 0;
            case 1 -> 1L << 63;
            case 2 -> 0x7ff0_0000_0000_0000L;
            case 3 -> 0xfff0_0000_0000_0000L;
            case 4 -> 0x7ff8_0000_0000_0000L;
            case 5 -> 0x7ff4_0000_0000_0000L;
            default -> 1;
          };
      case 1 -> random.nextLong();
      case 2 -> random.nextLong() & 0x800f_ffff_ffff_ffffL;
      default -> Double.doubleToRawLongBits(random.nextGaussian() * 1000);
    };
  }

  private long integer() {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextLong();
      case 1 -> 1L << random.nextInt(64);
      case 2 -> -1L << random.nextInt(64);
      default -> random.nextInt(100);
    };
  }
}
