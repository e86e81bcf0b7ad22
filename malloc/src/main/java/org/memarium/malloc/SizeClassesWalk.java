package org.memarium.malloc;

import static org.memarium.malloc.RegionLayout.*;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.memarium.malloc.HeapBlock.Use;

/** A look at all regions, runs and magazines of a {@link SizeClasses} heap. */
final class SizeClassesWalk extends ProcessWords {
  private final long state;
  private final Regions regions;
  private final Runs runs;
  private final HugeMappings huge;

  /** Blocks in magazines. */
  private final Set<Long> cached = new HashSet<>();

  SizeClassesWalk(
      ProcessMemory memory,
      long state,
      Regions regions,
      Runs runs,
      Magazines magazines,
      HugeMappings huge) {
    super(memory);
    this.state = state;
    this.regions = regions;
    this.runs = runs;
    this.huge = huge;
    for (long cache = magazines.first(); cache != 0; cache = magazines.next(cache)) {
      for (int sizeClass = 0; sizeClass < SizeClassTable.COUNT; sizeClass++) {
        addMagazine(magazines.magazine(cache, sizeClass), sizeClass);
      }
    }
  }

  private void addMagazine(long magazine, int sizeClass) {
    for (long i = get(magazine); i > 0; i--) {
      long block = get(magazine + 4 * i);
      boolean ours = (regions.mapEntry(block) & KIND_MASK) == REGION;
      long run = ours ? regions.spanInUse(block) : 0;
      if (run == 0
          || regions.kind(run) != RUN
          || get(run + CLASS) != sizeClass
          || !runs.isSlot(run, block)
          || runs.isLive(block)
          || !cached.add(block)) {
        throw corrupted(
            "walk", block, "in a magazine of %d bytes".formatted(SizeClassTable.bytes(sizeClass)));
      }
    }
  }

  // ---- Blocks ----

  void forEachBlock(Consumer<? super HeapBlock> visitor) {
    visitor.accept(new HeapBlock(state, STATE_BYTES, state, Use.OVERHEAD));
    for (long region = get(state + REGIONS); region != 0; region = get(region + NEXT_REGION)) {
      long header = (long) FIRST_PAGE * ProcessMemory.PAGE_BYTES;
      visitor.accept(new HeapBlock(region, header, region, Use.OVERHEAD));
      for (int page = FIRST_PAGE; page < PAGES; ) {
        long span = descriptor(region, page);
        walkSpan(span, visitor);
        page += regions.pages(span);
      }
    }
    for (int mib = 0; mib < MAP_ENTRIES; mib++) {
      long address = (long) mib << MAP_SHIFT;
      if ((regions.mapEntry(address) & KIND_MASK) == HUGE) {
        visitor.accept(new HeapBlock(address, huge.bytes(address), address, Use.MAPPED));
      }
    }
  }

  private void walkSpan(long span, Consumer<? super HeapBlock> visitor) {
    int pages = regions.pages(span);
    int kind = regions.kind(span);
    if (kind == CONTINUED || pages == 0 || pageOf(span) + pages > PAGES) {
      throw corrupted("walk", span, "a descriptor of kind %d, %d pages".formatted(kind, pages));
    }
    long start = addressOf(span);
    long bytes = (long) pages * ProcessMemory.PAGE_BYTES;
    switch (kind) {
      case RUN -> walkRun(span, start, start + bytes, visitor);
      case LARGE -> visitor.accept(new HeapBlock(start, bytes, start, Use.IN_USE));
      case FREE -> visitor.accept(new HeapBlock(start, bytes, start, Use.FREE));
      default -> visitor.accept(new HeapBlock(start, bytes, start, Use.OVERHEAD));
    }
  }

  private void walkRun(long run, long start, long end, Consumer<? super HeapBlock> visitor) {
    int sizeClass = (int) get(run + CLASS);
    int bytes = SizeClassTable.bytes(sizeClass);
    int slots = SizeClassTable.slots(sizeClass);
    for (int i = 0; i < slots; i++) {
      long slot = start + (long) i * bytes;
      Use use = runs.isLive(slot) ? Use.IN_USE : cached.contains(slot) ? Use.CACHED : Use.FREE;
      visitor.accept(new HeapBlock(slot, bytes, slot, use));
    }
    long tail = start + (long) slots * bytes;
    if (tail < end) {
      visitor.accept(new HeapBlock(tail, end - tail, tail, Use.OVERHEAD));
    }
  }

  // ---- mallinfo ----

  Mallinfo2 mallinfo2(long arena) {
    long[] sums = new long[4];
    forEachBlock(block -> {
      switch (block.use()) {
        case FREE -> {
          sums[0]++;
          sums[1] += block.bytes();
        }
        case CACHED -> {
          sums[2]++;
          sums[3] += block.bytes();
        }
        default -> {}
      }
    });
    long free = sums[1] + sums[3];
    long keep = regions.dirtyPages() * ProcessMemory.PAGE_BYTES;
    return new Mallinfo2(
        arena, sums[0], sums[2], huge.count(), huge.bytes(), 0, sums[3], arena - free, free, keep);
  }

  // ---- check ----

  void check() {
    Set<Long> freeSpans = new HashSet<>();
    Set<Long> openRuns = new HashSet<>();
    long dirty = 0;
    for (long region = get(state + REGIONS); region != 0; region = get(region + NEXT_REGION)) {
      if (regions.mapEntry(region) != REGION) {
        throw corrupted("check", region, "a region that the map doesn't know");
      }
      long inUse = 0;
      boolean prevFree = false;
      for (int page = FIRST_PAGE; page < PAGES; ) {
        long span = descriptor(region, page);
        walkSpan(span, block -> {});
        boolean free = regions.kind(span) == FREE;
        if (free && prevFree) {
          throw corrupted("check", span, "a free span behind a free span");
        }
        if (free) {
          freeSpans.add(span);
          dirty += get(span + DIRTY) == 0 ? 0 : regions.pages(span);
        } else {
          inUse += regions.pages(span);
        }
        if (regions.kind(span) == RUN && checkRun(span)) {
          openRuns.add(span);
        }
        prevFree = free;
        page += regions.pages(span);
      }
      if (inUse != get(region + PAGES_IN_USE)) {
        throw corrupted(
            "check",
            region,
            "%d pages in use by count, %d by a walk".formatted(get(region + PAGES_IN_USE), inUse));
      }
    }
    if (dirty != regions.dirtyPages()) {
      throw new IllegalStateException(
          "%d dirty pages by count, %d by a walk".formatted(regions.dirtyPages(), dirty));
    }
    checkLists(freeSpans, openRuns);
  }

  private void checkLists(Set<Long> freeSpans, Set<Long> openRuns) {
    for (int pages = 1; pages < PAGES; pages++) {
      for (long span = get(state + SPANS + pages * 4L); span != 0; span = get(span + NEXT)) {
        if (!freeSpans.remove(span) || regions.pages(span) != pages) {
          throw corrupted("check", span, "in the list of free spans of %d pages".formatted(pages));
        }
      }
    }
    for (int sizeClass = 0; sizeClass < SizeClassTable.COUNT; sizeClass++) {
      for (long run = get(runs.list(sizeClass)); run != 0; run = get(run + NEXT)) {
        if (!openRuns.remove(run) || get(run + CLASS) != sizeClass) {
          throw corrupted("check", run, "in the list of runs of class %d".formatted(sizeClass));
        }
      }
    }
    if (!freeSpans.isEmpty() || !openRuns.isEmpty()) {
      throw new IllegalStateException("in no list: " + freeSpans + openRuns);
    }
  }

  /** Whether the run has free slots. */
  private boolean checkRun(long run) {
    long start = addressOf(run);
    int sizeClass = (int) get(run + CLASS);
    int bytes = SizeClassTable.bytes(sizeClass);
    int slots = SizeClassTable.slots(sizeClass);
    long cut = get(run + CUT);
    Set<Long> free = new HashSet<>();
    for (long slot = get(run + FREE_SLOT); slot != 0; slot = get(slot)) {
      if (!runs.isSlot(run, slot) || runs.isLive(slot) || !free.add(slot)) {
        throw corrupted("check", slot, "linked as a free slot of the run 0x%08x".formatted(start));
      }
    }
    long used = 0;
    for (int i = 0; i < slots; i++) {
      long slot = start + (long) i * bytes;
      boolean taken = runs.isLive(slot) || cached.contains(slot);
      used += taken ? 1 : 0;
      if (taken == (free.contains(slot) || i >= cut)) {
        throw corrupted("check", slot, "neither in use nor free, or both");
      }
    }
    if (used != get(run + USED)) {
      throw corrupted(
          "check", run, "%d slots in use by count, %d by a walk".formatted(get(run + USED), used));
    }
    return used < slots;
  }
}
