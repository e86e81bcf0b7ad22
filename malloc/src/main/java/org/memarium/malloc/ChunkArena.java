package org.memarium.malloc;

/**
 * The chunks of the heap: how they are found, split, fused and kept. It knows what the kernel has
 * given, but asks for no more.
 */
final class ChunkArena extends Chunks {
  /** {@code FASTBIN_CONSOLIDATION_THRESHOLD}, in bytes. */
  private static final long CONSOLIDATION_BYTES = 1 << 16;

  /** {@code MAX_ITERS}: so many chunks of the unsorted bin are sorted at a time. */
  private static final int MAX_SORTED = 10_000;

  private final long state;
  private final Bins bins;
  private final HeapSegments segments;

  /** {@code global_max_fast}: chunks up to this size go to fast bins. */
  private final long maxFast;

  /** Of the chunk that was taken last: how many bytes may hold something, from its data on. */
  private long dirty;

  ChunkArena(ProcessMemory memory, long state, Bins bins, HeapSegments segments, long maxFast) {
    super(memory);
    this.state = state;
    this.bins = bins;
    this.segments = segments;
    this.maxFast = maxFast;
  }

  /** Of the chunk that was taken last: how many bytes may hold something, from its data on. */
  long dirty() {
    return dirty;
  }

  // ---- Taking ----

  /**
   * {@code _int_malloc}: a chunk of so many bytes, marked as in use; 0 if the kernel must be asked.
   */
  long take(long bytes) {
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
        return takeFromTop(bytes);
      }
      if (!bins.haveFast()) {
        return 0;
      }
      consolidate();
    }
  }

  private long takeWhole(long chunk, long bytes) {
    bins.unlink("malloc", chunk);
    markInUse(chunk, bytes);
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
      long chunk = get(head + BK);
      if (chunk == head) {
        return 0;
      }
      long found = size(chunk);
      boolean alone = get(chunk + BK) == head;
      bins.unlink("malloc", chunk);
      if (found == bytes) {
        markInUse(chunk, bytes);
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
    long found = size(chunk);
    long rest = found - bytes;
    if (rest < SMALLEST) {
      markInUse(chunk, found);
      return chunk;
    }
    put(chunk + SIZE, bytes | PREV_INUSE);
    tagFree(chunk + bytes, rest);
    bins.insertUnsorted(chunk + bytes, rest);
    if (remember) {
      put(state + MallocState.LAST_REMAINDER, chunk + bytes);
    }
    return chunk;
  }

  /** Takes a chunk from the top, which is large enough. */
  long takeFromTop(long bytes) {
    long top = segments.top();
    dirty = segments.cutTop(top, size(top), bytes);
    return top;
  }

  // ---- Giving back ----

  /**
   * {@code _int_free}.
   *
   * @return whether so much became free that a look at the size of the top chunk is worth it
   */
  boolean release(long chunk) {
    long bytes = size(chunk);
    if (bytes <= maxFast) {
      bins.pushFast(chunk, bytes);
      return false;
    }
    if (fuse(chunk, bytes) < CONSOLIDATION_BYTES) {
      return false;
    }
    if (bins.haveFast()) {
      consolidate();
    }
    return true;
  }

  /**
   * {@code _int_free_merge_chunk}: fuses a chunk with free neighbours; what comes of it goes to the
   * unsorted bin, or becomes the top chunk.
   *
   * @return how many bytes that has
   */
  long fuse(long chunk, long bytes) {
    if (!prevInUse(chunk)) {
      long prevBytes = get(chunk + PREV_SIZE);
      long prev = chunk - prevBytes;
      if (size(prev) != prevBytes) {
        throw corrupted(
            "free", chunk, "prev_size %d, but size before it %d".formatted(prevBytes, size(prev)));
      }
      bins.unlink("free", prev);
      wipe(chunk);
      chunk = prev;
      bytes += prevBytes;
    }
    long next = chunk + bytes;
    long nextBytes = size(next);
    if (next == segments.top()) {
      wipe(next);
      segments.setTop(chunk, bytes + nextBytes);
      return bytes + nextBytes;
    }
    if (prevInUse(next + nextBytes)) {
      put(next + SIZE, nextBytes);
    } else {
      bins.unlink("free", next);
      wipe(next);
      bytes += nextBytes;
    }
    tagFree(chunk, bytes);
    bins.insertUnsorted(chunk, bytes);
    return bytes;
  }

  /** {@code malloc_consolidate}: empties the fast bins. */
  void consolidate() {
    put(state + MallocState.HAVE_FASTCHUNKS, 0);
    for (long bytes = SMALLEST; bytes <= Bins.LARGEST_FAST_BYTES; bytes += ALIGNMENT) {
      long chunk = bins.popFast("malloc_consolidate", bytes);
      while (chunk != 0) {
        fuse(chunk, bytes);
        chunk = bins.popFast("malloc_consolidate", bytes);
      }
    }
  }

  // ---- Changing the size ----

  /** Changes the size of a chunk where it is; 0 if that cannot be. */
  long resizeInPlace(long chunk, long wanted) {
    long bytes = size(chunk);
    if (bytes < wanted) {
      long next = chunk + bytes;
      long nextBytes = size(next);
      if (next == segments.top()) {
        if (bytes + nextBytes < wanted + SMALLEST) {
          return 0;
        }
        segments.cutTop(next, nextBytes, wanted - bytes);
        wipe(next);
        resizeHead(chunk, wanted);
        return chunk;
      }
      if (bytes + nextBytes < wanted || prevInUse(next + nextBytes)) {
        return 0;
      }
      bins.unlink("realloc", next);
      wipe(next);
      bytes += nextBytes;
      resizeHead(chunk, bytes);
      markInUse(chunk, bytes);
    }
    cutRest(chunk, bytes, wanted);
    return chunk;
  }

  /** Frees what a chunk in use has too much. */
  void cutRest(long chunk, long bytes, long wanted) {
    long rest = bytes - wanted;
    if (rest >= SMALLEST) {
      resizeHead(chunk, wanted);
      put(chunk + wanted + SIZE, rest | PREV_INUSE);
      markInUse(chunk + wanted, rest);
      release(chunk + wanted);
    }
  }

  /** Frees the first bytes of a chunk in use: what is left begins behind them. */
  void cutFront(long chunk, long bytes) {
    put(chunk + bytes + SIZE, (size(chunk) - bytes) | PREV_INUSE);
    resizeHead(chunk, bytes);
    release(chunk);
  }

  // ---- Validity ----

  /** The checks that glibc's free makes, and the boundary tag of a free chunk before. */
  boolean looksInUse(long chunk, long end) {
    long bytes = size(chunk);
    long next = chunk + bytes;
    if ((get(chunk + SIZE) & (FLAGS & ~PREV_INUSE)) != 0
        || bytes < SMALLEST
        || bytes % ALIGNMENT != 0
        || next + HEADER > end
        || chunk == segments.top()
        || !prevInUse(next)
        || size(next) < HEADER
        || next + size(next) > end) {
      return false;
    }
    if (prevInUse(chunk)) {
      return true;
    }
    long prevBytes = get(chunk + PREV_SIZE);
    return segments.find(chunk - prevBytes) >= 0 && size(chunk - prevBytes) == prevBytes;
  }
}
