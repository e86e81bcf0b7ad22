package org.memarium.mm.slab;

/**
 * {@code struct track}: who allocated or freed an object, kept behind it (Linux 6.1 {@code
 * mm/slub.c}).
 *
 * <pre>
 *   i386     0     addr    4  handle  8   cpu  12  pid   16  when   20 bytes
 *   x86_64   0     addr    8  handle  12  cpu  16  pid   24  when   32 bytes
 * </pre>
 */
final class SlabTrack {
  /** The track of the allocation. */
  static final int ALLOC = 0;

  /** The track of the free, behind the other. */
  static final int FREE = 1;

  private SlabTrack() {}

  /** {@code sizeof(struct track)}. */
  static int bytes(int wordBytes) {
    return wordBytes == Integer.BYTES ? 20 : 32;
  }

  static int cpuOffset(int wordBytes) {
    return wordBytes + Integer.BYTES;
  }

  static int pidOffset(int wordBytes) {
    return wordBytes + 2 * Integer.BYTES;
  }

  static int whenOffset(int wordBytes) {
    return wordBytes == Integer.BYTES ? 16 : 24;
  }
}
