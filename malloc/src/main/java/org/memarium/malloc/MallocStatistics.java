package org.memarium.malloc;

/**
 * What an allocator has done so far.
 *
 * @param allocations blocks handed out ({@code malloc}, {@code calloc}, {@code memalign}, and
 *     {@code realloc} of the null pointer)
 * @param frees blocks given back
 * @param reallocations calls of {@code realloc} that changed a block
 * @param failures requests that were answered with 0
 * @param requestedBytes sum of what was asked for, of the requests that were granted
 * @param grantedBytes sum of what could be used of the blocks for them
 * @param inUseBytes what can be used of all blocks with the program now
 * @param peakInUseBytes the most that this has been
 * @param systemBytes what the kernel gives now, heap and mappings
 * @param peakSystemBytes the most that this has been
 * @param brkCalls system calls made
 * @param mmapCalls system calls made
 * @param munmapCalls system calls made
 * @param mremapCalls system calls made
 * @param madviseCalls system calls made
 */
public record MallocStatistics(
    long allocations,
    long frees,
    long reallocations,
    long failures,
    long requestedBytes,
    long grantedBytes,
    long inUseBytes,
    long peakInUseBytes,
    long systemBytes,
    long peakSystemBytes,
    long brkCalls,
    long mmapCalls,
    long munmapCalls,
    long mremapCalls,
    long madviseCalls) {
  /** The part of what was handed out that nobody asked for, 0 to 1. */
  public double internalFragmentation() {
    return grantedBytes == 0 ? 0 : 1 - (double) requestedBytes / grantedBytes;
  }

  /** The part of the kernel's memory that is not with the program now, 0 to 1. */
  public double overhead() {
    return systemBytes == 0 ? 0 : 1 - (double) inUseBytes / systemBytes;
  }

  /** The same between the two peaks, which need not have been at one time. */
  public double peakOverhead() {
    return peakSystemBytes == 0 ? 0 : 1 - (double) peakInUseBytes / peakSystemBytes;
  }

  /** All system calls. */
  public long systemCalls() {
    return brkCalls + mmapCalls + munmapCalls + mremapCalls + madviseCalls;
  }
}
