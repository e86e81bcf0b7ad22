package org.memarium.malloc.heap;

import static org.memarium.malloc.heap.Snapshot.NOT_THERE;

import java.util.ArrayList;
import java.util.List;
import org.memarium.malloc.heap.Heap.Bin;
import org.memarium.malloc.heap.Heap.BinKind;
import org.memarium.malloc.heap.Heap.CacheBin;
import org.memarium.malloc.heap.Heap.Tally;
import org.memarium.malloc.heap.Heap.ThreadCache;

/**
 * Follows the lists of free chunks. Each link is looked at before it is followed, and each chunk is
 * noted: one that comes twice ends the list, so none goes on for ever.
 */
final class FreeLists {
  private final Snapshot memory;
  private final KnownChunks chunks;
  private final Problems problems;

  FreeLists(Snapshot memory, KnownChunks chunks, Problems problems) {
    this.memory = memory;
    this.chunks = chunks;
    this.problems = problems;
  }

  /** Bytes of the chunk that a list leads to, with its header; -1, and a line, if it is none. */
  private long follow(String list, long chunk, KnownChunks.Kind kind) {
    if (!chunks.contains(chunk)) {
      problems.corrupt("%s leads to 0x%08x, where no chunk can be", list, chunk);
      return -1;
    }
    long size = memory.word(chunk + GlibcLayout.SIZE);
    long bytes = GlibcLayout.bytes(size);
    if (size == NOT_THERE || bytes < GlibcLayout.MIN_CHUNK || bytes % 16 != 0) {
      problems.corrupt("%s: chunk 0x%08x with a size of 0x%x", list, chunk, size);
      return -1;
    }
    if (!chunks.note(chunk, kind)) {
      problems.corrupt("%s: chunk 0x%08x is free twice", list, chunk);
      return -1;
    }
    return bytes;
  }

  // ---- The cache of a thread ----

  ThreadCache cache(int thread, long address) {
    List<CacheBin> bins = new ArrayList<>();
    for (int index = 0; index < GlibcLayout.TCACHE_NBINS; index++) {
      long expected = memory.half(address + 2L * index);
      long chunkBytes = GlibcLayout.MIN_CHUNK + 16L * index;
      long count = cached(thread, address, index, chunkBytes);
      if (count > 0) {
        bins.add(new CacheBin(chunkBytes, count));
      }
      if (count != expected && problems.isEmpty()) {
        problems.corrupt(
            "tcache of thread %d counts %d chunks of %d bytes and has %d, unless it is about to"
                + " change that",
            thread, expected, chunkBytes, count);
      }
    }
    return new ThreadCache(thread, address, List.copyOf(bins));
  }

  private long cached(int thread, long address, int index, long chunkBytes) {
    String list = "tcache of thread %d, %d bytes".formatted(thread, chunkBytes);
    long entry = memory.word(address + GlibcLayout.TCACHE_ENTRIES + 4L * index);
    long count = 0;
    while (entry != 0) {
      long bytes = follow(list, entry - GlibcLayout.MEMORY, KnownChunks.Kind.CACHED);
      if (bytes < 0) {
        break;
      }
      if (bytes != chunkBytes) {
        problems.corrupt("%s: chunk 0x%08x has %d bytes", list, entry - GlibcLayout.MEMORY, bytes);
      }
      count++;
      entry = GlibcLayout.reveal(entry, memory.word(entry));
    }
    return count;
  }

  // ---- The bins of an arena ----

  List<Bin> bins(long arena) {
    List<Bin> bins = new ArrayList<>();
    for (int index = 0; index < GlibcLayout.NFASTBINS; index++) {
      add(bins, fast(arena, index));
    }
    for (int index = GlibcLayout.UNSORTED; index < GlibcLayout.NBINS; index++) {
      add(bins, sorted(arena, index));
    }
    return List.copyOf(bins);
  }

  private static void add(List<Bin> bins, Bin bin) {
    if (bin.chunks().count() > 0) {
      bins.add(bin);
    }
  }

  private Bin fast(long arena, int index) {
    String list = "fast bin %d".formatted(index);
    long chunk = memory.word(arena + GlibcLayout.FASTBINS + 4L * index);
    Sizes sizes = new Sizes();
    while (chunk != 0) {
      long bytes = follow(list, chunk, KnownChunks.Kind.FAST);
      if (bytes < 0) {
        break;
      }
      if (GlibcLayout.fastIndex(bytes) != index) {
        problems.corrupt("%s: chunk 0x%08x has %d bytes", list, chunk, bytes);
      }
      sizes.add(bytes);
      long link = chunk + GlibcLayout.FD;
      chunk = GlibcLayout.reveal(link, memory.word(link));
    }
    return sizes.bin(BinKind.FAST, index);
  }

  private Bin sorted(long arena, int index) {
    String list = "bin %d".formatted(index);
    long head = GlibcLayout.bin(arena, index);
    long before = head;
    long chunk = memory.word(head + GlibcLayout.FD);
    Sizes sizes = new Sizes();
    while (chunk != head) {
      long bytes = follow(list, chunk, KnownChunks.Kind.BINNED);
      if (bytes < 0) {
        break;
      }
      if (index != GlibcLayout.UNSORTED && GlibcLayout.binIndex(bytes) != index) {
        problems.corrupt("%s: chunk 0x%08x has %d bytes", list, chunk, bytes);
      }
      if (memory.word(chunk + GlibcLayout.BK) != before) {
        problems.corrupt("%s: chunk 0x%08x does not lead back to 0x%08x", list, chunk, before);
      }
      sizes.add(bytes);
      before = chunk;
      chunk = memory.word(chunk + GlibcLayout.FD);
    }
    return sizes.bin(
        index == GlibcLayout.UNSORTED
            ? BinKind.UNSORTED
            : index < GlibcLayout.FIRST_LARGE ? BinKind.SMALL : BinKind.LARGE,
        index);
  }

  /** Sizes of the chunks of a bin. */
  private static final class Sizes {
    private long smallest = Long.MAX_VALUE;
    private long largest;
    private Tally tally = Tally.NONE;

    void add(long bytes) {
      smallest = Math.min(smallest, bytes);
      largest = Math.max(largest, bytes);
      tally = tally.plus(bytes);
    }

    Bin bin(BinKind kind, int index) {
      return new Bin(kind, index, smallest, largest, tally);
    }
  }
}
