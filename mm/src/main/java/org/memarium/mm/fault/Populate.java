package org.memarium.mm.fault;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * Faulting pages in before the program asks for them: {@code MAP_POPULATE}, {@code mlock}, {@code
 * MADV_POPULATE_READ} (Linux {@code mm/gup.c}, {@code __mm_populate}, {@code faultin_page_range}).
 */
final class Populate implements MemoryManager.Populator {
  private final Gup gup;

  Populate(Gup gup) {
    this.gup = gup;
  }

  @Override
  public long populate(MmStruct mm, long start, long end, boolean ignoreErrors) {
    Vma area = start < end ? mm.findVma(start) : null;
    while (area != null && area.start() < end) {
      if (!area.has(VmFlags.LOCKONFAULT) && !area.has(VmFlags.IO)) {
        long error = populate(mm, area, Math.max(start, area.start()), Math.min(end, area.end()));
        if (error != 0 && !ignoreErrors) {
          return error;
        }
      }
      area = area.next();
    }
    return 0;
  }

  /** {@code populate_vma_page_range}: any right will do, even that to execute. */
  private long populate(MmStruct mm, Vma area, long start, long end) {
    if (!area.isAccessible()) {
      return -Errno.EFAULT;
    }
    boolean write = area.has(VmFlags.WRITE) && !area.has(VmFlags.SHARED);
    return touch(mm, start, end, write, false);
  }

  @Override
  public long faultIn(MmStruct mm, long start, long end, boolean write) {
    long at = start;
    while (at < end) {
      @Nullable Vma area = mm.findVma(at);
      if (area == null || area.start() > at) {
        return -Errno.ENOMEM;
      }
      if (!area.has(write ? VmFlags.WRITE : VmFlags.READ)) {
        return -Errno.EINVAL;
      }
      long partEnd = Math.min(end, area.end());
      long error = touch(mm, at, partEnd, write, mm.layout().triesAdviceAgain());
      if (error != 0) {
        return error;
      }
      at = partEnd;
    }
    return 0;
  }

  /**
   * {@code __get_user_pages} for nobody who wants the pages.
   *
   * @param tries whether it says so when it comes again to a page that it waited for
   */
  private long touch(MmStruct mm, long start, long end, boolean write, boolean tries) {
    for (long at = start; at < end; at += Ram.PAGE_SIZE) {
      int pfn = tries ? gup.getUserPage(mm, at, write) : gup.prefault(mm, at, write);
      if (pfn < 0) {
        return pfn;
      }
    }
    return 0;
  }
}
