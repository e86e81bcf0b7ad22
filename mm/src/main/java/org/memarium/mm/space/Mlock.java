package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * {@code mlock}, {@code mlock2}, {@code munlock}, {@code mlockall} and {@code munlockall} (Linux
 * {@code mm/mlock.c}).
 *
 * <pre>
 *   VM_LOCKED         pages that are mapped are unevictable; the others are faulted in by the call
 *   and LOCKONFAULT   the others become so when they are faulted in
 * </pre>
 */
public final class Mlock {
  private static final int MLOCK_ONFAULT = 1;

  private static final int MCL_CURRENT = 1;
  private static final int MCL_FUTURE = 2;
  private static final int MCL_ONFAULT = 4;

  private final MmStruct mm;
  private final VmaTree tree;

  Mlock(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** {@code can_do_mlock}. */
  boolean canLock() {
    return mm.isPrivileged() || mm.limits().soft(RLimits.MEMLOCK) != 0;
  }

  /** {@code mlock_future_ok}. */
  boolean futureOk(int flags, long morePages) {
    return mm.isPrivileged() || mm.accounting.mayLock(flags, morePages);
  }

  /**
   * {@code mlock2}, and {@code mlock} with flags 0: keeps pages in memory.
   *
   * @param flags {@code MLOCK_ONFAULT} (1): only those that the program uses
   * @return 0 or a negative errno; after -ENOMEM the area may be locked all the same
   */
  public long mlock2(long start, long bytes, int flags) {
    return (flags & ~MLOCK_ONFAULT) != 0 ? -Errno.EINVAL : mlock(start, bytes, lockFlags(flags));
  }

  private static int lockFlags(int flags) {
    return (flags & MLOCK_ONFAULT) != 0 ? VmFlags.LOCKED_MASK : VmFlags.LOCKED;
  }

  /** {@code do_mlock}. */
  private long mlock(long address, long requestedBytes, int flags) {
    if (!canLock()) {
      return -Errno.EPERM;
    }
    long bytes = wholePages(address, requestedBytes);
    long start = address & -(long) Ram.PAGE_SIZE;
    if (!mm.isPrivileged()) {
      long limit = mm.limits().softPages(RLimits.MEMLOCK);
      long locked = mm.accounting.lockedVm() + (bytes >>> Ram.PAGE_SHIFT);
      // What of the range is locked already does not count twice.
      if (locked > limit && locked - lockedPages(start, start + bytes) > limit) {
        return -Errno.ENOMEM;
      }
    }
    long error = applyFlags(start, bytes, flags);
    if (error != 0) {
      return error;
    }
    error = mm.memory().populator().populate(mm, start, start + bytes, false);
    // __mlock_posix_error_return: what the standard has for these.
    if (error == -Errno.EFAULT) {
      return -Errno.ENOMEM;
    }
    return error == -Errno.ENOMEM ? -Errno.EAGAIN : error;
  }

  /** {@code munlock}: 0 or a negative errno. */
  public long munlock(long address, long bytes) {
    return applyFlags(address & -(long) Ram.PAGE_SIZE, wholePages(address, bytes), 0);
  }

  private long wholePages(long address, long bytes) {
    return mm.layout().word(MmStruct.pageAlign(bytes + (address & (Ram.PAGE_SIZE - 1))));
  }

  /** {@code count_mm_mlocked_page_nr}. */
  private long lockedPages(long start, long end) {
    long sum = 0;
    Vma area = tree.find(start);
    while (area != null && area.start < end) {
      if (area.has(VmFlags.LOCKED)) {
        sum += (Math.min(area.end, end) - Math.max(area.start, start)) >>> Ram.PAGE_SHIFT;
      }
      area = area.next;
    }
    return sum;
  }

  /** {@code apply_vma_lock_flags}: what comes before a hole is done when the error is returned. */
  private long applyFlags(long start, long bytes, int flags) {
    long end = mm.layout().word(start + bytes);
    if (end < start) {
      return -Errno.EINVAL;
    }
    long at = start;
    while (at < end) {
      Vma area = tree.find(at);
      if (area == null || area.start > at) {
        return -Errno.ENOMEM;
      }
      long partEnd = Math.min(area.end, end);
      long error = fixUp(area, at, partEnd, (area.flags & ~VmFlags.LOCKED_MASK) | flags);
      if (error != 0) {
        return error;
      }
      at = partEnd;
    }
    return 0;
  }

  /**
   * {@code mlockall}; {@code munlockall} is the same with no flag.
   *
   * @param flags {@code MCL_CURRENT} (1), {@code MCL_FUTURE} (2), {@code MCL_ONFAULT} (4)
   * @return 0 or a negative errno
   */
  public long mlockall(int flags) {
    if (flags == 0
        || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0
        || flags == MCL_ONFAULT) {
      return -Errno.EINVAL;
    }
    if (!canLock()) {
      return -Errno.EPERM;
    }
    boolean current = (flags & MCL_CURRENT) != 0;
    if (current
        && !mm.isPrivileged()
        && mm.accounting.totalVm() > mm.limits().softPages(RLimits.MEMLOCK)) {
      return -Errno.ENOMEM;
    }
    applyAll(flags);
    if (current) {
      mm.memory().populate(mm, 0, mm.taskSize());
    }
    return 0;
  }

  /** {@code munlockall}: 0. */
  public long munlockall() {
    applyAll(0);
    return 0;
  }

  /** {@code apply_mlockall_flags}; an area that cannot be changed is passed over. */
  private void applyAll(int flags) {
    int wanted = (flags & MCL_ONFAULT) != 0 ? VmFlags.LOCKED_MASK : VmFlags.LOCKED;
    boolean future = (flags & MCL_FUTURE) != 0;
    boolean current = (flags & MCL_CURRENT) != 0;
    mm.setDefaultFlags(future ? wanted : 0);
    if (future && !current) {
      return;
    }
    int added = current ? wanted : 0;
    @Nullable Vma area = tree.first();
    while (area != null) {
      long end = area.end;
      var _ = fixUp(area, area.start, end, (area.flags & ~VmFlags.LOCKED_MASK) | added);
      area = tree.find(end);
    }
  }

  /** {@code mlock_fixup}: gives [start, end), which lies in one area, other flags of locking. */
  private long fixUp(Vma area, long start, long end, int flags) {
    int oldFlags = area.flags;
    if (flags == oldFlags || (oldFlags & (VmFlags.SPECIAL | VmFlags.DROPPABLE)) != 0) {
      return 0;
    }
    Vma changed = mm.merge.modifyFlags(area, start, end, flags);
    if (changed == null) {
      return -Errno.ENOMEM;
    }
    boolean lock = (flags & VmFlags.LOCKED) != 0;
    if (lock == ((oldFlags & VmFlags.LOCKED) != 0)) {
      return 0;
    }
    long pages = (end - start) >>> Ram.PAGE_SHIFT;
    mm.accounting.addLocked(VmFlags.LOCKED, lock ? pages : -pages);
    mm.pages.setLocked(start, end, lock);
    return 0;
  }
}
