package org.memarium.mm.space;

/**
 * How large an address space is, in pages by kind, and whether its limits let it become larger
 * (Linux {@code vm_stat_account}, {@code may_expand_vm}, {@code mlock_future_ok}).
 */
public final class VmAccounting {
  private final RLimits limits;

  private long totalVm;
  private long dataVm;
  private long execVm;
  private long stackVm;
  private long lockedVm;

  /** Of these, pages of areas that are not locked any more: MREMAP_DONTUNMAP loses them. */
  private long strayLocked;

  private long hiwaterVm;

  VmAccounting(RLimits limits) {
    this.limits = limits;
  }

  /** {@code dup_mmap}: those of a forked process, of which no page is locked. */
  void copyFrom(VmAccounting parent) {
    totalVm = parent.totalVm;
    dataVm = parent.dataVm;
    execVm = parent.execVm;
    stackVm = parent.stackVm;
    lockedVm = 0;
    strayLocked = 0;
  }

  /** The peak is what it was: while an area moves, it counts twice, which is not to be seen. */
  void restoreHiwater(long pages) {
    hiwaterVm = pages;
  }

  /** The peak is the present size. */
  void resetHiwater() {
    hiwaterVm = totalVm;
  }

  /** {@code vm_stat_account}: pages of an area with such flags came, or went. */
  void add(int flags, long morePages) {
    hiwaterVm = Math.max(hiwaterVm, totalVm);
    totalVm += morePages;
    if (VmFlags.isExec(flags)) {
      execVm += morePages;
    } else if (VmFlags.isStack(flags)) {
      stackVm += morePages;
    } else if (VmFlags.isData(flags)) {
      dataVm += morePages;
    }
  }

  /** The same for {@code locked_vm}: nothing unless the area is locked. */
  void addLocked(int flags, long morePages) {
    if ((flags & VmFlags.LOCKED) != 0) {
      lockedVm += morePages;
    }
  }

  /** So many pages stay in {@code locked_vm} for good, though their area is not locked any more. */
  void addStrayLocked(long pages) {
    strayLocked += pages;
  }

  /** Pages in {@link #lockedVm} that no locked area has, for the audit. */
  long strayLocked() {
    return strayLocked;
  }

  /** {@code may_expand_vm}: RLIMIT_AS and RLIMIT_DATA. */
  boolean mayExpand(int flags, long morePages) {
    return mayExpand(limits, flags, morePages);
  }

  /** The same for somebody whose limits may be others than the process's. */
  boolean mayExpand(RLimits limits, int flags, long morePages) {
    if (totalVm + morePages > limits.softPages(RLimits.AS)) {
      return false;
    }
    if (!VmFlags.isData(flags) || dataVm + morePages <= limits.softPages(RLimits.DATA)) {
      return true;
    }
    // A limit of 0 is one for brk alone: Valgrind wants it so.
    return limits.soft(RLimits.DATA) == 0 && dataVm + morePages <= limits.hardPages(RLimits.DATA);
  }

  /** {@code mlock_future_ok}, for a program without {@code CAP_IPC_LOCK}. */
  boolean mayLock(int flags, long morePages) {
    return (flags & VmFlags.LOCKED) == 0
        || lockedVm + morePages <= limits.softPages(RLimits.MEMLOCK);
  }

  /** {@code total_vm}. */
  public long totalVm() {
    return totalVm;
  }

  /** {@code data_vm}: private and writable, the stack aside. */
  public long dataVm() {
    return dataVm;
  }

  /** {@code exec_vm}: executable and not writable. */
  public long execVm() {
    return execVm;
  }

  /** {@code stack_vm}. */
  public long stackVm() {
    return stackVm;
  }

  /** {@code locked_vm}. */
  public long lockedVm() {
    return lockedVm;
  }

  /** {@code hiwater_vm}, or the present size if that is more. */
  public long hiwaterVm() {
    return Math.max(hiwaterVm, totalVm);
  }
}
