package org.memarium.bench;

/**
 * One replay of an allocation pattern on one allocator.
 *
 * @param allocator which
 * @param nanos of one operation: processor time of the host
 * @param instructions of one operation; 0 where the allocator is Java code, or the host ran it
 * @param peakResidentBytes the most that was resident, beyond what was before
 * @param peakObtainedBytes the most that the allocator had from the kernel
 */
record MallocTrial(
    String allocator,
    double nanos,
    double instructions,
    long peakResidentBytes,
    long peakObtainedBytes) {
  /**
   * The part of what it had from the kernel that nobody had asked for, at the two peaks, 0 to 1.
   */
  double fragmentation(long peakRequestedBytes) {
    return 1 - (double) peakRequestedBytes / peakObtainedBytes;
  }
}
