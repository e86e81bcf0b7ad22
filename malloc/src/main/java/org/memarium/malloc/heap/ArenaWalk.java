package org.memarium.malloc.heap;

import static org.memarium.malloc.heap.Snapshot.NOT_THERE;

import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.malloc.heap.Heap.Arena;
import org.memarium.malloc.heap.Heap.Bin;
import org.memarium.malloc.heap.Heap.Segment;
import org.memarium.malloc.heap.Heap.Tally;
import org.memarium.malloc.heap.Snapshot.Area;

/**
 * Goes through the chunks of one arena, from the first to top, each beginning where the one before
 * ends.
 *
 * <pre>
 *   main_arena     brk area:   | C library's own | chunk | chunk | ... | top           |
 *                              start_brk         sbrk_base                             brk
 *   another arena  its heaps:  | heap_info | malloc_state | chunk | ... | top    |
 *                              | heap_info | chunk | chunk | ... | fencepost |    older ones
 *                              multiple of HEAP_MAX_SIZE
 * </pre>
 */
final class ArenaWalk {
  /** So many steps at most, when the first chunk behind a gap is looked for. */
  private static final int MAX_SEARCH = 4_000_000;

  private static final int MAX_HEAPS = 4096;

  private final Snapshot memory;
  private final KnownChunks chunks;
  private final Problems problems;
  private final long address;
  private final boolean isMain;
  private final String name;
  private final long top;
  private long topBytes;
  private final List<Segment> segments;

  private Tally inUse = Tally.NONE;
  private Tally tables = Tally.NONE;
  private Tally cached = Tally.NONE;
  private Tally fast = Tally.NONE;
  private Tally free = Tally.NONE;
  private long other;
  private long unwalked;
  private boolean damaged;

  /**
   * Looks at an arena's own data, and where its chunks are.
   *
   * @param sbrkBase where the main arena begins; 0 if that is not known, and for others
   */
  ArenaWalk(
      Snapshot memory,
      KnownChunks chunks,
      Problems problems,
      long address,
      boolean isMain,
      long sbrkBase) {
    this.memory = memory;
    this.chunks = chunks;
    this.problems = problems;
    this.address = address;
    this.isMain = isMain;
    name = isMain ? "main_arena" : "arena 0x%08x".formatted(address);
    long first = memory.word(address + GlibcLayout.TOP);
    // The initial top is the head of the unsorted bin: there is no memory yet.
    top = first == GlibcLayout.bin(address, GlibcLayout.UNSORTED) ? 0 : first;
    if (top != 0) {
      topBytes = GlibcLayout.bytes(memory.word(top + GlibcLayout.SIZE));
      if (!GlibcLayout.isChunkAligned(top) || memory.word(top + GlibcLayout.SIZE) == NOT_THERE) {
        problems.corrupt("%s: top is 0x%08x, where no chunk can be", name, top);
        damaged = true;
        topBytes = 0;
      }
    }
    segments = top == 0 ? List.of() : isMain ? mainSegments(sbrkBase) : heaps();
    chunks.addSegments(segments);
  }

  private List<Segment> mainSegments(long sbrkBase) {
    long end = memory.mm().heap().currentBrk();
    long start = sbrkBase == 0 ? memory.mm().heap().startBrk() : sbrkBase;
    List<Segment> found = new ArrayList<>();
    boolean inBrk = top >= start && top < end;
    if (inBrk && top + topBytes > end) {
      problems.corrupt("%s: top at 0x%08x has a size of 0x%x", name, top, topBytes);
      damaged = true;
      topBytes = end - top;
    }
    if (start < end) {
      found.add(new Segment(start, (inBrk ? top + topBytes : end) - start));
    }
    Area area = memory.areaAt(top);
    if (!inBrk && area != null) {
      // brk found no room, and the arena grew by mmap.
      topBytes = Math.min(topBytes, area.end() - top);
      found.add(new Segment(area.start(), top + topBytes - area.start()));
    } else if (!inBrk) {
      problems.corrupt("%s: top at 0x%08x lies in no area", name, top);
      damaged = true;
    }
    return found;
  }

  /** The heaps of an arena, oldest first: each knows the one before. */
  private List<Segment> heaps() {
    List<Segment> found = new ArrayList<>();
    long heap = top & -GlibcLayout.HEAP_MAX;
    for (int count = 0; heap != 0; count++) {
      long bytes = memory.word(heap + GlibcLayout.HEAP_SIZE);
      if (memory.word(heap) != address
          || bytes == 0
          || bytes > GlibcLayout.HEAP_MAX
          || bytes % Ram.PAGE_SIZE != 0
          || count > MAX_HEAPS) {
        problems.corrupt("%s: no heap at 0x%08x", name, heap);
        damaged = true;
        break;
      }
      found.addFirst(new Segment(heap, bytes));
      heap = memory.word(heap + GlibcLayout.HEAP_PREV);
    }
    if (!found.isEmpty() && top + topBytes > found.getLast().start() + found.getLast().bytes()) {
      problems.corrupt("%s: top at 0x%08x has a size of 0x%x", name, top, topBytes);
      damaged = true;
      topBytes = found.getLast().start() + found.getLast().bytes() - top;
    }
    return found;
  }

  /** Goes through it; the lists of free chunks were followed before. */
  Arena walk(List<Bin> bins) {
    for (Segment segment : segments) {
      long end = segment.start() + segment.bytes();
      boolean isLast = top >= segment.start() && top < end;
      long first = firstChunk(segment, isLast);
      if (first < 0) {
        lost(segment.start(), isLast ? top : end, "no first chunk is found");
        continue;
      }
      other += first - segment.start();
      walk(first, isLast ? top : end, isLast);
    }
    Tally binned = Tally.NONE;
    for (Bin bin : bins) {
      if (bin.kind() != Heap.BinKind.FAST) {
        binned = binned.plus(bin.chunks());
      }
    }
    if (!binned.equals(free) && !damaged && problems.isEmpty()) {
      problems.corrupt(
          "%s: %,d free chunks of %,d bytes, and %,d of %,d in bins, unless the program is about to"
              + " change that",
          name, free.count(), free.bytes(), binned.count(), binned.bytes());
    }
    long system = memory.word(address + GlibcLayout.SYSTEM_MEM);
    return new Arena(
        address,
        isMain,
        memory.word(address + GlibcLayout.ATTACHED_THREADS),
        system,
        memory.word(address + GlibcLayout.MAX_SYSTEM_MEM),
        List.copyOf(segments),
        top,
        topBytes,
        inUse,
        tables,
        cached,
        fast,
        free,
        other,
        rest(system),
        bins);
  }

  /** What is missing from the sum, or too much in it: only where the walk was not whole. */
  private long rest(long system) {
    long walked =
        topBytes
            + inUse.bytes()
            + tables.bytes()
            + cached.bytes()
            + fast.bytes()
            + free.bytes()
            + other;
    if (walked != system && unwalked == 0) {
      problems.corrupt(
          "%s: system_mem is %,d, and the walk found %,d, unless the program is about to change"
              + " that",
          name, system, walked);
    }
    return system - walked;
  }

  private long firstChunk(Segment segment, boolean isLast) {
    if (!isMain) {
      boolean isOldest = segment.equals(segments.getFirst());
      return GlibcLayout.alignChunk(
          segment.start() + GlibcLayout.HEAP_INFO_BYTES + (isOldest ? GlibcLayout.ARENA_BYTES : 0));
    }
    long first = GlibcLayout.alignChunk(segment.start());
    return leadsTo(first, isLast ? top : -1, new int[1])
            || !isLast
            || segment.equals(segments.getFirst())
        ? first
        : search(first, top);
  }

  /** Goes from chunk to chunk up to top, or to a fencepost. */
  private void walk(long from, long end, boolean toTop) {
    long chunk = from;
    while (chunk < end) {
      long bytes = GlibcLayout.bytes(memory.word(chunk + GlibcLayout.SIZE));
      if (bytes == GlibcLayout.FENCEPOST) {
        chunk = behindFence(chunk, end, toTop);
        continue;
      }
      long next = chunk + bytes;
      long nextSize = memory.word(next + GlibcLayout.SIZE);
      if (bytes < GlibcLayout.MIN_CHUNK
          || !GlibcLayout.isChunkAligned(next)
          || next > end
          || nextSize == NOT_THERE) {
        lost(chunk, end, "a size of 0x%x".formatted(memory.word(chunk + GlibcLayout.SIZE)));
        return;
      }
      count(chunk, bytes, (nextSize & GlibcLayout.PREV_INUSE) != 0);
      chunk = next;
    }
  }

  private void lost(long chunk, long end, String why) {
    problems.corrupt("%s: chunk 0x%08x: %s; the walk ends there", name, chunk, why);
    damaged = true;
    unwalked += end - chunk;
  }

  /** Where chunks begin again: behind what somebody else has taken from the brk area. */
  private long behindFence(long fence, long end, boolean toTop) {
    if (!isMain || !toTop) {
      other += end - fence;
      return end;
    }
    long first = search(GlibcLayout.alignChunk(fence + GlibcLayout.FENCEPOST), end);
    if (first < 0) {
      lost(fence, end, "nothing behind this fencepost leads to top");
      return end;
    }
    other += first - fence;
    return first;
  }

  private long search(long from, long to) {
    int[] steps = new int[1];
    for (long first = from; first <= to; first += 16) {
      if (leadsTo(first, to, steps)) {
        return first;
      }
      if (steps[0] > MAX_SEARCH) {
        return -1;
      }
    }
    return -1;
  }

  /** Whether chunk after chunk leads to an address, or, where that is -1, whether one is there. */
  private boolean leadsTo(long first, long to, int[] steps) {
    long chunk = first;
    boolean begins = true;
    while (chunk != to && steps[0]++ <= MAX_SEARCH) {
      long size = memory.word(chunk + GlibcLayout.SIZE);
      long bytes = GlibcLayout.bytes(size);
      if (size == NOT_THERE
          || bytes < GlibcLayout.MIN_CHUNK
          || bytes % 16 != 0
          || (begins && (size & GlibcLayout.PREV_INUSE) == 0)) {
        return false;
      }
      if (to < 0) {
        return true;
      }
      begins = false;
      chunk += bytes;
      if (chunk > to) {
        return false;
      }
    }
    return chunk == to;
  }

  private void count(long chunk, long bytes, boolean isInUse) {
    KnownChunks.Kind kind = chunks.kind(chunk);
    if (!isInUse) {
      free = free.plus(bytes);
      if (kind != KnownChunks.Kind.BINNED && !damaged && problems.isEmpty()) {
        problems.corrupt(
            "%s: chunk 0x%08x of %,d bytes is free and in no bin, unless it is about to get there",
            name, chunk, bytes);
      }
      return;
    }
    if (kind == KnownChunks.Kind.TABLE) {
      tables = tables.plus(bytes);
    } else if (kind == KnownChunks.Kind.CACHED) {
      cached = cached.plus(bytes);
    } else if (kind == KnownChunks.Kind.FAST) {
      fast = fast.plus(bytes);
    } else {
      inUse = inUse.plus(bytes);
      if (kind == KnownChunks.Kind.BINNED) {
        problems.corrupt("%s: chunk 0x%08x is in a bin and in use", name, chunk);
      }
    }
  }
}
