package org.memarium.cpu;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The blocks that were decoded from one page frame. */
final class FrameCode {
  /** log2 of the bytes that one bit of {@link #chunks} stands for: 64 bits cover the frame. */
  private static final int CHUNK_SHIFT = 6;

  private @Nullable Block[] blocks = new @Nullable Block[8];
  private int count;

  /** One bit for each 64 bytes: set where a block has bytes. May say too much, never too little. */
  private long chunks;

  void add(Block block, int offset, int bytes) {
    if (count == blocks.length) {
      blocks = Arrays.copyOf(blocks, 2 * count);
    }
    blocks[count++] = block;
    chunks |= mask(offset, bytes);
  }

  void remove(Block block) {
    for (int k = 0; k < count; k++) {
      if (blocks[k] == block) {
        blocks[k] = blocks[--count];
        blocks[count] = null;
        return;
      }
    }
  }

  /** Whether a write of these bytes may hit a block. */
  boolean mayHit(int offset, int bytes) {
    return (chunks & mask(offset, bytes)) != 0;
  }

  int count() {
    return count;
  }

  Block get(int k) {
    return Objects.requireNonNull(blocks[k]);
  }

  private static long mask(int offset, int bytes) {
    int first = offset >> CHUNK_SHIFT;
    int last = (offset + bytes - 1) >> CHUNK_SHIFT;
    return -1L << first & -1L >>> (63 - last);
  }
}
