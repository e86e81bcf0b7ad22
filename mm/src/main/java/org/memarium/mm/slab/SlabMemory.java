package org.memarium.mm.slab;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.StructSlab;

/** What all caches of a machine reach memory by: linear addresses of the direct map, and pfns. */
final class SlabMemory {
  final PageAllocator pages;
  final StructSlab slabs;

  /** Which memory group pays for which object; null on a machine without groups. */
  final @Nullable ObjectCharges charges;

  private final Ram ram;
  private final long pageOffset;
  private final int lowFrames;
  private final boolean wide;

  SlabMemory(PageAllocator pages, int wordBytes) {
    this.pages = pages;
    this.slabs = new StructSlab(pages.memMap());
    this.ram = pages.ram();
    this.pageOffset = pages.architecture().pageOffset();
    this.lowFrames = pages.memblock().maxLowPfn();
    this.wide = wordBytes == Long.BYTES;
    this.charges =
        pages.groups().areOn() ? new ObjectCharges(this, pages.groups(), wordBytes) : null;
  }

  /** Linear address of a frame in the direct map. */
  long address(int pfn) {
    return pageOffset + ((long) pfn << Ram.PAGE_SHIFT);
  }

  /** The frame behind an address; -1 if the direct map does not reach so far. */
  int pfn(long address) {
    long pfn = (address - pageOffset) >> Ram.PAGE_SHIFT;
    return pfn >= 0 && pfn < lowFrames ? (int) pfn : -1;
  }

  // Small, so that they are inlined everywhere.

  /** Reads a pointer. */
  long getPointer(long address) {
    return wide ? getLong(address) : ram.getInt(address - pageOffset) & 0xffff_ffffL;
  }

  /** Writes a pointer. */
  void setPointer(long address, long value) {
    if (wide) {
      setLong(address, value);
    } else {
      ram.putInt(address - pageOffset, (int) value);
    }
  }

  private long getLong(long address) {
    return ram.getLong(address - pageOffset);
  }

  private void setLong(long address, long value) {
    ram.putLong(address - pageOffset, value);
  }

  int getByte(long address) {
    return ram.getByte(address - pageOffset) & 0xff;
  }

  int getInt(long address) {
    return ram.getInt(address - pageOffset);
  }

  void setInt(long address, int value) {
    ram.putInt(address - pageOffset, value);
  }

  void fill(long address, long bytes, int value) {
    ram.fill(address - pageOffset, bytes, (byte) value);
  }

  void copy(long from, long to, long bytes) {
    ram.copy(from - pageOffset, to - pageOffset, bytes);
  }
}
