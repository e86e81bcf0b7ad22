package org.memarium.malloc.heap;

import static org.memarium.malloc.heap.Snapshot.NOT_THERE;

import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.malloc.heap.Snapshot.Area;

/**
 * Finds glibc's data without symbols: by what must hold for it, which nothing else fulfils.
 *
 * <p>{@code main_arena} lies in the data of the C library, or of a static program. Most of its 127
 * bins are empty, and the head of an empty bin points to itself, twice; the others lead to chunks
 * that lead back.
 */
final class GlibcFinder {
  /** So many of the 127 bins must be right: a program may have overwritten some. */
  private static final int GOOD_BINS = 100;

  private static final int MAX_TCACHE_COUNT = 0xffff;

  /** Thread-local data lies below the thread pointer; that of libc.so far from it, at worst. */
  private static final int TLS_BYTES = 64 << 10;

  private final Snapshot memory;
  private final List<Area> data;

  GlibcFinder(Snapshot memory) {
    this.memory = memory;
    this.data = dataOfFiles(memory);
  }

  /**
   * Data of programs and libraries: writable parts of files, and what follows them ({@code bss}).
   */
  private static List<Area> dataOfFiles(Snapshot memory) {
    List<Area> found = new ArrayList<>();
    long end = -1;
    for (Area area : memory.areas()) {
      boolean isHeap = area.contains(memory.mm().heap().startBrk());
      if (area.isPrivateData() && (!area.file().isEmpty() || (area.start() == end && !isHeap))) {
        found.add(area);
        end = area.end();
      }
    }
    return found;
  }

  /**
   * The address of {@code main_arena}, or 0: where the most holds. An address a few bins off looks
   * like one, too, but for its ends.
   */
  long mainArena() {
    long best = 0;
    int most = GOOD_BINS - 1;
    for (Area area : data) {
      for (long at = area.start(); at < area.end(); at += Integer.BYTES) {
        if (isEmpty(at)) {
          at += Ram.PAGE_SIZE - Integer.BYTES;
        } else if (isPlausible(at)) {
          int good = goodBins(at) + (isInRing(at) ? 1 : 0);
          if (good > most) {
            most = good;
            best = at;
          }
        }
      }
    }
    return best;
  }

  /** Whether a page begins here that holds nothing, and another such follows. */
  private boolean isEmpty(long at) {
    return at % Ram.PAGE_SIZE == 0
        && !memory.hasContent(at)
        && !memory.hasContent(at + Ram.PAGE_SIZE);
  }

  private boolean isPlausible(long at) {
    long system = memory.word(at + GlibcLayout.SYSTEM_MEM);
    long most = memory.word(at + GlibcLayout.MAX_SYSTEM_MEM);
    long top = memory.word(at + GlibcLayout.TOP);
    return system >= 0 && most >= system && top > 0;
  }

  /** The next arena is this one, or lies where only arenas do. */
  private boolean isInRing(long arena) {
    long next = memory.word(arena + GlibcLayout.NEXT);
    return next == arena || next % GlibcLayout.HEAP_MAX == GlibcLayout.HEAP_INFO_BYTES;
  }

  private int goodBins(long arena) {
    int good = 0;
    for (int index = GlibcLayout.NBINS - 1; index > 0; index--) {
      long bin = GlibcLayout.bin(arena, index);
      long fd = memory.word(bin + GlibcLayout.FD);
      long bk = memory.word(bin + GlibcLayout.BK);
      boolean isEmpty = fd == bin && bk == bin;
      boolean leadsBack =
          fd > 0
              && bk > 0
              && memory.word(fd + GlibcLayout.BK) == bin
              && memory.word(bk + GlibcLayout.FD) == bin;
      if (isEmpty || leadsBack) {
        good++;
      } else if (good + index <= GOOD_BINS) {
        return 0;
      }
    }
    return good;
  }

  /**
   * The address of {@code mp_}, or 0: it knows where the heap begins, and lies in the data of the
   * same library as an arena.
   */
  long parameters(long mainArena) {
    boolean hasMemory = memory.word(mainArena + GlibcLayout.SYSTEM_MEM) != 0;
    long best = 0;
    for (Area area : data) {
      if (!area.contains(mainArena)) {
        continue;
      }
      for (long at = area.start(); at + GlibcLayout.MP_BYTES <= area.end(); at += Integer.BYTES) {
        if (isEmpty(at)) {
          at += Ram.PAGE_SIZE - Integer.BYTES;
        } else if (isParameters(at, hasMemory)
            && Math.abs(at - mainArena) < Math.abs(best - mainArena)) {
          best = at;
        }
      }
    }
    return best;
  }

  private boolean isParameters(long at, boolean hasMemory) {
    long base = memory.word(at + GlibcLayout.SBRK_BASE);
    long bins = memory.word(at + GlibcLayout.TCACHE_BINS);
    long most = memory.word(at + GlibcLayout.TCACHE_MAX_BYTES);
    long count = memory.word(at + GlibcLayout.TCACHE_COUNT);
    long mmapped = memory.word(at + GlibcLayout.MMAPPED_MEM);
    boolean fits = base >= memory.mm().heap().startBrk() && base <= memory.mm().heap().currentBrk();
    return (hasMemory ? fits : base == 0)
        && bins > 0
        && bins <= GlibcLayout.TCACHE_NBINS
        && most <= bins * 16 - GlibcLayout.HEADER
        && most > bins * 16 - GlibcLayout.HEADER - 16
        && count >= 0
        && count <= MAX_TCACHE_COUNT
        && mmapped % Ram.PAGE_SIZE == 0
        && memory.word(at + GlibcLayout.MAX_MMAPPED_MEM) >= mmapped
        && memory.word(at + GlibcLayout.MAX_N_MMAPS) >= memory.word(at + GlibcLayout.N_MMAPS);
  }

  /**
   * The thread cache that a thread's local data points to, or 0.
   *
   * @param threadPointer where the thread's own structure lies; it points to itself
   * @param chunks where chunks can be
   */
  long threadCache(long threadPointer, KnownChunks chunks) {
    if (memory.word(threadPointer) != threadPointer
        || memory.word(threadPointer + 8) != threadPointer) {
      return 0;
    }
    for (long at = threadPointer - 4; at > threadPointer - TLS_BYTES; at -= Integer.BYTES) {
      long candidate = memory.word(at);
      if (candidate == NOT_THERE) {
        return 0;
      }
      if (isThreadCache(candidate, chunks)) {
        return candidate;
      }
    }
    return 0;
  }

  /** A chunk of just that size, whose counts and entries fit each other. */
  private boolean isThreadCache(long at, KnownChunks chunks) {
    long chunk = at - GlibcLayout.MEMORY;
    if (!chunks.contains(chunk)
        || GlibcLayout.bytes(memory.word(chunk + GlibcLayout.SIZE)) != GlibcLayout.TCACHE_CHUNK) {
      return false;
    }
    int wrong = 0;
    for (int index = 0; index < GlibcLayout.TCACHE_NBINS; index++) {
      long count = memory.half(at + 2L * index);
      long entry = memory.word(at + GlibcLayout.TCACHE_ENTRIES + 4L * index);
      if (entry % 16 != 0 || (count == 0) != (entry == 0)) {
        // One may be on its way: the program stands anywhere.
        wrong++;
      }
    }
    return wrong <= 1;
  }
}
