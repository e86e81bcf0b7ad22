package org.memarium.malloc;

/**
 * {@code struct malloc_state}: the arena, where the lists begin, in a page of the process's memory.
 *
 * <pre>
 *      0  mutex, flags               not used: one thread at a time
 *      8  have_fastchunks
 *     12  fastbinsY[11]              one list for each size of small chunks, last in first out
 *     56  top                        the chunk that ends the heap
 *     60  last_remainder             of the last split for a small request
 *     64  bins[254]                  fd and bk of 127 lists
 *   1080  binmap[4]                  a bit for each bin: may hold something
 *   1096  next, next_free, attached_threads
 *   1108  system_mem, max_system_mem
 *
 *   1152  mapped                     fd and bk of the list of mappings    (from here on ours)
 *   1160  number of segments
 *   1168  segments[]                 start and end of each stretch of the heap
 * </pre>
 */
final class MallocState {
  static final int HAVE_FASTCHUNKS = 8;
  static final int FASTBINS = 12;
  static final int TOP = 56;
  static final int LAST_REMAINDER = 60;
  static final int BINS = 64;
  static final int BINMAP = 1080;
  static final int SYSTEM_MEM = 1108;
  static final int MAX_SYSTEM_MEM = 1112;
  static final int MAPPED = 1152;
  static final int SEGMENT_COUNT = 1160;
  static final int SEGMENTS = 1168;

  /** The length of it all, in bytes. */
  static final int BYTES = ProcessMemory.PAGE_BYTES;

  /** How many segments fit. */
  static final int MAX_SEGMENTS = (BYTES - SEGMENTS) / 8;

  private MallocState() {}
}
