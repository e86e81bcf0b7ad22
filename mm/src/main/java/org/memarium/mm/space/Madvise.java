package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.Shmem;

/**
 * {@code madvise} (Linux {@code mm/madvise.c}): which advice there is, in which areas, and what
 * becomes of the flags of areas; {@link AdvisedPages} has what becomes of pages.
 *
 * <pre>
 *   flags of the area   NORMAL RANDOM SEQUENTIAL, DONTFORK DOFORK, WIPEONFORK KEEPONFORK,
 *                       DONTDUMP DODUMP, HUGEPAGE NOHUGEPAGE, MERGEABLE UNMERGEABLE
 *   pages away          DONTNEED DONTNEED_LOCKED, FREE (when memory is short), REMOVE (of the file)
 *   pages here          WILLNEED (of the file), POPULATE_READ POPULATE_WRITE
 *   their use           COLD, PAGEOUT
 *   entries             GUARD_INSTALL GUARD_REMOVE
 *   nothing             COLLAPSE: no area can have a huge page
 *   not configured      HWPOISON SOFT_OFFLINE (memory failure)
 * </pre>
 */
final class Madvise {
  static final int NORMAL = 0;
  static final int RANDOM = 1;
  static final int SEQUENTIAL = 2;
  static final int WILLNEED = 3;
  static final int DONTNEED = 4;
  static final int FREE = 8;
  static final int REMOVE = 9;
  static final int DONTFORK = 10;
  static final int DOFORK = 11;
  static final int MERGEABLE = 12;
  static final int UNMERGEABLE = 13;
  static final int HUGEPAGE = 14;
  static final int NOHUGEPAGE = 15;
  static final int DONTDUMP = 16;
  static final int DODUMP = 17;
  static final int WIPEONFORK = 18;
  static final int KEEPONFORK = 19;
  static final int COLD = 20;
  static final int PAGEOUT = 21;
  static final int POPULATE_READ = 22;
  static final int POPULATE_WRITE = 23;
  static final int DONTNEED_LOCKED = 24;
  static final int COLLAPSE = 25;
  static final int GUARD_INSTALL = 102;
  static final int GUARD_REMOVE = 103;

  /** {@code VM_READAHEAD_PAGES}: as many pages as WILLNEED reads at once. */
  private static final int READAHEAD_PAGES = 32;

  private final MmStruct mm;
  private final VmaTree tree;
  private final AdvisedPages pages;

  Madvise(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
    this.pages = new AdvisedPages(mm);
  }

  /**
   * The system call: a hole is -ENOMEM in the end, and does not stop it, except where pages are to
   * be populated.
   *
   * @param files whose files the caller may change
   */
  long madvise(long start, long bytes, int advice, FileAccess files) {
    long length = mm.layout().word(MmStruct.pageAlign(bytes));
    long end = mm.layout().word(start + length);
    if (!isKnown(advice)
        || (start & (Ram.PAGE_SIZE - 1)) != 0
        || (bytes != 0 && length == 0)
        || end < start) {
      return -Errno.EINVAL;
    }
    if (start == end) {
      return 0;
    }
    if (advice == POPULATE_READ || advice == POPULATE_WRITE) {
      return mm.memory().populator().faultIn(mm, start, end, advice == POPULATE_WRITE);
    }
    return walk(start, end, advice, files);
  }

  /** {@code madvise_walk_vmas}. */
  private long walk(long start, long end, int advice, FileAccess files) {
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
      long error = advise(area, at, partEnd, advice, files);
      if (error != 0) {
        return error;
      }
      at = partEnd;
    }
    return result;
  }

  /** {@code madvise_behavior_valid}. */
  private boolean isKnown(int advice) {
    return switch (advice) {
      case NORMAL, RANDOM, SEQUENTIAL, WILLNEED, DONTNEED, FREE, REMOVE -> true;
      case DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK, DONTDUMP, DODUMP -> true;
      case HUGEPAGE, NOHUGEPAGE, COLLAPSE, MERGEABLE, UNMERGEABLE -> true;
      case COLD, PAGEOUT, POPULATE_READ, POPULATE_WRITE, DONTNEED_LOCKED -> true;
      case GUARD_INSTALL, GUARD_REMOVE -> mm.layout().hasGuardRegions();
      default -> false;
    };
  }

  /** {@code process_madvise_remote_valid}: what one process may advise another. */
  static boolean isHarmless(int advice) {
    return switch (advice) {
      case COLD, PAGEOUT, WILLNEED, COLLAPSE -> true;
      default -> false;
    };
  }

  /**
   * {@code can_madvise_modify}: whether the area's contents may be taken away; not if it is sealed,
   * anonymous, and the program could not write to it either.
   */
  private static boolean isAllowed(Vma area, int advice) {
    return switch (advice) {
      case FREE, DONTNEED, DONTNEED_LOCKED, REMOVE, DONTFORK, WIPEONFORK, GUARD_INSTALL ->
          !area.has(VmFlags.SEALED) || !area.isAnonymous() || area.has(VmFlags.WRITE);
      default -> true;
    };
  }

  /** {@code can_madv_lru_vma}. */
  private static boolean hasLru(Vma area) {
    return (area.flags & (VmFlags.LOCKED | VmFlags.PFNMAP | VmFlags.HUGETLB)) == 0;
  }

  /** {@code madvise_vma_behavior}: for [start, end), which lies in one area. */
  private long advise(Vma area, long start, long end, int advice, FileAccess files) {
    if (!isAllowed(area, advice)) {
      return -Errno.EPERM;
    }
    return switch (advice) {
      case WILLNEED -> willNeed(area, start, end);
      case DONTNEED, DONTNEED_LOCKED, FREE -> dontNeed(area, start, end, advice);
      case REMOVE -> remove(area, start, end);
      case COLD -> {
        if (!hasLru(area)) {
          yield -Errno.EINVAL;
        }
        pages.deactivate(start, end);
        yield 0;
      }
      case PAGEOUT -> pageOut(area, start, end, files);
      case COLLAPSE -> -Errno.EINVAL;
      case GUARD_INSTALL -> {
        if ((area.flags & (VmFlags.SPECIAL | VmFlags.LOCKED)) != 0) {
          yield -Errno.EINVAL;
        }
        area.flags |= VmFlags.MAYBE_GUARD;
        yield pages.installGuards(area, start, end);
      }
      case GUARD_REMOVE -> {
        if ((area.flags & VmFlags.SPECIAL) != 0) {
          yield -Errno.EINVAL;
        }
        pages.removeGuards(start, end);
        yield 0;
      }
      default -> changeFlags(area, start, end, advice);
    };
  }

  // ---- Flags ----

  private long changeFlags(Vma area, long start, long end, int advice) {
    int flags = area.flags;
    switch (advice) {
      case NORMAL -> flags &= ~(VmFlags.RAND_READ | VmFlags.SEQ_READ);
      case SEQUENTIAL -> flags = (flags & ~VmFlags.RAND_READ) | VmFlags.SEQ_READ;
      case RANDOM -> flags = (flags & ~VmFlags.SEQ_READ) | VmFlags.RAND_READ;
      case DONTFORK -> flags |= VmFlags.DONTCOPY;
      case DOFORK -> {
        boolean huge = (flags & VmFlags.HUGETLB) != 0;
        if (!huge && (flags & mm.layout().neverForked()) != 0) {
          return -Errno.EINVAL;
        }
        flags &= ~VmFlags.DONTCOPY;
      }
      case HUGEPAGE -> flags = (flags & ~VmFlags.NOHUGEPAGE) | VmFlags.HUGEPAGE;
      case NOHUGEPAGE -> flags = (flags & ~VmFlags.HUGEPAGE) | VmFlags.NOHUGEPAGE;
      case MERGEABLE -> flags |= isMergeable(flags) ? VmFlags.MERGEABLE : 0;
      case UNMERGEABLE -> flags &= ~VmFlags.MERGEABLE;
      case DONTDUMP -> flags |= VmFlags.DONTDUMP;
      case DODUMP -> {
        int special = (flags & VmFlags.HUGETLB) != 0 ? 0 : VmFlags.SPECIAL;
        if ((flags & (special | VmFlags.DROPPABLE)) != 0) {
          return -Errno.EINVAL;
        }
        flags &= ~VmFlags.DONTDUMP;
      }
      case WIPEONFORK -> {
        if (area.hasFile() || (flags & VmFlags.SHARED) != 0) {
          return -Errno.EINVAL;
        }
        flags |= VmFlags.WIPEONFORK;
      }
      case KEEPONFORK -> {
        if ((flags & VmFlags.DROPPABLE) != 0) {
          return -Errno.EINVAL;
        }
        flags &= ~VmFlags.WIPEONFORK;
      }
      default -> throw new IllegalStateException("advice " + advice);
    }
    if (flags == area.flags || mm.merge.modifyFlags(area, start, end, flags) != null) {
      return 0;
    }
    // The system call says EAGAIN where the kernel is out of something.
    long refusal = mm.merge.refusal(area, start, end);
    return refusal == -Errno.ENOMEM ? -Errno.EAGAIN : refusal;
  }

  /** {@code vma_ksm_compatible}: other areas take no notice of the advice. */
  private static boolean isMergeable(int flags) {
    int never = VmFlags.SHARED | VmFlags.MAYSHARE | VmFlags.SPECIAL | VmFlags.DROPPABLE;
    return (flags & never) == 0;
  }

  // ---- Pages ----

  /** {@code madvise_willneed}: reads a file ahead; other memory comes from swap. */
  private long willNeed(Vma area, long start, long end) {
    if (area.isAnonymous()) {
      pages.readSwapAhead(start, end);
      return 0;
    }
    AddressSpace mapping = area.mapping;
    if (mapping == null) {
      return 0;
    }
    Shmem shmem = mapping.shmem();
    if (shmem != null) {
      shmem.readAhead(area.pageIndex(start), area.pageIndex(end));
      return 0;
    }
    long first = area.pageIndex(start);
    long last =
        Math.min(area.pageIndex(end), Math.min(mapping.filePages(), first + READAHEAD_PAGES));
    mapping.readAhead(first, last - first);
    return 0;
  }

  /** {@code madvise_dontneed_free}. */
  private long dontNeed(Vma area, long start, long end, int advice) {
    if (area.has(VmFlags.HUGETLB)) {
      // Whole huge pages are there, or nothing is.
      return advice == FREE || !area.maySplit(start) ? -Errno.EINVAL : 0;
    }
    boolean locked = advice != DONTNEED_LOCKED && area.has(VmFlags.LOCKED);
    if (locked || area.has(VmFlags.PFNMAP)) {
      return -Errno.EINVAL;
    }
    if (advice != FREE) {
      mm.zap(area, start, end);
      if (mm.layout().reclaimsTables()) {
        mm.pages.tables().freeEmptyTables(start, end);
      }
      return 0;
    }
    if (!area.isAnonymous()) {
      return -Errno.EINVAL;
    }
    mm.rss().notePeak();
    pages.free(start, end);
    return 0;
  }

  /** {@code madvise_remove}: a hole in the file. */
  private long remove(Vma area, long start, long end) {
    MappedFile file = area.file;
    if (area.has(VmFlags.LOCKED) || file == null || !area.hasFile()) {
      return -Errno.EINVAL;
    }
    if (!area.has(VmFlags.SHARED | mm.layout().removeNeeds())) {
      return -Errno.EACCES;
    }
    return file.punchHole(area.pageIndex(start) << Ram.PAGE_SHIFT, end - start);
  }

  /**
   * {@code madvise_pageout}. Of a file that the caller may not write to nothing is taken: when
   * pages come back would tell what others do with it. (Private copies of its pages stay anyway.)
   */
  private long pageOut(Vma area, long start, long end, FileAccess files) {
    if (!hasLru(area)) {
      return -Errno.EINVAL;
    }
    if (area.file == null || (area.hasFile() && files.mayWrite(area.file))) {
      mm.rss().notePeak();
      pages.pageOut(start, end);
    }
    return 0;
  }
}
