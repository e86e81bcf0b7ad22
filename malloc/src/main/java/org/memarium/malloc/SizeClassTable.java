package org.memarium.malloc;

/**
 * The sizes that small requests are rounded up to: 16 bytes apart up to 128, then four for each
 * doubling (160, 192, 224, 256, 320, ...), up to 14,336. So at most a fifth of a block is lost
 * beyond 128 bytes.
 */
final class SizeClassTable {
  /** How many there are. */
  static final int COUNT = 35;

  /** The largest, in bytes. */
  static final int LARGEST = 14_336;

  private static final int MOST_PAGES = 16;
  private static final int MAGAZINE_BYTES = 8192;

  private SizeClassTable() {}

  /** The class of a request of so many bytes, {@link #LARGEST} at most. */
  static int index(long bytes) {
    if (bytes <= 128) {
      return (int) ((Math.max(bytes, 1) + 15) >> 4) - 1;
    }
    int doubling = 63 - Long.numberOfLeadingZeros(bytes - 1);
    return 8 + 4 * (doubling - 7) + (int) (((bytes - 1) >> (doubling - 2)) & 3);
  }

  /** The size of a class, in bytes. */
  static int bytes(int index) {
    if (index < 8) {
      return 16 * (index + 1);
    }
    int doubling = 7 + ((index - 8) >> 2);
    return (1 << doubling) + (((index & 3) + 1) << (doubling - 2));
  }

  /** How many pages a run has: the fewest that waste a sixteenth at most, for several slots. */
  static int runPages(int index) {
    int size = bytes(index);
    int slots = size <= 1024 ? 8 : 4;
    for (int pages = 1; pages < MOST_PAGES; pages++) {
      int run = pages * ProcessMemory.PAGE_BYTES;
      if (run / size >= slots && run % size <= run / 16) {
        return pages;
      }
    }
    return MOST_PAGES;
  }

  /** How many slots a run has. */
  static int slots(int index) {
    return runPages(index) * ProcessMemory.PAGE_BYTES / bytes(index);
  }

  /** How many blocks of a class a thread keeps at most. */
  static int magazineSlots(int index) {
    return Math.max(4, Math.min(64, MAGAZINE_BYTES / bytes(index)));
  }
}
