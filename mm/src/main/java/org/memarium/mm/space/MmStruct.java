package org.memarium.mm.space;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct mm_struct}: one address space.
 *
 * <p>Calls return what Linux's system calls return: an address or 0, or a negative errno ({@link
 * org.memarium.mm.Errno}).
 */
@SuppressWarnings({"DoNotCallSuggester", "UnusedVariable"})
public final class MmStruct {
  /** {@code vm.max_map_count}. */
  public static final int MAX_MAP_COUNT = 65_530;

  MmStruct() {}

  private static UnsupportedOperationException soon() {
    return new UnsupportedOperationException("lands next");
  }

  // ---- Set-up by execve ----

  /**
   * {@code arch_pick_mmap_layout}: decides where mappings go.
   *
   * @param legacy {@code ADDR_COMPAT_LAYOUT}: search upwards
   * @param random null: no randomisation
   */
  public void pickMmapLayout(boolean legacy, @Nullable RandomGenerator random) {
    throw soon();
  }

  /**
   * {@code bprm_mm_init}: the stack's area, one page below {@code stackTop}.
   *
   * @return 0 or -ENOMEM
   */
  public long createStack(long stackTop) {
    throw soon();
  }

  /**
   * {@code setup_arg_pages}, after the strings were written: sets the rights and grows the area by
   * 128 KiB or up to the stack limit.
   *
   * @param executable whether the stack may be executed (PT_GNU_STACK)
   * @return 0 or a negative errno
   */
  public long setupArgPages(boolean executable) {
    throw soon();
  }

  /** {@code READ_IMPLIES_EXEC}: what {@code PROT_READ} asks for may be executed too. */
  public void setReadImpliesExec(boolean on) {
    throw soon();
  }

  /** {@code start_code}, {@code end_code}, {@code start_data}, {@code end_data}. */
  public void setCodeAndData(long startCode, long endCode, long startData, long endData) {
    throw soon();
  }

  /** {@code start_brk} and {@code brk}, page-aligned by the caller as Linux does. */
  public void setBrk(long startBrk, long brk) {
    throw soon();
  }

  /** {@code start_stack}, {@code arg_start} ... {@code env_end}. */
  public void setArguments(
      long startStack, long argStart, long argEnd, long envStart, long envEnd) {
    throw soon();
  }

  /**
   * {@code vm_brk_flags}: anonymous memory at a fixed place, replacing what is there (bss).
   *
   * @param flags 0 or {@link VmFlags#EXEC}
   * @return 0 or a negative errno
   */
  public long vmBrkFlags(long address, long bytes, int flags) {
    throw soon();
  }

  // ---- System calls ----

  /**
   * {@code do_mmap}.
   *
   * @param bytes length, not 0, at most 2^32
   * @param prot bits of {@code PROT_} in {@link MmapFlags}
   * @param mapFlags bits of {@code MAP_} in {@link MmapFlags}
   * @param file null exactly if MAP_ANONYMOUS is set
   * @param pageOffset where in the file, in pages
   * @return the address or a negative errno
   */
  public long mmap(
      long address,
      long bytes,
      int prot,
      int mapFlags,
      @Nullable MappedFile file,
      long pageOffset) {
    throw soon();
  }

  /** {@code munmap}: 0 or a negative errno. */
  public long munmap(long address, long bytes) {
    throw soon();
  }

  /** {@code mprotect}: 0 or a negative errno. */
  public long mprotect(long address, long bytes, int prot) {
    throw soon();
  }

  /** {@code brk}: the break that holds now; never an error. */
  public long brk(long newBrk) {
    throw soon();
  }

  /** {@code mremap}: the address or a negative errno. */
  public long mremap(long address, long oldBytes, long newBytes, int flags, long newAddress) {
    throw soon();
  }

  /** {@code madvise}: 0 or a negative errno. */
  public long madvise(long address, long bytes, int advice) {
    throw soon();
  }

  /** {@code exit_mmap}: lets go of every area, page and page table. */
  public void exit() {
    throw soon();
  }

  // ---- Looking ----

  /** The lowest area, or null; the others by {@link Vma#next}. */
  public @Nullable Vma firstArea() {
    throw soon();
  }

  /** {@code find_vma}: the lowest area that ends above {@code linearAddress}, or null. */
  public @Nullable Vma findVma(long linearAddress) {
    throw soon();
  }

  /** Whether maps calls the area {@code [heap]}. */
  public boolean isHeap(Vma area) {
    throw soon();
  }

  /** Whether maps calls the area {@code [stack]}. */
  public boolean isStack(Vma area) {
    throw soon();
  }

  /** {@code map_count}: how many areas there are. */
  public int areas() {
    throw soon();
  }

  /** The limits that apply to it. */
  public RLimits limits() {
    throw soon();
  }

  /** The rules of its layout. */
  public Layout layout() {
    throw soon();
  }

  /** {@code mmap_base}. */
  public long mmapBase() {
    throw soon();
  }

  public long startCode() {
    throw soon();
  }

  public long endCode() {
    throw soon();
  }

  public long startData() {
    throw soon();
  }

  public long endData() {
    throw soon();
  }

  public long startBrk() {
    throw soon();
  }

  /** {@code mm->brk}: the break, to the byte. */
  public long currentBrk() {
    throw soon();
  }

  public long startStack() {
    throw soon();
  }

  public long argStart() {
    throw soon();
  }

  public long argEnd() {
    throw soon();
  }

  public long envStart() {
    throw soon();
  }

  public long envEnd() {
    throw soon();
  }

  // ---- Counters, in pages ----

  /** {@code total_vm}. */
  public long totalVm() {
    throw soon();
  }

  /** {@code hiwater_vm}, or the present size if that is more. */
  public long hiwaterVm() {
    throw soon();
  }

  /** {@code data_vm}: private and writable, the stack aside. */
  public long dataVm() {
    throw soon();
  }

  /** {@code exec_vm}: executable and not writable. */
  public long execVm() {
    throw soon();
  }

  /** {@code stack_vm}. */
  public long stackVm() {
    throw soon();
  }

  /** {@code locked_vm}. */
  public long lockedVm() {
    throw soon();
  }

  /** Resident pages: the sum of the three kinds. */
  public long rss() {
    throw soon();
  }

  /** {@code hiwater_rss}, or the present number if that is more. */
  public long hiwaterRss() {
    throw soon();
  }

  /** {@code MM_FILEPAGES}. */
  public long rssFile() {
    throw soon();
  }

  /** {@code MM_ANONPAGES}. */
  public long rssAnon() {
    throw soon();
  }

  /** {@code MM_SHMEMPAGES}. */
  public long rssShmem() {
    throw soon();
  }

  /** Bytes of page tables ({@code VmPTE}). */
  public long pageTableBytes() {
    throw soon();
  }
}
