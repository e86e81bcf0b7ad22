package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** {@code msync} (Linux {@code mm/msync.c}). */
final class Msync {
  private static final int MS_ASYNC = 1;
  private static final int MS_INVALIDATE = 2;
  private static final int MS_SYNC = 4;

  private final MmStruct mm;
  private final VmaTree tree;

  Msync(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /**
   * The system call. Holes are passed over, and told of in the end; but {@code MS_ASYNC} alone
   * stops there, which has nothing to do in the page cache anyway.
   */
  long msync(long start, long bytes, int flags) {
    if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0
        || (start & (Ram.PAGE_SIZE - 1)) != 0
        || (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC)) {
      return -Errno.EINVAL;
    }
    long end = mm.layout().word(start + mm.layout().word(MmStruct.pageAlign(bytes)));
    if (end < start) {
      return -Errno.ENOMEM;
    }
    long result = 0;
    long at = start;
    while (at < end) {
      Vma area = tree.findIntersection(at, end);
      if (area == null) {
        return -Errno.ENOMEM;
      }
      if (area.start > at) {
        if (flags == MS_ASYNC) {
          return -Errno.ENOMEM;
        }
        result = -Errno.ENOMEM;
        at = area.start;
      }
      if ((flags & MS_INVALIDATE) != 0 && area.has(VmFlags.LOCKED)) {
        return -Errno.EBUSY;
      }
      long partEnd = Math.min(area.end, end);
      if ((flags & MS_SYNC) != 0 && area.file != null && area.has(VmFlags.SHARED)) {
        long error = area.file.fsync(area.pageIndex(at), area.pageIndex(partEnd) - 1);
        if (error != 0) {
          return error;
        }
      }
      at = partEnd;
    }
    return result;
  }
}
