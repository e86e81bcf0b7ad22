package org.memarium.mm.pagetable;

import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;

/**
 * Neighbouring entries of one table, read and written at once: for whoever goes through whole
 * tables. One may be used for many tables, of one format.
 */
public final class PteBuffer {
  /** With fewer entries than this a loop is faster than a bulk copy. */
  private static final int FEW = 12;

  private final PageTableFormat format;

  /** The entries, as {@link PageTables#readPte} returns them. */
  public final long[] ptes;

  private final int[] shortEntries;

  /** A buffer for one table. */
  public PteBuffer(PageTableFormat format) {
    this.format = format;
    this.ptes = new long[format.entries(1)];
    this.shortEntries = new int[format.entryBytes() == Integer.BYTES ? ptes.length : 0];
  }

  /** Reads the first {@code count} entries from a physical address on. */
  public void read(PageTables tables, long pteAddress, int count) {
    Ram ram = tables.ram();
    if (count < FEW) {
      for (int i = 0; i < count; i++) {
        ptes[i] = format.read(ram, pteAddress + (long) i * format.entryBytes());
      }
    } else if (format.entryBytes() == Integer.BYTES) {
      ram.readInts(pteAddress, shortEntries, count);
      for (int i = 0; i < count; i++) {
        ptes[i] = shortEntries[i] & 0xffff_ffffL;
      }
    } else {
      ram.readLongs(pteAddress, ptes, count);
    }
  }

  /** Writes the first {@code count} entries to a physical address. */
  public void write(PageTables tables, long pteAddress, int count) {
    Ram ram = tables.ram();
    if (count < FEW) {
      for (int i = 0; i < count; i++) {
        format.write(ram, pteAddress + (long) i * format.entryBytes(), ptes[i]);
      }
    } else if (format.entryBytes() == Integer.BYTES) {
      for (int i = 0; i < count; i++) {
        shortEntries[i] = (int) ptes[i];
      }
      ram.writeInts(pteAddress, shortEntries, count);
    } else {
      ram.writeLongs(pteAddress, ptes, count);
    }
  }
}
