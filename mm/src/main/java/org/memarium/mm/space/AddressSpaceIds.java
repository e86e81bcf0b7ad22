package org.memarium.mm.space;

import org.memarium.hardware.Mmu;

/**
 * {@code cpu_tlbstate}: which address space has which PCID, so that a switch between a few of them
 * need not flush the TLB (Linux {@code arch/x86/mm/tlb.c}).
 *
 * <p>There are six numbers, given in turn. An address space counts its own flushes ({@code
 * tlb_gen}); where it has been flushed since its number was last in use, its translations are stale
 * and go when it is loaded again.
 */
final class AddressSpaceIds {
  /** {@code TLB_NR_DYN_ASIDS}. */
  private static final int COUNT = 6;

  private final Mmu mmu;

  /** By number: {@link MmStruct#number} of who has it; 0: nobody. */
  private final int[] owners = new int[COUNT];

  /** By number: up to which flush of its owner the TLB is right. */
  private final long[] generations = new long[COUNT];

  private boolean enabled;
  private int next;

  /** The number in use; -1: none. */
  private int current = -1;

  AddressSpaceIds(Mmu mmu) {
    this.mmu = mmu;
  }

  /** Sets CR4.PCIDE. */
  void enable() {
    enabled = true;
  }

  /** {@code switch_mm}: loads CR3, and flushes only what must be. */
  void load(int number, long topTable, long generation) {
    if (!enabled) {
      mmu.loadCr3(topTable);
      return;
    }
    int id = find(number);
    boolean keep = id >= 0 && generations[id] == generation;
    if (id < 0) {
      id = next;
      next = (next + 1) % COUNT;
      owners[id] = number;
    }
    generations[id] = generation;
    current = id;
    // PCID 0 is left to whoever loads CR3 without one.
    mmu.loadCr3(topTable, id + 1, keep);
  }

  private int find(int number) {
    for (int id = 0; id < COUNT; id++) {
      if (owners[id] == number) {
        return id;
      }
    }
    return -1;
  }

  /** The address space that is in use has flushed the TLB. */
  void flushed(long generation) {
    if (current >= 0) {
      generations[current] = generation;
    }
  }

  /** The processor leaves the address spaces of processes. */
  void leave() {
    current = -1;
  }
}
