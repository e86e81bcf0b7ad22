package org.memarium.malloc.heap;

import static org.memarium.malloc.heap.Snapshot.NOT_THERE;

import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.malloc.heap.Heap.MappedChunk;
import org.memarium.malloc.heap.Heap.Segment;
import org.memarium.malloc.heap.Snapshot.Area;

/**
 * Finds chunks with mappings of their own. No list leads to them; but their headers tell where
 * their mapping starts and ends, both at borders of pages, and the kernel knows of no mapping that
 * would contradict.
 *
 * <pre>
 *   | prev_size: bytes before the chunk | size, with IS_MMAPPED alone | memory ... |
 *   page: start of the mapping          chunk                         page: its end
 * </pre>
 */
final class MappedChunkSearch {
  private final Snapshot memory;
  private final List<Segment> arenas;

  /**
   * A search.
   *
   * @param arenas heaps of arenas: their mappings hold other things
   */
  MappedChunkSearch(Snapshot memory, List<Segment> arenas) {
    this.memory = memory;
    this.arenas = arenas;
  }

  List<MappedChunk> find() {
    List<MappedChunk> found = new ArrayList<>();
    for (Area area : memory.areas()) {
      boolean isStack = area.contains(memory.mm().parts().startStack());
      boolean isHeap = area.contains(memory.mm().heap().startBrk());
      if (area.isPrivateData() && area.isAnonymous() && !isStack && !isHeap) {
        find(area, found);
      }
    }
    return List.copyOf(found);
  }

  private void find(Area area, List<MappedChunk> found) {
    long from = area.start();
    long page = from;
    while (page < area.end()) {
      long inArena = endOfArena(page);
      if (inArena > page) {
        from = inArena;
        page = inArena;
        continue;
      }
      MappedChunk chunk = memory.hasContent(page) ? inPage(page, from, area.end()) : null;
      if (chunk == null) {
        page += Ram.PAGE_SIZE;
      } else {
        found.add(chunk);
        from = chunk.start() + chunk.bytes();
        page = from;
      }
    }
  }

  /** Where the heap of an arena ends that a page lies in; the page itself if it lies in none. */
  private long endOfArena(long page) {
    for (Segment arena : arenas) {
      if (page >= arena.start() && page < arena.start() + arena.bytes()) {
        return arena.start() + arena.bytes();
      }
    }
    return page;
  }

  /** A chunk whose header lies in a page, and whose mapping in [from, end). */
  private @org.jspecify.annotations.Nullable MappedChunk inPage(long page, long from, long end) {
    for (long at = page + GlibcLayout.MEMORY; at < page + Ram.PAGE_SIZE; at += 16) {
      long size = memory.word(at + GlibcLayout.SIZE);
      if ((size & 7) != GlibcLayout.IS_MMAPPED || size == NOT_THERE) {
        continue;
      }
      long start = at - memory.word(at);
      long behind = at + GlibcLayout.bytes(size);
      if (start % Ram.PAGE_SIZE == 0
          && behind % Ram.PAGE_SIZE == 0
          && start >= from
          && start < at
          && behind > at + GlibcLayout.MIN_CHUNK
          && behind <= end) {
        return new MappedChunk(at, start, behind - start);
      }
    }
    return null;
  }
}
