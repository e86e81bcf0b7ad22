package org.memarium.kernel.vfs;

import java.util.Map;
import java.util.TreeMap;
import org.memarium.hardware.Ram;

/** A set of blocks of a file, which are as large as pages: ranges that do not meet. */
final class BlockRanges {
  /** By the first block; the value is the first one behind. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  boolean contains(long block) {
    Map.Entry<Long, Long> range = ranges.floorEntry(block);
    return range != null && range.getValue() > block;
  }

  /** Adds the blocks that have a byte of a range. */
  void addBytes(long at, long count) {
    long first = at >>> Ram.PAGE_SHIFT;
    long end = (at + count + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    remove(first, end);
    ranges.put(first, end);
  }

  /** Removes the blocks that lie wholly in a range of bytes, which may have no end. */
  void removeBytes(long at, long count) {
    long first = (at + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    long end = count > Long.MAX_VALUE - at ? Long.MAX_VALUE : (at + count) >>> Ram.PAGE_SHIFT;
    remove(first, end);
  }

  void remove(long first, long end) {
    if (first >= end) {
      return;
    }
    Map.Entry<Long, Long> before = ranges.lowerEntry(first);
    if (before != null && before.getValue() > first) {
      ranges.put(before.getKey(), first);
      if (before.getValue() > end) {
        ranges.put(end, before.getValue());
      }
    }
    Map.Entry<Long, Long> last = ranges.lowerEntry(end);
    if (last != null && last.getKey() >= first && last.getValue() > end) {
      ranges.put(end, last.getValue());
    }
    ranges.subMap(first, end).clear();
  }
}
