package org.memarium.mm.swap;

/**
 * {@code swap_slots_cache}: 64 slots taken ahead, and 64 to be given back together (Linux 6.1
 * {@code mm/swap_slots.c}). In use while there is plenty of swap. To the swap map such slots look
 * as if the swap cache had them.
 */
final class SwapSlots {
  /** {@code SWAP_SLOTS_CACHE_SIZE}. */
  static final int SIZE = 64;

  /** {@code THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE}. */
  private static final int ACTIVATE = 5 * SIZE;

  /** {@code THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE}. */
  private static final int DEACTIVATE = 2 * SIZE;

  private final SwapAreas areas;
  private final int[] slots = new int[SIZE];
  private final int[] returned = new int[SIZE];
  private int current;
  private int count;
  private int returnedCount;
  private boolean enabled;
  private boolean active;

  /** Whether its two arrays are in memory of the machine. */
  private boolean hasMemory;

  SwapSlots(SwapAreas areas) {
    this.areas = areas;
  }

  /** {@code enable_swap_slots_cache}, {@code reenable_swap_slots_cache_unlock}. */
  void enable(boolean usable) {
    enabled = usable;
  }

  boolean hasMemory() {
    return hasMemory;
  }

  void setHasMemory() {
    hasMemory = true;
  }

  /** {@code disable_swap_slots_cache_lock}: nothing is kept until it is enabled again. */
  void disable() {
    enabled = false;
    drain();
  }

  private void drain() {
    while (count > 0) {
      areas.freeSlot(slots[current++]);
      count--;
    }
    current = 0;
    for (int i = 0; i < returnedCount; i++) {
      areas.freeSlot(returned[i]);
    }
    returnedCount = 0;
  }

  /** {@code check_cache_active}. */
  private boolean isActive() {
    if (!enabled || !hasMemory) {
      return false;
    }
    long free = areas.freePages();
    if (!active) {
      active = free > ACTIVATE;
    } else if (free < DEACTIVATE) {
      active = false;
      drain();
    }
    return active;
  }

  /** {@code folio_alloc_swap}: a slot, marked as the swap cache's; -1 if there is none. */
  int take() {
    if (isActive()) {
      if (count == 0) {
        current = 0;
        count = areas.takeSlots(SIZE, slots);
      }
      if (count > 0) {
        count--;
        return slots[current++];
      }
    }
    int[] one = new int[1];
    return areas.takeSlots(1, one) == 1 ? one[0] : -1;
  }

  /** {@code free_swap_slot}: nobody has the slot any more. */
  void giveBack(int slot) {
    if (!enabled || !active) {
      areas.freeSlot(slot);
      return;
    }
    if (returnedCount == SIZE) {
      for (int i = 0; i < SIZE; i++) {
        areas.freeSlot(returned[i]);
      }
      returnedCount = 0;
    }
    returned[returnedCount++] = slot;
  }

  /** Whether a slot that looks used is only kept here. */
  boolean holds(int slot) {
    for (int i = 0; i < count; i++) {
      if (slots[current + i] == slot) {
        return true;
      }
    }
    for (int i = 0; i < returnedCount; i++) {
      if (returned[i] == slot) {
        return true;
      }
    }
    return false;
  }
}
