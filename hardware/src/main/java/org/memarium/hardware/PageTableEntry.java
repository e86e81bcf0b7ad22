package org.memarium.hardware;

/**
 * The bits of a page-table entry that the processor knows (Intel SDM vol. 3A, 4.3 to 4.5).
 *
 * <pre>
 *   63  62        52 51 (31)      12 11   9  8   7   6   5   4   3   2   1   0
 *  +---+------------+---------------+------+---+---+---+---+---+---+---+---+---+
 *  |NX | ignored(1) | frame         | soft | G |PS | D | A |PCD|PWT|U/S|R/W| P |
 *  +---+------------+---------------+------+---+---+---+---+---+---+---+---+---+
 *  P    present: with 0, the other bits belong to the operating system
 *  R/W  writable            U/S  reachable from user mode
 *  A    accessed, D dirty: set by the walk, cleared by software
 *  PS   maps a large page (in level 1 this bit is PAT)
 *  G    global: the translation survives a load of CR3
 *  NX   not executable, with EFER.NXE (8-byte entries)
 *  (1)  reserved with PAE
 * </pre>
 */
public final class PageTableEntry {
  /** P. */
  public static final long PRESENT = 1;

  /** R/W. */
  public static final long WRITABLE = 1 << 1;

  /** U/S. */
  public static final long USER = 1 << 2;

  /** PWT: write-through. */
  public static final long WRITE_THROUGH = 1 << 3;

  /** PCD: not cached. */
  public static final long CACHE_DISABLED = 1 << 4;

  /** A. */
  public static final long ACCESSED = 1 << 5;

  /** D. */
  public static final long DIRTY = 1 << 6;

  /** PS. */
  public static final long LARGE = 1 << 7;

  /** G. */
  public static final long GLOBAL = 1 << 8;

  /** NX. */
  public static final long NX = 1L << 63;

  private PageTableEntry() {}
}
