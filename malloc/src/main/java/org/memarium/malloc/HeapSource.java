package org.memarium.malloc;

/** Where an allocator's memory comes from: the process's system calls, and the count of them. */
final class HeapSource {
  private static final long PAGE_MASK = ProcessMemory.PAGE_BYTES - 1;
  private static final long LAST_ADDRESS = 0xffff_ffffL;

  private final ProcessMemory memory;

  private long heapBytes;
  private long mappedBytes;
  private long peakBytes;
  private long brkCalls;
  private long mmapCalls;
  private long munmapCalls;
  private long mremapCalls;
  private long madviseCalls;

  HeapSource(ProcessMemory memory) {
    this.memory = memory;
  }

  static long roundToPages(long bytes) {
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
  }

  /** Where the heap ends, by the kernel. */
  long currentBreak() {
    brkCalls++;
    return memory.brk(0);
  }

  /**
   * Moves the end of the heap.
   *
   * @param from where it is now
   * @param to where it is to be
   * @return whether it is there
   */
  boolean moveBreak(long from, long to) {
    if (to > LAST_ADDRESS) {
      return false;
    }
    brkCalls++;
    if (memory.brk(to) != to) {
      return false;
    }
    heapBytes += to - from;
    notePeak();
    return true;
  }

  /** Maps whole pages; 0 if there is no room. */
  long map(long bytes) {
    if (bytes > LAST_ADDRESS) {
      return 0;
    }
    mmapCalls++;
    long address = memory.mmap(bytes);
    if (address < 0) {
      return 0;
    }
    mappedBytes += roundToPages(bytes);
    notePeak();
    return address;
  }

  /** Unmaps whole pages; false if the kernel does not, as where a split exceeds max_map_count. */
  boolean unmap(long address, long bytes) {
    munmapCalls++;
    if (memory.munmap(address, bytes) != 0) {
      return false;
    }
    mappedBytes -= roundToPages(bytes);
    return true;
  }

  /** Changes the size of a mapping; 0 if that cannot be. */
  long remap(long address, long oldBytes, long newBytes, int flags, long newAddress) {
    mremapCalls++;
    long moved = memory.mremap(address, oldBytes, newBytes, flags, newAddress);
    if (moved < 0) {
      return 0;
    }
    // What lay at a fixed address was counted when it was mapped, and is replaced.
    long replaced = (flags & ProcessMemory.MREMAP_FIXED) == 0 ? 0 : roundToPages(newBytes);
    mappedBytes += roundToPages(newBytes) - roundToPages(oldBytes) - replaced;
    notePeak();
    return moved;
  }

  /**
   * Gives back the whole pages of a range that stays mapped.
   *
   * @return how many bytes those are
   */
  long discard(long start, long end) {
    long from = roundToPages(start);
    long to = end & ~PAGE_MASK;
    if (from >= to) {
      return 0;
    }
    madviseCalls++;
    return memory.discard(from, to - from) == 0 ? to - from : 0;
  }

  private void notePeak() {
    peakBytes = Math.max(peakBytes, heapBytes + mappedBytes);
  }

  /** Bytes from brk. */
  long heapBytes() {
    return heapBytes;
  }

  /** Bytes from mmap. */
  long mappedBytes() {
    return mappedBytes;
  }

  MallocStatistics statistics(
      long allocations,
      long frees,
      long reallocations,
      long failures,
      long requestedBytes,
      long grantedBytes,
      long inUseBytes,
      long peakInUseBytes) {
    return new MallocStatistics(
        allocations,
        frees,
        reallocations,
        failures,
        requestedBytes,
        grantedBytes,
        inUseBytes,
        peakInUseBytes,
        heapBytes + mappedBytes,
        peakBytes,
        brkCalls,
        mmapCalls,
        munmapCalls,
        mremapCalls,
        madviseCalls);
  }
}
