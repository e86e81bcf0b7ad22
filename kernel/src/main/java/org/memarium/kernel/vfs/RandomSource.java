package org.memarium.kernel.vfs;

import java.util.SplittableRandom;

/**
 * The bytes of /dev/urandom and getrandom(2): the same for the same seed, in the order in which
 * they are asked for.
 */
final class RandomSource {

  private final SplittableRandom random;

  RandomSource(long seed) {
    random = new SplittableRandom(seed);
  }

  void fill(byte[] buffer, int offset, int count) {
    for (int i = 0; i < count; i++) {
      buffer[offset + i] = (byte) random.nextInt();
    }
  }
}
