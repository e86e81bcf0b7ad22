package org.memarium.mm.vmalloc;

import java.util.Arrays;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.pagetable.PteCursor;

/**
 * {@code kmap}: kernel addresses for frames of high memory (Linux 6.1 {@code mm/highmem.c}). One a
 * machine. For frames of low memory every function gives the address in the direct map.
 *
 * <p>The slots of {@link #kmap} lie in one page table. A slot whose last user has gone keeps its
 * frame until the search for an empty one has come round; then all such slots are emptied, with one
 * flush of the TLB.
 *
 * <pre>
 *   pkmap_count   0    empty, and the TLB knows of nothing there
 *                 1    nobody uses it, and it is still mapped
 *                 n    n - 1 users
 * </pre>
 *
 * <p>{@link #kmapLocalPage} has few slots, which are used as a stack; a slot is flushed as soon as
 * it is given back. Where Linux waits for a slot, {@link IllegalStateException} is thrown: there is
 * nobody who could give one back meanwhile.
 */
public final class Kmap {
  private static final int NO_FRAME = -1;

  private final KernelMapper mapper;
  private final KernelLayout layout;
  private final PageAllocator allocator;
  private final int maxLowPfn;
  private final int frames;

  private final int[] pkmapCount;
  private final int[] pkmapPfn;
  private int lastPkmap;

  /**
   * {@code page_address_htable}: the slot of a frame, by linear probing; -1 ends a chain. Slots
   * leave it all together, so that chains have no holes.
   */
  private final int[] slotByHash;

  private final int[] localPfn;
  private int localDepth;
  private long flushes;

  /** Nothing mapped yet. */
  public Kmap(KernelMapper mapper) {
    this.mapper = mapper;
    this.layout = mapper.layout();
    this.allocator = mapper.allocator();
    this.maxLowPfn = allocator.memblock().maxLowPfn();
    this.frames = allocator.memMap().frames();
    this.pkmapCount = new int[layout.lastPkmap()];
    this.pkmapPfn = new int[layout.lastPkmap()];
    this.slotByHash = new int[Math.max(1, 2 * layout.lastPkmap())];
    this.localPfn = new int[layout.kmapSlots()];
    Arrays.fill(slotByHash, NO_FRAME);
    Arrays.fill(pkmapPfn, NO_FRAME);
  }

  // ---- kmap ----

  /**
   * {@code kmap}: the address of a frame until {@link #kunmap}; each call adds a user.
   *
   * @throws IllegalArgumentException if there is no such frame
   * @throws IllegalStateException if all slots are in use
   */
  public long kmap(int pfn) {
    if (isLow(pfn)) {
      return allocator.directMap().pageAddress(pfn);
    }
    int slot = slotOf(pfn);
    if (slot < 0) {
      slot = mapNewVirtual(pfn);
    }
    pkmapCount[slot]++;
    return pkmapAddress(slot);
  }

  /**
   * {@code kunmap}: one user less.
   *
   * @throws IllegalArgumentException if it has none
   */
  public void kunmap(int pfn) {
    if (isLow(pfn)) {
      return;
    }
    int slot = slotOf(pfn);
    if (slot < 0 || pkmapCount[slot] < 2) {
      throw new IllegalArgumentException("kunmap of frame 0x%x, which has no kmap".formatted(pfn));
    }
    pkmapCount[slot]--;
  }

  /** {@code map_new_virtual}: the next empty slot gets the frame, and no user yet. */
  private int mapNewVirtual(int pfn) {
    int slots = pkmapCount.length;
    for (int tries = slots; tries > 0; tries--) {
      lastPkmap = (lastPkmap + 1) & (slots - 1);
      if (lastPkmap == 0) {
        flushAllZeroPkmaps();
        tries = slots;
      }
      if (pkmapCount[lastPkmap] == 0) {
        pkmapCount[lastPkmap] = 1;
        pkmapPfn[lastPkmap] = pfn;
        enter(lastPkmap);
        long physical = (long) pfn << Ram.PAGE_SHIFT;
        mapper.setPte(pkmapAddress(lastPkmap), mapper.entry(physical, KernelPageTable.PAGE_KERNEL));
        return lastPkmap;
      }
    }
    throw new IllegalStateException(
        "kmap: all %d slots are in use, none is left for frame 0x%x".formatted(slots, pfn));
  }

  /** {@code flush_all_zero_pkmaps}: empties the slots that nobody uses. */
  private void flushAllZeroPkmaps() {
    boolean found = false;
    for (int slot = 0; slot < pkmapCount.length; slot++) {
      if (pkmapCount[slot] == 1) {
        pkmapCount[slot] = 0;
        pkmapPfn[slot] = NO_FRAME;
        mapper.setPte(pkmapAddress(slot), 0);
        found = true;
      }
    }
    if (!found) {
      return;
    }
    Arrays.fill(slotByHash, NO_FRAME);
    for (int slot = 0; slot < pkmapCount.length; slot++) {
      if (pkmapCount[slot] != 0) {
        enter(slot);
      }
    }
    flushes++;
    mapper.flush(pkmapAddress(0), pkmapAddress(pkmapCount.length));
  }

  private long pkmapAddress(int slot) {
    return layout.pkmapBase() + ((long) slot << Ram.PAGE_SHIFT);
  }

  // ---- Slots by frame ----

  private int slotOf(int pfn) {
    int mask = slotByHash.length - 1;
    for (int at = pfn & mask; slotByHash[at] >= 0; at = (at + 1) & mask) {
      if (pkmapPfn[slotByHash[at]] == pfn) {
        return slotByHash[at];
      }
    }
    return -1;
  }

  private void enter(int slot) {
    int mask = slotByHash.length - 1;
    int at = pkmapPfn[slot] & mask;
    while (slotByHash[at] >= 0) {
      at = (at + 1) & mask;
    }
    slotByHash[at] = slot;
  }

  // ---- kmap_local_page ----

  /**
   * {@code kmap_local_page}, also {@code kmap_atomic}: the address of a frame until {@link
   * #kunmapLocal}; last in, first out.
   *
   * @throws IllegalArgumentException if there is no such frame
   * @throws IllegalStateException if all slots are in use
   */
  public long kmapLocalPage(int pfn) {
    if (isLow(pfn)) {
      return allocator.directMap().pageAddress(pfn);
    }
    if (localDepth == localPfn.length) {
      throw new IllegalStateException(
          "kmap_local_page: all %d slots are in use, none is left for frame 0x%x"
              .formatted(localDepth, pfn));
    }
    long address = layout.fixKmapAddress(localDepth);
    long physical = (long) pfn << Ram.PAGE_SHIFT;
    mapper.setPte(address, mapper.entry(physical, KernelPageTable.PAGE_KERNEL));
    localPfn[localDepth++] = pfn;
    return address;
  }

  /**
   * {@code kunmap_local}: gives back what {@link #kmapLocalPage} returned; any address in that page
   * will do.
   *
   * @throws IllegalArgumentException if it is not the latest one
   */
  public void kunmapLocal(long address) {
    long page = address & -(long) Ram.PAGE_SIZE;
    if (page >= allocator.architecture().pageOffset() && page < layout.highMemory()) {
      return;
    }
    if (localDepth == 0 || page != layout.fixKmapAddress(localDepth - 1)) {
      throw new IllegalArgumentException(
          "kunmap_local of 0x%08x, which is not the latest kmap_local_page".formatted(address));
    }
    localPfn[--localDepth] = NO_FRAME;
    mapper.setPte(page, 0);
    mapper.mmu().invlpg(page);
  }

  // ---- What there is ----

  /** {@code page_address}: where the kernel has a frame now; 0 for high memory without kmap. */
  public long pageAddress(int pfn) {
    if (isLow(pfn)) {
      return allocator.directMap().pageAddress(pfn);
    }
    int slot = slotOf(pfn);
    return slot < 0 ? 0 : pkmapAddress(slot);
  }

  /** How many users {@link #kmap} has for a frame of high memory. */
  public int users(int pfn) {
    int slot = slotOf(pfn);
    return slot < 0 ? 0 : pkmapCount[slot] - 1;
  }

  /** How often the slots that nobody used were emptied. */
  public long flushes() {
    return flushes;
  }

  private boolean isLow(int pfn) {
    if (pfn < 0 || pfn >= frames) {
      throw new IllegalArgumentException("there is no " + allocator.memMap().describe(pfn));
    }
    return pfn < maxLowPfn;
  }

  // ---- Audit ----

  /**
   * Checks that exactly the frames of the slots are mapped, in kmap's page table and the fixmap.
   */
  public void audit(Audit audit) {
    if (pkmapCount.length == 0) {
      return;
    }
    PteCursor cursor = mapper.cursor();
    int mapped = 0;
    cursor.reset(pkmapAddress(0), pkmapAddress(pkmapCount.length));
    while (cursor.next()) {
      int slot = (int) ((cursor.linearAddress() - layout.pkmapBase()) >>> Ram.PAGE_SHIFT);
      mapped++;
      expectEntry(audit, cursor, pkmapCount[slot] > 0 ? pkmapPfn[slot] : NO_FRAME);
    }
    int used = 0;
    for (int slot = 0; slot < pkmapCount.length; slot++) {
      used += pkmapCount[slot] > 0 ? 1 : 0;
      if (pkmapCount[slot] > 0 && slotOf(pkmapPfn[slot]) != slot) {
        audit.difference("kmap does not find the slot of frame 0x%x".formatted(pkmapPfn[slot]));
      }
    }
    audit.expectEqual("slots of kmap", used, mapped);
    int local = 0;
    cursor.reset(layout.fixmapStart(), layout.fixKmapBase() + 2 * Ram.PAGE_SIZE);
    while (cursor.next()) {
      int slot = (int) ((layout.fixKmapBase() - cursor.linearAddress()) >> Ram.PAGE_SHIFT);
      local++;
      expectEntry(audit, cursor, slot >= 0 && slot < localDepth ? localPfn[slot] : NO_FRAME);
    }
    audit.expectEqual("slots of kmap_local_page", localDepth, local);
  }

  private void expectEntry(Audit audit, PteCursor cursor, int pfn) {
    long physical = (long) pfn << Ram.PAGE_SHIFT;
    if (pfn == NO_FRAME || cursor.pte() != mapper.entry(physical, KernelPageTable.PAGE_KERNEL)) {
      audit.difference(
          "kmap: the entry for 0x%x is 0x%x".formatted(cursor.linearAddress(), cursor.pte()));
    }
  }
}
