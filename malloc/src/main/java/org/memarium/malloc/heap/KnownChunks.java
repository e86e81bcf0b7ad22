package org.memarium.malloc.heap;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.malloc.heap.Heap.Segment;

/** Where chunks of arenas can be, and which of them are known not to be in use. */
final class KnownChunks {
  /** Why a chunk that is not in use looks as if it were, or what free list it is in. */
  enum Kind {
    CACHED,
    FAST,
    BINNED,
    /** In use by malloc itself. */
    TABLE
  }

  private final List<Segment> segments = new ArrayList<>();
  private final Map<Long, Kind> kinds = new HashMap<>();

  void addSegments(List<Segment> more) {
    segments.addAll(more);
  }

  /** Whether a chunk can begin at an address. */
  boolean contains(long chunk) {
    if (!GlibcLayout.isChunkAligned(chunk)) {
      return false;
    }
    for (Segment segment : segments) {
      if (chunk >= segment.start() && chunk < segment.start() + segment.bytes()) {
        return true;
      }
    }
    return false;
  }

  /** Notes what a chunk is; false if it was noted before. */
  boolean note(long chunk, Kind kind) {
    return kinds.putIfAbsent(chunk, kind) == null;
  }

  @Nullable Kind kind(long chunk) {
    return kinds.get(chunk);
  }
}
