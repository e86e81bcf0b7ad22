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

  /** {@code DEFAULT_TOP_PAD}, in bytes: so a heap begins with 132 KiB. */
  public static final long TOP_PAD = 128L << 10;

  /** {@code MAX_FAST_SIZE}: the largest value of M_MXFAST, in bytes. */
  private static final long MAX_FAST_REQUEST = 80;

  /** {@code DEFAULT_MMAP_MAX}. */
  private static final long MMAP_MAX = 1 << 16;

  private static final int HEADER = Chunks.HEADER;
  private static final int SMALLEST = Chunks.SMALLEST;

  /** The arena; its chunks, lists and stretches of memory are there as soon as it is. */
  private long state;

  private final long mmapThresholdMax;
  private Bins bins;
  private HeapSegments segments;
  private MappedChunks mappings;
  private ChunkArena arena;

  private long mmapThreshold = MMAP_THRESHOLD;
  private long trimThreshold = MMAP_THRESHOLD;
  private long topPad = TOP_PAD;
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
    arena = new ChunkArena(memory, state, bins, segments, maxFast);
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
    long wanted = Chunks.chunkBytes(bytes);
    long chunk = arena.take(wanted);
    dirty = arena.dirty();
    if (chunk == 0) {
      chunk = askKernel(wanted);
      if (chunk == 0) {
        return 0;
      }
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
    if (!segments.grow(bytes, topPad, arena::fuse)
        && (topPad == 0 || !segments.grow(bytes, 0, arena::fuse))) {
      return 0;
    }
    long chunk = arena.takeFromTop(bytes);
    dirty = arena.dirty();
    return chunk;
  }

  // ---- free ----

  @Override
  void release(long address) {
    long chunk = address - HEADER;
    if (bins.isMapped(chunk)) {
      releaseMapping(chunk);
    } else {
      giveBackEnd(arena.release(chunk));
    }
  }

  private void giveBackEnd(boolean worthALook) {
    if (worthALook && segments.topBytes() >= trimThreshold) {
      segments.trim(topPad);
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

  // ---- realloc ----

  @Override
  long resize(long address, long bytes) {
    long chunk = address - HEADER;
    long wanted = Chunks.chunkBytes(bytes);
    if (bins.isMapped(chunk)) {
      chunk = resizeMapping(chunk, wanted);
    } else {
      long before = bins.size(chunk);
      chunk = arena.resizeInPlace(chunk, wanted);
      giveBackEnd(wanted < before);
    }
    if (chunk == 0) {
      return 0;
    }
    usable = usableBytes(chunk);
    return chunk + HEADER;
  }

  private long resizeMapping(long chunk, long wanted) {
    long moved = mappings.remap(chunk, wanted);
    return moved == 0 && bins.size(chunk) - Chunks.WORD >= wanted ? chunk : moved;
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
      if (bins.isMapped(chunk)) {
        mappings.moveHead(chunk, aligned);
      } else {
        arena.cutFront(chunk, aligned - chunk);
      }
      chunk = aligned;
    }
    if (!bins.isMapped(chunk)) {
      arena.cutRest(chunk, bins.size(chunk), wanted);
    }
    dirty = dirty == 0 ? 0 : Long.MAX_VALUE;
    noteUsable(chunk);
    return chunk + HEADER;
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
    } else if (!arena.looksInUse(chunk, segments.end(segment))
        || bins.isFast(call, chunk, bins.size(chunk))) {
      throw notABlock(call, address, "size %,d".formatted(get(chunk + Chunks.SIZE)));
    }
    return usableBytes(chunk);
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
    arena.consolidate();
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
          arena.consolidate();
        }
        maxFast = value == 0 ? 0 : (value + Chunks.WORD) & -Chunks.ALIGNMENT;
        arena = new ChunkArena(memory, state, bins, segments, maxFast);
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
