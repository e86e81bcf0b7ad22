package org.memarium.malloc.heap;

import java.util.List;

/**
 * A heap as it was found: every byte that the C library has from the kernel is in one of its sums.
 *
 * <p>{@link #obtainedBytes} = {@link #inUseBytes} + {@link #freeBytes} + {@link #overheadBytes} +
 * {@link #unwalkedBytes}; the last is 0 unless something is corrupt.
 *
 * @param library whose heap it is
 * @param version how the C library names itself; empty where that cannot be seen
 * @param brkBytes how far the program's break lies above its start
 * @param anonymousBytes private and writable memory of no file beside that: what the program has
 *     mapped for whatever use, without the stack of the kernel's making
 * @param mainArena what main_arena has obtained; 0 where it cannot be read
 * @param arenas main_arena first
 * @param threadCaches of the threads that have one, by thread
 * @param mapped chunks with a mapping of their own, by address
 * @param counted what the C library itself counts of those
 * @param problems what was found wrong, one line each, {@code corrupt: ...}
 */
public record Heap(
    Library library,
    String version,
    long brkBytes,
    long anonymousBytes,
    long mainArena,
    List<Arena> arenas,
    List<ThreadCache> threadCaches,
    List<MappedChunk> mapped,
    Tally counted,
    List<String> problems) {
  /** Whose heap. */
  public enum Library {
    /** Read. */
    GLIBC,
    /** Known, and not read: musl, whose heap is {@code mallocng}. */
    MUSL,
    /** A program that has not allocated anything yet, or whose allocator is not known here. */
    NONE
  }

  /**
   * A number of things and their bytes.
   *
   * @param count how many
   * @param bytes how large together
   */
  public record Tally(long count, long bytes) {
    /** None. */
    public static final Tally NONE = new Tally(0, 0);

    Tally plus(Tally other) {
      return new Tally(count + other.count, bytes + other.bytes);
    }

    Tally plus(long chunkBytes) {
      return new Tally(count + 1, bytes + chunkBytes);
    }
  }

  /** Kinds of bins. */
  public enum BinKind {
    /** Small chunks that are not merged, last in first out. */
    FAST,
    /** Where freed chunks wait to be sorted. */
    UNSORTED,
    /** KnownChunks of one size. */
    SMALL,
    /** KnownChunks of a range of sizes, sorted. */
    LARGE
  }

  /**
   * A bin with chunks in it.
   *
   * @param kind which kind
   * @param index as glibc numbers it: 1 is the unsorted bin; fast bins from 0
   * @param smallest bytes of the smallest chunk
   * @param largest bytes of the largest chunk
   * @param chunks with their headers
   */
  public record Bin(BinKind kind, int index, long smallest, long largest, Tally chunks) {}

  /**
   * A piece of an arena without gaps: of the brk area, or a {@code heap_info} with its mapping.
   *
   * @param start first address
   * @param bytes how much of it the arena has obtained
   */
  public record Segment(long start, long bytes) {}

  /**
   * An arena: {@code struct malloc_state}. KnownChunks are counted with their headers.
   *
   * @param address of the structure
   * @param isMain whether it is main_arena
   * @param attachedThreads how many threads allocate here
   * @param systemBytes what it has from the kernel: {@code system_mem}
   * @param maxSystemBytes the most that it had
   * @param segments where that is
   * @param top address of the top chunk; 0 if it has none
   * @param topBytes size of the top chunk
   * @param inUse chunks that the program holds
   * @param tables chunks that malloc holds for itself: the caches of threads
   * @param cached chunks in caches of threads
   * @param fast chunks in fast bins
   * @param free chunks in the other bins
   * @param otherBytes what alignment, fenceposts and the structures themselves take, and what
   *     others have put in between
   * @param unwalkedBytes what could not be read
   * @param bins those with chunks in them
   */
  public record Arena(
      long address,
      boolean isMain,
      long attachedThreads,
      long systemBytes,
      long maxSystemBytes,
      List<Segment> segments,
      long top,
      long topBytes,
      Tally inUse,
      Tally tables,
      Tally cached,
      Tally fast,
      Tally free,
      long otherBytes,
      long unwalkedBytes,
      List<Bin> bins) {
    /** Bytes that the program can use in the chunks that it holds. */
    public long inUseBytes() {
      return inUse.bytes() - GlibcLayout.HEADER * inUse.count();
    }

    /** Of what it has from the kernel, what lies in the brk area: where that was full, not all. */
    long brkBytes() {
      long mapped = segments.stream().skip(1).mapToLong(Segment::bytes).sum();
      return isMain ? Math.max(0, systemBytes - mapped) : 0;
    }

    /** Bytes that can be given out again. */
    public long freeBytes() {
      return topBytes + cached.bytes() + fast.bytes() + free.bytes();
    }

    /** Bytes that serve malloc itself. */
    public long overheadBytes() {
      return GlibcLayout.HEADER * inUse.count() + tables.bytes() + otherBytes;
    }
  }

  /**
   * The cache of a thread: {@code tcache_perthread_struct}.
   *
   * @param thread its number
   * @param address of the structure
   * @param bins chunks of each size that is there, smallest first
   */
  public record ThreadCache(int thread, long address, List<CacheBin> bins) {
    /** KnownChunks in it. */
    public Tally chunks() {
      Tally sum = Tally.NONE;
      for (CacheBin bin : bins) {
        sum = sum.plus(new Tally(bin.count, bin.count * bin.chunkBytes));
      }
      return sum;
    }
  }

  /**
   * KnownChunks of one size in a thread's cache.
   *
   * @param chunkBytes size of each, with its header
   * @param count how many
   */
  public record CacheBin(long chunkBytes, long count) {}

  /**
   * A chunk with a mapping of its own.
   *
   * @param chunk its address
   * @param start where its mapping starts
   * @param bytes size of the mapping
   */
  public record MappedChunk(long chunk, long start, long bytes) {
    /** The address that the program has. */
    public long memory() {
      return chunk + GlibcLayout.MEMORY;
    }

    /** Bytes that the program can use. */
    public long inUseBytes() {
      return start + bytes - memory();
    }
  }

  /** Sum of the chunks with mappings of their own. */
  public Tally mappedChunks() {
    return new Tally(mapped.size(), mapped.stream().mapToLong(MappedChunk::bytes).sum());
  }

  /** Bytes of the main arena that lie in the brk area. */
  public long mainBrkBytes() {
    return arenas.stream().filter(Arena::isMain).mapToLong(Arena::brkBytes).sum();
  }

  /** Bytes that arenas have mapped: all of those that are not the main one. */
  public long arenaMappedBytes() {
    return arenas.stream().mapToLong(Arena::systemBytes).sum() - mainBrkBytes();
  }

  /** All that the C library has from the kernel. */
  public long obtainedBytes() {
    return arenas.stream().mapToLong(Arena::systemBytes).sum() + mappedChunks().bytes();
  }

  /** Bytes that the program holds, and can use. */
  public long inUseBytes() {
    return arenas.stream().mapToLong(Arena::inUseBytes).sum()
        + mapped.stream().mapToLong(MappedChunk::inUseBytes).sum();
  }

  /** Bytes that can be given out again. */
  public long freeBytes() {
    return arenas.stream().mapToLong(Arena::freeBytes).sum();
  }

  /** Bytes that serve malloc itself: headers, tables, alignment, gaps. */
  public long overheadBytes() {
    return arenas.stream().mapToLong(Arena::overheadBytes).sum()
        + mapped.stream().mapToLong(chunk -> chunk.bytes - chunk.inUseBytes()).sum();
  }

  /** Bytes behind what is corrupt. */
  public long unwalkedBytes() {
    return arenas.stream().mapToLong(Arena::unwalkedBytes).sum();
  }
}
