package org.memarium.mm.pagetable;

import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;

/**
 * {@code pte_t}: an entry of the lowest table, as the kernel reads it (Linux {@code
 * arch/x86/include/asm/pgtable_types.h}). Entries of 4 bytes are zero-extended.
 *
 * <pre>
 *   present     63  62     52 51            12 11  10   9    8   7   6   5   4   3   2   1   0
 *              +---+---------+----------------+--+---+----+---+---+---+---+---+---+---+---+---+
 *              |NX |    0    |      pfn       |SD| 0 |SPEC| G | 0 | D | A |PCD|PWT|U/S|R/W| 1 |
 *              +---+---------+----------------+------+----+---+---+---+---+---+---+---+---+---+
 *   no access  +---+---------+----------------+--+---+----+---+---+---+---+---+---+---+---+---+
 *              |NX |    0    |      pfn       |SD| 0 |SPEC| 1 | 0 | D | A |PCD|PWT| 0 |R/W| 0 |
 *              +---+---------+----------------+------+----+---+---+---+---+---+---+---+---+---+
 *   swap       +-----------------------------------------+---+---+------------------------+---+
 *              | offset                                  | 0 | 0 |  type                  | 0 |
 *              +-----------------------------------------+---+---+------------------------+---+
 *   none        0
 * </pre>
 *
 * <p>SD is soft-dirty. SPEC marks a page that is not counted: the zero page. "No access" is a page
 * of an area with {@code PROT_NONE} ({@code _PAGE_PROTNONE}): the processor sees nothing, and the
 * frame stays. An entry that has neither P nor bit 8 and is not 0 is a swap entry; whoever writes
 * one keeps both bits 0.
 */
public final class Pte {
  /** {@code _PAGE_SPECIAL}, software bit 1: the frame is not counted. */
  public static final long SPECIAL = 1 << 9;

  /**
   * {@code _PAGE_SOFT_DIRTY}, software bit 3: written to since {@code clear_refs} was told 4. Linux
   * has it in the entries of a 64-bit kernel only.
   */
  public static final long SOFT_DIRTY = 1 << 11;

  /** {@code _PAGE_PROTNONE}: a frame that may not be reached; only where P is 0. */
  public static final long PROTNONE = PageTableEntry.GLOBAL;

  /** {@code PAGE_NONE}. */
  public static final long PAGE_NONE = PROTNONE | PageTableEntry.ACCESSED;

  /** {@code PAGE_READONLY_EXEC}: for reading and execution. */
  public static final long PAGE_READONLY_EXEC =
      PageTableEntry.PRESENT | PageTableEntry.USER | PageTableEntry.ACCESSED;

  /** {@code PAGE_READONLY}, also {@code PAGE_COPY}: a write faults, and may copy. */
  public static final long PAGE_READONLY = PAGE_READONLY_EXEC | PageTableEntry.NX;

  /** {@code PAGE_SHARED_EXEC}: for everything. */
  public static final long PAGE_SHARED_EXEC = PAGE_READONLY_EXEC | PageTableEntry.WRITABLE;

  /** {@code PAGE_SHARED}: for reading and writing. */
  public static final long PAGE_SHARED = PAGE_READONLY | PageTableEntry.WRITABLE;

  private static final long PFN_MASK = 0x000f_ffff_ffff_f000L;

  /** {@code _PAGE_CHG_MASK}: what a change of protection keeps. */
  private static final long KEPT =
      PFN_MASK
          | PageTableEntry.CACHE_DISABLED
          | PageTableEntry.WRITE_THROUGH
          | SPECIAL
          | PageTableEntry.ACCESSED
          | PageTableEntry.DIRTY
          | SOFT_DIRTY;

  private Pte() {}

  /**
   * {@code pte_offset}: the physical address of the entry for a linear address, below a top table.
   *
   * @return -1 if there is no table for it
   */
  static long addressOf(Ram ram, PageTableFormat format, long topTable, long linearAddress) {
    long table = topTable;
    for (int level = format.levels(); level > 1; level--) {
      long entry = format.read(ram, format.entryAddress(table, level, linearAddress));
      if ((entry & (PageTableEntry.PRESENT | PageTableEntry.LARGE)) != PageTableEntry.PRESENT) {
        return -1;
      }
      table = format.address(level, entry, false);
    }
    return format.entryAddress(table, 1, linearAddress);
  }

  /**
   * {@code vm_get_page_prot}: the protection of a fresh entry of an area. A private area that may
   * be written gets no R/W: the first write faults, and copies.
   *
   * @param shared whether writes go to the object that is mapped
   */
  public static long protection(boolean read, boolean write, boolean execute, boolean shared) {
    if (!read && !write && !execute) {
      return PAGE_NONE;
    }
    if (write && shared) {
      return execute ? PAGE_SHARED_EXEC : PAGE_SHARED;
    }
    return execute ? PAGE_READONLY_EXEC : PAGE_READONLY;
  }

  /** {@code pfn_pte}: an entry for a frame. */
  public static long of(int pfn, long protection) {
    return (long) pfn << Ram.PAGE_SHIFT | protection;
  }

  /** {@code pte_pfn}: the frame of an entry that is {@linkplain #isPresent present}. */
  public static int pfn(long pte) {
    return (int) ((pte & PFN_MASK) >>> Ram.PAGE_SHIFT);
  }

  /** {@code pte_none}. */
  public static boolean isNone(long pte) {
    return pte == 0;
  }

  /** {@code pte_present}: there is a frame, whether it may be reached or not. */
  public static boolean isPresent(long pte) {
    return (pte & (PageTableEntry.PRESENT | PROTNONE)) != 0;
  }

  /** {@code pte_protnone}: there is a frame, and it may not be reached. */
  public static boolean isProtnone(long pte) {
    return (pte & (PageTableEntry.PRESENT | PROTNONE)) == PROTNONE;
  }

  /** {@code is_swap_pte}: neither none nor present. */
  public static boolean isSwap(long pte) {
    return pte != 0 && !isPresent(pte);
  }

  /** {@code pte_special}: the frame is not counted. */
  public static boolean isSpecial(long pte) {
    return (pte & SPECIAL) != 0;
  }

  /** {@code pte_write}. */
  public static boolean isWritable(long pte) {
    return (pte & PageTableEntry.WRITABLE) != 0;
  }

  /** {@code pte_dirty}. */
  public static boolean isDirty(long pte) {
    return (pte & PageTableEntry.DIRTY) != 0;
  }

  /** {@code pte_young}: accessed since someone cleared the bit. */
  public static boolean isYoung(long pte) {
    return (pte & PageTableEntry.ACCESSED) != 0;
  }

  /** {@code pte_mkwrite}. */
  public static long mkWrite(long pte) {
    return pte | PageTableEntry.WRITABLE;
  }

  /** {@code pte_wrprotect}. */
  public static long wrProtect(long pte) {
    return pte & ~PageTableEntry.WRITABLE;
  }

  /** {@code pte_mkdirty}. */
  public static long mkDirty(long pte) {
    return pte | PageTableEntry.DIRTY;
  }

  /** {@code pte_mkclean}. */
  public static long mkClean(long pte) {
    return pte & ~PageTableEntry.DIRTY;
  }

  /** {@code pte_mkyoung}. */
  public static long mkYoung(long pte) {
    return pte | PageTableEntry.ACCESSED;
  }

  /** {@code pte_mkold}. */
  public static long mkOld(long pte) {
    return pte & ~PageTableEntry.ACCESSED;
  }

  /** {@code pte_soft_dirty}. */
  public static boolean isSoftDirty(long pte) {
    return (pte & SOFT_DIRTY) != 0;
  }

  /** {@code pte_mkspecial}. */
  public static long mkSpecial(long pte) {
    return pte | SPECIAL;
  }

  /** {@code pte_modify}: another protection for the same frame; accessed and dirty stay. */
  public static long modify(long pte, long protection) {
    return (pte & KEPT) | (protection & ~KEPT);
  }
}
