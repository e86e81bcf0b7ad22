package org.memarium.malloc;

import static org.memarium.malloc.RegionLayout.*;

/**
 * The threads' caches: for each size class a magazine, a stack of blocks that are ready to be
 * handed out. It is refilled with half as many as it holds, and when it is full the half that lies
 * there longest goes back to the runs.
 *
 * <pre>
 *   cache, one page:   0 next cache    4 thread    16 magazines, one after the other
 *   magazine of n:     0 count         4 blocks[n]
 * </pre>
 */
final class Magazines extends ProcessWords {
  private static final int NEXT_CACHE = 0;
  private static final int THREAD = 4;
  private static final int FIRST = 16;

  private final long state;
  private final Regions regions;
  private final Runs runs;

  /** Where in a cache the magazine of a class begins. */
  private final int[] offsets = new int[SizeClassTable.COUNT];

  private int thread;

  /** The calling thread's; 0 if it has none yet. */
  private long cache;

  Magazines(ProcessMemory memory, long state, Regions regions, Runs runs) {
    super(memory);
    this.state = state;
    this.regions = regions;
    this.runs = runs;
    int offset = FIRST;
    for (int sizeClass = 0; sizeClass < offsets.length; sizeClass++) {
      offsets[sizeClass] = offset;
      offset += 4 + 4 * SizeClassTable.magazineSlots(sizeClass);
    }
    if (offset > ProcessMemory.PAGE_BYTES) {
      throw new IllegalStateException("a cache of " + offset + " bytes");
    }
  }

  /** Another thread calls from now on. */
  void switchTo(int caller) {
    if (caller != thread) {
      thread = caller;
      cache = state == 0 ? 0 : find(caller);
    }
  }

  /** Who calls. */
  int caller() {
    return thread;
  }

  private long find(int owner) {
    long found = first();
    while (found != 0 && get(found + THREAD) != Integer.toUnsignedLong(owner)) {
      found = next(found);
    }
    return found;
  }

  private boolean hasCache() {
    if (cache == 0) {
      long span = regions.take(1, CACHE);
      if (span == 0) {
        return false;
      }
      cache = addressOf(span);
      memory.fill(cache, ProcessMemory.PAGE_BYTES, 0);
      put(cache + NEXT_CACHE, first());
      put(cache + THREAD, thread);
      put(state + CACHES, cache);
    }
    return true;
  }

  /** A block of a class; 0 if there is no memory. */
  long take(int sizeClass) {
    if (!hasCache()) {
      return runs.take(sizeClass);
    }
    long magazine = cache + offsets[sizeClass];
    long count = get(magazine);
    if (count == 0) {
      count = refill(magazine, sizeClass);
      if (count == 0) {
        return 0;
      }
    }
    put(magazine, count - 1);
    return get(magazine + 4 * count);
  }

  private long refill(long magazine, int sizeClass) {
    int wanted = SizeClassTable.magazineSlots(sizeClass) / 2;
    int count = 0;
    while (count < wanted) {
      long slot = runs.take(sizeClass);
      if (slot == 0) {
        break;
      }
      count++;
      // The first that was taken is to be handed out first.
      put(magazine + 4L * (wanted + 1 - count), slot);
    }
    if (count < wanted) {
      for (int i = 1; i <= count; i++) {
        put(magazine + 4L * i, get(magazine + 4L * (wanted - count + i)));
      }
    }
    put(magazine, count);
    return count;
  }

  /** Takes a block back. */
  void give(long block, int sizeClass) {
    if (!hasCache()) {
      runs.give(block);
      return;
    }
    long magazine = cache + offsets[sizeClass];
    long count = get(magazine);
    if (count == SizeClassTable.magazineSlots(sizeClass)) {
      long half = count / 2;
      for (long i = 1; i <= half; i++) {
        runs.give(get(magazine + 4 * i));
      }
      count -= half;
      for (long i = 1; i <= count; i++) {
        put(magazine + 4 * i, get(magazine + 4 * (half + i)));
      }
    }
    put(magazine, count + 1);
    put(magazine + 4 * (count + 1), block);
  }

  /** Empties all caches into the runs. */
  void flushAll() {
    for (long each = first(); each != 0; each = next(each)) {
      flush(each);
    }
  }

  private void flush(long owner) {
    for (int offset : offsets) {
      long magazine = owner + offset;
      for (long i = get(magazine); i > 0; i--) {
        runs.give(get(magazine + 4 * i));
      }
      put(magazine, 0);
    }
  }

  /** A thread has ended: its cache goes. */
  void end(int owner) {
    long before = state + CACHES;
    long ended = first();
    while (ended != 0 && get(ended + THREAD) != Integer.toUnsignedLong(owner)) {
      before = ended + NEXT_CACHE;
      ended = next(ended);
    }
    if (ended == 0) {
      return;
    }
    flush(ended);
    put(before, next(ended));
    regions.free(regions.spanInUse(ended));
    cache = find(thread);
  }

  // ---- Looking at them ----

  /** The first cache; 0 if there is none. */
  long first() {
    return get(state + CACHES);
  }

  /** The cache behind one; 0 if there is none. */
  long next(long each) {
    return get(each + NEXT_CACHE);
  }

  /** The magazine of a class. */
  long magazine(long each, int sizeClass) {
    return each + offsets[sizeClass];
  }
}
