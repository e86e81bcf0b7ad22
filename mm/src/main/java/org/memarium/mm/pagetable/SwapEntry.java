package org.memarium.mm.pagetable;

import org.memarium.hardware.PageTableFormat;

/**
 * {@code swp_entry_t}: what a PTE holds while there is no frame (Linux {@code
 * include/linux/swapops.h}, {@code arch/x86/include/asm/pgtable-2level.h}, {@code pgtable_64.h}).
 *
 * <pre>
 *   entries    31                            9   8   7   6 5          1   0
 *   of 4      +-------------------------------+---+-------+------------+---+
 *   bytes     |            offset             | 0 |   0   |    type    | 0 |
 *             +-------------------------------+---+-------+------------+---+
 *   entries    63      59 58                                 9   8   7   4  3  2  1   0
 *   of 8      +----------+------------------------------------+---+-----+--+--+--+---+
 *   bytes     |   type   |            offset, inverted        | 0 |  0  |E |0 |SD| 0 |
 *             +----------+------------------------------------+---+-----+--+--+--+---+
 *
 *   E         the page was this address space's alone ({@code _PAGE_SWP_EXCLUSIVE}), and
 *   SD        soft-dirty ({@code _PAGE_SWP_SOFT_DIRTY}): of pages that were swapped out; a 32-bit
 *             kernel 6.1 has neither
 *
 *   type   0 to 27   swap device of that number, and offset is the page on it
 *          28        SWP_MIGRATION_READ: the page is being moved to another frame
 *          29        SWP_MIGRATION_READ_EXCLUSIVE: the same; nobody else has it
 *          30        SWP_MIGRATION_WRITE: the same, and the entry was writable
 *          31        SWP_PTE_MARKER: no page at all; offset says what the entry means
 *
 *   offset of types 28 to 30  +----+---+---+-----------+
 *                             | SD | D | A |    pfn    |    pfn: 20 bits in entries of 4 bytes, else 40
 *                             +----+---+---+-----------+    A, D, SD: accessed, dirty, soft-dirty
 *
 *   offset of type 31         2         PTE_MARKER_POISONED: the page could not be read: SIGBUS
 *                             4         PTE_MARKER_GUARD: every access is SIGSEGV
 * </pre>
 *
 * <p>Inverted, an offset makes a physical address that no machine has, so that a processor which
 * speculates past the missing P bit reads nothing (L1TF).
 */
public final class SwapEntry {
  /** {@code SWP_MIGRATION_READ}. */
  public static final int MIGRATION_READ = 28;

  /** {@code SWP_MIGRATION_READ_EXCLUSIVE}. */
  public static final int MIGRATION_READ_EXCLUSIVE = 29;

  /** {@code SWP_MIGRATION_WRITE}. */
  public static final int MIGRATION_WRITE = 30;

  /** {@code SWP_PTE_MARKER}. */
  public static final int PTE_MARKER = 31;

  /** {@code MAX_SWAPFILES}: below it types are swap devices. */
  public static final int MAX_SWAPFILES = 28;

  /** {@code _PAGE_SWP_SOFT_DIRTY}. */
  private static final long SOFT_DIRTY = 1 << 1;

  /** {@code _PAGE_SWP_EXCLUSIVE}. */
  private static final long EXCLUSIVE = 1 << 3;

  /** {@code PTE_MARKER_POISONED}, once {@code PTE_MARKER_SWAPIN_ERROR}. */
  private static final int MARKER_POISONED = 2;

  /** {@code PTE_MARKER_GUARD}, the offset of such an entry. */
  private static final int MARKER_GUARD = 4;

  private static final int TYPE_BITS = 5;
  private static final int SHORT_TYPE_SHIFT = 1;
  private static final int SHORT_OFFSET_SHIFT = 9;
  private static final int SHORT_PFN_BITS = 20;
  private static final int LONG_TYPE_SHIFT = 64 - TYPE_BITS;
  private static final int LONG_OFFSET_SHIFT = 9;
  private static final int LONG_OFFSET_BITS = LONG_TYPE_SHIFT - LONG_OFFSET_SHIFT;
  private static final int LONG_PFN_BITS = 40;

  private SwapEntry() {}

  /** {@code swp_entry_to_pte}. */
  public static long of(PageTableFormat format, int type, long offset) {
    if (format.entryBytes() == 4) {
      return ((long) type << SHORT_TYPE_SHIFT | offset << SHORT_OFFSET_SHIFT) & 0xffff_ffffL;
    }
    long inverted = ~offset & (1L << LONG_OFFSET_BITS) - 1;
    return (long) type << LONG_TYPE_SHIFT | inverted << LONG_OFFSET_SHIFT;
  }

  /** {@code swp_type} of an entry for which {@link Pte#isSwap} holds. */
  public static int type(PageTableFormat format, long pte) {
    return format.entryBytes() == 4
        ? (int) (pte >>> SHORT_TYPE_SHIFT) & (1 << TYPE_BITS) - 1
        : (int) (pte >>> LONG_TYPE_SHIFT);
  }

  /** {@code swp_offset}. */
  public static long offset(PageTableFormat format, long pte) {
    return format.entryBytes() == 4
        ? pte >>> SHORT_OFFSET_SHIFT
        : ~(pte >>> LONG_OFFSET_SHIFT) & (1L << LONG_OFFSET_BITS) - 1;
  }

  /** How many pages a swap device can have: what the offset has bits for. */
  public static long maxSwapPages(PageTableFormat format) {
    return format.entryBytes() == 4
        ? 1L << (Integer.SIZE - SHORT_OFFSET_SHIFT)
        : 1L << LONG_OFFSET_BITS;
  }

  private static int pfnBits(PageTableFormat format) {
    return format.entryBytes() == 4 ? SHORT_PFN_BITS : LONG_PFN_BITS;
  }

  // ---- Pages that were swapped out ----

  /** Whether an entry is of a page on a swap device: not {@code non_swap_entry}, none, or there. */
  public static boolean isSwapped(PageTableFormat format, long pte) {
    return Pte.isSwap(pte) && type(format, pte) < MAX_SWAPFILES;
  }

  /** {@code pte_swp_clear_flags}: the entry alone, as {@link #of} makes it. */
  public static long plain(PageTableFormat format, long pte) {
    return format.entryBytes() == 4 ? pte : pte & -(1L << LONG_OFFSET_SHIFT);
  }

  /** {@code pte_swp_mkexclusive}: the page is this address space's alone; not kept in 4 bytes. */
  public static long mkExclusive(PageTableFormat format, long pte) {
    return format.entryBytes() == 4 ? pte : pte | EXCLUSIVE;
  }

  /** {@code pte_swp_clear_exclusive}. */
  public static long clearExclusive(PageTableFormat format, long pte) {
    return format.entryBytes() == 4 ? pte : pte & ~EXCLUSIVE;
  }

  /** {@code pte_swp_exclusive}. */
  public static boolean isExclusive(PageTableFormat format, long pte) {
    return format.entryBytes() != 4 && (pte & EXCLUSIVE) != 0;
  }

  /** {@code pte_swp_mksoft_dirty}; not kept in 4 bytes. */
  public static long mkSoftDirty(PageTableFormat format, long pte) {
    return format.entryBytes() == 4 ? pte : pte | SOFT_DIRTY;
  }

  /** {@code pte_swp_clear_soft_dirty}. */
  public static long clearSoftDirty(PageTableFormat format, long pte) {
    return format.entryBytes() == 4 ? pte : pte & ~SOFT_DIRTY;
  }

  /** {@code pte_swp_soft_dirty}, of a page that was swapped out. */
  public static boolean isSoftDirty(PageTableFormat format, long pte) {
    return format.entryBytes() != 4 && (pte & SOFT_DIRTY) != 0;
  }

  // ---- Markers ----

  /** {@code make_swapin_error_entry}: for a page whose swap device could not be read. */
  public static long poisoned(PageTableFormat format) {
    return of(format, PTE_MARKER, MARKER_POISONED);
  }

  /** {@code is_poisoned_swp_entry}, of any entry. */
  public static boolean isPoisoned(PageTableFormat format, long pte) {
    return pte == poisoned(format);
  }

  /** {@code make_pte_marker(PTE_MARKER_GUARD)}: what {@code MADV_GUARD_INSTALL} writes. */
  public static long guard(PageTableFormat format) {
    return of(format, PTE_MARKER, MARKER_GUARD);
  }

  /** {@code is_guard_swp_entry}, of any entry. */
  public static boolean isGuard(PageTableFormat format, long pte) {
    return pte == guard(format);
  }

  // ---- Migration entries ----

  /**
   * {@code make_writable_migration_entry} and the like: what stands for an entry while its page is
   * moved.
   *
   * @param pte the entry, which is {@linkplain Pte#isPresent present}
   * @param exclusive whether its page is anonymous and nobody else may map it
   */
  public static long migration(PageTableFormat format, long pte, boolean exclusive) {
    int bits = pfnBits(format);
    long offset = Pte.pfn(pte);
    offset |= Pte.isYoung(pte) ? 1L << bits : 0;
    offset |= Pte.isDirty(pte) ? 1L << (bits + 1) : 0;
    offset |= Pte.isSoftDirty(pte) ? 1L << (bits + 2) : 0;
    int readOnly = exclusive ? MIGRATION_READ_EXCLUSIVE : MIGRATION_READ;
    return of(format, Pte.isWritable(pte) ? MIGRATION_WRITE : readOnly, offset);
  }

  /** {@code is_migration_entry}, of any entry. */
  public static boolean isMigration(PageTableFormat format, long pte) {
    return Pte.isSwap(pte)
        && type(format, pte) >= MIGRATION_READ
        && type(format, pte) <= MIGRATION_WRITE;
  }

  /** {@code swp_offset_pfn}: the frame that a migration entry stands for. */
  public static int migrationPfn(PageTableFormat format, long pte) {
    return (int) (offset(format, pte) & (1L << pfnBits(format)) - 1);
  }

  /** {@code is_readable_migration_entry}: of a page that others may map too. */
  public static boolean isSharedMigration(PageTableFormat format, long pte) {
    return type(format, pte) == MIGRATION_READ;
  }

  /** {@code is_writable_migration_entry}. */
  public static boolean isWritableMigration(PageTableFormat format, long pte) {
    return type(format, pte) == MIGRATION_WRITE;
  }

  /** {@code is_migration_entry_young}. */
  public static boolean isYoungMigration(PageTableFormat format, long pte) {
    return (offset(format, pte) >>> pfnBits(format) & 1) != 0;
  }

  /** {@code pte_swp_soft_dirty}, of a migration entry. */
  public static boolean isSoftDirtyMigration(PageTableFormat format, long pte) {
    return (offset(format, pte) >>> (pfnBits(format) + 2) & 1) != 0;
  }

  /** {@code is_migration_entry_dirty}. */
  public static boolean isDirtyMigration(PageTableFormat format, long pte) {
    return (offset(format, pte) >>> (pfnBits(format) + 1) & 1) != 0;
  }
}
