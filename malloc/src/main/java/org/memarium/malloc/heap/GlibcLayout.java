package org.memarium.malloc.heap;

/**
 * How glibc's malloc lays out its data on i386: {@code malloc/malloc.c} and {@code malloc/arena.c}
 * of glibc 2.36, whose chunks are multiples of 16 bytes there (since 2.26) and whose single links
 * are mixed with their own place (since 2.32).
 *
 * <pre>
 *   a chunk                            address of a chunk: 8 more than a multiple of 16
 *    +0   prev_size   bytes of the chunk before, if that is free; else that one's last bytes
 *    +4   size        31              4 3 2 1 0
 *                    +-----------------+-+-+-+-+
 *                    | bytes / 16      |0|A|M|P|   A not of main_arena   M mmapped
 *                    +-----------------+-+-+-+-+   P the chunk before is in use
 *    +8   memory of the program; in a free chunk: fd, then bk at +12, the links of its bin
 *
 *   struct malloc_state (an arena)     struct malloc_par (mp_)        struct tcache_perthread
 *      0  mutex                           0  trim_threshold              0  counts[64], 16 bits each
 *      4  flags                           4  top_pad                   128  entries[64]
 *      8  have_fastchunks                 8  mmap_threshold
 *     12  fastbinsY[11]                  12  arena_test, arena_max    struct heap_info
 *     56  top                            20  thp and huge pages          0  ar_ptr
 *     60  last_remainder                 32  n_mmaps                     4  prev
 *     64  bins[254]: fd, bk of 127       36  n_mmaps_max                 8  size
 *   1080  binmap[4]                      40  max_n_mmaps                12  mprotect_size
 *   1096  next                           44  no_dyn_threshold           16  pagesize
 *   1100  next_free                      48  mmapped_mem                20  (padding)
 *   1104  attached_threads               52  max_mmapped_mem            24  first arena: its state
 *   1108  system_mem                     56  sbrk_base
 *   1112  max_system_mem                 60  tcache_bins, 64 _max_bytes, 68 _count
 * </pre>
 *
 * <p>{@code mp_} and {@code heap_info} have this shape since 2.35, the thread's cache until 2.41.
 */
final class GlibcLayout {
  private GlibcLayout() {}

  // ---- KnownChunks ----
  static final int SIZE = 4;
  static final int MEMORY = 8;
  static final int FD = 8;
  static final int BK = 12;
  static final int MIN_CHUNK = 16;

  /** Bytes that a chunk of an arena has beside the program's: its size. */
  static final int HEADER = 4;

  static final int PREV_INUSE = 1;
  static final int IS_MMAPPED = 2;
  static final int NON_MAIN_ARENA = 4;
  private static final int FLAGS = 7;

  /** What stands where an arena could not grow on: {@code CHUNK_HDR_SZ}. */
  static final int FENCEPOST = 8;

  // ---- struct malloc_state ----
  static final int FASTBINS = 12;
  static final int NFASTBINS = 11;
  static final int TOP = 56;
  static final int BINS = 64;

  /** Bins are numbered from 1, the unsorted one. */
  static final int NBINS = 128;

  static final int UNSORTED = 1;
  static final int FIRST_LARGE = 64;
  static final int NEXT = 1096;
  static final int ATTACHED_THREADS = 1104;
  static final int SYSTEM_MEM = 1108;
  static final int MAX_SYSTEM_MEM = 1112;
  static final int ARENA_BYTES = 1116;

  // ---- struct malloc_par ----
  static final int N_MMAPS = 32;
  static final int MAX_N_MMAPS = 40;
  static final int MMAPPED_MEM = 48;
  static final int MAX_MMAPPED_MEM = 52;
  static final int SBRK_BASE = 56;
  static final int TCACHE_BINS = 60;
  static final int TCACHE_MAX_BYTES = 64;
  static final int TCACHE_COUNT = 68;
  static final int MP_BYTES = 76;

  // ---- struct tcache_perthread_struct ----
  static final int TCACHE_NBINS = 64;
  static final int TCACHE_ENTRIES = 128;
  static final int TCACHE_BYTES = 384;

  /** The chunk that holds one. */
  static final int TCACHE_CHUNK = 400;

  // ---- struct heap_info ----
  /** {@code HEAP_MAX_SIZE}, to which heaps are aligned. */
  static final long HEAP_MAX = 1 << 20;

  static final int HEAP_PREV = 4;
  static final int HEAP_SIZE = 8;
  static final int HEAP_INFO_BYTES = 24;

  /** A chunk's size without its flags. */
  static long bytes(long sizeField) {
    return sizeField & ~FLAGS;
  }

  /** The first address from here on at which a chunk can lie. */
  static long alignChunk(long address) {
    return ((address + MEMORY + 15) & ~15L) - MEMORY;
  }

  static boolean isChunkAligned(long address) {
    return (address + MEMORY) % 16 == 0;
  }

  /** {@code REVEAL_PTR}: what a link at an address leads to. */
  static long reveal(long address, long link) {
    return (address >>> 12) ^ link;
  }

  /** {@code bin_at}: the address that stands for the head of a bin in its links. */
  static long bin(long arena, int index) {
    return arena + BINS + (index - 1) * 8L - FD;
  }

  /** {@code bin_index}: the bin of a free chunk's size. */
  static int binIndex(long bytes) {
    if (bytes < 1008) {
      return (int) (bytes >>> 4) + 1;
    }
    if (bytes >>> 6 <= 45) {
      return 49 + (int) (bytes >>> 6);
    }
    if (bytes >>> 9 <= 20) {
      return 91 + (int) (bytes >>> 9);
    }
    if (bytes >>> 12 <= 10) {
      return 110 + (int) (bytes >>> 12);
    }
    if (bytes >>> 15 <= 4) {
      return 119 + (int) (bytes >>> 15);
    }
    return bytes >>> 18 <= 2 ? 124 + (int) (bytes >>> 18) : 126;
  }

  /** {@code fastbin_index}. */
  static int fastIndex(long bytes) {
    return (int) (bytes >>> 3) - 2;
  }
}
