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
    CACHED(1),
    FAST(2),
    BINNED(3),
    /** In use by malloc itself. */
    TABLE(4);

    /** What stands for it; 0 is none. */
    private final byte code;

    Kind(int code) {
      this.code = (byte) code;
    }

    private static @Nullable Kind of(byte code) {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return kind;
        }
      }
      return null;
    }
  }

  private static final int PIECE_SHIFT = 16;
  private static final int SLOTS = 1 << (PIECE_SHIFT - 4);

  private final List<Segment> segments = new ArrayList<>();

  /** The kind's code for each place of a chunk, in pieces of 64 KiB of addresses. */
  private final Map<Long, byte[]> kinds = new HashMap<>();

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
    byte[] piece = kinds.computeIfAbsent(chunk >>> PIECE_SHIFT, none -> new byte[SLOTS]);
    boolean isNew = piece[slot(chunk)] == 0;
    if (isNew) {
      piece[slot(chunk)] = kind.code;
    }
    return isNew;
  }

  @Nullable Kind kind(long chunk) {
    byte[] piece = kinds.get(chunk >>> PIECE_SHIFT);
    return piece == null ? null : Kind.of(piece[slot(chunk)]);
  }

  private static int slot(long chunk) {
    return (int) (chunk >>> 4) & (SLOTS - 1);
  }
}
