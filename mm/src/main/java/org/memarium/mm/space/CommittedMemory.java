package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.swap.Swap;

/**
 * {@code vm_committed_as} and {@code vm.overcommit_*}: how many pages programs were promised, and
 * whether more may be (Linux {@code mm/util.c}, {@code __vm_enough_memory}).
 */
public final class CommittedMemory implements PageCache.Commitment {
  private static final int KIB_SHIFT = Ram.PAGE_SHIFT - 10;

  /** {@code init_user_reserve}: at most 128 MiB. */
  private static final long MAX_USER_RESERVE_KIBIBYTES = 1 << 17;

  /** {@code init_admin_reserve}: at most 8 MiB. */
  private static final long MAX_ADMIN_RESERVE_KIBIBYTES = 1 << 13;

  private static final int DEFAULT_RATIO = 50;

  private final PageAllocator allocator;
  private final Swap swap;
  private long committed;
  private MemoryManager.Overcommit mode = MemoryManager.Overcommit.GUESS;
  private int ratio = DEFAULT_RATIO;
  private long limitKibibytes;
  private long userReserveKibibytes;
  private long adminReserveKibibytes;

  /** Nothing committed; the reserves are parts of what is free at boot. */
  CommittedMemory(PageAllocator allocator, Swap swap) {
    this.allocator = allocator;
    this.swap = swap;
    long freeKibibytes = allocator.node().freePages() << KIB_SHIFT;
    userReserveKibibytes = Math.min(freeKibibytes / 32, MAX_USER_RESERVE_KIBIBYTES);
    adminReserveKibibytes = Math.min(freeKibibytes / 32, MAX_ADMIN_RESERVE_KIBIBYTES);
  }

  // ---- Settings ----

  /** {@code vm.overcommit_memory}. */
  public MemoryManager.Overcommit mode() {
    return mode;
  }

  /** Sets {@code vm.overcommit_memory}. */
  public void setMode(MemoryManager.Overcommit newMode) {
    mode = newMode;
  }

  /** {@code vm.overcommit_ratio}, in percent; 0 while {@link #limitKibibytes} counts. */
  public int ratio() {
    return ratio;
  }

  /** Sets {@code vm.overcommit_ratio}; {@code overcommit_kbytes} becomes 0. */
  public void setRatio(int percent) {
    ratio = percent;
    limitKibibytes = 0;
  }

  /** {@code vm.overcommit_kbytes}; 0 while {@link #ratio} counts. */
  public long limitKibibytes() {
    return limitKibibytes;
  }

  /** Sets {@code vm.overcommit_kbytes}; {@code overcommit_ratio} becomes 0. */
  public void setLimitKibibytes(long kibibytes) {
    limitKibibytes = kibibytes;
    ratio = 0;
  }

  /** {@code vm.user_reserve_kbytes}. */
  public long userReserveKibibytes() {
    return userReserveKibibytes;
  }

  /** Sets {@code vm.user_reserve_kbytes}. */
  public void setUserReserveKibibytes(long kibibytes) {
    userReserveKibibytes = kibibytes;
  }

  /** {@code vm.admin_reserve_kbytes}. */
  public long adminReserveKibibytes() {
    return adminReserveKibibytes;
  }

  /** Sets {@code vm.admin_reserve_kbytes}. */
  public void setAdminReserveKibibytes(long kibibytes) {
    adminReserveKibibytes = kibibytes;
  }

  // ---- Figures ----

  /** {@code Committed_AS}: pages that programs may come to need. */
  public long pages() {
    return committed;
  }

  /** {@code vm_commit_limit}, in pages. */
  public long limitPages() {
    return limitPages(allocator.node().totalRamPages());
  }

  /** {@code vm_commit_limit}, in pages, if there were so much RAM. */
  public long limitPages(long totalRamPages) {
    long ofRam = limitKibibytes != 0 ? limitKibibytes >> KIB_SHIFT : totalRamPages * ratio / 100;
    return ofRam + swap.totalPages();
  }

  /** {@code __vm_enough_memory}: whether so many pages more may be committed. */
  public boolean isEnoughFor(MmStruct mm, long morePages) {
    return switch (mode) {
      case ALWAYS -> true;
      case GUESS -> morePages <= allocator.node().totalRamPages() + swap.totalPages();
      case NEVER -> committed + morePages < allowedPages(mm);
    };
  }

  /** The limit, less what is kept for root, and for the user to recover with. */
  private long allowedPages(MmStruct mm) {
    long allowed = limitPages();
    if (!mm.isPrivileged()) {
      allowed -= adminReserveKibibytes >> KIB_SHIFT;
    }
    return allowed - Math.min(mm.accounting.totalVm() / 32, userReserveKibibytes >> KIB_SHIFT);
  }

  /** A page more of a file in memory: no process is looked at. */
  @Override
  public boolean commitPage() {
    if (mode == MemoryManager.Overcommit.NEVER && committed + 1 >= limitPages()) {
      return false;
    }
    committed++;
    return true;
  }

  @Override
  public void uncommitPage() {
    uncommit(1);
  }

  /** {@code vm_acct_memory}. */
  void commit(long pages) {
    committed += pages;
  }

  /** {@code vm_unacct_memory}. */
  void uncommit(long pages) {
    committed -= pages;
    if (committed < 0) {
      throw new IllegalStateException("committed memory is negative: " + committed);
    }
  }
}
