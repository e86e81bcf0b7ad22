package org.memarium.malloc;

/**
 * The stretches of memory that a heap of chunks consists of, and the top chunk at the end of the
 * newest.
 *
 * <p>As a rule there is one, from brk. Another one begins where somebody else has moved the break,
 * or, as a mapping of 1 MiB at least, where brk fails. The top chunk of the stretch before is then
 * free memory like other, and two chunks of 8 bytes, marked as in use, end it.
 */
final class HeapSegments extends Chunks {
  /** {@code MMAP_AS_MORECORE_SIZE}. */
  private static final long SMALLEST_MAPPING = 1 << 20;

  /** The size of each of the two chunks that end a stretch: no other chunk is so small. */
  static final long FENCE_BYTES = HEADER;

  /** Who frees what a stretch ends with, when another one begins. */
  interface ChunkFreer {
    void free(long chunk, long bytes);
  }

  private final HeapSource source;
  private final long state;

  /** The newest stretch. */
  private long start;

  private long end;

  /** How far it has ever come. */
  private long highest;

  /** Whether it is from brk. */
  private boolean fromBreak;

  /** From here on, the newest stretch has never been written. */
  private long cleanFrom;

  HeapSegments(ProcessMemory memory, HeapSource source, long state) {
    super(memory);
    this.source = source;
    this.state = state;
  }

  long top() {
    return get(state + MallocState.TOP);
  }

  void setTop(long chunk, long bytes) {
    put(chunk + SIZE, bytes | PREV_INUSE);
    put(state + MallocState.TOP, chunk);
  }

  /**
   * Cuts a chunk from the top, which is large enough.
   *
   * @return how many bytes of it may hold something, from its data on
   */
  long cutTop(long chunk, long topBytes, long bytes) {
    put(chunk + SIZE, bytes | PREV_INUSE);
    setTop(chunk + bytes, topBytes - bytes);
    long dirty = Math.max(0, cleanFrom - chunk - HEADER);
    cleanFrom = Math.max(cleanFrom, chunk + bytes + HEADER);
    return dirty;
  }

  /** The bytes of the top chunk; 0 if there is none yet. */
  long topBytes() {
    long top = top();
    return top == 0 ? 0 : size(top);
  }

  /**
   * Gets memory for a top chunk of so many bytes, and the smallest chunk behind it.
   *
   * @param padBytes how much more, if the kernel has it
   * @param abandon frees what was the top chunk, if another stretch begins
   * @return false if there is none
   */
  boolean grow(long bytes, long padBytes, ChunkFreer abandon) {
    long wanted = bytes + padBytes + SMALLEST;
    long now = source.currentBreak();
    if (fromBreak && now == end) {
      long newEnd = roundUp(end + wanted - topBytes(), ProcessMemory.PAGE_BYTES);
      if (source.moveBreak(end, newEnd)) {
        count(newEnd - end);
        long top = top();
        end = newEnd;
        recordEnd();
        setTop(top, end - top);
        return true;
      }
    } else if (count() < MallocState.MAX_SEGMENTS) {
      long newEnd = roundUp(now + ALIGNMENT + HEADER + wanted, ProcessMemory.PAGE_BYTES);
      if (source.moveBreak(now, newEnd)) {
        begin(now, newEnd, true, abandon);
        return true;
      }
    }
    if (count() < MallocState.MAX_SEGMENTS) {
      long mapping =
          Math.max(SMALLEST_MAPPING, roundUp(wanted + ALIGNMENT, ProcessMemory.PAGE_BYTES));
      long address = source.map(mapping);
      if (address != 0) {
        begin(address, address + mapping, false, abandon);
        return true;
      }
    }
    return false;
  }

  private void begin(long newStart, long newEnd, boolean isFromBreak, ChunkFreer abandon) {
    long oldTop = top();
    long oldBytes = topBytes();
    start = roundUp(newStart, ALIGNMENT) + HEADER;
    end = newEnd;
    highest = end;
    fromBreak = isFromBreak;
    // The rest of the first page may be somebody's.
    cleanFrom = roundUp(newStart, ProcessMemory.PAGE_BYTES);
    count(newEnd - newStart);
    long number = count();
    put(state + MallocState.SEGMENT_COUNT, number + 1);
    put(record(number), start);
    recordEnd();
    setTop(start, end - start);
    if (oldTop != 0) {
      fence(oldTop, oldBytes, abandon);
    }
  }

  private void fence(long oldTop, long oldBytes, ChunkFreer abandon) {
    long usable = (oldBytes - 2 * HEADER) & -ALIGNMENT;
    long fence = oldTop + usable;
    put(fence + SIZE, FENCE_BYTES | PREV_INUSE);
    put(fence + HEADER + SIZE, FENCE_BYTES | PREV_INUSE);
    put(record(count() - 2) + 4, fence + 2 * HEADER);
    if (usable >= SMALLEST) {
      put(oldTop + SIZE, usable | PREV_INUSE);
      abandon.free(oldTop, usable);
    }
  }

  /**
   * {@code systrim}: moves the break down as far as whole pages are free.
   *
   * @return whether it did
   */
  boolean trim(long padBytes) {
    long spare = topBytes() - SMALLEST - 1;
    long bytes = spare <= padBytes ? 0 : (spare - padBytes) & -ProcessMemory.PAGE_BYTES;
    if (bytes == 0 || !fromBreak || source.currentBreak() != end) {
      return false;
    }
    if (!source.moveBreak(end, end - bytes)) {
      return false;
    }
    end -= bytes;
    cleanFrom = Math.min(cleanFrom, end);
    count(-bytes);
    recordEnd();
    setTop(top(), end - top());
    return true;
  }

  /** Whether an address was part of the newest stretch, and was given back. */
  boolean wasTrimmed(long address) {
    return fromBreak && address >= end && address < highest;
  }

  // ---- The records ----

  int count() {
    return (int) get(state + MallocState.SEGMENT_COUNT);
  }

  private long record(long number) {
    return state + MallocState.SEGMENTS + number * 8;
  }

  private void recordEnd() {
    put(record(count() - 1) + 4, end);
    highest = Math.max(highest, end);
  }

  private void count(long bytes) {
    long system = get(state + MallocState.SYSTEM_MEM) + bytes;
    put(state + MallocState.SYSTEM_MEM, system);
    long max = get(state + MallocState.MAX_SYSTEM_MEM);
    put(state + MallocState.MAX_SYSTEM_MEM, Math.max(max, system));
  }

  /** The first chunk of a stretch. */
  long start(int number) {
    return get(record(number));
  }

  /** Where a stretch ends. */
  long end(int number) {
    return get(record(number) + 4);
  }

  /** The stretch that an address lies in; -1 if none. */
  int find(long address) {
    for (int number = count() - 1; number >= 0; number--) {
      if (address >= start(number) && address < end(number)) {
        return number;
      }
    }
    return -1;
  }
}
