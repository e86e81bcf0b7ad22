package org.memarium.malloc;

import static org.memarium.malloc.RegionLayout.*;

import java.util.function.Consumer;

/**
 * Size classes, after jemalloc and tcmalloc: no headers at all. What a block is follows from where
 * it lies.
 *
 * <ul>
 *   <li>Small ones, up to 14,336 bytes, are rounded up to a class ({@link SizeClassTable}) and are
 *       slots of a run of pages ({@link Runs}). Each thread has a magazine for each class ({@link
 *       Magazines}), so that most calls touch no run.
 *   <li>Larger ones are spans of whole pages in regions of 1 MiB ({@link Regions}).
 *   <li>From the mmap threshold on, 512 KiB at first, a block is a mapping of its own ({@link
 *       HugeMappings}).
 * </ul>
 *
 * <p>A word for each MiB of the address space says whose it is, a descriptor for each page of a
 * region what it is, and a bit for each 16 bytes whether the program has a block that begins there
 * ({@link RegionLayout}). So every bad pointer is known, whatever the program wrote where. brk is
 * not used.
 */
public final class SizeClasses extends AbstractMalloc {
  /** From here on a block is a mapping of its own, unless M_MMAP_THRESHOLD says otherwise. */
  public static final long MMAP_THRESHOLD = 512L << 10;

  /** So much free memory may have been written, unless M_TRIM_THRESHOLD says otherwise. */
  public static final long TRIM_THRESHOLD = 1L << 20;

  private static final int ALIGNMENT = 16;

  private long state;
  private Regions regions;
  private Runs runs;
  private Magazines magazines;
  private HugeMappings huge;

  private long mmapThreshold = MMAP_THRESHOLD;
  private long trimThreshold = TRIM_THRESHOLD;

  /** Requests up to this size go through magazines. */
  private long maxCached = SizeClassTable.LARGEST;

  /** A heap that is empty: nothing is asked of the kernel yet. */
  public SizeClasses(ProcessMemory memory) {
    super(memory);
    attach();
  }

  private void attach() {
    regions = new Regions(memory, source, state);
    runs = new Runs(memory, state, regions);
    magazines = new Magazines(memory, state, regions, runs);
    huge = new HugeMappings(memory, source, regions);
  }

  private boolean initialize() {
    state = source.map(STATE_BYTES);
    if (state == 0) {
      return false;
    }
    int caller = magazines.caller();
    attach();
    magazines.switchTo(caller);
    return true;
  }

  // ---- malloc ----

  @Override
  long allocate(long bytes) {
    if (state == 0 && !initialize()) {
      return 0;
    }
    if (bytes <= SizeClassTable.LARGEST) {
      return allocateSmall(SizeClassTable.index(bytes));
    }
    if (isLarge(bytes)) {
      return allocateLarge(bytes);
    }
    return allocateHuge(bytes, REGION_BYTES);
  }

  private boolean isLarge(long bytes) {
    return bytes > SizeClassTable.LARGEST
        && bytes < mmapThreshold
        && bytes <= (long) MOST_PAGES * ProcessMemory.PAGE_BYTES;
  }

  private long allocateSmall(int sizeClass) {
    int bytes = SizeClassTable.bytes(sizeClass);
    long slot = bytes <= maxCached ? magazines.take(sizeClass) : runs.take(sizeClass);
    if (slot != 0) {
      runs.flipLive(slot);
      usable = bytes;
      dirty = bytes;
    }
    return slot;
  }

  private long allocateLarge(long bytes) {
    return handOut(regions.take(pages(bytes), LARGE));
  }

  private long handOut(long span) {
    if (span == 0) {
      return 0;
    }
    usable = (long) regions.pages(span) * ProcessMemory.PAGE_BYTES;
    dirty = get(span + DIRTY) == 0 ? 0 : usable;
    return addressOf(span);
  }

  private long allocateHuge(long bytes, long alignment) {
    long address = huge.map(bytes, alignment);
    if (address != 0) {
      usable = huge.bytes(address);
      dirty = 0;
    }
    return address;
  }

  private static int pages(long bytes) {
    return (int) (HeapSource.roundToPages(bytes) / ProcessMemory.PAGE_BYTES);
  }

  @Override
  long allocateAligned(long alignment, long bytes) {
    if (alignment <= ALIGNMENT) {
      return allocate(bytes);
    }
    if (state == 0 && !initialize()) {
      return 0;
    }
    if (alignment > ProcessMemory.PAGE_BYTES) {
      int pages = Math.max(1, pages(bytes));
      int multiple = pages(alignment);
      return bytes < mmapThreshold && pages + multiple - 1 <= MOST_PAGES
          ? handOut(regions.takeAligned(pages, multiple, LARGE))
          : allocateHuge(bytes, alignment);
    }
    if (bytes <= SizeClassTable.LARGEST) {
      // Runs begin with a page, so slots are aligned as their size is.
      for (int i = SizeClassTable.index(bytes); i < SizeClassTable.COUNT; i++) {
        if (SizeClassTable.bytes(i) % alignment == 0) {
          return allocateSmall(i);
        }
      }
      return allocateLarge(Math.max(bytes, 1));
    }
    return allocate(bytes);
  }

  // ---- free ----

  @Override
  void release(long address) {
    if ((regions.mapEntry(address) & KIND_MASK) == HUGE) {
      huge.unmap(address);
      return;
    }
    long span = regions.spanInUse(address);
    if (regions.kind(span) == LARGE) {
      regions.free(span);
    } else {
      releaseSmall(address, (int) get(span + CLASS));
    }
    if (regions.dirtyPages() * ProcessMemory.PAGE_BYTES > trimThreshold) {
      regions.purge();
    }
  }

  private void releaseSmall(long address, int sizeClass) {
    runs.flipLive(address);
    if (SizeClassTable.bytes(sizeClass) <= maxCached) {
      magazines.give(address, sizeClass);
    } else {
      runs.give(address);
    }
  }

  // ---- realloc ----

  @Override
  long resize(long address, long bytes) {
    if ((regions.mapEntry(address) & KIND_MASK) == HUGE) {
      // A block that would not be huge any more moves to where it belongs.
      long moved = bytes < mmapThreshold / 2 ? 0 : huge.remap(address, bytes);
      usable = moved == 0 ? 0 : huge.bytes(moved);
      return moved;
    }
    long span = regions.spanInUse(address);
    if (regions.kind(span) == LARGE) {
      if (!isLarge(bytes) || !regions.resize(span, pages(bytes))) {
        return 0;
      }
      usable = (long) regions.pages(span) * ProcessMemory.PAGE_BYTES;
      return address;
    }
    usable = SizeClassTable.bytes((int) get(span + CLASS));
    return bytes <= usable && bytes > usable / 2 ? address : 0;
  }

  // ---- Threads ----

  @Override
  public void callingThread(int thread) {
    magazines.switchTo(thread);
  }

  @Override
  public void threadEnded(int thread) {
    if (state != 0) {
      magazines.end(thread);
    }
  }

  // ---- Validity ----

  @Override
  long usableSize(String call, long address) {
    if (state == 0 || address < 0 || address >> MAP_SHIFT >= MAP_ENTRIES) {
      throw outside(call, address);
    }
    int kind = (int) regions.mapEntry(address) & KIND_MASK;
    if (kind == HUGE && address % REGION_BYTES == 0) {
      return huge.bytes(address);
    }
    if (kind == REGION) {
      long span = regions.spanInUse(address);
      int spanKind = span == 0 ? FREE : regions.kind(span);
      if (spanKind == LARGE && address == addressOf(span)) {
        return (long) regions.pages(span) * ProcessMemory.PAGE_BYTES;
      }
      if (spanKind == RUN && runs.isSlot(span, address) && runs.isLive(address)) {
        return SizeClassTable.bytes((int) get(span + CLASS));
      }
    }
    throw notABlock(call, address, "its region says otherwise");
  }

  // ---- Looking at it ----

  @Override
  public void forEachBlock(Consumer<? super HeapBlock> visitor) {
    if (state != 0) {
      walk().forEachBlock(visitor);
    }
  }

  @Override
  void checkHeap() {
    if (state != 0) {
      walk().check();
    }
  }

  private SizeClassesWalk walk() {
    return new SizeClassesWalk(memory, state, regions, runs, magazines, huge);
  }

  @Override
  public Mallinfo2 mallinfo2() {
    return state == 0
        ? new Mallinfo2(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        : walk().mallinfo2(source.mappedBytes() - huge.bytes());
  }

  @Override
  public boolean mallocTrim(long padBytes) {
    if (state == 0) {
      return false;
    }
    magazines.flushAll();
    runs.dropEmpty();
    return regions.unmapIdle() + regions.purge() > 0;
  }

  @Override
  boolean setParameter(MallocParameter parameter, long value) {
    switch (parameter) {
      case M_MXFAST -> {
        if (state != 0) {
          magazines.flushAll();
        }
        maxCached = value;
      }
      case M_TRIM_THRESHOLD -> trimThreshold = value;
      case M_MMAP_THRESHOLD -> mmapThreshold = value;
      case M_TOP_PAD, M_MMAP_MAX, M_CHECK_ACTION, M_PERTURB -> {
        return false;
      }
    }
    return true;
  }
}
