package org.memarium.malloc;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.memarium.malloc.HeapBlock.Use;

/** A look at all chunks and all lists of a {@link BoundaryTags} heap. */
final class BoundaryWalk extends Chunks {
  private final long state;
  private final Bins bins;
  private final HeapSegments segments;
  private final MappedChunks mappings;

  /** Chunks in fast bins, which their neighbours count as in use. */
  private final Set<Long> fast = new HashSet<>();

  private long fastBytes;

  BoundaryWalk(
      ProcessMemory memory, long state, Bins bins, HeapSegments segments, MappedChunks mappings) {
    super(memory);
    this.state = state;
    this.bins = bins;
    this.segments = segments;
    this.mappings = mappings;
    for (long bytes = SMALLEST; bytes <= Bins.LARGEST_FAST_BYTES; bytes += ALIGNMENT) {
      long chunk = get(bins.fastHead((int) (bytes >> 3) - 2));
      while (chunk != 0) {
        bins.checkFast("walk", chunk, bytes);
        if (!fast.add(chunk)) {
          throw corrupted("walk", chunk, "twice in the fast bin of %d bytes".formatted(bytes));
        }
        fastBytes += bytes;
        chunk = get(chunk + FD);
      }
    }
  }

  // ---- Blocks ----

  void forEachBlock(Consumer<? super HeapBlock> visitor) {
    for (int number = 0; number < segments.count(); number++) {
      walkSegment(segments.start(number), segments.end(number), visitor);
    }
    for (long mapping = mappings.first(); mapping != 0; mapping = mappings.next(mapping)) {
      long chunk = mappings.chunk(mapping);
      long total = mappings.total(chunk);
      visitor.accept(new HeapBlock(mapping, total, chunk + HEADER, Use.MAPPED));
    }
    visitor.accept(new HeapBlock(state, MallocState.BYTES, state, Use.OVERHEAD));
  }

  private void walkSegment(long start, long end, Consumer<? super HeapBlock> visitor) {
    long chunk = start;
    while (chunk < end) {
      if (size(chunk) == HeapSegments.FENCE_BYTES) {
        visitor.accept(new HeapBlock(chunk, end - chunk, chunk + HEADER, Use.OVERHEAD));
        return;
      }
      long bytes = size(chunk);
      boolean top = chunk == segments.top();
      if (bytes < SMALLEST
          || bytes % (top ? HEADER : ALIGNMENT) != 0
          || chunk + bytes > end
          || (chunk + bytes == end) != top) {
        throw corrupted(
            "walk",
            chunk,
            "size %,d, where the heap ends at 0x%08x".formatted(get(chunk + SIZE), end));
      }
      visitor.accept(new HeapBlock(chunk, bytes, chunk + HEADER, use(chunk, bytes, top)));
      chunk += bytes;
    }
  }

  private Use use(long chunk, long bytes, boolean top) {
    if (top) {
      return Use.TOP;
    }
    if (fast.contains(chunk)) {
      return Use.CACHED;
    }
    return prevInUse(chunk + bytes) ? Use.IN_USE : Use.FREE;
  }

  // ---- mallinfo ----

  Mallinfo2 mallinfo2() {
    long[] free = new long[2];
    forEachBlock(block -> {
      if (block.use() == Use.FREE) {
        free[0]++;
        free[1] += block.bytes();
      }
    });
    long system = get(state + MallocState.SYSTEM_MEM);
    long top = segments.topBytes();
    long available = free[1] + fastBytes + top;
    return new Mallinfo2(
        system,
        free[0] + 1,
        fast.size(),
        mappings.count(),
        mappings.bytes(),
        0,
        fastBytes,
        system - available,
        available,
        top);
  }

  // ---- check ----

  void check() {
    Set<Long> free = new HashSet<>();
    boolean[] prevFree = new boolean[1];
    forEachBlock(block -> {
      long chunk = block.start();
      if (block.use() == Use.MAPPED) {
        checkMapping(chunk);
        return;
      }
      if (block.use() == Use.OVERHEAD) {
        prevFree[0] = false;
        return;
      }
      if (prevInUse(chunk) == prevFree[0]) {
        throw corrupted(
            "check",
            chunk,
            "P says %b, the chunk before is %s"
                .formatted(prevInUse(chunk), prevFree[0] ? "free" : "in use"));
      }
      prevFree[0] = block.use() == Use.FREE;
      if (prevFree[0]) {
        free.add(chunk);
        if (get(chunk + block.bytes() + PREV_SIZE) != block.bytes()) {
          throw corrupted("check", chunk, "no boundary tag at its end");
        }
        if (!prevInUse(chunk)) {
          throw corrupted("check", chunk, "free, and so is the chunk before it");
        }
      } else if (block.use() == Use.CACHED) {
        fast.remove(chunk);
      }
    });
    if (!fast.isEmpty()) {
      throw corrupted("check", fast.iterator().next(), "in a fast bin, and no chunk of the heap");
    }
    for (int bin = 1; bin < Bins.COUNT; bin++) {
      checkBin(bin, free);
    }
    if (!free.isEmpty()) {
      throw corrupted("check", free.iterator().next(), "free, and in no bin");
    }
  }

  private void checkMapping(long mapping) {
    if (!mappings.isHead(mappings.chunk(mapping))) {
      throw corrupted("check", mapping, "the mapping's chunk is no such");
    }
  }

  private void checkBin(int bin, Set<Long> free) {
    long head = bins.head(bin);
    long before = head;
    long sizes = 0;
    for (long chunk = get(head + FD); chunk != head; chunk = get(chunk + FD)) {
      long bytes = size(chunk);
      if (!free.remove(chunk) || get(chunk + BK) != before) {
        throw corrupted("check", chunk, "in bin %d, and no free chunk, or linked".formatted(bin));
      }
      if (bin != Bins.UNSORTED && Bins.index(bytes) != bin) {
        throw corrupted("check", chunk, "%,d bytes in bin %d".formatted(bytes, bin));
      }
      if (bin >= Bins.FIRST_LARGE) {
        if (before != head && size(before) < bytes) {
          throw corrupted("check", chunk, "larger than the one before it in bin %d".formatted(bin));
        }
        boolean first = before == head || size(before) != bytes;
        if (first == (get(chunk + FD_NEXTSIZE) == 0)) {
          throw corrupted("check", chunk, "wrongly in the list over sizes, or missing there");
        }
        sizes += first ? 1 : 0;
      }
      before = chunk;
    }
    long largest = get(head + FD);
    long chunk = largest;
    for (long seen = 0; seen < sizes; seen++) {
      if (get(get(chunk + FD_NEXTSIZE) + BK_NEXTSIZE) != chunk) {
        throw corrupted("check", chunk, "its next size doesn't link back");
      }
      chunk = get(chunk + FD_NEXTSIZE);
    }
    if (chunk != largest) {
      throw corrupted("check", largest, "the list over sizes is no ring");
    }
  }
}
