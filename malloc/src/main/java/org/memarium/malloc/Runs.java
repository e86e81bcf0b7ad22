package org.memarium.malloc;

import static org.memarium.malloc.RegionLayout.*;

/** Spans that are cut into slots of one size, and the bits that say which the program has. */
final class Runs extends ProcessWords {
  private final long state;
  private final Regions regions;

  Runs(ProcessMemory memory, long state, Regions regions) {
    super(memory);
    this.state = state;
    this.regions = regions;
  }

  /** The list of a class's runs that have free slots. */
  long list(int sizeClass) {
    return state + RUNS + sizeClass * 4L;
  }

  /** Takes a slot; 0 if there is no memory. */
  long take(int sizeClass) {
    long list = list(sizeClass);
    long run = get(list);
    if (run == 0) {
      run = regions.take(SizeClassTable.runPages(sizeClass), RUN);
      if (run == 0) {
        return 0;
      }
      put(run + CLASS, sizeClass);
      put(run + FREE_SLOT, 0);
      put(run + USED, 0);
      put(run + CUT, 0);
      regions.link(list, run);
    }
    long slot = get(run + FREE_SLOT);
    if (slot != 0) {
      if (!isSlot(run, slot) || isLive(slot)) {
        throw corrupted(
            "malloc", slot, "linked as a free slot of the run 0x%08x".formatted(addressOf(run)));
      }
      put(run + FREE_SLOT, get(slot));
    } else {
      long cut = get(run + CUT);
      slot = addressOf(run) + cut * SizeClassTable.bytes(sizeClass);
      put(run + CUT, cut + 1);
    }
    long used = get(run + USED) + 1;
    put(run + USED, used);
    if (used == SizeClassTable.slots(sizeClass)) {
      regions.unlink(list, run);
    }
    return slot;
  }

  /** Gives a slot back; a run without slots in use goes, unless it is the only one with any. */
  void give(long slot) {
    long run = regions.spanInUse(slot);
    int sizeClass = (int) get(run + CLASS);
    long list = list(sizeClass);
    put(slot, get(run + FREE_SLOT));
    put(run + FREE_SLOT, slot);
    long used = get(run + USED);
    put(run + USED, used - 1);
    if (used == SizeClassTable.slots(sizeClass)) {
      regions.link(list, run);
    }
    if (used == 1 && !(get(list) == run && get(run + NEXT) == 0)) {
      drop(list, run);
    }
  }

  private void drop(long list, long run) {
    regions.unlink(list, run);
    regions.free(run);
  }

  /** Gives back the runs that were kept without a slot in use. */
  void dropEmpty() {
    for (int sizeClass = 0; sizeClass < SizeClassTable.COUNT; sizeClass++) {
      long list = list(sizeClass);
      long run = get(list);
      while (run != 0) {
        long next = get(run + NEXT);
        if (get(run + USED) == 0) {
          drop(list, run);
        }
        run = next;
      }
    }
  }

  /** Whether an address is that of a slot of a run which has been used. */
  boolean isSlot(long run, long address) {
    long offset = address - addressOf(run);
    int bytes = SizeClassTable.bytes((int) get(run + CLASS));
    return offset >= 0 && offset % bytes == 0 && offset / bytes < get(run + CUT);
  }

  // ---- live bits: of 16 bytes each, 32 to a word, 8 words to a page ----

  private static long liveWord(long address) {
    return region(address) + LIVE + (((address >> 9) & 0x7ff) << 2);
  }

  private static int liveBit(long address) {
    return 1 << ((address >> 4) & 31);
  }

  /** Whether the program has the block that begins here. */
  boolean isLive(long address) {
    return (memory.readInt(liveWord(address)) & liveBit(address)) != 0;
  }

  /** Hands a block to the program, or takes it back. */
  void flipLive(long address) {
    long word = liveWord(address);
    memory.writeInt(word, memory.readInt(word) ^ liveBit(address));
  }
}
