package org.memarium.malloc;

/**
 * Chunks that are mappings of their own.
 *
 * <pre>
 *   mapping  0: fd, bk       of the list of mappings: eight bytes that alignment leaves unused
 *            8: prev_size    8: how far into the mapping the chunk begins
 *           12: size | M     from the chunk to the end of the mapping
 *           16: data
 * </pre>
 *
 * <p>After {@code memalign} the chunk begins further in, the word at 8 says where, and that at 12
 * is 0.
 */
final class MappedChunks extends Chunks {
  private static final int LINK_FD = 0;
  private static final int LINK_BK = 4;
  private static final int FRONT = ALIGNMENT - HEADER;

  private final HeapSource source;
  private final long head;

  private long count;
  private long bytes;

  MappedChunks(ProcessMemory memory, HeapSource source, long state) {
    super(memory);
    this.source = source;
    this.head = state + MallocState.MAPPED;
  }

  void initialize() {
    put(head + LINK_FD, head);
    put(head + LINK_BK, head);
  }

  /** A chunk of so many bytes at least; 0 if there is none. */
  long map(long chunkBytes) {
    long total = totalBytes(chunkBytes, FRONT);
    long mapping = source.map(total);
    if (mapping == 0) {
      return 0;
    }
    long first = get(head + LINK_FD);
    put(mapping + LINK_FD, first);
    put(mapping + LINK_BK, head);
    put(first + LINK_BK, mapping);
    put(head + LINK_FD, mapping);
    writeHead(mapping + FRONT, FRONT, total);
    count++;
    bytes += total;
    return mapping + FRONT;
  }

  private static long totalBytes(long chunkBytes, long front) {
    return roundUp(chunkBytes + WORD + front, ProcessMemory.PAGE_BYTES);
  }

  private void writeHead(long chunk, long front, long total) {
    put(chunk + PREV_SIZE, front);
    put(chunk + SIZE, (total - front) | IS_MMAPPED);
  }

  /** Unmaps; false if the kernel does not. */
  boolean unmap(long chunk) {
    long mapping = mapping(chunk);
    long total = total(chunk);
    long fd = get(mapping + LINK_FD);
    long bk = get(mapping + LINK_BK);
    if (!source.unmap(mapping, total)) {
      return false;
    }
    put(fd + LINK_BK, bk);
    put(bk + LINK_FD, fd);
    count--;
    bytes -= total;
    return true;
  }

  /** Changes the size, by mremap; returns the chunk's place now, 0 if that cannot be. */
  long remap(long chunk, long chunkBytes) {
    long mapping = mapping(chunk);
    long front = get(chunk + PREV_SIZE);
    long total = total(chunk);
    long newTotal = totalBytes(chunkBytes, front);
    if (total == newTotal) {
      return chunk;
    }
    long moved = source.remap(mapping, total, newTotal, ProcessMemory.MREMAP_MAYMOVE, 0);
    if (moved == 0) {
      return 0;
    }
    put(get(moved + LINK_FD) + LINK_BK, moved);
    put(get(moved + LINK_BK) + LINK_FD, moved);
    writeHead(moved + front, front, newTotal);
    bytes += newTotal - total;
    return moved + front;
  }

  /** Lets the chunk begin further into its mapping. */
  void moveHead(long chunk, long newChunk) {
    long total = total(chunk);
    long mapping = mapping(chunk);
    wipe(chunk);
    put(mapping + FRONT + PREV_SIZE, newChunk - mapping);
    writeHead(newChunk, newChunk - mapping, total);
  }

  /** The chunk of a mapping. */
  long chunk(long mapping) {
    return mapping + get(mapping + FRONT + PREV_SIZE);
  }

  /** Whether a readable place that no stretch of the heap has is the head of one of these. */
  boolean isHead(long chunk) {
    long front = get(chunk + PREV_SIZE);
    long mapping = chunk - front;
    if ((get(chunk + SIZE) & FLAGS) != IS_MMAPPED
        || mapping % ProcessMemory.PAGE_BYTES != 0
        || total(chunk) % ProcessMemory.PAGE_BYTES != 0
        || !memory.isReadable(mapping)) {
      return false;
    }
    long fd = get(mapping + LINK_FD);
    long bk = get(mapping + LINK_BK);
    return memory.isReadable(fd)
        && memory.isReadable(bk)
        && get(fd + LINK_BK) == mapping
        && get(bk + LINK_FD) == mapping;
  }

  long mapping(long chunk) {
    return chunk - get(chunk + PREV_SIZE);
  }

  long total(long chunk) {
    return size(chunk) + get(chunk + PREV_SIZE);
  }

  /** The first mapping; 0 if there is none. */
  long first() {
    return real(get(head + LINK_FD));
  }

  /** The mapping behind one; 0 if there is none. */
  long next(long mapping) {
    long next = get(mapping + LINK_FD);
    if (next != head && (!memory.isReadable(next) || get(next + LINK_BK) != mapping)) {
      throw corrupted("walk", mapping, "the next mapping 0x%08x doesn't link back".formatted(next));
    }
    return real(next);
  }

  private long real(long mapping) {
    return mapping == head ? 0 : mapping;
  }

  long count() {
    return count;
  }

  /** Whole mappings, in bytes. */
  long bytes() {
    return bytes;
  }
}
