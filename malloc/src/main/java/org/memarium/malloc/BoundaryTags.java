package org.memarium.malloc;

import java.util.function.Consumer;
import org.memarium.malloc.HeapErrorException.Kind;

/**
 * Boundary tags and bins, after dlmalloc and glibc's ptmalloc on 32 bits: {@link Chunks} draws the
 * header, {@link Bins} lists the bins.
 *
 * <p><b>malloc</b> looks, in this order, into: the fast bin of the size; the small bin of the size;
 * the unsorted bin, whose chunks are sorted into theirs on the way; the large bin; the bins of
 * larger chunks, of which one is split; the top chunk. Then it asks the kernel: mmap from the mmap
 * threshold on, else brk.
 *
 * <p><b>free</b> puts small chunks into a fast bin; others are fused with free neighbours and go to
 * the unsorted bin, or become part of the top chunk. If the top chunk exceeds the trim threshold,
 * its end is given back. A mapping is unmapped, and moves the mmap threshold up to its size, and
 * the trim threshold to twice that, until somebody sets one of them.
 *
 * <p>There is one arena, and no tcache: a thread of its own and its cache are what {@link
 * SizeClasses} is for. Other than glibc's, it finds every second free of a chunk in a fast bin, and
 * wipes headers that fusing swallows, so that they can't be taken for chunks later.
 */
public final class BoundaryTags extends AbstractMalloc {
  /** {@code DEFAULT_MMAP_THRESHOLD_MAX} of 64-bit programs, in bytes. */
  public static final long MMAP_THRESHOLD_MAX_64 = 32L << 20;

  /** {@code DEFAULT_MMAP_THRESHOLD_MAX} of 32-bit programs, in bytes. */
  public static final long MMAP_THRESHOLD_MAX_32 = 512L << 10;

  /** {@code DEFAULT_MMAP_THRESHOLD}, in bytes; the trim threshold's, too. */
  public static final long MMAP_THRESHOLD = 128L << 10;

  /** {@code MAX_FAST_SIZE}: the largest value of M_MXFAST, in bytes. */
  private static final long MAX_FAST_REQUEST = 80;

  /** {@code FASTBIN_CONSOLIDATION_THRESHOLD}, in bytes. */
  private static final long CONSOLIDATION_BYTES = 1 << 16;

  /** {@code DEFAULT_MMAP_MAX}. */
  private static final long MMAP_MAX = 1 << 16;

  private static final int MAX_SORTED = 10_000;

  private static final int HEADER = Chunks.HEADER;
  private static final int SMALLEST = Chunks.SMALLEST;

  /** The arena; its chunks, lists and stretches of memory are there as soon as it is. */
  private long state;

  private final long mmapThresholdMax;
  private Bins bins;
  private HeapSegments segments;
  private MappedChunks mappings;

  private long mmapThreshold = MMAP_THRESHOLD;
  private long trimThreshold = MMAP_THRESHOLD;
  private long topPad;
  private long mmapMax = MMAP_MAX;
  private boolean thresholdsMove = true;

  /** {@code global_max_fast}: chunks up to this size go to fast bins; the default is 64 bytes. */
  private long maxFast = 64;

  /** A heap that is empty, with a mmap threshold of up to 32 MiB. */
  public BoundaryTags(ProcessMemory memory) {
    this(memory, MMAP_THRESHOLD_MAX_64);
  }

  /**
   * A heap that is empty: nothing is asked of the kernel yet.
   *
   * @param mmapThresholdMax how far the mmap threshold moves, in bytes
   */
  public BoundaryTags(ProcessMemory memory, long mmapThresholdMax) {
    super(memory);
    this.mmapThresholdMax = mmapThresholdMax;
    attach();
  }

  private void attach() {
    bins = new Bins(memory, state);
    segments = new HeapSegments(memory, source, state);
    mappings = new MappedChunks(memory, source, state);
  }

  /** {@code ptmalloc_init}: false if there is no page for the arena. */
  private boolean initialize() {
    state = source.map(MallocState.BYTES);
    if (state == 0) {
      return false;
    }
    attach();
    bins.initialize();
    mappings.initialize();
    return true;
  }

  // ---- malloc ----

  @Override
  long allocate(long bytes) {
    if (state == 0 && !initialize()) {
      return 0;
    }
    long chunk = takeChunk(Chunks.chunkBytes(bytes));
    if (chunk == 0) {
      return 0;
    }
    noteUsable(chunk);
    return chunk + HEADER;
  }

  private void noteUsable(long chunk) {
    usable = usableBytes(chunk);
    dirty = Math.min(dirty, usable);
  }

  private long usableBytes(long chunk) {
    return bins.size(chunk) - (bins.isMapped(chunk) ? HEADER : Chunks.WORD);
  }

  /** {@code _int_malloc}: a chunk of so many bytes, marked as in use; 0 if there is no memory. */
  private long takeChunk(long bytes) {
    dirty = Long.MAX_VALUE;
    if (bytes <= maxFast) {
      long chunk = bins.popFast("malloc", bytes);
      if (chunk != 0) {
        return chunk;
      }
    }
    if (Bins.isSmall(bytes)) {
      long chunk = bins.oldest(Bins.index(bytes));
      if (chunk != 0) {
        return takeWhole(chunk, bytes);
      }
    } else if (bins.haveFast()) {
      consolidate();
    }
    while (true) {
      long chunk = takeFromBins(bytes);
      if (chunk != 0) {
        return chunk;
      }
      long topBytes = segments.topBytes();
      if (topBytes >= bytes + SMALLEST) {
        long top = segments.top();
        dirty = segments.cutTop(top, topBytes, bytes);
        return top;
      }
      if (!bins.haveFast()) {
        return askKernel(bytes);
      }
      consolidate();
    }
  }

  private long takeWhole(long chunk, long bytes) {
    bins.unlink("malloc", chunk);
    bins.markInUse(chunk, bytes);
    return chunk;
  }

  private long takeFromBins(long bytes) {
    boolean small = Bins.isSmall(bytes);
    long chunk = sortUntil(bytes, small);
    if (chunk != 0) {
      return chunk;
    }
    if (!small) {
      chunk = bins.bestOfLarge(bytes);
      if (chunk != 0) {
        bins.unlink("malloc", chunk);
        return split(chunk, bytes, false);
      }
    }
    chunk = bins.smallestFrom(Bins.index(bytes) + 1);
    if (chunk == 0) {
      return 0;
    }
    bins.unlink("malloc", chunk);
    return split(chunk, bytes, small);
  }

  /** Empties the unsorted bin; stops with a chunk that fits exactly, or the last remainder. */
  private long sortUntil(long bytes, boolean small) {
    long head = bins.head(Bins.UNSORTED);
    for (int sorted = 0; sorted < MAX_SORTED; sorted++) {
      long chunk = get(head + Chunks.BK);
      if (chunk == head) {
        return 0;
      }
      long found = bins.size(chunk);
      boolean alone = get(chunk + Chunks.BK) == head;
      bins.unlink("malloc", chunk);
      if (found == bytes) {
        bins.markInUse(chunk, bytes);
        return chunk;
      }
      if (small
          && alone
          && chunk == get(state + MallocState.LAST_REMAINDER)
          && found > bytes + SMALLEST) {
        return split(chunk, bytes, true);
      }
      bins.insertSorted(chunk, found);
    }
    return 0;
  }

  /**
   * Cuts a chunk to a size. Its rest goes to the unsorted bin, if it can be a chunk.
   *
   * @param chunk free, in no bin
   * @param remember whether the next small request may go on in the rest: those that are made
   *     together lie together
   */
  private long split(long chunk, long bytes, boolean remember) {
    long found = bins.size(chunk);
    long rest = found - bytes;
    if (rest < SMALLEST) {
      bins.markInUse(chunk, found);
      return chunk;
    }
    put(chunk + Chunks.SIZE, bytes | Chunks.PREV_INUSE);
    bins.tagFree(chunk + bytes, rest);
    bins.insertUnsorted(chunk + bytes, rest);
    if (remember) {
      put(state + MallocState.LAST_REMAINDER, chunk + bytes);
    }
    return chunk;
  }

  /** {@code sysmalloc}. */
  private long askKernel(long bytes) {
    boolean mayMap = mappings.count() < mmapMax;
    if (bytes >= mmapThreshold && mayMap) {
      long chunk = mappings.map(bytes);
      if (chunk != 0) {
        dirty = 0;
        return chunk;
      }
    }
    if (!segments.grow(bytes, topPad, this::fuse)
        && (topPad == 0 || !segments.grow(bytes, 0, this::fuse))) {
      return 0;
    }
    long top = segments.top();
    dirty = segments.cutTop(top, bins.size(top), bytes);
    return top;
  }

  // ---- free ----

  @Override
  void release(long address) {
    long chunk = address - HEADER;
    if (bins.isMapped(chunk)) {
      releaseMapping(chunk);
    } else {
      releaseChunk(chunk);
    }
  }

  private void releaseMapping(long chunk) {
    long bytes = bins.size(chunk);
    if (thresholdsMove && bytes > mmapThreshold && bytes <= mmapThresholdMax) {
      mmapThreshold = bytes;
      trimThreshold = 2 * bytes;
    }
    mappings.unmap(chunk);
  }

  /** {@code _int_free}. */
  private void releaseChunk(long chunk) {
    long bytes = bins.size(chunk);
    if (bytes <= maxFast) {
      bins.pushFast(chunk, bytes);
      return;
    }
    if (fuse(chunk, bytes) >= CONSOLIDATION_BYTES) {
      if (bins.haveFast()) {
        consolidate();
      }
      if (segments.topBytes() >= trimThreshold) {
        segments.trim(topPad);
      }
    }
  }

  /**
   * {@code _int_free_merge_chunk}: fuses a chunk with free neighbours; what comes of it goes to the
   * unsorted bin, or becomes the top chunk.
   *
   * @return how many bytes that has
   */
  private long fuse(long chunk, long bytes) {
    if (!bins.prevInUse(chunk)) {
      long prevBytes = get(chunk + Chunks.PREV_SIZE);
      long prev = chunk - prevBytes;
      if (bins.size(prev) != prevBytes) {
        throw corrupted(
            "free",
            chunk,
            "prev_size %d, but size before it %d".formatted(prevBytes, bins.size(prev)));
      }
      bins.unlink("free", prev);
      bins.wipe(chunk);
      chunk = prev;
      bytes += prevBytes;
    }
    long next = chunk + bytes;
    long nextBytes = bins.size(next);
    if (next == segments.top()) {
      bins.wipe(next);
      segments.setTop(chunk, bytes + nextBytes);
      return bytes + nextBytes;
    }
    if (bins.prevInUse(next + nextBytes)) {
      put(next + Chunks.SIZE, nextBytes);
    } else {
      bins.unlink("free", next);
      bins.wipe(next);
      bytes += nextBytes;
    }
    bins.tagFree(chunk, bytes);
    bins.insertUnsorted(chunk, bytes);
    return bytes;
  }

  /** {@code malloc_consolidate}: empties the fast bins. */
  private void consolidate() {
    put(state + MallocState.HAVE_FASTCHUNKS, 0);
    for (long bytes = SMALLEST; bytes <= Bins.LARGEST_FAST_BYTES; bytes += Chunks.ALIGNMENT) {
      long chunk = bins.popFast("malloc_consolidate", bytes);
      while (chunk != 0) {
        fuse(chunk, bytes);
        chunk = bins.popFast("malloc_consolidate", bytes);
      }
    }
  }

  // ---- realloc ----

  @Override
  long resize(long address, long bytes) {
    long chunk = address - HEADER;
    long wanted = Chunks.chunkBytes(bytes);
    long moved = bins.isMapped(chunk) ? resizeMapping(chunk, wanted) : resizeInPlace(chunk, wanted);
    if (moved == 0) {
      return 0;
    }
    usable = usableBytes(moved);
    return moved + HEADER;
  }

  private long resizeMapping(long chunk, long wanted) {
    long moved = mappings.remap(chunk, wanted);
    return moved == 0 && bins.size(chunk) - Chunks.WORD >= wanted ? chunk : moved;
  }

  private long resizeInPlace(long chunk, long wanted) {
    long bytes = bins.size(chunk);
    if (bytes < wanted) {
      long next = chunk + bytes;
      long nextBytes = bins.size(next);
      if (next == segments.top()) {
        if (bytes + nextBytes < wanted + SMALLEST) {
          return 0;
        }
        segments.cutTop(next, nextBytes, wanted - bytes);
        bins.wipe(next);
        bins.resizeHead(chunk, wanted);
        return chunk;
      }
      if (bytes + nextBytes < wanted || bins.prevInUse(next + nextBytes)) {
        return 0;
      }
      bins.unlink("realloc", next);
      bins.wipe(next);
      bytes += nextBytes;
      bins.resizeHead(chunk, bytes);
      bins.markInUse(chunk, bytes);
    }
    cutRest(chunk, bytes, wanted);
    return chunk;
  }

  /** Frees what a chunk in use has too much. */
  private void cutRest(long chunk, long bytes, long wanted) {
    long rest = bytes - wanted;
    if (rest >= SMALLEST) {
      bins.resizeHead(chunk, wanted);
      put(chunk + wanted + Chunks.SIZE, rest | Chunks.PREV_INUSE);
      bins.markInUse(chunk + wanted, rest);
      releaseChunk(chunk + wanted);
    }
  }

  // ---- memalign ----

  @Override
  long allocateAligned(long alignment, long bytes) {
    if (alignment <= Chunks.ALIGNMENT) {
      return allocate(bytes);
    }
    long wanted = Chunks.chunkBytes(bytes);
    long address = allocate(wanted + alignment + SMALLEST);
    if (address == 0) {
      return 0;
    }
    long chunk = address - HEADER;
    if (address % alignment != 0) {
      long aligned = roundUp(address + SMALLEST, alignment) - HEADER;
      cutFront(chunk, aligned - chunk);
      chunk = aligned;
    }
    if (!bins.isMapped(chunk)) {
      cutRest(chunk, bins.size(chunk), wanted);
    }
    dirty = dirty == 0 ? 0 : Long.MAX_VALUE;
    noteUsable(chunk);
    return chunk + HEADER;
  }

  private void cutFront(long chunk, long bytes) {
    if (bins.isMapped(chunk)) {
      mappings.moveHead(chunk, chunk + bytes);
      return;
    }
    put(chunk + bytes + Chunks.SIZE, (bins.size(chunk) - bytes) | Chunks.PREV_INUSE);
    bins.resizeHead(chunk, bytes);
    releaseChunk(chunk);
  }

  // ---- Validity ----

  @Override
  long usableSize(String call, long address) {
    long chunk = address - HEADER;
    int segment = state == 0 || address % Chunks.ALIGNMENT != 0 ? -1 : segments.find(chunk);
    if (segment < 0) {
      if (state == 0
          || address % Chunks.ALIGNMENT != 0
          || !memory.isReadable(chunk)
          || !mappings.isHead(chunk)) {
        throw notABlock(call, address, "its size or its links are wrong");
      }
    } else if (!looksInUse(chunk, segments.end(segment))
        || bins.isFast(call, chunk, bins.size(chunk))) {
      throw notABlock(call, address, "size %,d".formatted(get(chunk + Chunks.SIZE)));
    }
    return usableBytes(chunk);
  }

  /** The checks that glibc's free makes, and the boundary tag of a free chunk before. */
  private boolean looksInUse(long chunk, long end) {
    long bytes = bins.size(chunk);
    long next = chunk + bytes;
    if ((get(chunk + Chunks.SIZE) & (Chunks.FLAGS & ~Chunks.PREV_INUSE)) != 0
        || bytes < SMALLEST
        || bytes % Chunks.ALIGNMENT != 0
        || next + HEADER > end
        || chunk == segments.top()
        || !bins.prevInUse(next)
        || bins.size(next) < HEADER
        || next + bins.size(next) > end) {
      return false;
    }
    if (bins.prevInUse(chunk)) {
      return true;
    }
    long prevBytes = get(chunk + Chunks.PREV_SIZE);
    return segments.find(chunk - prevBytes) >= 0 && bins.size(chunk - prevBytes) == prevBytes;
  }

  @Override
  HeapErrorException outside(String call, long address) {
    return state != 0 && segments.wasTrimmed(address)
        ? new HeapErrorException(
            Kind.DOUBLE_FREE, call, address, "in memory that was given back: the end of the heap")
        : super.outside(call, address);
  }

  // ---- Looking at it ----

  @Override
  public void forEachBlock(Consumer<? super HeapBlock> visitor) {
    if (state != 0) {
      walk().forEachBlock(visitor);
    }
  }

  @Override
  void checkHeap() {
    if (state != 0) {
      walk().check();
    }
  }

  private BoundaryWalk walk() {
    return new BoundaryWalk(memory, state, bins, segments, mappings);
  }

  @Override
  public Mallinfo2 mallinfo2() {
    return state == 0 ? new Mallinfo2(0, 0, 0, 0, 0, 0, 0, 0, 0, 0) : walk().mallinfo2();
  }

  @Override
  public boolean mallocTrim(long padBytes) {
    if (state == 0) {
      return false;
    }
    consolidate();
    long[] given = new long[1];
    forEachBlock(block -> {
      if (block.use() == HeapBlock.Use.FREE) {
        // The links stay, and so does the boundary tag behind.
        long links = block.start() + Chunks.BK_NEXTSIZE + Chunks.WORD;
        given[0] += source.discard(links, block.end());
      }
    });
    return segments.trim(padBytes) || given[0] > 0;
  }

  /** From which size on a request gets a mapping of its own now, in bytes. */
  public long mmapThreshold() {
    return mmapThreshold;
  }

  /** How large the top chunk may become before its end is given back, in bytes. */
  public long trimThreshold() {
    return trimThreshold;
  }

  @Override
  boolean setParameter(MallocParameter parameter, long value) {
    switch (parameter) {
      case M_MXFAST -> {
        if (value > MAX_FAST_REQUEST) {
          return false;
        }
        if (state != 0) {
          consolidate();
        }
        maxFast = value == 0 ? 0 : (value + Chunks.WORD) & -Chunks.ALIGNMENT;
        return true;
      }
      case M_TRIM_THRESHOLD -> trimThreshold = value;
      case M_TOP_PAD -> topPad = value;
      case M_MMAP_THRESHOLD -> mmapThreshold = value;
      case M_MMAP_MAX -> mmapMax = value;
      case M_CHECK_ACTION, M_PERTURB -> {
        return false;
      }
    }
    thresholdsMove = false;
    return true;
  }
}
