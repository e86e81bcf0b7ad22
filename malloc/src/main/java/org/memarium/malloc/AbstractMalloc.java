package org.memarium.malloc;

import org.jspecify.annotations.Nullable;
import org.memarium.malloc.HeapErrorException.Kind;

/**
 * What all designs share: the rules of the calls, their arguments and their counters. A design
 * allocates, releases and resizes; each of the three leaves the usable size of its block in {@link
 * #usable}, so that the counters cost no second look at a header.
 */
abstract class AbstractMalloc extends ProcessWords implements Malloc {
  /** {@code PTRDIFF_MAX}: no object is larger. */
  private static final long MAX_REQUEST = 0x7fff_ffffL;

  final HeapSource source;

  /** The usable size of the block that was allocated, released or resized last, in bytes. */
  long usable;

  /** Of the block that was allocated last: how many of its bytes may hold something, from 0 on. */
  long dirty;

  private int perturbByte;
  private boolean checksEveryFree;

  private long allocations;
  private long frees;
  private long reallocations;
  private long failures;
  private long requestedBytes;
  private long grantedBytes;
  private long inUseBytes;
  private long peakInUseBytes;

  AbstractMalloc(ProcessMemory memory) {
    super(memory);
    this.source = new HeapSource(memory);
  }

  // ---- What a design does ----

  /** Allocates, and sets {@link #usable} and {@link #dirty}; 0 if there is no memory. */
  abstract long allocate(long bytes);

  /**
   * Allocates at a multiple of a power of two that is at most 2^30, and sets {@link #usable} and
   * {@link #dirty}; 0 if there is no memory.
   */
  abstract long allocateAligned(long alignment, long bytes);

  /** Gives back a block that {@link #usableSize} has accepted. */
  abstract void release(long address);

  /**
   * Changes the size of a block that {@link #usableSize} has accepted without another block's help,
   * and sets {@link #usable} to what it is now.
   *
   * @return its address now; 0 if it cannot be changed, and is as it was
   */
  abstract long resize(long address, long bytes);

  /**
   * Checks that this is a block in use, as far as a look at it and its neighbours tells.
   *
   * @return how many bytes of it can be used
   * @throws HeapErrorException if it is not
   */
  abstract long usableSize(String call, long address);

  /** Sets a parameter that not all designs have. */
  abstract boolean setParameter(MallocParameter parameter, long value);

  /** Walks lists and headers, and throws if they are not as they must be. */
  abstract void checkHeap();

  // ---- The calls ----

  @Override
  public final long malloc(long bytes) {
    long address = isTooLarge(bytes) ? 0 : allocate(bytes);
    if (handedOut(address, bytes) != 0 && perturbByte != 0) {
      memory.fill(address, bytes, ~perturbByte);
    }
    return address;
  }

  @Override
  public final long calloc(long count, long bytes) {
    long product = Long.compareUnsigned(count | bytes, MAX_REQUEST) > 0 ? -1 : count * bytes;
    long address = isTooLarge(product) ? 0 : allocate(product);
    if (handedOut(address, product) != 0) {
      memory.fill(address, Math.min(product, perturbByte == 0 ? dirty : product), 0);
    }
    return address;
  }

  @Override
  public final long memalign(long alignment, long bytes) {
    if (alignment < 0 || alignment > 1L << 30 || isTooLarge(bytes)) {
      return handedOut(0, bytes);
    }
    long power = alignment <= 1 ? 1 : Long.highestOneBit(alignment - 1) << 1;
    long address = allocateAligned(power, bytes);
    if (handedOut(address, bytes) != 0 && perturbByte != 0) {
      memory.fill(address, bytes, ~perturbByte);
    }
    return address;
  }

  @Override
  public final void free(long address) {
    if (address != 0) {
      takeBack("free", address);
    }
  }

  @Override
  public final long realloc(long address, long bytes) {
    if (address == 0) {
      return malloc(bytes);
    }
    if (bytes == 0) {
      takeBack("realloc", address);
      return 0;
    }
    long oldUsable = accept("realloc", address);
    if (isTooLarge(bytes)) {
      failures++;
      return 0;
    }
    long moved = resize(address, bytes);
    if (moved == 0) {
      moved = allocate(bytes);
      if (moved == 0 && bytes > oldUsable) {
        failures++;
        return 0;
      }
      if (moved == 0) {
        // No memory for a smaller block: the large one does.
        moved = address;
        usable = oldUsable;
      } else {
        long newUsable = usable;
        memory.copy(address, moved, Math.min(oldUsable, bytes));
        perturbFreed(address, oldUsable);
        release(address);
        usable = newUsable;
      }
    }
    reallocations++;
    requestedBytes += bytes;
    grantedBytes += usable;
    inUse(usable - oldUsable);
    return moved;
  }

  private void takeBack(String call, long address) {
    long bytes = accept(call, address);
    frees++;
    inUse(-bytes);
    perturbFreed(address, bytes);
    release(address);
  }

  private long accept(String call, long address) {
    if (checksEveryFree) {
      lookUp(call, address);
    }
    return usableSize(call, address);
  }

  private void perturbFreed(long address, long bytes) {
    if (perturbByte != 0) {
      memory.fill(address, bytes, perturbByte);
    }
  }

  private static boolean isTooLarge(long bytes) {
    return bytes < 0 || bytes > MAX_REQUEST;
  }

  private long handedOut(long address, long bytes) {
    if (address == 0) {
      failures++;
      return 0;
    }
    allocations++;
    requestedBytes += bytes;
    grantedBytes += usable;
    inUse(usable);
    return address;
  }

  private void inUse(long bytes) {
    inUseBytes += bytes;
    if (inUseBytes > peakInUseBytes) {
      peakInUseBytes = inUseBytes;
    }
  }

  @Override
  public final long mallocUsableSize(long address) {
    return address == 0 ? 0 : usableSize("malloc_usable_size", address);
  }

  @Override
  public final boolean mallopt(MallocParameter parameter, long value) {
    switch (parameter) {
      case M_PERTURB -> perturbByte = (int) value & 0xff;
      case M_CHECK_ACTION -> checksEveryFree = value != 0;
      default -> {
        return value >= 0 && setParameter(parameter, value);
      }
    }
    return true;
  }

  @Override
  public final MallocStatistics statistics() {
    return source.statistics(
        allocations,
        frees,
        reallocations,
        failures,
        requestedBytes,
        grantedBytes,
        inUseBytes,
        peakInUseBytes);
  }

  // ---- Errors ----

  @Override
  public final void check() {
    checkHeap();
    long[] found = new long[1];
    forEachBlock(block -> {
      if (block.isInUse()) {
        found[0] += usableSize("check", block.address());
      }
    });
    if (found[0] != inUseBytes) {
      throw new IllegalStateException(
          "%,d bytes are in use by count, %,d by a walk".formatted(inUseBytes, found[0]));
    }
  }

  /** Throws unless a walk finds a block in use with this address. */
  private void lookUp(String call, long address) {
    HeapBlock block = find(address);
    if (block == null || !block.isInUse() || block.address() != address) {
      throw notABlock(call, address, "");
    }
  }

  /** The piece of the heap that an address lies in; null if none. */
  private @Nullable HeapBlock find(long address) {
    HeapBlock[] found = new HeapBlock[1];
    forEachBlock(block -> {
      if (block.start() <= address && address < block.end()) {
        found[0] = block;
      }
    });
    return found[0];
  }

  /**
   * Says by a walk through the heap what an address is that is not a block in use.
   *
   * @param finding what was seen there, for the case that the walk finds a block in use
   */
  final HeapErrorException notABlock(String call, long address, String finding) {
    HeapBlock block;
    try {
      block = find(address);
    } catch (HeapErrorException wayBlocked) {
      return wayBlocked;
    }
    if (block == null) {
      return outside(call, address);
    }
    long blockAddress = block.address();
    long blockBytes = block.end() - blockAddress;
    long within = address - blockAddress;
    return switch (block.use()) {
      case IN_USE, MAPPED ->
          within == 0
              ? corrupted(call, address, finding)
              : new HeapErrorException(
                  Kind.INTERIOR_POINTER,
                  call,
                  address,
                  within > 0
                      ? "%,d bytes into the block 0x%08x of %,d bytes"
                          .formatted(within, blockAddress, blockBytes)
                      : "in the header of the block 0x%08x".formatted(blockAddress));
      case FREE, CACHED ->
          new HeapErrorException(
              Kind.DOUBLE_FREE,
              call,
              address,
              within == 0
                  ? "freed block of %,d bytes".formatted(blockBytes)
                  : "in the free block 0x%08x of %,d bytes".formatted(blockAddress, blockBytes));
      case TOP ->
          new HeapErrorException(
              Kind.DOUBLE_FREE,
              call,
              address,
              "in the free end of the heap, from 0x%08x on".formatted(block.start()));
      case OVERHEAD ->
          new HeapErrorException(
              Kind.FOREIGN_POINTER, call, address, "in memory of the allocator's own");
    };
  }

  /** What to say of an address in no piece of the heap. */
  HeapErrorException outside(String call, long address) {
    return new HeapErrorException(Kind.FOREIGN_POINTER, call, address, "in no memory of this heap");
  }
}
