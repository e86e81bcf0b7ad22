package org.memarium.mm.space;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;

/**
 * Where things lie in an address space: the rules of one kind of kernel for 32-bit programs (Linux
 * {@code arch/x86/mm/mmap.c}, {@code arch/x86/kernel/sys_x86_64.c}, {@code mm/mmap.c}).
 *
 * <pre>
 *                  i386                compat
 *   c0000000 +---------------+  ffffe000 +---------------+  task size = stack top
 *            | stack, down   |           | stack, down   |
 *            +---------------+           +---------------+
 *            |   stack limit + guard gap, 128 MiB at least, 5/6 of it all at most
 *   b8000000 +---------------+  f7ffe000 +---------------+  mmap base, at a limit of 8 MiB
 *            | mmap, down    |           | mmap, down    |
 *            |      ...      |           |      ...      |
 *   40000000 |               |  55555000 |               |  a third: where bottom-up begins
 *            |      ...      |           |      ...      |
 *            | heap, up      |           | heap, up      |
 *            | program       |           | program       |  08048000 as linked
 *          0 +---------------+         0 +---------------+
 * </pre>
 *
 * <p>An unlimited stack does not select the bottom-up layout (it did before Linux 4.6): it only
 * makes the hole as large as may be. Bottom-up is what {@code ADDR_COMPAT_LAYOUT} asks for.
 */
public enum Layout {
  /** A 32-bit kernel with the split of 3 : 1 GiB, version 6.1. */
  I386(Architecture.I386.taskSize(), Architecture.I386.taskSize()),

  /** A 32-bit program on a 64-bit kernel, version 6.18. */
  COMPAT(Architecture.COMPAT.taskSize(), 0xc000_0000L);

  /** How far the heap's start is shifted at most. */
  private static final long BRK_RANDOM_BYTES = 32L << 20;

  private final long taskSize;
  private final long taskSizeIn3Gib;

  Layout(long taskSize, long taskSizeIn3Gib) {
    this.taskSize = taskSize;
    this.taskSizeIn3Gib = taskSizeIn3Gib;
  }

  /**
   * {@code TASK_SIZE}: the first address that no area may reach, whatever the personality of its
   * program.
   */
  public long taskSize() {
    return taskSize;
  }

  /**
   * {@code TASK_SIZE} of one task.
   *
   * @param in3Gib its {@code ADDR_LIMIT_3GB}, which a 32-bit kernel ignores
   */
  long taskSize(boolean in3Gib) {
    return in3Gib ? taskSizeIn3Gib : taskSize;
  }

  /** Where things lie in an address space of such a task. */
  public Placement placement(boolean in3Gib) {
    return new Placement(this, taskSize(in3Gib));
  }

  /**
   * {@code STACK_TOP_MAX}: above the place where execve makes the stack before it knows where it
   * will be. Its pages keep their numbers from there, so in {@code compat} it merges with nothing
   * that is mapped. (On Linux it is 0x7ffffffff000. Any address does that no area has; page numbers
   * below this one fit an int.)
   */
  long stackTopMax() {
    return this == I386 ? taskSize : 1L << 42;
  }

  /**
   * {@code arch_align_stack}: the stack pointer below the strings, before the vectors are laid out.
   */
  public long alignStack(long stackPointer, @Nullable RandomGenerator random) {
    long shifted = random == null ? stackPointer : stackPointer - random.nextInt(8192);
    return shifted & ~0xfL;
  }

  /**
   * {@code arch_randomize_brk}: where the heap begins, given the page-aligned end of the program.
   */
  public long randomBrk(long brk, RandomGenerator random) {
    return brk
        + random.nextLong(BRK_RANDOM_BYTES >>> Ram.PAGE_SHIFT << Ram.PAGE_SHIFT) / 4096 * 4096;
  }

  /** A value as it is in an {@code unsigned long} of the kernel. */
  public long word(long value) {
    return this == I386 ? value & 0xffff_ffffL : value;
  }

  /**
   * Whether {@code mprotect} that takes away the right to write gives back the commitment of memory
   * that was never touched: in 6.18 yes, in 6.1 not.
   */
  boolean uncommitsUntouched() {
    return this == COMPAT;
  }

  /** Whether {@code fallocate} knows one mode at a time, FALLOC_FL_WRITE_ZEROES too: in 6.18. */
  public boolean allocatesByMode() {
    return this == COMPAT;
  }

  /**
   * Whether a write makes its page of the file ready, and the file longer up to there, before it
   * looks whether the program's bytes are there: since 6.16; in 6.1 it looks first.
   */
  public boolean beginsWritesFirst() {
    return this == COMPAT;
  }

  /** Whether {@code memfd_create} knows MFD_EXEC, and seals F_SEAL_EXEC: since 6.3. */
  public boolean sealsExecution() {
    return this == COMPAT;
  }

  /**
   * Whether a file that is sealed against writing may be mapped shared to be read, and one that is
   * so mapped may be sealed: in 6.18 yes, in 6.1 not.
   */
  boolean mapsSealedFiles() {
    return this == COMPAT;
  }

  /** The largest sum of page offset and pages that fits into the kernel's words. */
  long maxPageOffset() {
    return this == I386 ? 0xffff_ffffL : Long.MAX_VALUE >>> Ram.PAGE_SHIFT;
  }

  /**
   * Whether {@code MAP_STACK} keeps huge pages away ({@code VM_NOHUGEPAGE}), which also keeps such
   * an area from merging with others: in 6.18 yes, in 6.1 not.
   */
  boolean marksStacks() {
    return this == COMPAT;
  }

  /**
   * Whether an area that merely touches the heap is named {@code [heap]} in maps too: yes in 6.1,
   * no in 6.18.
   */
  public boolean namesHeapInclusively() {
    return this == I386;
  }

  /**
   * Whether places are searched with {@code generic_get_unmapped_area}: a hint below {@code
   * mmap_min_addr} is no hint. The 64-bit kernel has a search of its own without that check.
   */
  boolean searchesGenerically() {
    return this == I386;
  }

  /** Whether there is {@code MADV_GUARD_INSTALL}: since 6.13. */
  boolean hasGuardRegions() {
    return this == COMPAT;
  }

  /** Flags of areas that {@code MADV_DOFORK} is refused for: in 6.1 those of devices only. */
  int neverForked() {
    return this == COMPAT ? VmFlags.SPECIAL : VmFlags.IO;
  }

  /**
   * Besides {@link VmFlags#SHARED}, what an area must have for {@code MADV_REMOVE}: the right to
   * write; since 6.7, that it could be given it.
   */
  int removeNeeds() {
    return this == COMPAT ? VmFlags.MAYWRITE : VmFlags.WRITE;
  }

  /** See {@link org.memarium.mm.file.PageCache#setUnmapsBehindHoles}: in 6.18 so, in 6.1 not. */
  public boolean unmapsBehindHoles() {
    return this == COMPAT;
  }

  /** Whether {@code MADV_PAGEOUT} makes entries old even where their page stays, as 6.1 does. */
  boolean agesWhatItPagesOut() {
    return this == I386;
  }

  /**
   * Whether {@code mmap} over areas looks for room to charge before it unmaps them: in 6.18 yes, so
   * that a refusal leaves them; in 6.1 not.
   */
  boolean chargesBeforeUnmapping() {
    return this == COMPAT;
  }

  /**
   * Whether an area with anonymous pages may merge into a neighbour that has none yet: since 6.16;
   * before only the other way round.
   */
  boolean mergesIntoUntouched() {
    return this == COMPAT;
  }

  /**
   * Whether {@code mmap} asks the area above first whether it takes the range in, and the one below
   * only if it agrees with that: in 6.1 yes, in 6.18 the one below comes first.
   */
  boolean mergesUpwardsFirst() {
    return this == I386;
  }

  /**
   * Whether a fault on a file in an area with MADV_HUGEPAGE reads what could be a huge page: in
   * 6.18; here not in 6.1, whose huge pages have another size.
   */
  public boolean readsHugeWindows() {
    return this == COMPAT;
  }

  /**
   * Whether {@code mremap} moves several areas at once, and looks at all that it is asked before it
   * unmaps anything: since 6.17.
   */
  boolean movesSeveralAreas() {
    return this == COMPAT;
  }

  /**
   * Whether the area that {@code MREMAP_DONTUNMAP} leaves behind goes on to count as locked while
   * the new one does, too: in 6.18 yes, in 6.1 the new one's pages are not counted again.
   */
  boolean countsKeptLocksTwice() {
    return this == COMPAT;
  }

  /** Whether there are {@code pkey_mprotect} and its kin: on 64-bit kernels. */
  public boolean hasProtectionKeyCalls() {
    return this == COMPAT;
  }

  /** Whether {@code mseal} exists: on 64-bit kernels since 6.10. */
  public boolean hasSeals() {
    return this == COMPAT;
  }

  /** Whether {@code MAP_DROPPABLE} exists: on 64-bit kernels since 6.11. */
  boolean hasDroppableMemory() {
    return this == COMPAT;
  }

  /** The flags that {@code MAP_SHARED_VALIDATE} takes. */
  int legacyMapMask() {
    return this == COMPAT
        ? MmapFlags.LEGACY_MAP_MASK | MmapFlags.MAP_ABOVE4G
        : MmapFlags.LEGACY_MAP_MASK;
  }

  /** Whether ext4 writes to the block at the old end of a file that is made longer: since 6.8. */
  public boolean cutsFilesToGrow() {
    return this == COMPAT;
  }

  /** Whether a hint for huge pages becomes the next address of one, and not the one before. */
  boolean roundsHugeHintsUp() {
    return this == COMPAT;
  }

  /**
   * Whether a page fault of private huge pages prepares the {@code anon_vma} before it looks for a
   * page: since 6.10.
   */
  public boolean preparesHugePagesFirst() {
    return this == COMPAT;
  }

  /**
   * {@code hstate_sizelog}: the size of the huge pages that {@code MAP_HUGETLB} names.
   *
   * @param sizeLog its binary logarithm, 0 for the default
   * @param tableShift how many bits of an address one page table of the machine covers
   * @return bytes, or 0 if there are no such pages
   */
  public static long hugePageBytes(int sizeLog, int tableShift) {
    boolean gigantic = tableShift == 21 && sizeLog == 30;
    return sizeLog == 0 || sizeLog == tableShift || gigantic
        ? 1L << (sizeLog == 0 ? tableShift : sizeLog)
        : 0;
  }

  /**
   * Whether descriptors of processes are those of current kernels: {@code pidfd_open} of a thread
   * is ENOENT, poll tells of reaping, and a process has names for itself.
   */
  public boolean hasCurrentPidFds() {
    return this == COMPAT;
  }

  /**
   * Whether {@code memfd_create} copies a name with {@code strncpy_from_user}, and does not look
   * for its end first: since 6.14.
   */
  public boolean copiesMemfdNamesByWords() {
    return this == COMPAT;
  }

  /** Whether PR_SET_THP_DISABLE has flags: since 6.18. */
  public boolean hasThpDisableFlags() {
    return this == COMPAT;
  }

  /** Whether a process may give itself any advice by {@code process_madvise}: since 6.13. */
  public boolean letsProcessesAdviseThemselves() {
    return this == COMPAT;
  }

  /**
   * Whether a page fault that waits for a device, and begins anew when the page has come, counts in
   * {@code pgfault} each time: before 6.5.
   */
  public boolean countsEachTry() {
    return this == I386;
  }

  /**
   * Whether {@code MADV_POPULATE_READ} and {@code _WRITE} come again to a page that they waited for
   * with {@code FAULT_FLAG_TRIED}, so that it is a major fault: since 6.9 ({@code
   * faultin_page_range}).
   */
  public boolean triesAdviceAgain() {
    return this == COMPAT;
  }

  /** Whether {@code MADV_DONTNEED} gives tables of pages back that it emptied: since 6.14. */
  boolean reclaimsTables() {
    return this == COMPAT;
  }

  /**
   * Whether fault-around maps the last page of a file on a disk even where there is no table yet
   * and no page before it is in reach: in 6.1 yes. 6.18 asks first whether a huge page would reach
   * beyond the end, and if so forgets to make the table.
   */
  public boolean mapsLastPageAround() {
    return this == I386;
  }

  /**
   * Whether a page fault in executable memory of a file reads from the page on, as far as the area
   * goes, and not around it: in 6.18 so, in 6.1 not.
   */
  public boolean readsCodeForwards() {
    return this == COMPAT;
  }

  /**
   * Whether windows of readahead are made for large folios, as in 6.18: they end where a folio
   * would, and the page that is marked is counted from the window's own end.
   */
  public boolean ordersWindows() {
    return this == COMPAT;
  }
}
