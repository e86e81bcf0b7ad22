package org.memarium.malloc;

import static org.memarium.malloc.RegionLayout.*;

/** Blocks that are mappings of their own, each at a multiple of 1 MiB. */
final class HugeMappings extends ProcessWords {
  private final HeapSource source;
  private final Regions regions;

  private long count;
  private long bytes;

  HugeMappings(ProcessMemory memory, HeapSource source, Regions regions) {
    super(memory);
    this.source = source;
    this.regions = regions;
  }

  /** Maps a block of whole pages; 0 if there is no room. */
  long map(long requested, long alignment) {
    long total = HeapSource.roundToPages(Math.max(requested, 1));
    long address = regions.mapAligned(total, Math.max(alignment, REGION_BYTES));
    if (address != 0) {
      note(address, total);
      count++;
      bytes += total;
    }
    return address;
  }

  /** Unmaps a block; false if the kernel does not. */
  boolean unmap(long address) {
    long total = bytes(address);
    if (!source.unmap(address, total)) {
      return false;
    }
    forget(address, 0, total);
    count--;
    bytes -= total;
    return true;
  }

  /** Changes the size of a block, by mremap; returns its address now, 0 if that cannot be. */
  long remap(long address, long requested) {
    long total = bytes(address);
    long newTotal = HeapSource.roundToPages(requested);
    if (newTotal == total) {
      return address;
    }
    long moved = source.remap(address, total, newTotal, 0, 0);
    if (moved == 0 && newTotal > total) {
      moved = moveTo(address, total, newTotal);
    }
    if (moved == 0) {
      return 0;
    }
    // Some MiB of the old place may be part of the new one, but only if it is the same.
    forget(address, moved == address ? newTotal : 0, total);
    note(moved, newTotal);
    bytes += newTotal - total;
    return moved;
  }

  /** mremap knows no alignment: a place is mapped for the block, and then replaced by it. */
  private long moveTo(long address, long total, long newTotal) {
    long place = regions.mapAligned(newTotal, REGION_BYTES);
    if (place == 0) {
      return 0;
    }
    int flags = ProcessMemory.MREMAP_MAYMOVE | ProcessMemory.MREMAP_FIXED;
    if (source.remap(address, total, newTotal, flags, place) == 0) {
      source.unmap(place, newTotal);
      return 0;
    }
    return place;
  }

  private void note(long address, long total) {
    regions.setMapEntry(address, ((total / ProcessMemory.PAGE_BYTES) << 2) | HUGE);
    for (long more = REGION_BYTES; more < total; more += REGION_BYTES) {
      regions.setMapEntry(address + more, HUGE_MORE);
    }
  }

  private void forget(long address, long from, long to) {
    for (long at = roundUp(from, REGION_BYTES); at < to; at += REGION_BYTES) {
      regions.setMapEntry(address + at, NOT_OURS);
    }
  }

  /** The length of the block that begins here. */
  long bytes(long address) {
    return (regions.mapEntry(address) >> 2) * ProcessMemory.PAGE_BYTES;
  }

  /** How many there are. */
  long count() {
    return count;
  }

  /** The length of all of them. */
  long bytes() {
    return bytes;
  }
}
