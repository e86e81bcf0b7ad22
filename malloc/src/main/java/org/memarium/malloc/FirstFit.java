package org.memarium.malloc;

import java.util.function.Consumer;
import org.memarium.malloc.HeapErrorException.Kind;

/**
 * The allocator of "A malloc Tutorial": one list of all blocks in the order of their addresses, the
 * first free one that is large enough is taken.
 *
 * <pre>
 *   struct s_block on 32 bits, 24 bytes before the data
 *
 *    0        4        8        12       16       20       24
 *   +--------+--------+--------+--------+--------+--------+-----------------
 *   | size   | prev   | next   | free   | padding| ptr    | data[size] ...
 *   +--------+--------+--------+--------+--------+--------+-----------------
 *     bytes    block    block    0 or 1   0        &data    8-aligned
 *     of data  before   behind
 * </pre>
 *
 * <p>{@code ptr} is the validity check: it points to the data behind it, so hardly anything else
 * looks like a header. A block that is larger than asked for by a header and 8 bytes at least is
 * split; a freed block is fused with free neighbours, and given back to brk if it is the last. So
 * no two free blocks are neighbours, and the last block is never free.
 *
 * <p>More than the tutorial does: the header that fusing swallows is wiped, so that it can't be
 * freed again; links are checked against their neighbours'; should somebody else move the break,
 * the list goes on behind their memory, and blocks are fused only where they touch.
 */
public final class FirstFit extends AbstractMalloc {
  /** {@code BLOCK_SIZE}: the length of a header, in bytes. */
  public static final int HEADER_BYTES = 24;

  /** Offset in a header. */
  public static final int SIZE = 0;

  /** Offset in a header. */
  public static final int PREV = 4;

  /** Offset in a header. */
  public static final int NEXT = 8;

  /** Offset in a header. */
  public static final int FREE = 12;

  /** Offset in a header. */
  public static final int PADDING = 16;

  /** Offset in a header. */
  public static final int PTR = 20;

  private static final int ALIGNMENT = 8;
  private static final int SMALLEST = 8;

  /** {@code first_block}: the list; 0 if it is empty. */
  private long first;

  /** The end of the list. */
  private long last;

  /** Where the last block ends: the break, unless somebody else has moved it. */
  private long end;

  /** Where the list began when it did for the first time, and the furthest that it came. */
  private long lowest;

  private long highest;

  /** A heap that is empty: nothing is asked of the kernel yet. */
  public FirstFit(ProcessMemory memory) {
    super(memory);
  }

  // ---- malloc ----

  @Override
  long allocate(long bytes) {
    long size = dataBytes(bytes);
    long block = findBlock(size);
    if (block != 0) {
      split(block, size);
      put(block + FREE, 0);
    } else {
      block = extendHeap(size);
    }
    return handOut(block);
  }

  private long handOut(long block) {
    if (block == 0) {
      return 0;
    }
    usable = get(block + SIZE);
    dirty = usable;
    return block + HEADER_BYTES;
  }

  private static long dataBytes(long bytes) {
    return Math.max(SMALLEST, roundUp(bytes, ALIGNMENT));
  }

  /** {@code find_block}: the first that is free and large enough; 0 if there is none. */
  private long findBlock(long size) {
    long block = first;
    while (block != 0 && (get(block + FREE) == 0 || get(block + SIZE) < size)) {
      block = get(block + NEXT);
    }
    return block;
  }

  /** {@code extend_heap}: a new block in use at the break; 0 if there is no memory. */
  private long extendHeap(long size) {
    long now = source.currentBreak();
    long block = roundUp(now, ALIGNMENT);
    long newEnd = block + HEADER_BYTES + size;
    if (!source.moveBreak(now, newEnd)) {
      return 0;
    }
    writeHeader(block, size, last, 0, 0);
    if (last != 0) {
      put(last + NEXT, block);
    } else {
      first = block;
      lowest = lowest == 0 ? block : Math.min(lowest, block);
    }
    last = block;
    end = newEnd;
    highest = Math.max(highest, end);
    return block;
  }

  private void writeHeader(long block, long size, long prev, long next, int free) {
    put(block + SIZE, size);
    put(block + PREV, prev);
    put(block + NEXT, next);
    put(block + FREE, free);
    put(block + PADDING, 0);
    put(block + PTR, block + HEADER_BYTES);
  }

  /** {@code split_block}: makes what a block has too much of a free block, if it can be one. */
  private void split(long block, long size) {
    long spare = get(block + SIZE) - size;
    if (spare < HEADER_BYTES + SMALLEST) {
      return;
    }
    long next = get(block + NEXT);
    long rest = block + HEADER_BYTES + size;
    writeHeader(rest, spare - HEADER_BYTES, block, next, 1);
    put(block + SIZE, size);
    linkBehind(block, rest);
    linkBefore(next, rest);
  }

  private void linkBehind(long block, long next) {
    put(block + NEXT, next);
  }

  private void linkBefore(long block, long prev) {
    if (block != 0) {
      put(block + PREV, prev);
    } else {
      last = prev;
    }
  }

  // ---- free ----

  @Override
  void release(long address) {
    releaseBlock(address - HEADER_BYTES);
  }

  private void releaseBlock(long block) {
    put(block + FREE, 1);
    fuseWithNext(block);
    long prev = get(block + PREV);
    if (prev != 0 && get(prev + FREE) != 0 && fuseWithNext(prev)) {
      block = prev;
    }
    if (block == last) {
      giveBackLast();
    }
  }

  /** {@code fusion}: swallows the next block, if that is free and begins where this one ends. */
  private boolean fuseWithNext(long block) {
    long next = get(block + NEXT);
    long size = get(block + SIZE);
    if (next == 0 || get(next + FREE) == 0 || block + HEADER_BYTES + size != next) {
      return false;
    }
    long behind = get(next + NEXT);
    put(block + SIZE, size + HEADER_BYTES + get(next + SIZE));
    linkBehind(block, behind);
    linkBefore(behind, block);
    put(next + PTR, 0);
    return true;
  }

  /** Takes the last block, which is free, from the list, and moves the break to its start. */
  private void giveBackLast() {
    long block = last;
    long prev = get(block + PREV);
    if (source.currentBreak() != end) {
      return;
    }
    // Before the break: afterwards the header is gone.
    if (!source.moveBreak(end, block)) {
      return;
    }
    last = prev;
    if (prev == 0) {
      first = 0;
      end = block;
    } else {
      put(prev + NEXT, 0);
      end = prev + HEADER_BYTES + get(prev + SIZE);
    }
  }

  // ---- realloc ----

  @Override
  long resize(long address, long bytes) {
    long block = address - HEADER_BYTES;
    long size = dataBytes(bytes);
    long next = get(block + NEXT);
    if (get(block + SIZE) < size
        && next != 0
        && get(next + FREE) != 0
        && get(block + SIZE) + HEADER_BYTES + get(next + SIZE) >= size) {
      fuseWithNext(block);
    }
    if (get(block + SIZE) < size) {
      return 0;
    }
    split(block, size);
    usable = get(block + SIZE);
    tidyBehind(block);
    return address;
  }

  /** What splitting left behind a block is fused with its neighbour, or given back. */
  private void tidyBehind(long block) {
    long rest = get(block + NEXT);
    if (rest == 0 || get(rest + FREE) == 0) {
      return;
    }
    fuseWithNext(rest);
    if (rest == last) {
      giveBackLast();
    }
  }

  // ---- memalign ----

  @Override
  long allocateAligned(long alignment, long bytes) {
    if (alignment <= ALIGNMENT) {
      return allocate(bytes);
    }
    long size = dataBytes(bytes);
    // Room for a free block in front, of a header and 8 bytes at least.
    long address = allocate(size + alignment + HEADER_BYTES + SMALLEST);
    if (address == 0) {
      return 0;
    }
    long block = address - HEADER_BYTES;
    if ((address & (alignment - 1)) != 0) {
      long aligned = roundUp(address + HEADER_BYTES + SMALLEST, alignment);
      split(block, aligned - HEADER_BYTES - address);
      long front = block;
      block = aligned - HEADER_BYTES;
      put(block + FREE, 0);
      releaseBlock(front);
    }
    split(block, size);
    tidyBehind(block);
    return handOut(block);
  }

  // ---- Validity ----

  @Override
  long usableSize(String call, long address) {
    long block = address - HEADER_BYTES;
    if (first == 0
        || block < first
        || address > end
        || (address & (ALIGNMENT - 1)) != 0
        || !isReadable(block)
        || get(block + PTR) != address
        || get(block + FREE) != 0) {
      throw notABlock(call, address, "its free flag or its pointer to itself is wrong");
    }
    checkNeighbours(call, block);
    return get(block + SIZE);
  }

  /** Somebody else's memory may lie between blocks, and be gone by now. */
  private boolean isReadable(long block) {
    return memory.isReadable(block) && memory.isReadable(block + HEADER_BYTES - 1);
  }

  /** {@code valid_addr} for a header that is known: its size and links agree with the others'. */
  private void checkNeighbours(String call, long block) {
    long size = get(block + SIZE);
    long next = get(block + NEXT);
    long prev = get(block + PREV);
    long behind = block + HEADER_BYTES + size;
    boolean nextAgrees =
        next == 0
            ? block == last && behind == end
            : next >= behind && next < end && get(next + PREV) == block;
    boolean prevAgrees =
        prev == 0 ? block == first : prev >= first && prev < block && get(prev + NEXT) == block;
    if (get(block + PTR) != block + HEADER_BYTES
        || get(block + FREE) > 1
        || (size & (ALIGNMENT - 1)) != 0
        || !nextAgrees
        || !prevAgrees) {
      throw corrupted(
          call,
          block,
          "size %d, prev 0x%08x, next 0x%08x, free %d, ptr 0x%08x"
              .formatted(size, prev, next, get(block + FREE), get(block + PTR)));
    }
  }

  @Override
  HeapErrorException outside(String call, long address) {
    if (address >= Math.max(end, lowest) && address < highest) {
      return new HeapErrorException(
          Kind.DOUBLE_FREE,
          call,
          address,
          "in memory that was given back: the heap ended at 0x%08x once, and ends at 0x%08x"
              .formatted(highest, end));
    }
    return first == 0
        ? super.outside(call, address)
        : new HeapErrorException(
            Kind.FOREIGN_POINTER,
            call,
            address,
            "the heap is 0x%08x to 0x%08x".formatted(first, end));
  }

  // ---- Looking at it ----

  @Override
  public void forEachBlock(Consumer<? super HeapBlock> visitor) {
    long block = first;
    while (block != 0) {
      checkNeighbours("walk", block);
      long bytes = HEADER_BYTES + get(block + SIZE);
      HeapBlock.Use use = get(block + FREE) == 0 ? HeapBlock.Use.IN_USE : HeapBlock.Use.FREE;
      visitor.accept(new HeapBlock(block, bytes, block + HEADER_BYTES, use));
      block = get(block + NEXT);
    }
  }

  @Override
  void checkHeap() {
    HeapBlock[] before = new HeapBlock[1];
    forEachBlock(block -> {
      HeapBlock previous = before[0];
      if (previous != null
          && previous.end() == block.start()
          && !previous.isInUse()
          && !block.isInUse()) {
        throw corrupted("check", block.start(), "free, and so is the block before it");
      }
      before[0] = block;
    });
    HeapBlock block = before[0];
    if (block != null && !block.isInUse() && source.currentBreak() == end) {
      throw corrupted("check", block.start(), "the last block is free");
    }
  }

  @Override
  public boolean mallocTrim(long padBytes) {
    long[] given = new long[1];
    forEachBlock(block -> {
      if (!block.isInUse()) {
        given[0] += source.discard(block.address(), block.end());
      }
    });
    return given[0] > 0;
  }

  @Override
  boolean setParameter(MallocParameter parameter, long value) {
    return false;
  }

  @Override
  public Mallinfo2 mallinfo2() {
    long[] sums = new long[3];
    forEachBlock(block -> {
      if (block.isInUse()) {
        sums[0] += block.bytes();
      } else {
        sums[1] += block.bytes();
        sums[2]++;
      }
    });
    return new Mallinfo2(source.heapBytes(), sums[2], 0, 0, 0, 0, 0, sums[0], sums[1], 0);
  }
}
