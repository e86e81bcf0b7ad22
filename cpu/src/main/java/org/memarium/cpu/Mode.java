package org.memarium.cpu;

/**
 * What decoding depends on besides the bytes: sizes by default, and whether segments may be
 * ignored. (64-bit mode will be one more.)
 */
public enum Mode {
  /** Code segment with D = 0: operands and addresses of 16 bits. */
  SEGMENTED_16(2, false),

  /** Code segment with D = 1, some segment not flat. */
  SEGMENTED_32(4, false),

  /** D = 1, and offsets in CS, SS, DS and ES are linear addresses. */
  FLAT_32(4, true);

  private final int bytes;
  private final boolean flat;

  Mode(int bytes, boolean flat) {
    this.bytes = bytes;
    this.flat = flat;
  }

  /** Size in bytes of operands and addresses without a prefix. */
  public int bytes() {
    return bytes;
  }

  /** Whether offsets in CS, SS, DS and ES are linear addresses. */
  public boolean isFlat() {
    return flat;
  }
}
