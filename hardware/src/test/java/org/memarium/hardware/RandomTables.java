package org.memarium.hardware;

import java.util.Random;

/**
 * Page tables full of random bits, for comparing walks: every frame of the table area is a table of
 * every level at once, and most entries name frames of the table area again.
 */
final class RandomTables {
  /** Frames 0 to this - 1 hold tables. */
  static final int TABLE_FRAMES = 12;

  private final PageTableFormat format;
  private final Random random;
  private final long ramBytes;

  RandomTables(PageTableFormat format, Random random, long ramBytes) {
    this.format = format;
    this.random = random;
    this.ramBytes = ramBytes;
  }

  /** Fills the table area of one RAM and copies it to the other. */
  void fill(Ram ours, Ram plain) {
    int bytes = TABLE_FRAMES * Ram.PAGE_SIZE;
    for (long at = 0; at < bytes; at += format.entryBytes()) {
      format.write(ours, at, entry());
    }
    byte[] copy = new byte[bytes];
    ours.read(0, copy, 0, bytes);
    plain.write(0, copy, 0, bytes);
  }

  /** One entry: mostly usable, and often spoilt. */
  long entry() {
    long entry = 0;
    entry |= chance(92) ? PageTableEntry.PRESENT : 0;
    entry |= chance(85) ? PageTableEntry.WRITABLE : 0;
    entry |= chance(85) ? PageTableEntry.USER : 0;
    entry |= chance(25) ? PageTableEntry.LARGE : 0;
    entry |= chance(30) ? PageTableEntry.GLOBAL : 0;
    entry |= chance(50) ? PageTableEntry.ACCESSED : 0;
    entry |= chance(50) ? PageTableEntry.DIRTY : 0;
    entry |= (long) random.nextInt(4) << 3;
    entry |= (long) random.nextInt(8) << 9;
    if (chance(50)) {
      // A base that suits a large page of some size, PAT (bit 12) included.
      int shift = new int[] {21, 22, 30}[random.nextInt(3)];
      entry |= random.nextLong(ramBytes + (1L << shift)) & -(1L << shift);
      entry |= (long) random.nextInt(2) << 12;
    } else {
      entry |= (long) random.nextInt(TABLE_FRAMES) << 12;
    }
    if (format.entryBytes() == 8) {
      entry |= chance(12) ? PageTableEntry.NX : 0;
      if (chance(4)) {
        entry |= 1L << (32 + random.nextInt(31));
      }
      if (chance(60) && format == PageTableFormat.PAE) {
        // The top table wants these clear.
        entry &= ~(0x1e6L | PageTableEntry.NX);
      }
    }
    if (chance(4)) {
      entry ^= 1L << random.nextInt(format.entryBytes() * 8);
    }
    return entry;
  }

  /** A linear address, canonical where that matters. */
  long linear() {
    long linear = random.nextLong();
    if (format.linearBits() == 32) {
      return linear & 0xffff_ffffL;
    }
    return linear << 16 >> 16;
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }
}
