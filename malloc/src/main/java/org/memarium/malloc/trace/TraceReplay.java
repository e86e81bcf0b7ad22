package org.memarium.malloc.trace;

import org.memarium.malloc.Malloc;
import org.memarium.malloc.ProcessMemory;

/**
 * Does to an allocator what a program did to its own. As a program would, it touches what it gets:
 * a word in every page of each new block.
 */
public final class TraceReplay implements AllocationTrace.Visitor {
  private static final long PAGE = 4096;

  private final Malloc malloc;
  private final ProcessMemory memory;
  private final long[] addresses;

  private TraceReplay(AllocationTrace trace, Malloc malloc, ProcessMemory memory) {
    this.malloc = malloc;
    this.memory = memory;
    this.addresses = new long[trace.blocks()];
  }

  /**
   * Replays a trace to its end; blocks that the program never gave back stay.
   *
   * @throws IllegalStateException if there is no memory for a block
   */
  public static void run(AllocationTrace trace, Malloc malloc, ProcessMemory memory) {
    trace.forEach(new TraceReplay(trace, malloc, memory));
  }

  @Override
  public void free(int block) {
    malloc.free(addresses[block]);
  }

  @Override
  public void malloc(int block, long bytes) {
    allocated(block, malloc.malloc(bytes), bytes);
  }

  @Override
  public void calloc(int block, long bytes) {
    allocated(block, malloc.calloc(1, bytes), bytes);
  }

  @Override
  public void realloc(int block, long bytes) {
    allocated(block, malloc.realloc(addresses[block], bytes), bytes);
  }

  @Override
  public void memalign(int block, long bytes, long alignment) {
    allocated(block, malloc.memalign(alignment, bytes), bytes);
  }

  private void allocated(int block, long address, long bytes) {
    if (address == 0) {
      throw new IllegalStateException("no memory for %,d bytes".formatted(bytes));
    }
    addresses[block] = address;
    for (long at = 0; at + Integer.BYTES <= bytes; at += PAGE) {
      memory.writeInt(address + at, block);
    }
  }
}
