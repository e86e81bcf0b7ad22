package org.memarium.mm.space;

/**
 * The flags of an area, with Linux's values ({@code include/linux/mm.h}).
 *
 * <pre>
 *    31     30     29    27   26   25   23   22  21    20    19      18      17      16 15   14
 *  +-----+------+----+----+----+----+----+---+-----+----+-------+-------+--------+--------+--+
 *  |MERGE|NOHUGE|HUGE|SOFT|DUMP|WIPE|SYNC|TLB|NORES|ACCT|ONFAULT|DONTEXP|DONTCOPY|RAND SEQ|IO|
 *  +-----+------+----+----+----+----+----+---+-----+----+-------+-------+--------+--------+--+
 *     13      12       11    10     9       8      7      6      5      4      3     2 .. 0
 *  +------+---------+-----+------+------+-------+------+------+------+------+------+-------+
 *  |LOCKED|DROPPABLE|GUARD|PFNMAP|SEALED|GROWSDN|MAYSHR|MAYEXE|MAYWRI|MAYREA|SHARED|X, W, R|
 *  +------+---------+-----+------+------+-------+------+------+------+------+------+-------+
 * </pre>
 *
 * <p>SEALED and DROPPABLE are bits 42 and 40 of a 64-bit kernel, which do not fit; they have the
 * places of userfaultfd's flags, as there is none here.
 *
 * <p>{@code mayX << 4 == X}: what {@code mprotect} may turn on lies four bits above what is on.
 */
public final class VmFlags {
  public static final int READ = 0x1;
  public static final int WRITE = 0x2;
  public static final int EXEC = 0x4;

  /** Stores are seen by others: a shared mapping that may be written. */
  public static final int SHARED = 0x8;

  public static final int MAYREAD = 0x10;
  public static final int MAYWRITE = 0x20;
  public static final int MAYEXEC = 0x40;

  /** Made with {@code MAP_SHARED}, writable or not; {@code s} in maps. */
  public static final int MAYSHARE = 0x80;

  public static final int GROWSDOWN = 0x100;

  /** {@code mseal}: neither the area nor its rights may change. Only a 64-bit kernel has it. */
  public static final int SEALED = 0x200;

  /** Its pages are the kernel's, and not counted: {@code [vvar]}. */
  public static final int PFNMAP = 0x400;

  /** There are, or were, guard markers; 64-bit kernels only. */
  public static final int MAYBE_GUARD = 0x800;

  /** {@code MAP_DROPPABLE}: pages may be dropped when memory is short. 64-bit kernels only. */
  public static final int DROPPABLE = 0x1000;

  public static final int LOCKED = 0x2000;
  public static final int IO = 0x4000;
  public static final int SEQ_READ = 0x8000;
  public static final int RAND_READ = 0x1_0000;
  public static final int DONTCOPY = 0x2_0000;
  public static final int DONTEXPAND = 0x4_0000;
  public static final int LOCKONFAULT = 0x8_0000;

  /** Its pages are charged to the machine's committed memory. */
  public static final int ACCOUNT = 0x10_0000;

  public static final int NORESERVE = 0x20_0000;

  /** Of huge pages: {@link MappedFile#hugePages}. */
  public static final int HUGETLB = 0x40_0000;

  /** {@code MAP_SYNC} was asked for; it tells areas apart, and does nothing. */
  public static final int SYNC = 0x80_0000;

  public static final int WIPEONFORK = 0x200_0000;
  public static final int DONTDUMP = 0x400_0000;

  /**
   * Mapped since {@code clear_refs} was told 4: all its pages count as soft-dirty. Only where
   * entries have {@link org.memarium.mm.pagetable.Pte#SOFT_DIRTY}.
   */
  public static final int SOFTDIRTY = 0x800_0000;

  public static final int HUGEPAGE = 0x2000_0000;
  public static final int NOHUGEPAGE = 0x4000_0000;

  /** KSM may merge its pages with equal ones, if somebody lets it run; nobody does. */
  public static final int MERGEABLE = 0x8000_0000;

  /** {@code VM_LOCKED_MASK}. */
  public static final int LOCKED_MASK = LOCKED | LOCKONFAULT;

  /** {@code VM_ACCESS_FLAGS}. */
  public static final int ACCESS = READ | WRITE | EXEC;

  /** {@code VM_SPECIAL}, as far as it exists here: such areas never merge. */
  public static final int SPECIAL = IO | DONTEXPAND | PFNMAP;

  /** {@code VM_IGNORE_MERGE}: what keeps no areas apart. */
  public static final int IGNORE_MERGE = MAYBE_GUARD | SOFTDIRTY;

  /** {@code VM_STACK}: the direction in which the stack grows. */
  public static final int STACK = GROWSDOWN;

  private VmFlags() {}

  /** Linux {@code is_exec_mapping}: counts as {@code exec_vm}. */
  static boolean isExec(int flags) {
    return (flags & (EXEC | WRITE | STACK)) == EXEC;
  }

  /** Linux {@code is_stack_mapping}: counts as {@code stack_vm}. */
  static boolean isStack(int flags) {
    return (flags & STACK) == STACK;
  }

  /** Linux {@code is_data_mapping}: counts as {@code data_vm}, which RLIMIT_DATA limits. */
  static boolean isData(int flags) {
    return (flags & (WRITE | SHARED | STACK)) == WRITE;
  }

  /** Linux {@code accountable_mapping}: private and writable, so each page may need a frame. */
  static boolean isAccountable(int flags) {
    return (flags & (NORESERVE | SHARED | WRITE)) == WRITE;
  }
}
