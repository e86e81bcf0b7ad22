package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;

/**
 * {@code struct ldt_struct}: the segments that a program made for itself, in pages of the machine
 * that LDTR points to while the program runs; Linux {@code arch/x86/kernel/ldt.c}.
 *
 * <p>It has as many entries as the highest one that was ever written needs. To write is to make
 * another table, as Linux does, so that no processor sees half an entry.
 */
public final class LocalDescriptorTable {
  /** {@code LDT_ENTRIES}. */
  public static final int MAX_ENTRIES = 8192;

  /** {@code LDT_ENTRY_SIZE}. */
  public static final int ENTRY_BYTES = 8;

  private final PageAllocator allocator;
  private final int[] pfns;
  private final DescriptorTable table;

  private LocalDescriptorTable(PageAllocator allocator, int[] pfns, int entries) {
    this.allocator = allocator;
    this.pfns = pfns;
    long[] addresses = new long[pfns.length];
    for (int i = 0; i < pfns.length; i++) {
      addresses[i] = (long) pfns[i] << Ram.PAGE_SHIFT;
    }
    table = new DescriptorTable(allocator.ram(), addresses, entries);
  }

  /**
   * {@code alloc_ldt_struct}, with what another table holds.
   *
   * @param from null: empty
   * @param entries how many at the least
   * @return null if there is no memory
   */
  static @Nullable LocalDescriptorTable copy(
      PageAllocator allocator, @Nullable LocalDescriptorTable from, int entries) {
    int all = Math.max(entries, from == null ? 0 : from.entries());
    int[] pfns = new int[(all * ENTRY_BYTES + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT];
    for (int i = 0; i < pfns.length; i++) {
      pfns[i] = allocator.allocPage(Gfp.GFP_KERNEL_ACCOUNT | Gfp.ZERO);
      if (pfns[i] < 0) {
        for (int taken = 0; taken < i; taken++) {
          allocator.freePages(pfns[taken], 0);
        }
        return null;
      }
    }
    LocalDescriptorTable copy = new LocalDescriptorTable(allocator, pfns, all);
    for (int entry = 0; from != null && entry < from.entries(); entry++) {
      copy.table.setRaw(entry, from.table.raw(entry));
    }
    return copy;
  }

  /** How many entries it has. */
  public int entries() {
    return table.entries();
  }

  /** What LDTR is loaded with. */
  public DescriptorTable table() {
    return table;
  }

  void free() {
    for (int pfn : pfns) {
      allocator.freePages(pfn, 0);
    }
  }

  void audit(Audit audit, String owner) {
    for (int pfn : pfns) {
      audit.claim(pfn, 1, owner, Audit.Use.OTHER);
      audit.expectReference(pfn);
    }
  }
}
