package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * {@code madvise} (Linux {@code mm/madvise.c}): dropping pages, and the advice that only sets flags
 * of areas. Other advice is refused with -EINVAL, as by kernels that do not know it.
 */
final class Madvise {
  static final int NORMAL = 0;
  static final int RANDOM = 1;
  static final int SEQUENTIAL = 2;
  static final int WILLNEED = 3;
  static final int DONTNEED = 4;
  static final int FREE = 8;
  static final int DONTFORK = 10;
  static final int DOFORK = 11;
  static final int HUGEPAGE = 14;
  static final int NOHUGEPAGE = 15;
  static final int DONTDUMP = 16;
  static final int DODUMP = 17;
  static final int WIPEONFORK = 18;
  static final int KEEPONFORK = 19;

  private final MmStruct mm;
  private final VmaTree tree;

  Madvise(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** The system call: a hole is -ENOMEM in the end, and does not stop it. */
  long madvise(long start, long bytes, int advice) {
    if (!isKnown(advice) || (start & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    long length = mm.layout().word(MmStruct.pageAlign(bytes));
    long end = mm.layout().word(start + length);
    if ((bytes != 0 && length == 0) || end < start) {
      return -Errno.EINVAL;
    }
    long result = 0;
    long at = start;
    while (at < end) {
      Vma area = tree.findIntersection(at, end);
      if (area == null) {
        return -Errno.ENOMEM;
      }
      if (area.start > at) {
        result = -Errno.ENOMEM;
        at = area.start;
      }
      long partEnd = Math.min(area.end, end);
      long error = advise(area, at, partEnd, advice);
      if (error != 0) {
        return error;
      }
      at = partEnd;
    }
    return result;
  }

  private static boolean isKnown(int advice) {
    return switch (advice) {
      case NORMAL,
          RANDOM,
          SEQUENTIAL,
          WILLNEED,
          DONTNEED,
          FREE,
          DONTFORK,
          DOFORK,
          HUGEPAGE,
          NOHUGEPAGE,
          DONTDUMP,
          DODUMP,
          WIPEONFORK,
          KEEPONFORK ->
          true;
      default -> false;
    };
  }

  private long advise(Vma area, long start, long end, int advice) {
    int flags = area.flags;
    switch (advice) {
      case WILLNEED -> {
        return 0;
      }
      case DONTNEED -> {
        if ((flags & VmFlags.LOCKED) != 0) {
          return -Errno.EINVAL;
        }
        mm.zap(area, start, end);
        return 0;
      }
      case FREE -> {
        // The pages may stay until memory is short; there is no reclaim that would take them.
        return area.isAnonymous() ? 0 : -Errno.EINVAL;
      }
      case NORMAL -> flags &= ~(VmFlags.RAND_READ | VmFlags.SEQ_READ);
      case SEQUENTIAL -> flags = (flags & ~VmFlags.RAND_READ) | VmFlags.SEQ_READ;
      case RANDOM -> flags = (flags & ~VmFlags.SEQ_READ) | VmFlags.RAND_READ;
      case DONTFORK -> flags |= VmFlags.DONTCOPY;
      case DOFORK -> flags &= ~VmFlags.DONTCOPY;
      case HUGEPAGE -> flags = (flags & ~VmFlags.NOHUGEPAGE) | VmFlags.HUGEPAGE;
      case NOHUGEPAGE -> flags = (flags & ~VmFlags.HUGEPAGE) | VmFlags.NOHUGEPAGE;
      case DONTDUMP -> flags |= VmFlags.DONTDUMP;
      case DODUMP -> flags &= ~VmFlags.DONTDUMP;
      case WIPEONFORK -> {
        if (area.file != null || (flags & VmFlags.SHARED) != 0) {
          return -Errno.EINVAL;
        }
        flags |= VmFlags.WIPEONFORK;
      }
      case KEEPONFORK -> flags &= ~VmFlags.WIPEONFORK;
      default -> throw new IllegalStateException("advice " + advice);
    }
    boolean tooMany = flags != area.flags && mm.merge.modifyFlags(area, start, end, flags) == null;
    // The system call says EAGAIN where the kernel is out of something.
    return tooMany ? -Errno.EAGAIN : 0;
  }
}
