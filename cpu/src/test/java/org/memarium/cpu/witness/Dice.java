package org.memarium.cpu.witness;

import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Random numbers with a taste for boundaries, and random places in the memory of a case. */
final class Dice {
  /** Selectors worth loading; 0x33 (64-bit code) is not for far transfers. */
  private static final int[] SELECTORS = {
    0, 1, 2, 3, 0x2b, 0x2b, 0x2b, 0x28, 0x23, 0x20, 0x63, 0x60, 0x6b, 0x73, 0x08, 0x0b, 0x10, 0x18,
    0x1b, 0x07, 0x04, 0xffff, 0x2f
  };

  private static final int[] BOUNDARIES = {
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    16,
    31,
    32,
    33,
    0x7f,
    0x80,
    0x81,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0x8001,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_0000,
    0xffff_8000,
    0xffff_ff7f,
    0xffff_ff80,
    0xffff_ff81,
    -2,
    -1,
    0x0909_0909,
    0x9999_9999,
    0x1010_1010
  };

  private final Random random;

  Dice(Random random) {
    this.random = random;
  }

  /** True in so many of a hundred throws. */
  boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  int pick(int... values) {
    return values[random.nextInt(values.length)];
  }

  /** From 0 to {@code bound - 1}. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  /** Any 32 bits. */
  int bits() {
    return random.nextInt();
  }

  void bits(byte[] bytes) {
    random.nextBytes(bytes);
  }

  void shuffle(List<?> list) {
    Collections.shuffle(list, random);
  }

  /** A selector worth loading. */
  int selector() {
    return pick(SELECTORS);
  }

  /** A number near a boundary, a small one, or any. */
  int value() {
    int thrown = below(10);
    if (thrown < 5) {
      return pick(BOUNDARIES);
    } else if (thrown < 7) {
      return below(256) - 128;
    } else if (thrown < 8) {
      return pick(BOUNDARIES) + below(5) - 2;
    }
    return bits();
  }

  /** An address for an operand: mostly plain, sometimes across or in something. */
  int target(int bytes) {
    int thrown = below(100);
    int around = -below(bytes + 1);
    if (thrown < 60) {
      return plainTarget();
    } else if (thrown < 72) {
      return TestCase.DATA + 0x1000 + around;
    } else if (thrown < 80) {
      return TestCase.READ_ONLY + below(0x1000);
    } else if (thrown < 86) {
      return TestCase.READ_ONLY + around;
    } else if (thrown < 91) {
      return TestCase.HOLE + around;
    } else if (thrown < 95) {
      return TestCase.AFTER_HOLE + around;
    } else if (thrown < 98) {
      return TestCase.DATA + TestCase.DATA_BYTES + around;
    }
    int anywhere = value();
    return isWitness(anywhere) ? plainTarget() : anywhere;
  }

  /** Whether the host has the witness itself there, which would not survive a write. */
  private static boolean isWitness(int address) {
    return address >>> 24 == 0x5a;
  }

  /** An address in the writable pages before the read-only one. */
  int plainTarget() {
    int address = TestCase.DATA + 0x100 + below(0x1e00);
    return chance(50) ? address & -16 : address;
  }

  /** A stack pointer: mostly with room, sometimes near the edge. */
  int stackPointer() {
    int thrown = below(100);
    if (thrown < 80) {
      return TestCase.DATA + 0x100 + 4 * below(0x700);
    } else if (thrown < 90) {
      return target(32);
    }
    return pick(TestCase.AFTER_HOLE, TestCase.READ_ONLY, TestCase.DATA + 0x1000) + 4 * below(8);
  }
}
